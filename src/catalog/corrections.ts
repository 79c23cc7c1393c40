import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { hasOddText } from '../lib/unseen.js';
import type { Catalog } from './db.js';
import {
  readFormerOf,
  toCorrection,
  toSteps,
  type Correction,
  type CorrectionStep,
} from './correction-steps.js';
import type { Row, StoredCard, StoredHdu } from './schema.js';
import { isTheirFrame, type Viewer } from './visibility.js';

/** A header value set right: text, number, boolean, or null for "take it as absent". */
export type CorrectionValue = Correction['value'];

/** Header values that lie over those of a file, by keyword in capitals. */
export type Overrides = ReadonlyMap<string, CorrectionValue>;

export const NO_OVERRIDES: Overrides = new Map();

/** The corrections of a frame, by keyword, with who made them, when and why. */
export async function listCorrections(db: Knex, frameId: number): Promise<readonly Correction[]> {
  const rows: Row[] = await db('corrections').where({ frame_id: frameId }).orderBy('keyword');
  return rows.map(toCorrection);
}

/**
 * The same for `viewer`: `by` is empty, and nothing is told of why, for visitors and for those who see the
 * frame only because it is public. The values are no secret, as they are those of the frame.
 *
 * @param frame as `viewer` was given it
 */
export async function listVisibleCorrections(
  catalog: Catalog,
  frame: { readonly id: number; readonly proposal: string | null },
  viewer: Viewer,
): Promise<readonly Correction[]> {
  const corrections = await listCorrections(catalog.read, frame.id);
  if (corrections.length === 0 || (await isTheirFrame(catalog.read, frame, viewer))) {
    return corrections;
  }
  return corrections.map(unsigned);
}

/**
 * All that was ever set and withdrawn of a frame, oldest first; who and why is told to those who are told
 * it of corrections.
 *
 * @param frame as `viewer` was given it
 */
export async function listVisibleSteps(
  { read }: Catalog,
  frame: { readonly id: number; readonly proposal: string | null },
  viewer: Viewer,
): Promise<readonly CorrectionStep[]> {
  const former = (await readFormerOf(read, [frame.id])).get(frame.id) ?? [];
  const steps = toSteps(await listCorrections(read, frame.id), former);
  if (steps.length === 0 || (await isTheirFrame(read, frame, viewer))) return steps;
  return steps.map(unsigned);
}

/** What was said about it is left out too: it is written for colleagues, as notes are. */
function unsigned<T extends { readonly by: string; readonly why?: string }>({
  why: _why,
  ...each
}: T): Omit<T, 'why'> {
  return { ...each, by: '' };
}

/** What a file itself says of a keyword, in the first header that has it. @param keyword in capitals */
export function findOriginal(hdus: readonly StoredHdu[], keyword: string): StoredCard | undefined {
  for (const { cards } of hdus) {
    const card = cards.find((each) => each.keyword.toUpperCase() === keyword);
    if (card !== undefined) return card;
  }
  return undefined;
}

/** The values of corrections, to be laid over the headers. */
export function toOverrides(corrections: readonly Correction[]): Overrides {
  return new Map(corrections.map(({ keyword, value }) => [keyword, value]));
}

/** The profile that a person chose for a frame; null if it is the one that fits its header. */
export async function findChosenProfile(db: Knex, frameId: number): Promise<string | null> {
  const row: { chosen_profile: string | null } | undefined = await db('frames')
    .where({ id: frameId })
    .first('chosen_profile');
  return row?.chosen_profile ?? null;
}

/** More than anybody mends by hand in one file. */
const MAX_OVERRIDES = 100;
const MAX_TEXT = 500;

/** Longest reason for a change, characters. */
export const MAX_WHY = MAX_TEXT;

/** As in a file, or the words of a HIERARCH keyword. FITS Standard 4.0 §4.1.2.1. */
const KEYWORD = /^[A-Z0-9_-]{1,8}$/;
const LONG_KEYWORD = /^(?=.{1,60}$)[A-Z0-9_-]+(?: [A-Z0-9_-]+)*$/;

/** Names that mean something to JavaScript, and stand in no header. */
const PROTOTYPE = /^(?:__PROTO__|CONSTRUCTOR|PROTOTYPE)$/;

/** What describes the bytes of the file, which stay as they are. FITS Standard 4.0 §4.4.1, §7, §10. */
const STRUCTURE =
  /^(?:SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|EXTEND|EXTNAME|EXTVER|EXTLEVEL|INHERIT|BSCALE|BZERO|BLANK|CHECKSUM|DATASUM|TFIELDS|THEAP|T(?:TYPE|FORM|UNIT|DIM|NULL|SCAL|ZERO|DISP|BCOL)\d+|Z(?:IMAGE|TABLE|CMPTYPE|BITPIX|NAXIS\d*|TILE\d+|SIMPLE|EXTEND|PCOUNT|GCOUNT|HECKSUM|DATASUM)|END|CONTINUE|COMMENT|HISTORY|HIERARCH)$/;

/**
 * Reads `{KEYWORD: value}` as it comes from outside.
 *
 * @throws 'bad_request' naming the keyword that cannot be set, or why its value cannot be taken
 */
