import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import type { Logins } from './logins.js';

/**
 * A passport of our own (no singleton) that knows one way to log in: name and password in the body of
 * a form. passport-local looks in the query too, and proxies write that down.
 */
export function createPassport(logins: Logins): InstanceType<typeof Passport> {
  const passport = new Passport();
  passport.use(
    new Strategy({ passReqToCallback: true }, (req, username, password, done) => {
      const { body } = req as { body?: { username?: unknown; password?: unknown } };
      if (body?.username !== username || body.password !== password) {
        done(null, false);
        return;
      }
      const origin = { address: req.ip ?? '', cookie: req.headers.cookie };
      logins.check(username, password, origin).then(
        (user) => {
          done(null, user ?? false);
        },
        (error: unknown) => {
          done(error);
        },
      );
    }),
  );
  return passport;
}
