/** Seeded damage to FITS files: bytes, cards, table descriptors, sizes. */

/** Numbers in [0, 1), the same ones for the same seed. */
export function makeRandom(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const VALUES = [
  '0',
  '-1',
  '1',
  '2',
  '3',
  '8',
  '16',
  '64',
  '-32',
  '255',
  '32767',
  '65536',
  '2147483647',
  '-2147483648',
  '4294967296',
  '9007199254740993',
  '99999999999999999999',
  '1E308',
  '-1E-308',
  '1.5',
  'NaN',
  'INF',
  'T',
  'F',
  "''",
  "'RICE_1  '",
  "'GZIP_1  '",
  "'GZIP_2  '",
  "'PLIO_1  '",
  "'HCOMPRESS_1'",
  "'NOCOMPRESS'",
  "'1PB(2147483647)'",
  "'1QB(9)'",
  "'1PJ'",
  "'999999999A'",
  "'0X'",
  "'F8.99'",
  "'(2,3,99999)'",
  "'BINTABLE'",
  "'TABLE   '",
  "'IMAGE   '",
  "'RA---TAN-SIP'",
  "'DEC--ZPN'",
  "'RA---HPX'",
  "'GLON-CAR'",
  "'SUBTRACTIVE_DITHER_2'",
  '(1,2)',
  '',
];

const KEYWORDS = [
  'BITPIX',
  'NAXIS',
  'NAXIS1',
  'NAXIS2',
  'NAXIS3',
  'PCOUNT',
  'GCOUNT',
  'TFIELDS',
  'TFORM1',
  'TFORM2',
  'TBCOL1',
  'TDIM1',
  'TSCAL1',
  'TZERO1',
  'TNULL1',
  'THEAP',
  'ZBITPIX',
  'ZNAXIS',
  'ZNAXIS1',
  'ZNAXIS2',
  'ZTILE1',
  'ZTILE2',
  'ZCMPTYPE',
  'ZQUANTIZ',
  'ZDITHER0',
  'ZBLANK',
  'ZNAME1',
  'ZVAL1',
  'ZVAL2',
  'ZTABLE',
  'ZTILELEN',
  'ZFORM1',
  'ZCTYP1',
  'ZPCOUNT',
  'BZERO',
  'BSCALE',
  'BLANK',
  'GROUPS',
  'SIMPLE',
  'CTYPE1',
  'CTYPE2',
  'CRPIX1',
  'CRVAL2',
  'CDELT1',
  'CD1_1',
  'PC1_2',
  'PV2_1',
  'PV1_10',
  'A_ORDER',
  'A_2_0',
  'LONPOLE',
  'EQUINOX',
  'RADESYS',
];

const pick = (random, list) => list[Math.floor(random() * list.length)];
const card = (keyword, value) =>
  Buffer.from(`${keyword.padEnd(8)}= ${value.padStart(20)}`.slice(0, 80).padEnd(80), 'latin1');

/** Where the cards of all headers are: blocks of text that begin with SIMPLE or XTENSION. */
function findCards(bytes) {
  const places = [];
  for (let block = 0; block + 2880 <= bytes.length; block += 2880) {
    const start = bytes.toString('latin1', block, block + 8);
    if (start !== 'SIMPLE  ' && start !== 'XTENSION') continue;
    for (let at = block; at + 80 <= bytes.length; at += 80) {
      places.push(at);
      if (bytes.toString('latin1', at, at + 8) === 'END     ') break;
    }
  }
  return places;
}

const MUTATIONS = {
  /** A bit or a few, anywhere. */
  flip(bytes, random) {
    const count = 1 + Math.floor(random() * 8);
    for (let i = 0; i < count; i += 1) {
      const at = Math.floor(random() * bytes.length);
      bytes[at] ^= 1 << Math.floor(random() * 8);
    }
    return bytes;
  },
  /** A run of one value, or of noise. */
  smear(bytes, random) {
    const at = Math.floor(random() * bytes.length);
    const end = Math.min(bytes.length, at + 1 + Math.floor(random() * 200));
    const value = pick(random, [0, 255, 128, 32, -1]);
    for (let i = at; i < end; i += 1) bytes[i] = value < 0 ? Math.floor(random() * 256) : value;
    return bytes;
  },
  /** 4 or 8 bytes become an extreme integer: descriptors and lengths. */
  number(bytes, random) {
    if (bytes.length < 16) return bytes;
    const at = Math.floor((random() * (bytes.length - 8)) / 4) * 4;
    const value = pick(random, [0, 1, -1, 0x7fffffff, -0x80000000, 65536, 2880]);
    bytes.writeInt32BE(value, at);
    if (random() < 0.3) bytes.writeInt32BE(pick(random, [0, -1, 0x7fffffff]), at + 4);
    return bytes;
  },
  /** The value of a card that is there. */
  value(bytes, random) {
    const places = findCards(bytes);
    if (places.length === 0) return bytes;
    const at = pick(random, places);
    const keyword = bytes.toString('latin1', at, at + 8).trim();
    card(keyword, pick(random, VALUES)).copy(bytes, at);
    return bytes;
  },
  /** A card that may not have been there, in the place of another. */
  card(bytes, random) {
    const places = findCards(bytes);
    if (places.length === 0) return bytes;
    card(pick(random, KEYWORDS), pick(random, VALUES)).copy(bytes, pick(random, places));
    return bytes;
  },
  /** The file ends early. */
  cut(bytes, random) {
    return bytes.subarray(0, Math.floor(random() * bytes.length));
  },
  /** A part is missing, or stands twice. */
  shift(bytes, random) {
    const at = Math.floor(random() * bytes.length);
    const length = pick(random, [1, 4, 80, 2880]);
    return random() < 0.5
      ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
      : Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
  },
};

const KINDS = Object.keys(MUTATIONS);

/** A damaged copy of a file, and the kinds of damage that were done. */
export function mutate(original, random) {
  let bytes = Buffer.from(original);
  const kinds = [];
  const count = 1 + Math.floor(random() * 3);
  for (let i = 0; i < count && bytes.length > 0; i += 1) {
    const kind = pick(random, KINDS);
    bytes = MUTATIONS[kind](bytes, random);
    kinds.push(kind);
  }
  return { bytes, kinds };
}
