import { findDevice, makeDevice } from '../../../src/auth/device.js';
import { createGuesses, createSigner, createTally, networkOf } from '../../../src/auth/index.js';
import { AppError } from '../../../src/lib/errors.js';

const MINUTE = 60_000;

/** Guesses with a clock of their own, which only moves when it is told to. */
function startGuesses() {
  let nowMs = 0;
  const guesses = createGuesses(() => nowMs);
  return {
    guesses,
    pass: (ms: number) => (nowMs += ms),
    /** Seconds to wait; 0 if the password would be looked at. */
    guess: (username: string, address: string): number => {
      try {
        guesses.begin(username, address);
        return 0;
      } catch (error) {
        const found = error as AppError;
        expect(found.code).toBe('too_many');
        return Number(found.data.retryAfterSec);
      }
    },
  };
}

test('ten wrong passwords are looked at; then there is a wait, and it doubles up to a quarter of an hour', () => {
  const { guess, pass } = startGuesses();
  const waits: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    for (let count = 0; count < 10; count += 1) expect(guess('ana', '192.0.2.1')).toBe(0);
    waits.push(guess('ana', '192.0.2.1'));
    pass((waits.at(-1) ?? 0) * 1000);
  }
  expect(waits).toEqual([60, 120, 240, 480, 900, 900, 900]);
});

test('asking again while one waits makes the wait no longer', () => {
  const { guess, pass } = startGuesses();
  for (let count = 0; count < 11; count += 1) guess('ana', '192.0.2.1');
  pass(59_000);
  for (let count = 0; count < 1000; count += 1) expect(guess('ana', '192.0.2.1')).toBe(1);
  pass(1000);
  expect(guess('ana', '192.0.2.1')).toBe(0);
});

test('who guesses shuts out themselves, neither the owner elsewhere nor others at their address', () => {
  const { guess } = startGuesses();
  for (let count = 0; count < 500; count += 1) guess('ana', '192.0.2.1');
  expect(guess('ana', '192.0.2.1')).toBeGreaterThan(0);
  expect(guess('ANA', '192.0.2.1')).toBeGreaterThan(0);
  expect(guess('ana', '192.0.2.2')).toBe(0);
  expect(guess('bob', '192.0.2.1')).toBe(0);
});

test('a right password clears what was wrong before', () => {
  const { guess, guesses } = startGuesses();
  for (let count = 0; count < 10; count += 1) guess('ana', '192.0.2.1');
  guesses.succeed('ana', '192.0.2.1');
  for (let count = 0; count < 10; count += 1) expect(guess('ana', '192.0.2.1')).toBe(0);
});

test('one password on many accounts is stopped by the address, but not for who was there before', () => {
  const { guess, guesses } = startGuesses();
  guesses.begin('ana', '192.0.2.1');
  guesses.succeed('ana', '192.0.2.1');
  for (let count = 0; count < 100; count += 1) expect(guess(`user${count}`, '192.0.2.1')).toBe(0);
  expect(guess('user100', '192.0.2.1')).toBe(60);
  expect(guess('ana', '192.0.2.1')).toBe(0);
  expect(guess('user100', '192.0.2.2')).toBe(0);
});

test('a crowd that guesses at one account makes strangers wait for minutes, and its owner at home not at all', () => {
  const { guess, guesses, pass } = startGuesses();
  guesses.begin('ana', '192.0.2.1');
  guesses.succeed('ana', '192.0.2.1');
  const waits: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    for (let count = 0; count < 100; count += 1) guess('ana', `198.51.${round}.${count}`);
    waits.push(guess('ana', '203.0.113.1'));
    expect(guess('ana', '192.0.2.1')).toBe(0);
    guesses.succeed('ana', '192.0.2.1');
    pass(5 * MINUTE);
  }
  expect(Math.max(...waits)).toBeLessThanOrEqual(300);
  expect(guess('ana', '203.0.113.1')).toBe(0);
});

test('a browser that signed in before is counted alone: no stranger shuts it out, and it may guess no more', () => {
  const { guess, guesses } = startGuesses();
  const inBrowser = (device: string): boolean => {
    try {
      guesses.begin('ana', '192.0.2.1', device);
      return true;
    } catch {
      return false;
    }
  };
  // Strangers at the same address, at many others, and on all accounts.
  for (let count = 0; count < 300; count += 1) {
    guess('ana', '192.0.2.1');
    guess('ana', `198.51.100.${count}`);
    guess(`user${count}`, '192.0.2.1');
  }
  expect(guess('ana', '192.0.2.1')).toBeGreaterThan(0);
  for (let count = 0; count < 20; count += 1) {
    expect(inBrowser('hers')).toBe(true);
    guesses.succeed('ana', '192.0.2.1', 'hers');
  }
  expect(guess('ana', '192.0.2.1')).toBeGreaterThan(0);
  for (let count = 0; count < 10; count += 1) expect(inBrowser('stolen')).toBe(true);
  expect([inBrowser('stolen'), inBrowser('hers')]).toEqual([false, true]);
});

test('the mark of a browser is for one account and cannot be made up', () => {
  const signer = createSigner('a key of the archive');
  const { name, value } = makeDevice(signer, 'Ana');
  const cookies = (text: string): string => `csrftoken=x; ${name}=${text}; theme=red`;
  expect(findDevice(signer, cookies(value), 'ana')).toBe(value.split('.')[0]);
  expect(findDevice(signer, cookies(value), 'bob')).toBeUndefined();
  const [nonce = '', expires = '', signature = ''] = value.split('.');
  for (const forged of [
    '',
    nonce,
    `other.${expires}.${signature}`,
    `${nonce}.${Number(expires) + 1}.${signature}`,
    value.slice(0, -1),
  ]) {
    expect([forged, findDevice(signer, cookies(forged), 'ana')]).toEqual([forged, undefined]);
  }
  expect(findDevice(createSigner('another key'), cookies(value), 'ana')).toBeUndefined();
  expect(findDevice(signer, undefined, 'ana')).toBeUndefined();
});

test('a tally keeps no more keys than it may, and forgets windows that are over', () => {
  let nowMs = 0;
  const tally = createTally(
    { times: 1, windowMs: 1000, waitMs: (_round, leftMs) => leftMs, keys: 3 },
    () => nowMs,
  );
  expect([tally.take('a'), tally.take('a')]).toEqual([0, 1000]);
  for (const key of ['b', 'c', 'd']) tally.take(key);
  expect(tally.take('a')).toBe(0);
  expect(tally.take('a')).toBe(1000);
  nowMs = 1000;
  expect(tally.take('a')).toBe(0);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
