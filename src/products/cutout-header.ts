import {
  formatCards,
  parseCards,
  type Card,
  type FitsFile,
  type Hdu,
  type Region,
  type WriteCard,
} from '../fits/index.js';
import { unpackedHeaderCards } from './image-header.js';
import { numberIn, strictCard } from './strict-card.js';

/** Which part of an image is cut out. */
export interface CutPart {
  readonly region: Region;
  /** One plane, from 0; undefined for all. */
  readonly plane: number | undefined;
}

/** Cards that the cut-out has of its own, or that speak of pixels and tables it does not have. */
const DROPPED = new RegExp(
  [
    '^(?:SIMPLE|XTENSION|BITPIX|NAXIS\\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|INHERIT|CHECKSUM|DATASUM',
    'IMAGEW|IMAGEH|(?:DATA|TRIM|BIAS|CCD|AMP|DET)SEC\\w*',
    // Distortions kept in other HDUs.
    'CPDIS\\d\\w*|DP\\d+\\w*|CPERR\\d\\w*|CQDIS\\d\\w*|DQ\\d+\\w*|D2IM\\w*|AXISCORR|DETIM)$',
  ].join('|'),
);

/**
 * The cards of a cut-out, without END: those of the image, strict where they were not, with the
 * reference pixels of every WCS moved (FITS Standard 4.0 §8.2) and the shift told in LTVi and HISTORY.
 */
export function cutoutCards(file: FitsFile, hdu: Hdu, part: CutPart): string[] {
  const cards = wcsAxesFirst(imageCards(file, hdu));
  const shifts = axisShifts(hdu, part);
  const isLost = (card: Card): boolean =>
    shiftOf(card.keyword, shifts) !== undefined && numberIn(card) === undefined;
  const has = new Set(cards.filter((card) => !isLost(card)).map((card) => card.keyword));
  const moved = cards.flatMap((card) => {
    if (DROPPED.test(card.keyword)) return [];
    // It has no meaning for floats. FITS Standard 4.0 §4.4.2.5.
    if (card.keyword === 'BLANK' && hdu.bitpix < 0) return [];
    const change = shiftOf(card.keyword, shifts);
    const value = numberIn(card);
    if (change === undefined || value === undefined) return strictCard(card);
    return formatCards([card.keyword, value + change, printable(card.comment)]);
  });
  return [
    ...structure(hdu, part).flatMap(formatCards),
    ...moved,
    ...missing(has, shifts).flatMap(formatCards),
    ...formatCards(['HISTORY', `Cut out of HDU ${hdu.index}: ${where(part)}`]),
  ];
}

/** The cards of the image as it would stand unpacked; with INHERIT those of the primary HDU as well. */
function imageCards(file: FitsFile, hdu: Hdu): readonly Card[] {
  const own =
    hdu.kind === 'compressed-image'
      ? parseCards(Buffer.from(unpackedHeaderCards(hdu, { primary: true }).join(''), 'latin1'))
      : hdu.header.cards;
  const [primary] = file.hdus;
  if (hdu.index === 0 || primary === undefined || hdu.header.value('INHERIT') !== true) return own;
  const has = new Set(own.map((card) => card.keyword));
  const inherited = primary.header.cards.filter(
    (card) =>
      card.kind !== 'commentary' &&
      !has.has(card.keyword) &&
      !/^Z?BLANK$|^B(?:SCALE|ZERO)$/.test(card.keyword),
  );
  return [...own, ...inherited];
}

/** The number of axes of a WCS goes before all else of it. FITS Standard 4.0 §8.2. */
function wcsAxesFirst(cards: readonly Card[]): Card[] {
  const isFirst = ({ keyword }: Card): boolean => /^WCSAXES[A-Z]?$/.test(keyword);
  return [...cards.filter(isFirst), ...cards.filter((card) => !isFirst(card))];
}

function structure(hdu: Hdu, { region, plane }: CutPart): WriteCard[] {
  const axes = hdu.axes.map((axis, index) => {
    if (index === 0) return region.width;
    if (index === 1) return region.height;
    return plane === undefined ? axis : 1;
  });
  return [
    ['SIMPLE', true, 'FITS Standard 4.0'],
    ['BITPIX', hdu.bitpix],
    ['NAXIS', axes.length],
    ...axes.map((axis, index): WriteCard => [`NAXIS${index + 1}`, axis]),
    ['EXTEND', true],
  ];
}

/** How many pixels were left out before the first one, along each axis. */
function axisShifts(hdu: Hdu, { region, plane }: CutPart): number[] {
  let rest = plane ?? 0;
  return hdu.axes.map((axis, index) => {
    if (index === 0) return region.x;
    if (index === 1) return region.y;
    const at = rest % axis;
    rest = Math.floor(rest / axis);
    return at;
  });
}

/** What to add to the value of a keyword that counts pixels; undefined for any other. */
function shiftOf(keyword: string, shifts: readonly number[]): number | undefined {
  const match = /^(CRPIX|LTV|CNPIX)(\d+)[A-Z]?$/.exec(keyword);
  const shift = shifts[Number(match?.[2]) - 1];
  if (match === null || shift === undefined) return undefined;
  // CNPIX of the Digitized Sky Survey is where the first pixel lies on the plate.
  return match[1] === 'CNPIX' ? shift : -shift;
}

/** Reference pixels that were left to their default of 0, and the shift in IRAF's physical system. */
function missing(has: ReadonlySet<string>, shifts: readonly number[]): WriteCard[] {
  const cards: WriteCard[] = [];
  for (const keyword of has) {
    const match = /^CTYPE(\d+)([A-Z]?)$/.exec(keyword);
    const shift = shifts[Number(match?.[1]) - 1] ?? 0;
    const crpix = `CRPIX${match?.[1] ?? ''}${match?.[2] ?? ''}`;
    if (match !== null && shift > 0 && !has.has(crpix)) cards.push([crpix, -shift]);
  }
  for (const axis of [1, 2]) {
    const shift = shifts[axis - 1] ?? 0;
    if (!has.has(`LTV${axis}`)) cards.push([`LTV${axis}`, -shift, 'physical to pixel']);
    if (!has.has(`LTM${axis}_${axis}`)) cards.push([`LTM${axis}_${axis}`, 1]);
  }
  return cards;
}

function where({ region, plane }: CutPart): string {
  const { x, y, width, height } = region;
  const section = `[${x + 1}:${x + width},${y + 1}:${y + height}]`;
  return plane === undefined ? section : `${section} of plane ${plane + 1}`;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
