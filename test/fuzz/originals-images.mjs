import { writeFits } from '../../dist/fits/index.js';
import { makeNoise, rawFits } from '../fixtures/make-fits.ts';
import { card, primaryCards } from '../fixtures/make-table.ts';

export const WIDTH = 40;
export const HEIGHT = 30;

const SKY = [
  ...[card('CTYPE1', "'RA---TAN'"), card('CTYPE2', "'DEC--TAN'")],
  ...[card('CRVAL1', 10.5), card('CRVAL2', -20.25), card('CRPIX1', 20.5), card('CRPIX2', 15.5)],
  ...[card('CD1_1', -0.001), card('CD2_2', 0.001), card('OBJECT', "'M31     '")],
  ...[card('TRIMSEC', "'[2:39,2:29]'"), card('CHECKSUM', "'ABCDabcdABCDabcd'")],
  card('DATASUM', "'1234567'"),
];

/** Pixels that look like a sky: the bytes of a number each. */
export function skyPixels(count, bitpix, seed = 1) {
  const noise = makeNoise(seed);
  const data = Buffer.alloc((count * Math.abs(bitpix)) / 8);
  const put = {
    8: (value, at) => data.writeUInt8(value, at),
    16: (value, at) => data.writeInt16BE(value, at),
    32: (value, at) => data.writeInt32BE(value, at),
    64: (value, at) => data.writeBigInt64BE(BigInt(value), at),
    [-32]: (value, at) => data.writeFloatBE(value + 0.25, at),
    [-64]: (value, at) => data.writeDoubleBE(value + 0.125, at),
  }[bitpix];
  for (let i = 0; i < count; i += 1) {
    put(100 + Math.floor(noise() * 30) + (i % 97 === 0 ? 90 : 0), (i * Math.abs(bitpix)) / 8);
  }
  return data;
}

const image = (bitpix, cards = [], axes = [WIDTH, HEIGHT]) => ({
  cards: [
    ...[card('SIMPLE', 'T'), card('BITPIX', bitpix), card('NAXIS', axes.length)],
    ...axes.map((axis, i) => card(`NAXIS${i + 1}`, axis)),
    ...cards,
  ],
  data: skyPixels(
    axes.reduce((product, axis) => product * axis, 1),
    bitpix,
  ),
});

const extension = (hdu) => ({
  ...hdu,
  cards: [
    card('XTENSION', "'IMAGE   '"),
    ...hdu.cards.slice(1, 5),
    ...[card('PCOUNT', 0), card('GCOUNT', 1), card('EXTNAME', "'SCI     '")],
    ...[card('INHERIT', 'T'), ...hdu.cards.slice(5)],
  ],
});

/** Plain images of every kind of pixel, with all that changes their values. */
export function imageFiles() {
  const scaled = [card('BZERO', 32768), card('BSCALE', 2), card('BLANK', 105)];
  return [
    ...[8, 16, 32, 64, -32, -64].map((bitpix) => ({
      name: `image ${bitpix}`,
      bytes: rawFits(image(bitpix, SKY)),
    })),
    { name: 'scaled', bytes: rawFits(image(16, [...scaled, ...SKY])) },
    { name: 'unsigned 64', bytes: rawFits(image(64, [card('BZERO', '9223372036854775808')])) },
    { name: 'cube', bytes: rawFits(image(-32, SKY, [11, 7, 3])) },
    { name: 'colour', bytes: rawFits(image(8, [card('CTYPE3', "'RGB'")], [20, 20, 3])) },
    { name: 'spectrum', bytes: rawFits(image(-32, [], [300])) },
    {
      name: 'several',
      bytes: rawFits({ cards: primaryCards }, extension(image(16, SKY)), extension(image(-32))),
    },
  ];
}

/** Headers with every kind of card, odd ones among them, and HDUs that are rare. */
export function headerFiles() {
  const long = 'A long string, which needs more than one card: '.repeat(5);
  const written = writeFits([
    {
      cards: [
        ['LONGSTR', long, 'and a comment'],
        ['ESO DET CHIP1 NAME', 'CCD', 'HIERARCH'],
        ['ESO TEL ALT', 45.25],
        ['BIG', 123456789012345678901n],
        ['NOTHING', null],
        ['FLAG', true],
      ],
      image: { axes: [4, 3], bitpix: 8, pixels: new Uint8Array(12) },
    },
  ]);
  const odd = [
    ...primaryCards,
    ...['DATE-OBS= 2012-11-14T19:55:06.207', 'COMPLEX =   (1.5, -2.25)', 'EXPTIME = 1.5D2'],
    ...["BAD     = 'no end", 'NOVALUE =', 'lower   = 1', 'IRAF-B/P= 16', 'COMMENT   text'],
    ...["LONG    = 'first &'", "CONTINUE  'second&'", "CONTINUE  'third' / end"],
    ...["CONTINUE= ''redset", 'HISTORY done', '', "QUOTE   = 'O''HARA'", 'HIERARCH a.b = 1'],
    ...['HIERARCH ESO A = T / yes', 'BLANKS  =                      1 /', 'END OF LINE'],
  ];
  const groups = [
    ...[card('SIMPLE', 'T'), card('BITPIX', 16), card('NAXIS', 3), card('NAXIS1', 0)],
    ...[card('NAXIS2', 4), card('NAXIS3', 5), card('GROUPS', 'T'), card('PCOUNT', 3)],
    ...[card('GCOUNT', 7), card('PTYPE1', "'UU'"), card('PSCAL1', 1), card('PZERO1', 0)],
  ];
  const foreign = [
    ...[card('XTENSION', "'FOREIGN '"), card('BITPIX', 8), card('NAXIS', 1)],
    ...[card('NAXIS1', 100), card('PCOUNT', 0), card('GCOUNT', 1)],
  ];
  return [
    { name: 'long cards', bytes: Buffer.from(written) },
    { name: 'odd cards', bytes: rawFits({ cards: odd }) },
    { name: 'groups', bytes: rawFits({ cards: groups, data: Buffer.alloc(7 * 23 * 2) }) },
    {
      name: 'foreign',
      bytes: rawFits({ cards: primaryCards }, { cards: foreign, data: Buffer.alloc(100) }),
    },
    { name: 'no end', bytes: withoutEnd(odd) },
  ];
}

function withoutEnd(cards) {
  const text = cards.map((card) => card.padEnd(80)).join('');
  return Buffer.from(text.padEnd(2880), 'latin1');
}
