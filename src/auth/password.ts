import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { AppError } from '../lib/errors.js';
import { createLimiter } from '../lib/pool.js';

/** Cost of a guess: about 60 ms and 32 MB. Kept in each hash, so that it can be raised later. */
const COST = { N: 2 ** 15, r: 8, p: 1 };
const KEY_BYTES = 32;

const MIN_LENGTH = 8;
const MAX_LENGTH = 1024;

/** @throws 'bad_request' if the password is too short or absurdly long */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < MIN_LENGTH) {
    throw new AppError('bad_request', `The password needs at least ${MIN_LENGTH} characters.`);
  }
  if (password.length > MAX_LENGTH) throw new AppError('bad_request', 'The password is too long.');
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')].join(
    '$',
  );
}

/** Takes as long for an unknown user (`hash` undefined) as for a wrong password. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  if (password.length > MAX_LENGTH) return false;
  const [kind, n, r, p, salt = '', key = ''] = (hash ?? '').split('$');
  const known = kind === 'scrypt' && key !== '';
  const cost = known ? { N: Number(n), r: Number(r), p: Number(p) } : COST;
  const expected = Buffer.from(key, 'base64');
  const actual = await derive(password, Buffer.from(salt, 'base64'), cost);
  return known && expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** A password for the first start: 20 characters that are not mistaken for each other, 100 bits. */
export function makePassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...randomBytes(20)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

/** Two guesses at a time: each takes 32 MB and a thread that files and queries need as well. */
const oneOfTwo = createLimiter(2, { waitMs: 10_000, waiting: 100 });

function derive(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  return oneOfTwo(() => deriveNow(password, salt, cost));
}

function deriveNow(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
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
