import { makeHeader, readHeader } from '../../../src/fits/header.js';
import { makeHdu } from '../../../src/fits/hdu.js';
import { parseCards } from '../../../src/fits/card.js';
import type { ByteSource, Header } from '../../../src/fits/types.js';

const text = (...lines: string[]): Buffer =>
  Buffer.from(lines.map((line) => line.padEnd(80)).join(''), 'latin1');

const header = (...lines: string[]): Header => makeHeader(parseCards(text(...lines)));

function sourceOf(bytes: Uint8Array): ByteSource & { bytesRead: number } {
  const source = {
    bytesRead: 0,
    sizeBytes: bytes.length,
    read: (position: number, length: number) => {
      const piece = bytes.subarray(position, position + length);
      source.bytesRead += piece.length;
      return Promise.resolve(piece);
    },
    extent: (end: number) => Promise.resolve(Math.min(end, bytes.length)),
    close: () => Promise.resolve(),
  };
  return source;
}

test('values are found without regard to case, the first of several, never in comments', () => {
  const found = header('COMMENT x', 'Gain    = 1.50', 'GAIN    = 2', "S       = ' 7 '", 'B = T');
  expect(found.value('gain')).toBe(1.5);
  expect(found.string('GAIN')).toBe('1.50');
  expect(found.number('S')).toBe(7);
  expect(found.string('B')).toBe('T');
  expect(found.value('COMMENT')).toBeUndefined();
  expect(found.value('NONE')).toBeUndefined();
});

test('a value that is absent, empty or not a number is undefined', () => {
  const found = header(
    'A       =',
    "B       = '   '",
    "C       = '12:30:01'",
    "D       = '1.5D2'",
    "E       = '0x10'",
  );
  expect(['A', 'B', 'C', 'D', 'E'].map((keyword) => found.number(keyword))).toEqual([
    undefined,
    undefined,
    undefined,
    150,
    undefined,
  ]);
  expect([found.string('A'), found.string('B'), found.value('A')]).toEqual([
    undefined,
    undefined,
    null,
  ]);
});

test('a long header is read to its END, and the data start at the next block', async () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `K${i}`.padEnd(8) + `= ${i}`);
  const bytes = Buffer.concat([text(...lines, 'END'), Buffer.alloc(100_000, 1)]);
  const source = sourceOf(bytes);
  const found = await readHeader(source, 0);
  expect(found.header.cards).toHaveLength(2000);
  expect(found.lengthBytes).toBe(Math.ceil((2001 * 80) / 2880) * 2880);
  expect(source.bytesRead).toBeLessThan(400_000);
});

test('a header whose END is the last card of a block has no further block', async () => {
  const lines = Array.from({ length: 35 }, () => 'COMMENT');
  expect((await readHeader(sourceOf(text(...lines, 'END')), 0)).lengthBytes).toBe(2880);
});

test('a header of 8 MB is read while the event loop runs, a longer one refused', async () => {
  const card = (i: number): string => `K${i}`.padEnd(8) + `= ${i % 3 === 0 ? "'x&'" : i}`;
  const lines = Array.from({ length: 100_000 }, (_, i) => card(i));
  const source = sourceOf(text(...lines, 'END'));
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const { header } = await readHeader(source, 0);
  isDone = true;
  expect(turns).toBeGreaterThan(5);
  expect(header.cards).toHaveLength(100_000);
  expect([header.value('K99998'), header.value('K99999')]).toEqual([99998, 'x&']);
  const tooLong = sourceOf(text(...lines, ...lines.slice(0, 10_000), 'END'));
  await expect(readHeader(tooLong, 0)).rejects.toMatchObject({ code: 'too_large' });
});

test('a long string over the edges of the pieces read is one card', async () => {
  const lines = Array.from({ length: 9000 }, () => "CONTINUE  'abcd&'");
  const found = await readHeader(sourceOf(text("LONG    = 'x&'", ...lines, 'B = 1', 'END')), 0);
  expect(found.header.cards.map((card) => card.keyword)).toEqual(['LONG', 'B']);
  expect(String(found.header.value('LONG'))).toHaveLength(1 + 9000 * 4 + 1);
});

test('words that begin with END are not the end, and END followed by other bytes is', async () => {
  const found = await readHeader(
    sourceOf(text('ENDTIME = 1', 'COMMENT END', 'END     = 5', 'X = END', 'END\0\0', 'Y = 1')),
    0,
  );
  expect(found.header.cards.map((card) => card.keyword)).toEqual([
    'ENDTIME',
    'COMMENT',
    'END',
    'X',
  ]);
});

