import { gzipSync } from 'node:zlib';
import { makeNoise } from '../fixtures/make-fits.js';
import { card, rawTable, type RawTable } from '../fixtures/make-table.js';
import { attacks, type FileAttack } from './attack.js';

const noise = makeNoise(2026);
const garbage = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => Math.floor(noise() * 256)));

/** A row of a table of variable-length cells: length and place. */
function descriptor(length: number, place: number): Buffer {
  const row = Buffer.alloc(8);
  row.writeInt32BE(length);
  row.writeInt32BE(place, 4);
  return row;
}

interface Tiled {
  readonly changes?: Readonly<Record<string, string | number>>;
  readonly heap?: Buffer;
  readonly rows?: readonly Buffer[];
}

/** A compressed image of 16 × 8 pixels in one tile of GZIP_1, changed. */
function tiled({ changes = {}, heap, rows }: Tiled): Buffer {
  const tile = heap ?? gzipSync(Buffer.alloc(16 * 8 * 2, 1));
  const cards = Object.entries({
    TTYPE1: "'COMPRESSED_DATA'",
    ZIMAGE: 'T',
    ZBITPIX: 16,
    ZNAXIS: 2,
    ZNAXIS1: 16,
    ZNAXIS2: 8,
    ZTILE1: 16,
    ZTILE2: 8,
    ZCMPTYPE: "'GZIP_1'",
    ...changes,
  }).map(([keyword, value]) => card(keyword, value));
  return rawTable({
    forms: ['1PB(99)'],
    rows: rows ?? [descriptor(tile.length, 0)],
    heap: tile,
    cards,
  });
}

function lies(): FileAttack[] {
  const numbers = ['-1', '0', '2147483647', '4294967296', '9007199254740993', 'NaN', "'8'"];
  const keywords = ['ZNAXIS', 'ZNAXIS1', 'ZNAXIS2', 'ZTILE1', 'ZTILE2', 'ZBITPIX'];
  return attacks(
    'lies about tiles',
    'any',
    keywords.flatMap((keyword) =>
      numbers.map((value): [string, () => Buffer] => [
        `${keyword} = ${value}`,
        () => tiled({ changes: { [keyword]: value } }),
      ]),
    ),
  );
}

function descriptors(): FileAttack[] {
  const pairs: readonly (readonly [number, number])[] = [
    ...([
      [-1, 0],
      [2 ** 31 - 1, 0],
      [10, 2 ** 31 - 1],
      [10, -5],
      [1, 1000],
    ] as const),
    [0, 0],
  ];
  return attacks(
    'descriptors outside the heap',
    'any',
    pairs.map(([length, place]) => [
      `${length} bytes at ${place}`,
      () => tiled({ rows: [descriptor(length, place)] }),
    ]),
  );
}

/** Little that unpacks to much, and what unpacks to nothing. */
function bombs(): FileAttack[] {
  const huge = { ZNAXIS1: 30_000, ZNAXIS2: 30_000, ZTILE1: 30_000, ZTILE2: 30_000 };
  const names = ['RICE_1', 'PLIO_1', 'HCOMPRESS_1', 'GZIP_2', 'NOCOMPRESS', 'RICE_ONE', 'BOGUS'];
  const hcompress = Buffer.concat([
    Buffer.from([0xdd, 0x99]),
    Buffer.from([0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1]),
    garbage(200),
  ]);
  return [
    ...attacks('tile bombs', 'any', [
      ['one tile of 1.8 GB', () => tiled({ changes: huge, heap: zeros(256) })],
      ['a tile of zeros far too long', () => tiled({ heap: zeros(512) })],
      ...names.map((name): [string, () => Buffer] => [
        `one tile of 900 million pixels of ${name}`,
        () => tiled({ changes: { ...huge, ZCMPTYPE: `'${name}'` }, heap: garbage(2000) }),
      ]),
      [
        'a million tiles of one pixel',
        () => tiled({ changes: { ZNAXIS1: 1000, ZNAXIS2: 1000, ZTILE1: 1, ZTILE2: 1 } }),
      ],
    ]),
    ...attacks('garbage in tiles', 'any', [
      ...names.map((name): [string, () => Buffer] => [
        name,
        () => tiled({ changes: { ZCMPTYPE: `'${name}'` }, heap: garbage(300) }),
      ]),
      [
        'HCOMPRESS_1 of 2^31 rows',
        () => tiled({ changes: { ZCMPTYPE: "'HCOMPRESS_1'" }, heap: hcompress }),
      ],
      ['half a gzip', () => tiled({ heap: gzipSync(garbage(256)).subarray(0, 60) })],
      [
        'a quantised tile of no scale',
        () => tiled({ changes: { ZBITPIX: -32, ZQUANTIZ: "'SUBTRACTIVE_DITHER_1'" } }),
      ],
      ['dithered from nowhere', () => tiled({ changes: { ZDITHER0: '99999999', ZBITPIX: -32 } })],
    ]),
  ];
}

