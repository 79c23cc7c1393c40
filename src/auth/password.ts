import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { AppError } from '../lib/errors.js';
import { createLimiter } from '../lib/pool.js';
import { COMMON_PASSWORDS } from './common-passwords.js';

/** Cost of a guess: about 60 ms and 32 MB. Kept in each hash, so that it can be raised later. */
const COST = { N: 2 ** 15, r: 8, p: 1 };
const KEY_BYTES = 32;

/** Fewest characters of a password. */
export const MIN_PASSWORD = 8;
/** More would be work for us at each guess, and no more of a secret. */
const MAX_LENGTH = 1024;

/**
 * What is wrong with a password that somebody wants; '' if nothing. Length is what counts: nobody is
 * made to mix kinds of characters or to change it by the calendar (NIST SP 800-63B §3.1.1).
 */
export function findPasswordFault(password: string, username: string): string {
  const plain = password.normalize('NFKC').toLowerCase();
  if (password.length < MIN_PASSWORD) {
    return `The password needs at least ${MIN_PASSWORD} characters.`;
  }
  if (password.length > MAX_LENGTH) return `The password is longer than ${MAX_LENGTH} characters.`;
  if (plain === username.normalize('NFKC').toLowerCase()) {
    return 'The password must not be the user name.';
  }
  if (COMMON_PASSWORDS.has(plain)) {
    return 'This password is one of those that are tried first. Choose another.';
  }
  return '';
}

/** What a user may be called: in an address, a log line or a folder it means nothing else. */
export const USER_NAME = /^[\p{L}\p{N}@.+_-]{1,150}$/u;

/** Stands at the end of the hash of a password that is good for choosing another one, and no more. */
const ONE_TIME = '$once';

/**
 * @param isOneTime true for a password that others have seen: whoever signs in with it has to choose
 *        one of their own first. It is part of the hash, so that it comes back with it from a back-up
 * @throws 'bad_request' with what `findPasswordFault` finds
 */
export async function hashPassword(
  password: string,
  username: string,
  isOneTime = false,
): Promise<string> {
  const fault = findPasswordFault(password, username);
  if (fault !== '') throw new AppError('bad_request', fault);
  const salt = randomBytes(16);
  const key = await knownInTurn(() => derive(password, salt, COST));
  const parts = ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')];
  return `${parts.join('$')}${isOneTime ? ONE_TIME : ''}`;
}

/** True if the password of this hash is there to be changed. */
export function isOneTime(hash: string): boolean {
  return hash.endsWith(ONE_TIME);
}

/**
 * Takes as long for an unknown user (`hash` undefined) as for a wrong password.
 *
 * @param from `stranger` waits with all others who are; `known` does not wait for those
 */
export async function verifyPassword(
  password: string,
  hash: string | undefined,
  from: 'known' | 'stranger' = 'stranger',
): Promise<boolean> {
  if (password.length > MAX_LENGTH) return false;
  const [kind, n, r, p, salt = '', key = ''] = (hash ?? '').split('$');
  const known = kind === 'scrypt' && key !== '';
  const cost = known ? { N: Number(n), r: Number(r), p: Number(p) } : COST;
  const expected = Buffer.from(key, 'base64');
  const inTurn = from === 'known' ? knownInTurn : strangersInTurn;
  const actual = await inTurn(() => derive(password, Buffer.from(salt, 'base64'), cost));
  return known && expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** A password for the first start: 20 characters that are not mistaken for each other, 100 bits. */
export function makePassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...randomBytes(20)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

/**
 * A guess at a time, and beside it one of those who have been here before: each takes 32 MB and a thread
 * that files and queries need as well. However many networks guess, their queue is not that of the others.
 */
const strangersInTurn = createLimiter(1, { waitMs: 10_000, waiting: 100 });
const knownInTurn = createLimiter(1, { waitMs: 10_000, waiting: 100 });

function derive(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(
      password.normalize('NFKC'),
      salt,
      KEY_BYTES,
      { ...cost, maxmem: 256 * 2 ** 20 },
      (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      },
    );
  });
}
