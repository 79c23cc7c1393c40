import type { Knex } from 'knex';
import { createPace, inSteps } from '../lib/pace.js';
import { correctHdus, type CorrectionValue } from './corrections.js';
import { unpackedKeyword } from './packed-keywords.js';
import type { StoredCard, StoredHdu } from './schema.js';
import { parseStoredCards } from './write-cards.js';

/** Characters of a text that are kept for searching: all that fit on one card. FITS Standard 4.0 §4.2.1.1. */
export const MAX_TEXT = 68;
/** More different values than any real header has; what a made-up one has beyond is not searched. */
const MAX_VALUES = 1000;
/** Cards of one HDU that are looked at; a header that has more is a table in disguise. */
const MAX_CARDS = 5000;
/** Frames in one step of filling the tables: the more, the oftener two rows share a page. */
const FRAMES_AT_ONCE = 2000;
/** Rows in one statement: a megabyte of JSON. */
const ROWS_AT_ONCE = 20_000;

/**
 * Keywords that nobody searches: those of the columns of a table (FITS Standard 4.0 §7.3), of the table
 * into which an image is packed (§10.1), check sums, and commentary with what goes on from a card before.
 */
const UNSEARCHED = new RegExp(
  `^(?:${[
    '|END|CONTINUE|COMMENT|HISTORY|CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM',
    'TFIELDS|THEAP|T(?:TYPE|FORM|UNIT|DIM|NULL|SCAL|ZERO|DISP|BCOL|DMIN|DMAX|LMIN|LMAX)\\d+',
    'Z(?:IMAGE|TABLE|CMPTYPE|TILE\\d+|TILELEN|NAME\\d+|VAL\\d+|MASKCMP|QUANTIZ|DITHER0|BLANK|THEAP)',
    'Z(?:FORM|CTYP)\\d+|Z(?:SIMPLE|TENSION|EXTEND|BLOCKED|BITPIX|NAXIS\\d*|PCOUNT|GCOUNT)',
  ].join('|')})$`,
);
/** The shape of the image: an empty primary HDU before the main image has one that nobody means. */
const SHAPE = /^(?:BITPIX|NAXIS\d*)$/;

/**
 * Rows of keyword, value and frame, from JSON: one parameter instead of hundreds. SQLite reads a few of
 * very long numbers with another last bit than JavaScript, so a search for a number sends JSON as well.
 */
const ROWS = 'select value ->> 0, value ->> 1, value ->> 2 from json_each(?)';

/** What of a frame can be searched: values by keyword, each once. */
export interface HeaderValues {
  readonly numbers: readonly (readonly [keyword: string, number: number])[];
  readonly texts: readonly (readonly [keyword: string, text: string])[];
  /** Those of them behind the first of their keyword: a frame stands in a list by its first value. */
  readonly others: readonly (readonly [keyword: string, value: number | string])[];
}

/** A table of values by keyword and frame: its column, and what of a frame goes into it. */
interface ValueTable {
  readonly table: string;
  readonly column: string;
  readonly of: (values: HeaderValues) => readonly (readonly [string, number | string])[];
}

const NUMBERS: ValueTable = {
  table: 'header_numbers',
  column: 'number',
  of: ({ numbers }) => numbers,
};
const TEXTS: ValueTable = { table: 'header_texts', column: 'text', of: ({ texts }) => texts };
const OTHERS: ValueTable = { table: 'header_others', column: 'value', of: ({ others }) => others };
const VALUE_TABLES: readonly ValueTable[] = [NUMBERS, TEXTS, OTHERS];

/** A keyword as the dictionary has it: in capitals, one blank between the words of a HIERARCH keyword. */
export function keywordKey(keyword: string): string {
  const words = keyword.trim().toUpperCase().split(/\s+/);
  return (words[0] === 'HIERARCH' && words.length > 1 ? words.slice(1) : words).join(' ');
}

/** Names that a keyword may have there: HIERARCH ESO DET ID is written with dots in many places. */
export function keywordNames(keyword: string): string[] {
  return [...new Set([keywordKey(keyword), keywordKey(keyword.replaceAll('.', ' '))])];
}