export function parseOverrides(json: unknown): Overrides {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new AppError(
      'bad_request',
      'Header values are expected as an object: {"KEYWORD": value}.',
    );
  }
  const entries = Object.entries(json);
  if (entries.length > MAX_OVERRIDES) {
    throw new AppError('bad_request', `At most ${MAX_OVERRIDES} header values are set at once.`);
  }
  const overrides = new Map<string, CorrectionValue>();
  for (const [name, value] of entries) {
    const keyword = parseKeyword(name);
    if (overrides.has(keyword)) throw bad(keyword, 'is given twice');
    overrides.set(keyword, parseValue(keyword, value));
  }
  return overrides;
}

/** A keyword whose value may be set, in capitals. @throws 'bad_request' */
export function parseKeyword(name: string): string {
  const keyword = name.trim().toUpperCase();
  const isKeyword = KEYWORD.test(keyword) || LONG_KEYWORD.test(keyword);
  if (!isKeyword || PROTOTYPE.test(keyword)) {
    throw bad(name.slice(0, 60), 'is not a keyword of a header');
  }
  if (STRUCTURE.test(keyword)) {
    throw bad(keyword, 'describes the bytes of the file, which stay as they are');
  }
  return keyword;
}

/**
 * Reads what is said about a change.
 *
 * @returns undefined if it is nothing
 * @throws 'bad_request' for what is too long, or cannot be shown in a line
 */
export function parseWhy(text: string): string | undefined {
  const why = text.trim();
  const problem = problemOf(why);
  if (problem === '') return why === '' ? undefined : why;
  throw new AppError('bad_request', `The reason is a text ${problem}.`, { parameter: 'why' });
}

function parseValue(keyword: string, value: unknown): CorrectionValue {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw bad(keyword, 'needs a finite number');
    return value;
  }
  if (typeof value !== 'string') throw bad(keyword, 'needs a text, a number, true, false or null');
  const problem = problemOf(value);
  if (problem !== '') throw bad(keyword, `has a text ${problem}`);
  return value.trim();
}

function problemOf(text: string): string {
  if (text.length > MAX_TEXT) return `of more than ${MAX_TEXT} characters`;
  if (hasOddText(text) || /[\n\t\u2028\u2029]/.test(text)) {
    return 'with characters that cannot be shown, or that turn its direction';
  }
  return '';
}

function bad(keyword: string, text: string): AppError {
  return new AppError('bad_request', `${keyword} ${text}.`, { parameter: keyword });
}

/** A card of any kind, as far as it matters where a value goes. */
interface AnyCard {
  readonly keyword: string;
  readonly kind: string;
}

/**
 * Puts values over the cards of a file. A value stands wherever its keyword stood; one that stood
 * nowhere is added to the headers `front`, since what belongs together (a right ascension and its
 * declination) is looked for in one header.
 *
 * @param headers cards of each HDU, in order
 * @param front   indices of the headers that are asked first: of the main image, and the primary
 * @param toCard  makes the card of a keyword that is not taken as absent
 */
export function overlayCards<C extends AnyCard>(
  headers: readonly (readonly C[])[],
  overrides: Overrides,
  {
    front,
    toCard,
  }: {
    readonly front: readonly number[];
    readonly toCard: (keyword: string, value: string | number | boolean) => C;
  },
): (readonly C[])[] {
  const found = new Set<string>();
  const laid = headers.map((cards) => {
    const here = new Set<string>();
    return cards.flatMap((card) => {
      const keyword = card.keyword.toUpperCase();
      const value = overrides.get(keyword);
      if (value === undefined || card.kind === 'commentary') return [card];
      found.add(keyword);
      if (value === null || here.has(keyword)) return [];
      here.add(keyword);
      return [toCard(keyword, value)];
    });
  });
  const added = [...overrides].flatMap(([keyword, value]) =>
    value === null || found.has(keyword) ? [] : [toCard(keyword, value)],
  );
  return laid.map((cards, index) => (front.includes(index) ? [...cards, ...added] : cards));
}

/** Stored headers under corrections: what is searched. */
export function correctHdus(
  hdus: readonly StoredHdu[],
  overrides: Overrides,
): readonly StoredHdu[] {
  if (overrides.size === 0) return hdus;
  const images = hdus.filter(({ kind, axes }) => {
    const isImage = kind === 'image' || kind === 'compressed-image';
    return isImage && axes.length > 0 && axes.every((axis) => axis > 0);
  });
  const main = images.find(({ name }) => name.toUpperCase() === 'SCI') ?? images[0];
  const front = [0, ...(main === undefined ? [] : [hdus.indexOf(main)])];
  const headers = hdus.map(({ cards }) => cards);
  const laid = overlayCards(headers, overrides, { front, toCard: toStoredCard });
  return hdus.map((hdu, index) => ({ ...hdu, cards: laid[index] ?? hdu.cards }));
}

function toStoredCard(keyword: string, value: string | number | boolean): StoredCard {
  return { keyword, kind: kindOf(value), value, comment: '' };
}

/** The kind of card that holds such a value, in the words of the codec. */
export function kindOf(
  value: string | number | boolean,
): 'string' | 'logical' | 'integer' | 'float' {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'logical';
  return Number.isInteger(value) ? 'integer' : 'float';
}
