import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import { findUser, type Catalog, type User } from '../catalog/index.js';
import { verifyPassword } from './password.js';

/** The user with this name and password, unless disabled. */
export async function checkPassword(
  catalog: Catalog,
  username: string,
  password: string,
): Promise<User | undefined> {
  const user = await findUser(catalog, username);
  const correct = await verifyPassword(password, user?.passwordHash);
  return correct && user?.disabled === false ? user : undefined;
}

/** A passport of our own (no singleton) that knows one way to log in: name and password. */
export function createPassport(catalog: Catalog): InstanceType<typeof Passport> {
  const passport = new Passport();
  passport.use(
    new Strategy((username, password, done) => {
      checkPassword(catalog, username, password).then(
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
