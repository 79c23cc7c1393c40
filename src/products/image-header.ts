import { planeOf, type Card, type FitsFile, type Hdu } from '../fits/index.js';

const CARD_BYTES = 80;

/** Keywords of an image that have other names while it is compressed. FITS Standard 4.0 §10.1.2. */
const PACKED_NAMES: ReadonlyMap<string, string> = new Map([
  ['SIMPLE', 'ZSIMPLE'],
  ['XTENSION', 'ZTENSION'],
  ['BITPIX', 'ZBITPIX'],
  ['NAXIS', 'ZNAXIS'],
  ['EXTEND', 'ZEXTEND'],
  ['BLOCKED', 'ZBLOCKED'],
  ['PCOUNT', 'ZPCOUNT'],
  ['GCOUNT', 'ZGCOUNT'],
  ['CHECKSUM', 'ZHECKSUM'],
  ['DATASUM', 'ZDATASUM'],
]);
const PLAIN_NAMES: ReadonlyMap<string, string> = new Map(
  [...PACKED_NAMES].map(([plain, packed]) => [packed, plain]),
);

/** Keywords of the table that holds a compressed image, and of the compression: gone with them. */
const OF_THE_TABLE = new Set([
  ...[...PACKED_NAMES.keys()].filter((keyword) => keyword !== 'SIMPLE' && keyword !== 'EXTEND'),
  'TFIELDS',
  'THEAP',
  'ZIMAGE',
  'ZCMPTYPE',
  'ZMASKCMP',
  'ZQUANTIZ',
  'ZDITHER0',
  'ZSCALE',
  'ZZERO',
  'ZBLANK',
]);
const OF_THE_TABLE_NUMBERED = /^(?:NAXIS|TTYPE|TFORM|ZTILE|ZNAME|ZVAL)\d+$/;

const STRUCTURE = /^(?:SIMPLE|XTENSION|BITPIX|NAXIS\d*)$/;
const SIMPLE = `SIMPLE  = ${'T'.padStart(20)}`.padEnd(CARD_BYTES);

/** The name cfitsio gives to a compressed image that has none. */
const NO_NAME = 'COMPRESSED_IMAGE';

/** What the table of a compressed image is to say of itself. */
export interface PackedTable {
  /** ZCMPTYPE. */
  readonly algorithm: 'RICE_1' | 'GZIP_2';
  /** ZNAMEi and ZVALi. */
  readonly parameters: readonly (readonly [name: string, value: number])[];
  /** ZTILEn, NAXIS1 first. */
  readonly tileAxes: readonly number[];
  /** Descriptors of 32 (P) or 64 bits (Q). */
  readonly descriptor: 'P' | 'Q';
  /** Number of tiles. */
  readonly rows: number;
  readonly heapBytes: number;
  /** Bytes of the largest tile. */
  readonly maxBytes: number;
}

/** True for an image with pixels that is not compressed yet. */
export function isPackable(hdu: Hdu): boolean {
  return hdu.kind === 'image' && planeOf(hdu).planes > 0;
}

/** True if packing puts an empty primary HDU in front. */
export function hasMovedPrimary({ hdus: [primary] }: FitsFile): boolean {
  return primary !== undefined && isPackable(primary);
}

/**
 * Cards of the table that holds an image compressed, without END: those of the table, then those of
 * the image as they stand in the file and in their order, the ones of its structure under the names
 * they have meanwhile. There are as many of them whatever `table` says of rows and bytes.
 * FITS Standard 4.0 §10.1.
 *
 * @param hdu the plain image; one of floats is said to be kept without loss (ZQUANTIZ = NONE)
 * @returns texts of 80 characters, one per byte
 */
export function packedHeaderCards(hdu: Hdu, table: PackedTable): string[] {
  const { algorithm, parameters, tileAxes, descriptor, rows, heapBytes, maxBytes } = table;
  return [
    textCard('XTENSION', 'BINTABLE', 'table that holds a compressed image'),
    numberCard('BITPIX', 8),
    numberCard('NAXIS', 2),
    numberCard('NAXIS1', descriptor === 'P' ? 8 : 16, 'bytes of a row'),
    numberCard('NAXIS2', rows, 'number of tiles'),
    numberCard('PCOUNT', heapBytes, 'bytes of the compressed tiles'),
    numberCard('GCOUNT', 1),
    numberCard('TFIELDS', 1),
    textCard('TTYPE1', 'COMPRESSED_DATA'),
    textCard('TFORM1', `1${descriptor}B(${maxBytes})`),
    `${'ZIMAGE'.padEnd(8)}= ${'T'.padStart(20)} / this is a compressed image`.padEnd(CARD_BYTES),
    ...tileAxes.map((length, index) => numberCard(`ZTILE${index + 1}`, length, 'size of a tile')),
    textCard('ZCMPTYPE', algorithm, 'algorithm of compression'),
    ...parameters.flatMap(([name, value], index) => [
      textCard(`ZNAME${index + 1}`, name, 'parameter of the algorithm'),
      numberCard(`ZVAL${index + 1}`, value),
    ]),
    ...(hdu.bitpix < 0 ? [textCard('ZQUANTIZ', 'NONE', 'floats are kept as they are')] : []),
    // Places for the sums of the table: those of the image have other names meanwhile.
    textCard('CHECKSUM', '0'.repeat(16)),
    textCard('DATASUM', '0'),
    ...hdu.header.cards.flatMap((card) => packCard(card)),
  ];
}

