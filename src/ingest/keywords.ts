import { mainImage } from '../fits/index.js';
import type { Card, Hdu, Header } from '../fits/index.js';
import { createPace, inSteps } from '../lib/pace.js';
import { jdToMs, mjdToMs, parseInstant } from '../lib/time.js';
import type { Column, Rule, Source, ValueType } from './profiles.js';

/** Years 1858 to 2132: other days are placeholders such as 0 or -1. */
const MJD_RANGE = [1, 100_000] as const;
const MJD_TO_JD = 2_400_000.5;
const NOTHING: ReadonlySet<string> = new Set();
/** Of so few headers each is asked. */
const FEW_HEADERS = 50;

/** Headers in the order in which they are asked. */
export interface HeaderList {
  readonly headers: readonly Header[];
  /** All keywords of them in capitals, if known: no header need be asked for any other. */
  readonly keywords: ReadonlySet<string> | undefined;
}

/**
 * The keywords of a file of many HDUs, in capitals; undefined for one of few. Profiles ask for a
 * hundred keywords, most of which a file lacks: so not each of its thousands of headers is asked.
 */
export async function keywordsOf(
  hdus: readonly Hdu[],
  pace = createPace(),
): Promise<ReadonlySet<string> | undefined> {
  if (hdus.length <= FEW_HEADERS) return undefined;
  const keywords = new Set<string>();
  for (const { header } of hdus) {
    await inSteps(
      header.cards,
      (some) => {
        for (const { keyword } of some) keywords.add(keyword.toUpperCase());
      },
      pace,
    );
  }
  return keywords;
}

/**
 * The card with a keyword, from the header of the main image, else the primary, else the others.
 * `INHERIT = F` (FITS Standard 4.0 §4.4.2.6) does not cut the primary off: facts about the night that
 * stand only there are still facts about the frame. A card without a value is second best.
 */
export function findCard(
  hdus: readonly Hdu[],
  keyword: string,
  keywords?: ReadonlySet<string>,
): Card | undefined {
  const list = orderHeaders(hdus, keywords);
  const holder =
    findIn(list, keyword, NOTHING)?.header ??
    (has(list, keyword) ? list.headers.find((header) => header.card(keyword)) : undefined);
  return holder?.card(keyword);
}

/** Headers in the order in which they are asked: of the main image, the primary, the others. */
export function orderHeaders(
  hdus: readonly Hdu[],
  keywords: ReadonlySet<string> | undefined,
): HeaderList {
  const main = mainImage({ hdus });
  const rest = hdus.filter((hdu) => hdu !== main);
  const headers = [...(main === undefined ? [] : [main]), ...rest].map(({ header }) => header);
  return { headers, keywords };
}

/** False if no header has a keyword; true if one may have it. */
export function has({ keywords }: HeaderList, keyword: string): boolean {
  return keywords?.has(keyword.toUpperCase()) ?? true;
}

/** The first header, with its text, that has a value for a keyword. */
export function findIn(
  list: HeaderList,
  keyword: string,
  missing: ReadonlySet<string>,
): { header: Header; text: string } | undefined {
  if (!has(list, keyword)) return undefined;
  for (const header of list.headers) {
    const text = textOf(header, keyword, missing);
    if (text !== undefined) return { header, text };
  }
  return undefined;
}

/** A value as trimmed text; undefined if there is none, or a word (lower case) that stands for none. */
export function textOf(
  header: Header,
  keyword: string,
  missing: ReadonlySet<string>,
): string | undefined {
  const text = header.string(keyword)?.trim() ?? '';
  return text === '' || missing.has(text.toLowerCase()) ? undefined : text;
}

