import { rawFits } from '../fixtures/make-fits.js';
import { card, primaryCards, tableCards } from '../fixtures/make-table.js';
import { attacks, type FileAttack } from './attack.js';

const WIDTH = 6;
const HEIGHT = 4;
const DATA = Buffer.alloc(WIDTH * HEIGHT * 2, 7);

/** A plain 16-bit image of 6 × 4 pixels whose cards are changed; null takes one out. */
function image(
  changes: Readonly<Record<string, string | number | null>> = {},
  more: readonly string[] = [],
  data: Uint8Array = DATA,
): Buffer {
  const cards = new Map<string, string | number | null>(
    Object.entries({ SIMPLE: 'T', BITPIX: 16, NAXIS: 2, NAXIS1: WIDTH, NAXIS2: HEIGHT }),
  );
  for (const [keyword, value] of Object.entries(changes)) cards.set(keyword, value);
  const lines = [...cards].flatMap(([keyword, value]) =>
    value === null ? [] : [card(keyword, value)],
  );
  return rawFits({ cards: [...lines, ...more], data });
}

const changed = (
  keyword: string,
  values: readonly (string | number | null)[],
): [string, () => Buffer][] =>
  values.map((value) => [`${keyword} = ${String(value)}`, () => image({ [keyword]: value })]);

/** Sizes that are no sizes, or that no machine can multiply. */
function axes(): FileAttack[] {
  const impossible = ['-1', '-6', '2147483648', '4294967296', '9007199254740993'].concat([
    '9223372036854775807',
    '9223372036854775808',
    '18446744073709551622',
    '1E30',
    '6.5',
    'NaN',
  ]);
  const products: readonly (readonly [string, Record<string, string | number>])[] = [
    ['a product that wraps to 0 in 64 bits', { NAXIS1: '4294967296', NAXIS2: '4294967296' }],
    ['a product that wraps to the true size', { NAXIS1: '4611686018427387908', NAXIS2: 6 }],
    ['a product that wraps in 32 bits', { NAXIS1: 65536, NAXIS2: 65536 }],
    ['a product beyond 2^53', { NAXIS1: '3037000500', NAXIS2: '3037000500' }],
    ['three axes of 2^31', { NAXIS: 3, NAXIS1: 2 ** 31, NAXIS2: 2 ** 31, NAXIS3: 2 ** 31 }],
    ['999 axes without sizes', { NAXIS: 999 }],
    ['1000 axes', { NAXIS: 1000 }],
    ['less than no axes', { NAXIS: -2 }],
    ['a third axis without size', { NAXIS: 3 }],
    ['a petabyte', { NAXIS1: 1e6, NAXIS2: 1e6, NAXIS: 3, NAXIS3: 500 }],
  ];
  return [
    ...attacks('sizes', 'refused', changed('NAXIS1', impossible)),
    ...attacks('sizes', 'refused', changed('NAXIS2', [...impossible.slice(0, 5), null])),
    ...attacks(
      'sizes',
      'refused',
      products.map(([name, cards]) => [name, () => image(cards)]),
    ),
    ...attacks('sizes', 'refused', [
      [
        '999 axes of 1',
        () =>
          image(
            { NAXIS: 999 },
            many(999, (i) => card(`NAXIS${i + 1}`, 2)),
          ),
      ],
    ]),
    ...attacks('sizes', 'any', [
      ['an axis of nothing', () => image({ NAXIS1: 0 })],
      ['999 axes of one pixel', () => image({ NAXIS: 999 }, ones(), DATA)],
    ]),
  ];
}

const many = (count: number, make: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => make(index));
const ones = (): string[] => many(997, (index) => card(`NAXIS${index + 3}`, 1));