/** Whether values of a keyword, as `keywordKey` gives it, can be searched at all. */
export function isSearched(keyword: string): boolean {
  return !UNSEARCHED.test(keyword);
}

/**
 * The values of the primary HDU and of the main image that can be searched; a compressed image has
 * those of the image inside. A card is a number or a text by its own type: `'100'` is a text. Logical
 * values are the texts T and F, complex ones `(re, im)`, and a card without a value is the empty text.
 */
export function searchableValues(hdus: readonly StoredHdu[]): HeaderValues {
  const numbers = new Map<string, readonly [string, number]>();
  const texts = new Map<string, readonly [string, string]>();
  const firsts = new Map<string, number | string>();
  const searched = searchedHdus(hdus);
  for (const hdu of searched) {
    const isOnlyInFront = searched.length > 1 && hdu === searched[0] && !hasImage(hdu);
    for (const card of hdu.cards.slice(0, MAX_CARDS)) {
      const keyword = searchedKeyword(hdu, card);
      if (keyword === undefined || (isOnlyInFront && SHAPE.test(keyword))) continue;
      if (numbers.size + texts.size >= MAX_VALUES) break;
      const value = valueOf(card);
      if (value !== undefined && (firsts.get(keyword) ?? '') === '') firsts.set(keyword, value);
      if (typeof value === 'number') numbers.set(`${keyword}=${value}`, [keyword, value]);
      else if (value !== undefined) texts.set(`${keyword}=${value}`, [keyword, value]);
    }
  }
  const found = { numbers: [...numbers.values()], texts: [...texts.values()] };
  const isOther = ([keyword, value]: readonly [string, number | string]): boolean =>
    firsts.get(keyword) !== value;
  return { ...found, others: [...found.numbers, ...found.texts].filter(isOther) };
}

/** The keyword under which a card is found; undefined if it is not. */
function searchedKeyword(hdu: StoredHdu, card: StoredCard): string | undefined {
  if (card.kind === 'commentary') return undefined;
  const written = keywordKey(card.keyword);
  if (card.kind === 'bad' && !/^[A-Z0-9_-]{1,8}$/.test(written)) return undefined;
  const keyword = hdu.kind === 'compressed-image' ? unpackedKeyword(written) : written;
  return keyword !== undefined && isSearched(keyword) ? keyword : undefined;
}

/** The first HDU and the one that is shown, by the rule of `mainImage` of the codec. */
function searchedHdus(hdus: readonly StoredHdu[]): readonly StoredHdu[] {
  const images = hdus.filter(hasImage);
  const main = images.find(({ name }) => name.toUpperCase() === 'SCI') ?? images[0];
  const [first] = hdus;
  return [...new Set([first, main])].filter((hdu) => hdu !== undefined);
}

function hasImage({ kind, axes }: StoredHdu): boolean {
  const isImage = kind === 'image' || kind === 'compressed-image';
  return isImage && axes.length > 0 && axes.every((axis) => axis > 0);
}

function valueOf({ kind, value }: StoredCard): number | string | undefined {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value === 'object') return `(${value[0]}, ${value[1]})`;
  const isNumber = typeof value === 'number' || kind === 'integer';
  if (!isNumber) return value.trimEnd().slice(0, MAX_TEXT);
  const number = Number(value);
  return Number.isFinite(number) ? number + 0 : undefined; // + 0: there is only one zero
}

/** Makes the values of a frame searchable, in the transaction that writes it; it must have none yet. */
export async function writeHeaderValues(
  tx: Knex,
  frameId: number,
  hdus: readonly StoredHdu[],
): Promise<void> {
  await writeManyHeaderValues(tx, [{ id: frameId, hdus }]);
}

/**
 * As `writeHeaderValues`, of many frames: some ten times quicker for each than one by one. Corrected
 * values are found in the place of those of the file.
 */
export async function writeManyHeaderValues(
  tx: Knex,
  frames: readonly StoredFrame[],
): Promise<void> {
  await writeValues(tx, await withCorrections(tx, frames));
}

