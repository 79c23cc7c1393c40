import { isIPv6 } from 'node:net';
import { AppError } from '../lib/errors.js';
import { createRecent, createTally, type Allowance, type Tally } from './tally.js';
import { hashSecret } from './token.js';

const MINUTE_MS = 60_000;

/** Waits that double: a slip of the finger costs a minute, a program soon most of its time. */
const doubling =
  (mostMs: number) =>
  (round: number): number =>
    Math.min(mostMs, MINUTE_MS * 2 ** (round - 1));

/** Somebody at one place who tries the passwords of one account. */
const PER_PLACE: Allowance = {
  times: 10,
  windowMs: 15 * MINUTE_MS,
  waitMs: doubling(15 * MINUTE_MS),
  keys: 50_000,
};

/** One place that tries a few passwords on many accounts. */
const PER_ADDRESS: Allowance = {
  times: 100,
  windowMs: 60 * MINUTE_MS,
  waitMs: doubling(15 * MINUTE_MS),
  keys: 20_000,
};

/**
 * Many places that try one account. Waiting is short, so that a crowd of strangers does not keep its
 * owner out for long when they come from a new place.
 */
const PER_ACCOUNT: Allowance = {
  times: 60,
  windowMs: 15 * MINUTE_MS,
  waitMs: doubling(5 * MINUTE_MS),
  keys: 20_000,
};

/** Pairs of account and place at which somebody has signed in. */
const KNOWN_PLACES = 20_000;
const KNOWN_FOR_MS = 30 * 86_400_000;

/** Slows down who guesses passwords. */
export interface Guesses {
  /**
   * To be called before a password is looked at, whether there is such an account or not: what is
   * under way counts, so many at once do not get around it.
   *
   * @param device name of a browser that has signed in to this account before
   * @throws 'too_many' with `retryAfterSec`
   */
  begin(username: string, address: string, device?: string): void;
  /** The password was right: at this place, or in this browser, the account owes nothing. */
  succeed(username: string, address: string, device?: string): void;
  /** True for a browser, or a place, in which somebody has signed in to this account before. */
  isKnown(username: string, address: string, device?: string): boolean;
}

/**
 * Guesses are counted for account and address together, as OWASP advises: who guesses shuts out
 * themselves, not the owner at another place. Whole addresses and whole accounts have wider limits of
 * their own, which do not touch places where that account has signed in before. A browser that has
 * signed in before is counted alone: no stranger can shut it out, not even from the same network.
 *
 * @param now a clock in ms that never goes back
 */
export function createGuesses(now = () => performance.now()): Guesses {
  const atPlace = createTally(PER_PLACE, now);
  const ofAddress = createTally(PER_ADDRESS, now);
  const ofAccount = createTally(PER_ACCOUNT, now);
  const known = createRecent<number>(KNOWN_PLACES);

  const keysOf = (username: string, address: string) => {
    // A hash is short, however long the name that somebody sends.
    const account = hashSecret(username.toLowerCase());
    const place = networkOf(address);
    return { account, place, pair: `${account} ${place}` };
  };

  const isKnownPlace = (pair: string): boolean =>
    now() - (known.get(pair) ?? -Infinity) < KNOWN_FOR_MS;

  return {
    begin(username, address, device) {
      const { account, place, pair } = keysOf(username, address);
      const alone = device === undefined ? pair : deviceKey(account, device);
      const isKnown = device !== undefined || isKnownPlace(pair);
      const tallies: readonly (readonly [Tally, string])[] = isKnown
        ? [[atPlace, alone]]
        : [
            [atPlace, pair],
            [ofAddress, place],
            [ofAccount, account],
          ];
      // In turn, so that what has to wait at the place does not count against the account: else one
      // address alone could make all others wait.
      for (const [index, [tally, key]] of tallies.entries()) {
        const wait = tally.take(key);
        if (wait === 0) continue;
        for (const [before, beforeKey] of tallies.slice(0, index)) before.giveBack(beforeKey);
        throw tooMany(wait);
      }
    },
    succeed(username, address, device) {
      const { account, place, pair } = keysOf(username, address);
      if (device !== undefined) {
        atPlace.forget(deviceKey(account, device));
        return;
      }
      atPlace.forget(pair);
      if (!known.has(pair)) {
        ofAddress.giveBack(place);
        ofAccount.giveBack(account);
      }
      known.set(pair, now());
    },
    isKnown: (username, address, device) =>
      device !== undefined || isKnownPlace(keysOf(username, address).pair),
  };
}

/** No network is called so. */
function deviceKey(account: string, device: string): string {
  return `${account} device ${device}`;
}

/** @returns the error for who has to wait; the words are those of both dialects */
export function tooMany(waitMs: number): AppError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const message = `Request was throttled. Expected available in ${seconds} seconds.`;
  return new AppError('too_many', message, { retryAfterSec: seconds });
}

/**
 * What is counted as one address: of IPv6 the first 64 bits, which one customer has to itself; IPv4
 * in IPv6 clothes is IPv4.
 */
export function networkOf(address: string): string {
  const [plain = ''] = address.toLowerCase().split('%');
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (v4 !== undefined) return v4;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