function pixels(): FileAttack[] {
  const bitpix = ['0', '7', '24', '128', '-16', '-8', '-128', '65536', 'T', '1E1', 'NaN'];
  const extension = (changes: readonly string[]): Buffer =>
    rawFits(
      { cards: primaryCards },
      {
        cards: [card('XTENSION', "'IMAGE   '"), card('BITPIX', 8), card('NAXIS', 1)].concat(
          [card('NAXIS1', 2880)],
          changes,
        ),
        data: Buffer.alloc(2880),
      },
    );
  const counts = ['-1', '-2880', '9007199254740993', '9223372036854775807', '4294967296'];
  return [
    ...attacks('kinds of pixels', 'refused', changed('BITPIX', [...bitpix, null])),
    ...attacks(
      'PCOUNT and GCOUNT',
      'refused',
      counts.flatMap((count): [string, () => Buffer][] => [
        [`PCOUNT = ${count}`, () => extension([card('PCOUNT', count), card('GCOUNT', 1)])],
        [`GCOUNT = ${count}`, () => extension([card('PCOUNT', 0), card('GCOUNT', count)])],
      ]),
    ),
    ...attacks('random groups', 'any', [
      ['groups of nothing', () => image({ NAXIS1: 0 }, [card('GROUPS', 'T'), card('GCOUNT', 5)])],
      [
        'groups beyond the file',
        () =>
          image({ NAXIS1: 0 }, [
            ...[card('GROUPS', 'T'), card('PCOUNT', 2 ** 31)],
            card('GCOUNT', 2 ** 31),
          ]),
      ],
    ]),
  ];
}

/** Headers that go on for ever, or begin as nothing. */
function headers(): FileAttack[] {
  const noEnd = (cards: number): Buffer => {
    const text = many(cards, (index) => card(`K${index % 1_000_000}`, index).padEnd(80)).join('');
    return Buffer.concat([image().subarray(0, 400), Buffer.from(text)]);
  };
  return [
    ...attacks('headers', 'refused', [
      ['no END', () => noEnd(1000)],
      ['no END after 100 000 cards', () => noEnd(100_000)],
      ['nothing but blanks', () => Buffer.alloc(28_800, ' ')],
      ['nothing but SIMPLE', () => Buffer.from('SIMPLE  =')],
      ['END first', () => Buffer.from('END'.padEnd(2880))],
      ['SIMPLE twice', () => Buffer.from('SIMPLE  =                    T'.padEnd(80).repeat(72))],
      ['small letters', () => Buffer.from(image().toString('latin1').toLowerCase(), 'latin1')],
      ['NUL in place of blanks', () => swap(image(), 0x20, 0)],
      ['line ends', () => Buffer.from('SIMPLE  = T\r\nBITPIX  = 16\r\nEND\r\n'.repeat(100))],
      ['UTF-16', () => Buffer.from(image().toString('latin1'), 'utf16le')],
      ['only a header', () => image({}, [], Buffer.alloc(0))],
    ]),
    ...attacks('headers', 'any', [
      [
        '300 000 cards',
        () =>
          image(
            {},
            many(300_000, (i) => card(`K${i % 9_999_999}`, i)),
          ),
      ],
      ['50 000 empty CONTINUE', () => image({}, longString(50_000, "CONTINUE  '&'"))],
      ['a string of 3 MB', () => image({}, longString(45_000, `CONTINUE  '${'x'.repeat(66)}&'`))],
      [
        'a keyword 20 000 times',
        () =>
          image(
            {},
            many(20_000, (i) => card('SAME', i)),
          ),
      ],
      [
        'HISTORY 30 000 times',
        () =>
          image(
            {},
            many(30_000, () => 'HISTORY '.padEnd(80, 'h')),
          ),
      ],
      ['prototypes', () => image({}, prototypes())],
      ['5 000 HDUs', () => hdus(5000)],
      ['two answers to one question', () => image({}, [card('NAXIS1', 60), card('NAXIS', 0)])],
      ['a card of quotes', () => image({}, [`QUOTES  = ${"'".repeat(70)}`])],
      ['a string without end', () => image({}, ["OPEN    = 'never closed"])],
    ]),
  ];
}

function swap(bytes: Buffer, from: number, to: number): Buffer {
  return Buffer.from(bytes.map((byte) => (byte === from ? to : byte)));
}

const longString = (count: number, line: string): string[] => [
  "LONG    = 'begin&'",
  ...many(count, () => line),
];