async function writeValues(
  tx: Knex,
  frames: readonly StoredFrame[],
  tables: readonly ValueTable[] = VALUE_TABLES,
): Promise<void> {
  for (let at = 0; at < frames.length; at += FRAMES_AT_ONCE) {
    const values: { frameId: number; values: HeaderValues }[] = [];
    await inSteps(frames.slice(at, at + FRAMES_AT_ONCE), (some) => {
      for (const { id, hdus } of some) values.push({ frameId: id, values: searchableValues(hdus) });
    });
    await insertValues(tx, values, tables);
  }
}

/** Makes the values of a frame searchable from its stored headers; it must have none yet. */
export async function indexHeaders(tx: Knex, frameId: number): Promise<void> {
  const frames = await readFrames(tx, (query) => query.where('frames.id', frameId));
  await writeManyHeaderValues(tx, frames);
}

/**
 * Forgets the values of a frame, as its current version and its corrections have them. To be called
 * before any of these, or the frame, is changed.
 */
export async function removeHeaderValues(tx: Knex, frameId: number): Promise<void> {
  const stored = await readFrames(tx, (query) => query.where('frames.id', frameId));
  const [frame] = await withCorrections(tx, stored);
  if (frame === undefined) return;
  const values = searchableValues(frame.hdus);
  const ids = await keywordIds(tx, [...values.numbers, ...values.texts]);
  for (const { table, column, of } of VALUE_TABLES) {
    const rows = of(values).flatMap(([keyword, value]) => {
      const id = ids.get(keyword);
      return id === undefined ? [] : [[id, value, frameId]];
    });
    await tx.raw(`delete from ${table} where (keyword_id, ${column}, frame_id) in (${ROWS})`, [
      JSON.stringify(rows),
    ]);
  }
}

/**
 * Fills the tables of values from the stored headers, a few frames at a time. For a migration: all
 * frames must be without values, and there are no corrections yet.
 */
export async function fillHeaderValues(tx: Knex): Promise<void> {
  await inTurns(
    tx,
    (query) => query,
    (frames) => writeValues(tx, frames, [NUMBERS, TEXTS]),
  );
}

/**
 * Fills the table of values behind the first, of those frames that have several of one keyword. For a
 * migration: the table must be empty.
 */
export async function fillOtherValues(tx: Knex): Promise<void> {
  await tx.raw('create temp table several (frame_id integer primary key)');
  const keywords: { id: number }[] = await tx('header_keywords').select('id');
  for (const { id } of keywords) {
    await tx.raw(`insert or ignore into several select frame_id from (
        select frame_id from header_numbers where keyword_id = ${id}
        union all select frame_id from header_texts where keyword_id = ${id}
      ) group by frame_id having count(*) > 1`);
  }
  await inTurns(
    tx,
    (query) => query.whereRaw('frames.id in (select frame_id from several)'),
    async (frames) => writeValues(tx, await withCorrections(tx, frames), [OTHERS]),
  );
  await tx.raw('drop table several');
}

/** Goes through frames with their headers in order of id, not all at once. */
async function inTurns(
  tx: Knex,
  choose: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
  work: (frames: readonly StoredFrame[]) => Promise<void>,
): Promise<void> {
  for (let after = 0; ;) {
    const frames = await readFrames(tx, (query) =>
      choose(query.where('frames.id', '>', after).orderBy('frames.id').limit(FRAMES_AT_ONCE)),
    );
    const last = frames.at(-1);
    if (last === undefined) return;
    await work(frames);
    after = last.id;
  }
}

/** A frame by its id, with its headers. */
export interface StoredFrame {
  readonly id: number;
  readonly hdus: readonly StoredHdu[];
}

interface HduRow {
  readonly version_id: number;
  readonly hdu: number;
  readonly name: string;
  readonly kind: string;
  readonly bitpix: number;
  readonly axes: string;
  readonly cards: string;
}