test('the text of a number is without a comment that lacks its slash', () => {
  const found = header('EXPTIME =                 30.0 seconds', 'VIS = (1, 2) / c', 'A = - 1 / b');
  expect(['EXPTIME', 'VIS', 'A'].map((keyword) => found.string(keyword))).toEqual([
    '30.0',
    '(1, 2)',
    '- 1',
  ]);
});

test('a header of 2000 cards is parsed in a few milliseconds', () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `K${i}`.padEnd(8) + `= ${i * 1.25} / note`);
  const bytes = text(...lines);
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    parseCards(bytes);
    return performance.now() - start;
  });
  expect(Math.min(...times)).toBeLessThan(10); // about 1 ms on an idle machine
});

test('a header without END is refused where data begin, and kept where the file ends', async () => {
  const lines = Array.from({ length: 36 }, () => 'COMMENT');
  const data = Buffer.from(Array.from({ length: 5760 }, (_, i) => (i * 7) % 256));
  await expect(readHeader(sourceOf(Buffer.concat([text(...lines), data])), 0)).rejects.toThrow(
    'no END card',
  );
  const found = await readHeader(sourceOf(text(...lines)), 0);
  expect([found.hasEnd, found.header.cards.length]).toEqual([false, 36]);
  await expect(readHeader(sourceOf(text('SIMPLE  = T')), 0)).rejects.toThrow(
    'ends inside a header',
  );
});

test.each<[string, string[], unknown]>([
  ['no data', ['SIMPLE = T', 'BITPIX = 8', 'NAXIS = 0'], ['image', 0]],
  [
    'an image',
    ['SIMPLE = T', 'BITPIX = -64', 'NAXIS = 2', 'NAXIS1 = 3', 'NAXIS2 = 5'],
    ['image', 120],
  ],
  [
    'an axis of 0',
    ['SIMPLE = T', 'BITPIX = 16', 'NAXIS = 2', 'NAXIS1 = 0', 'NAXIS2 = 5'],
    ['image', 0],
  ],
  [
    'random groups',
    [
      'SIMPLE = T',
      'BITPIX = -32',
      'NAXIS = 2',
      'NAXIS1 = 0',
      'NAXIS2 = 3',
      'GROUPS = T',
      'PCOUNT = 6',
      'GCOUNT = 10',
    ],
    ['groups', 360],
  ],
  [
    'a header that denies the standard',
    ['SIMPLE = F', 'BITPIX = 16', 'NAXIS = 1', 'NAXIS1 = 3'],
    ['image', 6],
  ],
  ['one that has no data either', ['SIMPLE = F', 'BITPIX = 16', 'NAXIS = 0'], ['unknown', 0]],
  [
    'a table with a heap',
    [
      "XTENSION= 'BINTABLE'",
      'BITPIX = 8',
      'NAXIS = 2',
      'NAXIS1 = 8',
      'NAXIS2 = 5',
      'PCOUNT = 11',
      'GCOUNT = 1',
    ],
    ['bintable', 51],
  ],
  [
    'an extension nobody knows',
    ["XTENSION= 'FOREIGN'", 'BITPIX = 8', 'NAXIS = 1', 'NAXIS1 = 7', 'PCOUNT = 1', 'GCOUNT = 2'],
    ['unknown', 16],
  ],
])('%s is measured', (_, lines, expected) => {
  const hdu = makeHdu(header(...lines), { index: 0, headerOffset: 0, lengthBytes: 2880 });
  expect([hdu.kind, hdu.dataBytes]).toEqual(expected);
});

test.each([
  ['BITPIX cannot be 12', ['SIMPLE = T', 'BITPIX = 12', 'NAXIS = 0']],
  ['NAXIS is missing', ['SIMPLE = T', 'BITPIX = 8']],
  ['NAXIS cannot be 1000', ['SIMPLE = T', 'BITPIX = 8', 'NAXIS = 1000']],
  ['NAXIS1 cannot be -4', ['SIMPLE = T', 'BITPIX = 8', 'NAXIS = 1', 'NAXIS1 = -4']],
  [
    'NAXIS1 cannot be 99999999999999999999',
    ['SIMPLE = T', 'BITPIX = 8', 'NAXIS = 1', 'NAXIS1 = 99999999999999999999'],
  ],
  [
    'announces 32000000000000000 bytes',
    ['SIMPLE = T', 'BITPIX = 32', 'NAXIS = 2', 'NAXIS1 = 8000000000', 'NAXIS2 = 1000000'],
  ],
])('a header is refused: %s', (message, lines) => {
  expect(() => makeHdu(header(...lines), { index: 0, headerOffset: 0, lengthBytes: 2880 })).toThrow(
    message,
  );
});