const zeroes = new Map<number, Buffer>();

/** gzip of so many MB of zeros; made once. */
export function zeros(megabytes: number): Buffer {
  let packed = zeroes.get(megabytes);
  if (packed === undefined) {
    packed = gzipSync(Buffer.alloc(megabytes * 1024 * 1024));
    zeroes.set(megabytes, packed);
  }
  return packed;
}

function tables(): FileAttack[] {
  const table = (forms: readonly string[], changes: Partial<RawTable> = {}): Buffer =>
    rawTable({ forms, rows: [Buffer.alloc(8, 1), Buffer.alloc(8, 2)], ...changes });
  const forms = ['1X', '999999999J', '-1J', 'J9', '8Q', '1PJ(-5)', '1QX', "''", '1e9A', '0J', '1?'];
  const cards: readonly (readonly [string, readonly string[]])[] = [
    ['a heap before the table', [card('THEAP', -100)]],
    ['a heap far away', [card('THEAP', '9007199254740993')]],
    ['a shape larger than the cell', [card('TDIM1', "'(9,9,9,9)'")]],
    ['a shape of nonsense', [card('TDIM1', "'(a,-1)'")]],
    ['no scale', [card('TSCAL1', 0), card('TZERO1', '1E999')]],
    ['a formula for a name', [card('TTYPE1', "'=cmd|A1'")]],
    ['the name of a prototype', [card('TTYPE1', "'__proto__'")]],
    ['bad letters', [`TTYPE1  = '\u00ff\u00fe\u0080'`]],
  ];
  return [
    ...attacks(
      'lies about columns',
      'any',
      forms.map((form) => [`TFORM1 = ${form}`, () => table([form])]),
    ),
    ...attacks(
      'lies about columns',
      'any',
      cards.map(([name, more]) => [name, () => table(['8A'], { cards: more })]),
    ),
    ...attacks('lies about columns', 'any', [
      ['TFIELDS = -1', () => changed(table(['8A']), 'TFIELDS', '-1')],
      ['TFIELDS = 1000', () => changed(table(['8A']), 'TFIELDS', '1000')],
      ['TFIELDS = 999999999', () => changed(table(['8A']), 'TFIELDS', '999999999')],
      ['ASCII outside its row', () => ascii([card('TBCOL1', 900)])],
      ['ASCII before its row', () => ascii([card('TBCOL1', -3)])],
    ]),
    ...attacks('rows of nothing', 'any', [
      ['a million', () => empty('1000000')],
      ['2^31', () => empty('2147483648')],
      ['2^53', () => empty('9007199254740992')],
    ]),
  ];
}

const ascii = (cards: readonly string[]): Buffer =>
  rawTable({ forms: ['A8'], rows: [Buffer.alloc(8, 65)], extension: 'TABLE', cards });

/** Rows without width: much of nothing. */
function empty(count: string): Buffer {
  return changed(rawTable({ forms: ['0A'], rows: [] }), 'NAXIS2', count);
}

/** The file with another value in the first card of this keyword. */
function changed(file: Buffer, keyword: string, value: string): Buffer {
  const at = file.indexOf(`${keyword.padEnd(8)}= `);
  const copy = Buffer.from(file);
  copy.write(card(keyword, value).padEnd(80), at, 'latin1');
  return copy;
}

/** Hostile data units: packed images and tables. */
export function dataAttacks(): FileAttack[] {
  return [...lies(), ...descriptors(), ...bombs(), ...tables()];
}