/** Frames with the headers of their current version. */
async function readFrames(
  tx: Knex,
  choose: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
): Promise<StoredFrame[]> {
  const frames: { id: number; version_id: number }[] = await choose(tx('frames')).select(
    'frames.id',
    'frames.version_id',
  );
  const rows: HduRow[] = await tx('hdus')
    .whereRaw('version_id in (select value from json_each(?))', [
      JSON.stringify(frames.map((frame) => frame.version_id)),
    ])
    .orderBy(['version_id', 'hdu'])
    .select('version_id', 'hdu', 'name', 'kind', 'bitpix', 'axes', 'cards');
  const byVersion = new Map<number, StoredHdu[]>();
  const pace = createPace();
  for (const { version_id, axes, cards, ...row } of rows) {
    const hdu: StoredHdu = {
      ...row,
      axes: JSON.parse(axes) as number[],
      checksum: null,
      cards: await parseStoredCards(cards, pace),
    };
    const hdus = byVersion.get(version_id);
    if (hdus === undefined) byVersion.set(version_id, [hdu]);
    else hdus.push(hdu);
  }
  return frames.map(({ id, version_id }) => ({ id, hdus: byVersion.get(version_id) ?? [] }));
}

/** The same frames, with the values that people set right in their headers. */
async function withCorrections(
  tx: Knex,
  frames: readonly StoredFrame[],
): Promise<readonly StoredFrame[]> {
  const ids = JSON.stringify(frames.map(({ id }) => id));
  const rows: { frame_id: number; keyword: string; value: string }[] = await tx('corrections')
    .whereRaw('frame_id in (select value from json_each(?))', [ids])
    .select('frame_id', 'keyword', 'value');
  if (rows.length === 0) return frames;
  const byFrame = new Map<number, Map<string, CorrectionValue>>();
  for (const { frame_id, keyword, value } of rows) {
    const overrides = byFrame.get(frame_id) ?? new Map<string, CorrectionValue>();
    byFrame.set(frame_id, overrides.set(keyword, JSON.parse(value) as CorrectionValue));
  }
  return frames.map((frame) => {
    const overrides = byFrame.get(frame.id);
    return overrides === undefined
      ? frame
      : { id: frame.id, hdus: correctHdus(frame.hdus, overrides) };
  });
}

async function insertValues(
  tx: Knex,
  frames: readonly { readonly frameId: number; readonly values: HeaderValues }[],
  tables: readonly ValueTable[],
): Promise<void> {
  const ids = await keywordIds(
    tx,
    frames.flatMap(({ values }) => [...values.numbers, ...values.texts]),
    'add',
  );
  for (const { table, of } of tables) {
    const byKeyword = new Map<number, (readonly [number, number | string, number])[]>();
    for (const { frameId, values } of frames) {
      for (const [keyword, value] of of(values)) {
        const id = ids.get(keyword) ?? 0;
        const rows = byKeyword.get(id);
        if (rows === undefined) byKeyword.set(id, [[id, value, frameId]]);
        else rows.push([id, value, frameId]);
      }
    }
    await insertRows(tx, table, [...byKeyword.values()].flat());
  }
}

/** In the order of the key, as far as one statement goes: so the pages of the tree are taken in turn. */
async function insertRows(tx: Knex, table: string, rows: readonly unknown[]): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    await tx.raw(
      `insert into ${table} ${ROWS} where true order by 1, 2, 3 on conflict do nothing`,
      [JSON.stringify(rows.slice(at, at + ROWS_AT_ONCE))],
    );
  }
}

/** Ids of keywords; those that are not in the dictionary yet are put there, or left out. */
async function keywordIds(
  tx: Knex,
  pairs: readonly (readonly [string, unknown])[],
  missing?: 'add',
): Promise<Map<string, number>> {
  const names = [...new Set(pairs.map(([keyword]) => keyword))];
  const ids = new Map<string, number>();
  for (let at = 0; at < names.length; at += 500) {
    const part = names.slice(at, at + 500);
    const known: { id: number; name: string }[] = await tx('header_keywords')
      .whereIn('name', part)
      .select('id', 'name');
    for (const { id, name } of known) ids.set(name, id);
    const fresh = missing === 'add' ? part.filter((name) => !ids.has(name)) : [];
    if (fresh.length === 0) continue;
    const added: { id: number; name: string }[] = await tx('header_keywords')
      .insert(fresh.map((name) => ({ name })))
      .returning(['id', 'name']);
    for (const { id, name } of added) ids.set(name, id);
  }
  return ids;
}
