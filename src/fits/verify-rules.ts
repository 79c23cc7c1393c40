import type { Card, CardValue, Hdu } from './types.js';
import type { Finding, Line } from './verify-cards.js';

const BITPIX_VALUES: readonly CardValue[] = [8, 16, 32, 64, -32, -64];
const IMAGE_ONLY = ['BSCALE', 'BZERO', 'BUNIT', 'BLANK', 'DATAMAX', 'DATAMIN'];
const DATE = /^(?:[+-]\d)?\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d*)?)?$|^\d\d\/\d\d\/\d\d$/;

/**
 * The mandatory keywords of an HDU: all there, in their order, with values they may have.
 * FITS Standard 4.0 §4.4.1, §6, §7.1, §7.2.1, §7.3.1, §10.
 */
export function* checkMandatory(hdu: Hdu, lines: readonly Line[]): Generator<Finding> {
  const places = new Map<string, number>();
  for (const [place, { keyword }] of lines.entries()) {
    if (!places.has(keyword)) places.set(keyword, place);
  }
  for (const [place, keyword] of orderedKeywords(hdu).entries()) {
    const found = places.get(keyword);
    if (found === undefined) yield missing(hdu, keyword);
    else if (found !== place) {
      const text = `${keyword} must be card ${place + 1} of its header, but is card ${found + 1}.`;
      yield at(hdu, keyword, 'keyword', text);
    }
  }
  for (const { keyword, isGood, must } of limitsOf(hdu)) {
    const card = hdu.header.card(keyword);
    if (card === undefined && !places.has(keyword)) {
      if (!orderedKeywords(hdu).includes(keyword)) yield missing(hdu, keyword);
    } else if (card === undefined || !isGood(card)) {
      yield at(hdu, keyword, 'keyword', `${keyword} must be ${must}.`);
    }
  }
}

function orderedKeywords(hdu: Hdu): string[] {
  const isFirst = hdu.index === 0;
  const naxis = hdu.header.number('NAXIS') ?? 0;
  const axes = Array.from({ length: Math.min(naxis, 999) }, (_, index) => `NAXIS${index + 1}`);
  const start = [isFirst ? 'SIMPLE' : 'XTENSION', 'BITPIX', 'NAXIS', ...axes];
  if (isFirst) return start;
  return [...start, 'PCOUNT', 'GCOUNT', ...(isTable(hdu) ? ['TFIELDS'] : [])];
}

interface Limit {
  readonly keyword: string;
  readonly isGood: (card: Card) => boolean;
  readonly must: string;
}

function limitsOf(hdu: Hdu): Limit[] {
  const limits = [
    oneOf('BITPIX', BITPIX_VALUES),
    integer('NAXIS', 0, 999),
    ...axisLimits(hdu, 'NAXIS'),
    ...(hdu.index === 0
      ? [of('SIMPLE', 'logical', 'T or F')]
      : [of('XTENSION', 'string', 'a string'), integer('PCOUNT', 0), integer('GCOUNT', 1)]),
  ];
  if (hdu.kind === 'groups') return [...limits, integer('PCOUNT', 0), integer('GCOUNT', 0)];
  if (hdu.kind === 'image' && hdu.index > 0) {
    return [...limits, oneOf('PCOUNT', [0]), oneOf('GCOUNT', [1])];
  }
  if (!isTable(hdu)) return limits;
  const pcount = hdu.kind === 'table' ? [oneOf('PCOUNT', [0])] : [];
  const table = [oneOf('BITPIX', [8]), oneOf('NAXIS', [2]), ...pcount, oneOf('GCOUNT', [1])];
  return [...limits, ...table, integer('TFIELDS', 0, 999), ...packedLimits(hdu)];
}

function packedLimits(hdu: Hdu): Limit[] {
  if (hdu.kind === 'compressed-image') {
    return [
      of('ZCMPTYPE', 'string', 'a string'),
      oneOf('ZBITPIX', BITPIX_VALUES),
      integer('ZNAXIS', 0, 999),
      ...axisLimits(hdu, 'ZNAXIS'),
    ];
  }
  if (hdu.kind !== 'compressed-table') return [];
  return [
    integer('ZTILELEN', 0),
    integer('ZNAXIS1', 0),
    integer('ZNAXIS2', 0),
    integer('ZPCOUNT', 0),
  ];
}

function axisLimits(hdu: Hdu, keyword: string): Limit[] {
  const naxis = Math.min(hdu.header.number(keyword) ?? 0, 999);
  return Array.from({ length: naxis }, (_, index) => integer(`${keyword}${index + 1}`, 0));
}

function integer(keyword: string, least: number, most = Infinity): Limit {
  const must =
    most === Infinity ? `an integer from ${least}` : `an integer from ${least} to ${most}`;
  const isGood = ({ kind, value }: Card): boolean =>
    kind === 'integer' && Number(value) >= least && Number(value) <= most;
  return { keyword, isGood, must };
}

function oneOf(keyword: string, values: readonly CardValue[]): Limit {
  const isGood = (card: Card): boolean => values.includes(card.value);
  return { keyword, isGood, must: values.join(' or ') };
}

function of(keyword: string, kind: Card['kind'], must: string): Limit {
  return { keyword, isGood: (card) => card.kind === kind, must };
}