/**
 * Cards of the plain image that is inside a compressed one, without END: the inverse of
 * `packedHeaderCards`, also for the tables of other writers, as funpack gives them. The structure of
 * the image comes first, all other cards follow as they stand in the file and in their order.
 * FITS Standard 4.0 §10.1.
 *
 * @param hdu the compressed image
 * @param options.primary whether it becomes the primary HDU or an extension
 * @returns texts of 80 characters, one per byte
 */
export function unpackedHeaderCards(hdu: Hdu, { primary }: { primary: boolean }): string[] {
  const plain = hdu.header.cards.flatMap((card) => unpackCard(card));
  const axisCard = (axis: number, index: number): string =>
    find(plain, `NAXIS${index + 1}`) ?? numberCard(`NAXIS${index + 1}`, axis);
  const own = find(plain, primary ? 'SIMPLE' : 'XTENSION');
  // Without it the image was of the other kind, and has cards that are of that kind only.
  const foreign = own !== undefined ? [] : primary ? GROUP_KEYWORDS : ['EXTEND', 'BLOCKED'];
  const moved = primary ? foreign : [...foreign, ...GROUP_KEYWORDS];
  return [
    own ?? (primary ? SIMPLE : textCard('XTENSION', 'IMAGE', 'an image extension')),
    find(plain, 'BITPIX') ?? numberCard('BITPIX', hdu.bitpix),
    find(plain, 'NAXIS') ?? numberCard('NAXIS', hdu.axes.length),
    ...hdu.axes.map(axisCard),
    ...(primary ? [] : groupCards(plain)),
    ...plain
      .filter(({ keyword, restored }) => !(restored && moved.includes(keyword)))
      .filter(({ keyword }) => !STRUCTURE.test(keyword))
      .map(({ text }) => text),
  ];
}

const GROUP_KEYWORDS: readonly string[] = ['PCOUNT', 'GCOUNT'];

/** In an extension these follow its axes, wherever in the table they stand. FITS Standard 4.0 §7.1.1. */
function groupCards(plain: readonly Line[]): string[] {
  return [
    find(plain, 'PCOUNT') ?? numberCard('PCOUNT', 0),
    find(plain, 'GCOUNT') ?? numberCard('GCOUNT', 1),
  ];
}

/** The 80-character texts of a card: one, or several for a long string with its CONTINUE cards. */
export function cardTexts({ text }: Card): string[] {
  const texts: string[] = [];
  // Not split at line breaks: these may be in a bad card, too.
  for (let start = 0; start < text.length; start += CARD_BYTES + 1) {
    texts.push(text.slice(start, start + CARD_BYTES).padEnd(CARD_BYTES));
  }
  return texts;
}

interface Line {
  readonly keyword: string;
  readonly text: string;
  /** True if it had another name in the table. */
  readonly restored: boolean;
}

function packCard(card: Card): string[] {
  const name = isNumbered(card, /^NAXIS\d+$/) ? `Z${card.keyword}` : structureName(card);
  const [first = '', ...more] = cardTexts(card);
  return name === undefined ? [first, ...more] : [rename(first, name), ...more];
}

function structureName(card: Card): string | undefined {
  return isWritten(card) ? PACKED_NAMES.get(card.keyword) : undefined;
}

function unpackCard(card: Card): Line[] {
  const [first = '', ...more] = cardTexts(card);
  const { keyword } = card;
  const lines = (text: string, name: string, restored: boolean): Line[] => [
    { keyword: name, text, restored },
    ...more.map((each) => ({ keyword: '', text: each, restored: false })),
  ];
  if (!isWritten(card)) return lines(first, '', false);
  const plain = /^ZNAXIS\d+$/.test(keyword) ? keyword.slice(1) : PLAIN_NAMES.get(keyword);
  if (plain !== undefined) return lines(rename(first, plain), plain, true);
  if (OF_THE_TABLE.has(keyword) || OF_THE_TABLE_NUMBERED.test(keyword)) return [];
  if (keyword === 'EXTNAME' && card.value === NO_NAME) return [];
  return lines(first, keyword, false);
}

/** Whether the card has its keyword in the first eight characters, with a value after it. */
function isWritten({ kind, keyword, text }: Card): boolean {
  return kind !== 'commentary' && text.slice(0, 8).trimEnd() === keyword && text[8] === '=';
}

function isNumbered(card: Card, pattern: RegExp): boolean {
  return isWritten(card) && pattern.test(card.keyword);
}

function rename(text: string, keyword: string): string {
  return keyword.padEnd(8) + text.slice(8);
}

function find(lines: readonly Line[], keyword: string): string | undefined {
  return lines.find((line) => line.restored && line.keyword === keyword)?.text;
}

function numberCard(keyword: string, value: number, comment = ''): string {
  return withComment(`${keyword.padEnd(8)}= ${String(value).padStart(20)}`, comment);
}

function textCard(keyword: string, value: string, comment = ''): string {
  return withComment(`${keyword.padEnd(8)}= ${`'${value.padEnd(8)}'`.padEnd(20)}`, comment);
}

function withComment(text: string, comment: string): string {
  return (comment === '' ? text : `${text} / ${comment}`).slice(0, CARD_BYTES).padEnd(CARD_BYTES);
}
