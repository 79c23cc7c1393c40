import { randomBytes } from 'node:crypto';
import { hashSecret, type Signer } from './token.js';

/** A browser that is not used for so long is a stranger again. */
const LIFETIME_MS = 365 * 86_400_000;

/** A cookie to be set, for this long. */
export interface DeviceCookie {
  readonly name: string;
  readonly value: string;
  readonly maxAgeMs: number;
}

/**
 * The mark of a browser in which somebody has signed in to this account: it opens nothing, but what is
 * guessed with it is counted apart from the guesses of strangers. It is signed, so that it holds beyond
 * a restart and costs no memory. OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
 */
export function makeDevice(signer: Signer, username: string): DeviceCookie {
  const account = accountOf(username);
  const nonce = randomBytes(12).toString('base64url');
  const expires = String(Date.now() + LIFETIME_MS);
  const signature = signer.sign('device', `${account} ${nonce} ${expires}`);
  const value = `${nonce}.${expires}.${signature}`;
  return { name: nameFor(account), value, maxAgeMs: LIFETIME_MS };
}

/**
 * The mark that a request has for this account, if it is one of ours.
 *
 * @param cookies the header `Cookie`
 * @returns a short name of the browser
 */
export function findDevice(
  signer: Signer,
  cookies: string | undefined,
  username: string,
): string | undefined {
  const account = accountOf(username);
  const start = `${nameFor(account)}=`;
  const found = cookies?.split(/;\s*/).find((each) => each.startsWith(start));
  const [nonce = '', expires = '', signature = ''] = found?.slice(start.length).split('.') ?? [];
  const isOurs = signer.verify('device', `${account} ${nonce} ${expires}`, signature);
  return isOurs && Number(expires) > Date.now() ? nonce : undefined;
}

/** A name as long as any other, whatever somebody types. */
function accountOf(username: string): string {
  return hashSecret(username.toLowerCase());
}

/** Several people may share a browser: each account has a cookie of its own. */
function nameFor(account: string): string {
  return `platevault_device_${account.slice(0, 12)}`;
}