/** Reserved keywords with a meaning for the data. FITS Standard 4.0 §4.4.2, §8.2. */
export function* checkReserved(hdu: Hdu): Generator<Finding> {
  const { header } = hdu;
  if (header.value('SIMPLE') === false) {
    yield at(
      hdu,
      'SIMPLE',
      'value',
      'SIMPLE = F: the file says that it breaks the standard.',
      'warning',
    );
  }
  if (hdu.index === 0 && hdu.kind === 'image') {
    for (const keyword of ['PCOUNT', 'GCOUNT']) {
      if (header.card(keyword) === undefined) continue;
      yield at(hdu, keyword, 'value', `${keyword} has no meaning in a primary HDU without groups.`);
    }
  }
  if (['bintable', 'compressed-table', 'table'].includes(hdu.kind)) {
    for (const keyword of IMAGE_ONLY) {
      if (header.card(keyword) === undefined) continue;
      yield at(
        hdu,
        keyword,
        'value',
        `${keyword} is a keyword of images and has no meaning here.`,
        'warning',
      );
    }
  } else yield* checkBlank(hdu);
  for (const card of header.cards) {
    const isDate = /^DATE(?:$|-(?:OBS|BEG|AVG|END)$)/.test(card.keyword);
    if (!isDate || (typeof card.value === 'string' && DATE.test(card.value.trim()))) continue;
    const text = `${card.keyword} is not a date as the standard writes it: YYYY-MM-DD[Thh:mm:ss[.s]].`;
    yield { code: 'value', level: 'warning', keyword: card.keyword, offset: card.offset, text };
  }
  yield* checkWcs(hdu);
}

function* checkBlank(hdu: Hdu): Generator<Finding> {
  const card = hdu.header.card('BLANK');
  if (card === undefined) return;
  if (hdu.bitpix < 0)
    yield at(hdu, 'BLANK', 'value', 'BLANK has no meaning for floating-point pixels.');
  else if (card.kind !== 'integer') yield at(hdu, 'BLANK', 'value', 'BLANK must be an integer.');
}

function* checkWcs(hdu: Hdu): Generator<Finding> {
  const { cards } = hdu.header;
  const first = (pattern: RegExp): number =>
    cards.findIndex(({ keyword }) => pattern.test(keyword));
  const start = first(/^(?:CRPIX|CRVAL|CTYPE|CDELT|CUNIT|CROTA)\d+$|^(?:PC|CD|PV|PS)\d+_\d+$/);
  if (start >= 0 && first(/^WCSAXES$/) > start) {
    yield at(hdu, 'WCSAXES', 'value', 'WCSAXES must stand before all other WCS keywords.');
  }
  const [cd, pc, crota] = [first(/^CD\d+_\d+$/), first(/^PC\d+_\d+$/), first(/^CROTA\d+$/)];
  if (pc >= 0 && (cd >= 0 || crota >= 0)) {
    const text = 'PCi_j may not be used together with CDi_j or CROTAn.';
    yield { ...at(hdu, '', 'value', text), offset: cards[pc]?.offset ?? hdu.headerOffset };
  }
  for (const card of cards) {
    const isNumber =
      /^(?:CRPIX|CRVAL|CDELT|CROTA|CRDER|CSYER)\d+[A-Z]?$|^(?:PC|CD|PV)\d+_\d+[A-Z]?$|^EQUINOX[A-Z]?$|^EPOCH$/;
    if (!isNumber.test(card.keyword)) continue;
    const { keyword, offset } = card;
    if (card.kind !== 'integer' && card.kind !== 'float') {
      yield {
        code: 'value',
        level: 'error',
        keyword,
        offset,
        text: `${keyword} must be a number.`,
      };
    } else if (keyword.startsWith('CDELT') && Number(card.value) === 0) {
      yield {
        code: 'value',
        level: 'error',
        keyword,
        offset,
        text: `${keyword} must not be zero.`,
      };
    }
  }
}

/** Keywords that are there again with another value. FITS Standard 4.0 §4.1.2.1. */
export function* checkDuplicates(hdu: Hdu): Generator<Finding> {
  const seen = new Map<string, CardValue>();
  for (const { kind, keyword, value, offset } of hdu.header.cards) {
    if (kind === 'commentary' || keyword === 'CONTINUE') continue;
    const before = seen.get(keyword);
    seen.set(keyword, before ?? value);
    if (before === undefined || String(before) === String(value)) continue;
    const text = `${keyword} is there again with another value; which one is meant is undefined.`;
    yield { code: 'duplicate', level: 'warning', keyword, offset, text };
  }
}

/** True for every HDU whose data are a table, whatever the table is for. */
export function isTable({ kind }: Hdu): boolean {
  return ['bintable', 'table', 'compressed-image', 'compressed-table'].includes(kind);
}

function missing(hdu: Hdu, keyword: string): Finding {
  return at(hdu, keyword, 'keyword', `${keyword} is missing.`);
}

/** A finding at the first card with a keyword, else at the start of the header. */
export function at(
  hdu: Hdu,
  keyword: string,
  code: Finding['code'],
  text: string,
  level: Finding['level'] = 'error',
): Finding {
  const offset = hdu.header.card(keyword)?.offset ?? hdu.headerOffset;
  return { code, level, keyword, offset, text };
}
