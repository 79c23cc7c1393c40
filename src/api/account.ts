import { createHmac } from 'node:crypto';
import type { RequestHandler } from 'express';
import { checkPassword, hashSecret } from '../auth/index.js';
import { findToken, insertToken, PASSWORD_TOKEN, type User } from '../catalog/index.js';
import { bodyText, type Services } from '../http/index.js';

/**
 * `POST /api-token-auth/`: name and password → a token. As in the reference archive it is the same
 * each time; here until the password changes or the token is revoked. It can be made again, so only its hash is kept.
 */
export function createTokenHandler(services: Services): RequestHandler {
  return async (req, res) => {
    const user = await checkPassword(
      services.catalog,
      bodyText(req, 'username'),
      bodyText(req, 'password'),
    );
    if (user === undefined) {
      res.status(400).json({ non_field_errors: ['Unable to log in with provided credentials.'] });
      return;
    }
    res.set('Cache-Control', 'no-store').json({ token: await tokenFor(services, user) });
  };
}

async function tokenFor({ catalog, signer }: Services, user: User): Promise<string> {
  const key = signer.sign('api-token', `${user.id} ${user.tokenSerial} ${user.passwordHash}`);
  const token = createHmac('sha256', key).update('token').digest('hex').slice(0, 40);
  const tokenHash = hashSecret(token);
  if ((await findToken(catalog, tokenHash)) === undefined) {
    await insertToken(catalog, {
      userId: user.id,
      name: PASSWORD_TOKEN,
      tokenHash,
      hint: token.slice(0, 6),
      scope: 'admin',
      expiresMs: null,
    });
  }
  return token;
}
