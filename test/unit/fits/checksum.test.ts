import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkHdu,
  checksumCards,
  datasum,
  decodeChecksum,
  encodeChecksum,
  verdictOf,
  withChecksums,
  type ChecksumVerdicts,
} from '../../../src/fits/checksum.js';
import { openFits } from '../../../src/fits/index.js';
import { makeNoise, rawFits } from '../../fixtures/make-fits.js';
import { card } from '../../fixtures/make-table.js';

/** The definition, word by word. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0n;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < bytes.length; i += 4) {
    sum += BigInt(view.getUint32(i));
    if (sum > 0xffffffffn) sum -= 0xffffffffn;
  }
  return Number(sum);
}

const random = makeNoise(5);
const noise = (length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256));

test.each([0, 4, 2880, 4 * 256, 4 * 257, 40_000])(
  'the sum of %i bytes is that of their words',
  (length) => {
    const bytes = noise(length);
    expect(datasum(bytes)).toBe(plainSum(bytes));
    const all = new Uint8Array(length).fill(255);
    expect(datasum(all)).toBe(plainSum(all));
  },
);

test('a sum can be made in pieces, wherever they lie in a buffer', () => {
  const bytes = noise(6001).subarray(1);
  const [first, rest] = [bytes.subarray(0, 2400), bytes.subarray(2400)];
  expect(datasum(rest, datasum(first))).toBe(datasum(bytes));
  expect(datasum(bytes)).toBe(plainSum(Uint8Array.from(bytes)));
});

test('a part of a word has no sum', () => {
  expect(() => datasum(new Uint8Array(6))).toThrow('32-bit words');
});

test('the code of the standard is that of its example', () => {
  // FITS Standard 4.0 Appendix J: the complement of 868229149 is written hcHjjc9ghcEghc9g.
  expect(encodeChecksum(868229149, true)).toBe('hcHjjc9ghcEghc9g');
  expect(decodeChecksum('hcHjjc9ghcEghc9g')).toBe(0xffffffff - 868229149);
});

test('every number can be coded in letters and digits and read again', () => {
  for (const sum of [0, 1, 255, 0x01020304, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]) {
    const code = encodeChecksum(sum, false);
    expect(code).toMatch(/^[0-9A-Za-z]{16}$/);
    expect(decodeChecksum(code)).toBe(sum);
    expect(decodeChecksum(encodeChecksum(sum, true))).toBe(0xffffffff - sum);
  }
  expect(decodeChecksum('not sixteen')).toBeUndefined();
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fits-sum-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function check(bytes: Uint8Array): Promise<ChecksumVerdicts> {
  const path = join(folder, 'sum.fits');
  await writeFile(path, bytes);
  const file = await openFits(path);
  try {
    const [hdu] = file.hdus;
    if (hdu === undefined) throw new Error('no HDU');
    return await checkHdu(file, hdu);
  } finally {
    await file.close();
  }
}

const cards = [card('SIMPLE', 'T'), card('BITPIX', 8), card('NAXIS', 1), card('NAXIS1', 5000)].map(
  (text) => text.padEnd(80),
);
const data = Buffer.concat([noise(5000), Buffer.alloc(760)]);

test('a header with sums of its own is found right, and any changed byte is seen', async () => {
  const good = Buffer.concat([withChecksums(cards, datasum(data)), data]);
  expect(await check(good)).toEqual({ checksum: 'ok', datasum: 'ok' });
  expect(await check(good.subarray(0, good.length - 700))).toEqual({
    checksum: 'ok',
    datasum: 'ok',
  });
  const inData = Buffer.from(good);
  inData[3000] = 255 - (inData[3000] ?? 0);
  expect(await check(inData)).toEqual({ checksum: 'wrong', datasum: 'wrong' });
  const inHeader = Buffer.from(good);
  inHeader.write('/ changed', 120);
  expect(await check(inHeader)).toEqual({ checksum: 'wrong', datasum: 'ok' });
});

test('sums that are there already are replaced in their places', () => {
  const old = [...cards, card('CHECKSUM', "'old'").padEnd(80), card('OBJECT', "'M 1'").padEnd(80)];
  const header = Buffer.from(withChecksums(old, 7)).toString('latin1');
  expect(header.indexOf('CHECKSUM= ')).toBe(320);
  expect(header.slice(480, 500)).toBe("DATASUM = '7       '");
  expect(header.match(/CHECKSUM=/g)).toHaveLength(1);
});

test('the cards of a sum can be had alone', () => {
  const empty = withChecksums(cards, 12);
  const zeroed = Buffer.from(empty);
  zeroed.write('0'.repeat(16), zeroed.indexOf('CHECKSUM') + 11);
  const made = checksumCards(zeroed, 12);
  expect(Buffer.from(empty).toString('latin1')).toContain(made.checksum);
  expect(Buffer.from(empty).toString('latin1')).toContain(made.datasum);
});

test.each<[string, string, ChecksumVerdicts['datasum']]>([
  ['with zeros before it', `'${String(datasum(data)).padStart(12, '0').slice(-10)}'`, 'ok'],
  ['with blanks before it', `'  ${datasum(data)}'`, 'ok'],
  ['as a number', String(datasum(data)), 'ok'],
  ['in letters, as in old files', `'${encodeChecksum(datasum(data), false)}'`, 'ok'],
  ['as text that is no sum', "'unknown'", 'wrong'],
  ['as an empty text', "''", 'absent'],
])('DATASUM may be %s', async (_how, value, expected) => {
  const file = rawFits({ cards: [...cards, card('DATASUM', value)], data });
  expect(await check(file)).toEqual({ checksum: 'absent', datasum: expected });
});

test('an HDU without sums, or with an empty one, has no verdict', async () => {
  const file = rawFits({ cards: [...cards, card('CHECKSUM', "''")], data });
  expect(await check(file)).toEqual({ checksum: 'absent', datasum: 'absent' });
});

test.each<[ChecksumVerdicts, string]>([
  [{ checksum: 'ok', datasum: 'ok' }, 'ok'],
  [{ checksum: 'absent', datasum: 'ok' }, 'ok'],
  [{ checksum: 'ok', datasum: 'wrong' }, 'wrong'],
  [{ checksum: 'absent', datasum: 'absent' }, 'absent'],
])('%j is %s', (verdicts, expected) => {
  expect(verdictOf(verdicts)).toBe(expected);
});

test('data that are cut off are wrong, however much the header announces', async () => {
  const huge = cards.map((text) =>
    text.replace('NAXIS1  =                 5000', 'NAXIS1  =     9000000000000000'),
  );
  const file = rawFits({ cards: [...huge, card('CHECKSUM', "'hcHjjc9ghcEghc9g'")], data });
  expect(await check(file)).toEqual({ checksum: 'wrong', datasum: 'absent' });
});