function prototypes(): string[] {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
  return [
    ...names.map((name) => `HIERARCH ${name} = 'x'`),
    ...names.map((name) => `HIERARCH ${name} polluted = T`),
    ...names.map((name) => card(name.toUpperCase().slice(0, 8), "'x'")),
  ];
}

function hdus(count: number): Buffer {
  const table = { forms: ['1J'], rows: [Buffer.alloc(4)] };
  const one = rawFits({ cards: tableCards(table), data: Buffer.alloc(4) });
  return Buffer.concat([image(), ...Array.from({ length: count }, () => one)]);
}

/** Less than what is declared. */
function cuts(): FileAttack[] {
  const whole = rawFits({
    cards: [card('SIMPLE', 'T'), card('BITPIX', 16), card('NAXIS', 2)].concat([
      card('NAXIS1', 40),
      card('NAXIS2', 36),
    ]),
    data: Buffer.alloc(2880),
  });
  const lengths = [1, 79, 80, 2879, 2880, 2881, 5758, 5759];
  return attacks('cut off', 'refused', [
    ['nothing at all', () => Buffer.alloc(0)],
    ...lengths.map((length): [string, () => Buffer] => [
      `${length} bytes`,
      () => whole.subarray(0, length),
    ]),
  ]);
}

/** What steers the reading of values and the sky. */
function values(): FileAttack[] {
  const odd = ['1E999', '-1E999', 'NaN', 'INF', '1E308', '99999999999999999999', "'abc'", '(1,2)'];
  const numeric = ['EXPTIME', 'CRVAL1', 'BZERO', 'BSCALE', 'TEL-RA', 'XBINNING'];
  const dates = ['9999-99-99T99:99:99', '0000-00-00', '-0005-01-01', '275761-01-01', '2026-02-30'];
  const texts: readonly (readonly [string, readonly string[]])[] = [
    ['DATE-OBS', [...dates, 'now', '2026-03-01T20:00:00+99:00', '1E999', ' '.repeat(60)]],
    ['DAY-OBS', [...dates.slice(0, 3), '../../..', "'; drop table frames; --"]],
    ['TRIMSEC', ['[0:99999,-1:5]', '[5:1,5:1]', '[a:b]', '[1:1e9,1:1e9]', '[[[[', '[::,::]']],
  ];
  return [
    ...attacks(
      'odd values',
      'any',
      numeric.flatMap((keyword) =>
        odd.map((value): [string, () => Buffer] => [
          `${keyword} = ${value}`,
          () => image({}, [card(keyword, value)]),
        ]),
      ),
    ),
    ...attacks(
      'odd values',
      'any',
      texts.flatMap(([keyword, list]) =>
        list.map((text): [string, () => Buffer] => [
          `${keyword} = ${text}`,
          () => image({}, [card(keyword, `'${text.replaceAll("'", "''")}'`)]),
        ]),
      ),
    ),
  ];
}

/** Pictures of nothing, and of odd shapes. */
function shapes(): FileAttack[] {
  const floats = (value: number, count: number): Buffer => {
    const data = Buffer.alloc(count * 4);
    for (let i = 0; i < count; i += 1) data.writeFloatBE(value, i * 4);
    return data;
  };
  const sized = (width: number, height: number, value = 1): Buffer =>
    image({ BITPIX: -32, NAXIS1: width, NAXIS2: height }, [], floats(value, width * height));
  return attacks('odd pictures', 'any', [
    ['all NaN', () => sized(30, 20, NaN)],
    ['all infinite', () => sized(30, 20, Infinity)],
    ['1 × 20 000', () => sized(1, 20_000)],
    ['20 000 × 1', () => sized(20_000, 1)],
    ['one pixel', () => sized(1, 1)],
    ['a thousand planes', () => cube(1000)],
  ]);
}

function cube(planes: number): Buffer {
  const cards = { BITPIX: 8, NAXIS: 3, NAXIS1: 5, NAXIS2: 5 };
  return image(cards, [card('NAXIS3', planes)], Buffer.alloc(25 * planes, 3));
}

/** Hostile headers of plain FITS files. */
export function headerAttacks(): FileAttack[] {
  return [...axes(), ...pixels(), ...headers(), ...cuts(), ...values(), ...shapes()];
}