/** Whether a rule is true of a file. */
export function holds(rule: Rule, hdus: readonly Hdu[], list: HeaderList): boolean {
  const test = (inner: Rule): boolean => holds(inner, hdus, list);
  if ('always' in rule) return true;
  if ('all' in rule) return rule.all.every(test);
  if ('any' in rule) return rule.any.some(test);
  if ('of' in rule) return rule.of.filter(test).length >= rule.atLeast;
  if ('not' in rule) return !test(rule.not);
  if ('extname' in rule)
    return hdus.some(({ name }) => name.trim().toUpperCase() === rule.extname.toUpperCase());
  const text = findIn(list, rule.keyword, NOTHING)?.text;
  if ('exists' in rule) return (text !== undefined) === rule.exists;
  if ('equals' in rule) return text?.toLowerCase() === rule.equals.toLowerCase();
  return text !== undefined && rule.pattern.test(text);
}

/** An instant of one of the types instant, mjd and jd → epoch ms UTC; undefined if it is none. */
export function parseWhen(text: string, type: ValueType): number | undefined {
  if (type === 'instant') return parseInstant(text);
  const days = parseNumber(text);
  if (days === undefined) return undefined;
  const [first, last] = MJD_RANGE;
  const mjd = type === 'jd' ? days - MJD_TO_JD : days;
  if (mjd < first || mjd > last) return undefined;
  return type === 'jd' ? jdToMs(days) : mjdToMs(days);
}

/** The warning about a value from which nothing can be read. */
export function cannotBeUsed(keyword: string, text: string): string {
  return `${keyword} cannot be used: '${text}'`;
}

/** A finite number; Fortran's D as exponent is understood. */
export function parseNumber(text: string): number | undefined {
  const value = Number(text.trim().replace(/^([+-]?[\d.]+)d/i, '$1E'));
  return Number.isFinite(value) && text.trim() !== '' ? value : undefined;
}

/** Numbers outside stand for none: an airmass of 0, an altitude of -99. */
const POSSIBLE: Readonly<Partial<Record<Column, readonly [least: number, most: number]>>> = {
  altDeg: [-90, 90],
  airmass: [0.99, Infinity], // some formulae have a little less than 1 in the zenith
  sunAltDeg: [-90, 90],
  sunDistanceDeg: [0, 180],
  moonAltDeg: [-90, 90],
  moonDistanceDeg: [0, 180],
};

/** A number × scale + offset of a source; undefined if it is none, or none that its column can have. */
export function parseScaled(
  text: string,
  { scale, offset }: Pick<Source, 'scale' | 'offset'>,
  column: Column,
): number | undefined {
  const plain = parseNumber(text);
  if (plain === undefined) return undefined;
  // Twelve digits: 271.0 K is -2.15 °C, not -2.1499999999999773.
  const isPlain = scale === 1 && offset === 0;
  const value = isPlain ? plain : Number((plain * scale + offset).toPrecision(12));
  const [least, most] = POSSIBLE[column] ?? [-Infinity, Infinity];
  return value >= least && value <= most ? value : undefined;
}

/** A binning factor: a positive integer. */
export function parseFactor(text: string): number | undefined {
  const value = parseNumber(text);
  return value !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}

/** `2 2`, `2x2`, `2*2`, `2,2`, or one number for both axes → factors in x and y. */
export function parseBinning(text: string): readonly [number, number] | undefined {
  const match = /^(\d{1,3})(?:\s*[x*×, ]\s*(\d{1,3}))?$/i.exec(text);
  const x = parseFactor(match?.[1] ?? '');
  const y = parseFactor(match?.[2] ?? match?.[1] ?? '');
  return x === undefined || y === undefined ? undefined : [x, y];
}

/** Keywords of some headers that begin as a pattern does, such as `L1AVG*`. */
export function keywordsLike({ headers }: HeaderList, pattern: string): string[] {
  const start = pattern.slice(0, -1).toUpperCase();
  const found = new Set<string>();
  for (const { cards } of headers) {
    for (const { keyword } of cards) {
      // Headers may have 100 000 cards: most are passed over by their first letter.
      if (start !== '' && keyword[0]?.toUpperCase() !== start[0]) continue;
      if (keyword.toUpperCase().startsWith(start)) found.add(keyword);
    }
  }
  return [...found];
}
