import { createHmac } from 'node:crypto';
import type { RequestHandler } from 'express';
import { hashSecret, isOneTime } from '../auth/index.js';
import {
  findToken,
  insertToken,
  listProposals,
  listTokens,
  PASSWORD_TOKEN,
  uniqueViolation,
  type User,
} from '../catalog/index.js';
import {
  bodyText,
  isVisitor,
  requireAction,
  requireKnownFormat,
  viewerOf,
  type Services,
} from '../http/index.js';
import { formatInstant } from '../lib/time.js';

/**
 * `POST /api-token-auth/`: name and password → a token. As in the reference archive it is the same
 * each time; here until the password changes or the token is revoked. It can be made again, so only its hash is kept.
 */
export function createTokenHandler(services: Services): RequestHandler {
  return async (req, res) => {
    const { address } = viewerOf(res);
    const user = await services.logins.check(bodyText(req, 'username'), bodyText(req, 'password'), {
      address,
      cookie: req.headers.cookie,
    });
    if (user === undefined) {
      res.status(400).json({ non_field_errors: ['Unable to log in with provided credentials.'] });
      return;
    }
    if (isOneTime(user.passwordHash)) {
      const told = 'Choose a password of your own first, on the page /account/.';
      res.status(400).json({ non_field_errors: [told] });
      return;
    }
    const token = await tokenFor(services, user, address);
    await services.logins.noteDone(user, address, 'token');
    res.set('Cache-Control', 'no-store').json({ token });
  };
}

/**
 * `GET /profile/`: who asks and what they are shown, as clients of the OCS archive read it. Whoever is
 * shown everything has all proposals there are; visitors have no such key, not even an empty one.
 */
export function createProfile({ catalog }: Services): RequestHandler {
  return async (req, res) => {
    requireKnownFormat(req);
    const viewer = viewerOf(res);
    const proposals = await listProposals(catalog, viewer);
    res.set('Cache-Control', 'private, no-store').json({
      username: viewer.username,
      profile: isVisitor(viewer) ? {} : { proposals },
      is_staff: viewer.role === 'admin',
    });
  };
}

/** `GET /tokens/`: the tokens of who asks, without the tokens themselves. */
export function createTokenList({ catalog }: Services): RequestHandler {
  return async (_req, res) => {
    const { userId } = requireAction(res, 'own-account');
    const tokens = userId === null ? [] : await listTokens(catalog, userId);
    const instant = (ms: number | null): string | null => (ms === null ? null : formatInstant(ms));
    res.set('Cache-Control', 'private, no-store').json(
      tokens.map(({ id, name, hint, scope, createdMs, expiresMs, usedMs }) => ({
        id,
        name,
        hint,
        scope,
        created: instant(createdMs),
        expires: instant(expiresMs),
        last_used: instant(usedMs),
        expired: expiresMs !== null && expiresMs <= Date.now(),
      })),
    );
  };
}

async function tokenFor(
  { catalog, signer }: Services,
  user: User,
  address: string,
): Promise<string> {
  const key = signer.sign('api-token', `${user.id} ${user.tokenSerial} ${user.passwordHash}`);
  const token = createHmac('sha256', key).update('token').digest('hex').slice(0, 40);
  const tokenHash = hashSecret(token);
  if ((await findToken(catalog, tokenHash)) !== undefined) return token;
  const { id: userId, username } = user;
  const hint = token.slice(0, 6);
  const kept = { userId, name: PASSWORD_TOKEN, tokenHash, hint, expiresMs: null };
  try {
    await insertToken(catalog, { ...kept, scope: 'admin' }, { userId, username, address });
  } catch (error) {
    // Two asked at the same time for the first time, and the other one was quicker.
    if (uniqueViolation(error) === undefined) throw error;
  }
  return token;
}
