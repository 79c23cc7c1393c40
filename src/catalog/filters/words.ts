import type { Knex } from 'knex';
import { splitFitsName } from '../../lib/paths.js';
import { findTarget, targetKey } from '../../targets/index.js';
import { onFrames, onIndex, onObjects, type Condition } from '../conditions.js';
import {
  likePattern,
  nameContains,
  namesWith,
  objectContains,
  objectNames,
} from '../text-index.js';
import { badValue, lastOf } from './values.js';
import type { Asked } from './types.js';

/** More words than a sentence of a search has. */
const MAX_WORDS = 10;

/** A year with its month, or a day: what of a word may be about nights. */
const NIGHT = /^(\d{4})-?(\d{2})(?:-?(\d{2}))?$/;

/** Part of a name; a whole file name finds its frame too. */
export function nameCondition(asked: Asked): Condition {
  const part = splitFitsName(lastOf(asked)).basename;
  return asked.operator === 'ne' ? withoutText('frames.basename', part) : nameContains(part);
}

/** Part of the name of an object. */
export function objectCondition(asked: Asked): Condition {
  const part = lastOf(asked);
  return asked.operator === 'ne' ? withoutText('frames.object', part) : objectContains(part);
}

function withoutText(column: string, part: string): Condition {
  return onFrames((query) => {
    void query.whereRaw(`coalesce(${column}, '') not like ? escape '\\'`, [likePattern(part)]);
  });
}

/** The object itself, under whatever name and in whatever spelling frames have it. */
export function targetCondition(asked: Asked): Condition {
  const text = lastOf(asked);
  const wanted = targetKey(text);
  const named = (names: readonly string[]): Condition =>
    onObjects((query, table) => {
      const list = JSON.stringify(names);
      void query.whereRaw(`${table}.object in (select value from json_each(?))`, [list]);
    });
  // Of a name that is all signs nothing is known but that it is itself.
  if (wanted === '') return named([text]);
  const known = findTarget(text);
  return {
    ...named([text, ...(known === undefined ? [] : [known.name, ...known.aliases])]),
    prepare: async (db) =>
      named((await objectNames(db)).filter((name) => targetKey(name) === wanted)),
  };
}

/** A text in plain letters: accents are left out, as the OCS archive does with what is searched. */
export function withoutAccents(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '');
}

/** Each word is part of the name, of the object, or the night. */
export function wordsCondition(asked: Asked): Condition | undefined {
  const text = lastOf(asked);
  // The page of the reference archive sends `q=a` with every list, and does not mean it.
  if (text === 'a') return undefined;
  const words = text.split(/\s+/);
  if (words.length > MAX_WORDS) throw badValue(asked.name, text, `at most ${MAX_WORDS} words`);
  return { ...ofWords(words), prepare: (db) => preparedWords(db, words) };
}

/** Frames in which all of some words are found, each word by its indexes. */
function ofWords(words: readonly string[]): Condition {
  const finds = words.map(idsOfWord);
  const tests = words.map(testWord);
  return onIndex(
    (query) => {
      for (const { sql, bindings } of finds) void query.whereRaw(`frames.id in (${sql})`, bindings);
    },
    (query) => {
      for (const test of tests) test(query);
    },
  );
}

/** A word is rare if fewer frames have it: then these are few enough to look at them one by one. */
const RARE = 20_000;

/** The frames that have all rare words, to be tested for the others; as it was if no word is rare. */
async function preparedWords(db: Knex, words: readonly string[]): Promise<Condition> {
  let rare: readonly number[] | undefined;
  const common: string[] = [];
  for (const word of words) {
    const { sql, bindings } = idsOfWord(word);
    const rows: { ids: string }[] = await db.raw(
      `with found (id) as (${sql}) select json_group_array(id) as ids from (select id from found limit ${RARE})`,
      bindings,
    );
    const ids = JSON.parse(rows[0]?.ids ?? '[]') as number[];
    if (ids.length === RARE) common.push(word);
    else if (rare === undefined) rare = ids;
    else rare = inBoth(rare, ids);
  }
  if (rare === undefined) return ofWords(words);
  const list = JSON.stringify(rare);
  const tests = common.map(testWord);
  const among =
    (column: string) =>
    (query: Knex.QueryBuilder): void => {
      void query.whereRaw(`${column} in (select value from json_each(?))`, [list]);
      for (const test of tests) test(query);
    };
  return onIndex(among('frames.id'), among('+frames.id'));
}

function inBoth(some: readonly number[], others: readonly number[]): number[] {
  const known = new Set(others);
  return some.filter((id) => known.has(id));
}

/** A query for the ids of the frames in which a word is found. */
function idsOfWord(word: string): { readonly sql: string; readonly bindings: readonly string[] } {
  const names = namesWith(splitFitsName(word).basename);
  const nights = nightsLike(word);
  const parts = [
    names.sql,
    "select id from frames where object_id in (select id from objects where object like ? escape '\\')",
    ...(nights === undefined ? [] : ['select id from frames where night between ? and ?']),
  ];
  return {
    sql: parts.join(' union all '),
    bindings: [...names.bindings, likePattern(word), ...(nights ?? [])],
  };
}

function testWord(word: string): (query: Knex.QueryBuilder) => void {
  const nights = nightsLike(word);
  return (query) => {
    void query.where((either) => {
      void either
        .whereRaw("frames.basename like ? escape '\\'", [likePattern(splitFitsName(word).basename)])
        .orWhereRaw("frames.object like ? escape '\\'", [likePattern(word)]);
      if (nights !== undefined) void either.orWhereBetween('frames.night', nights);
    });
  };
}

/** First and last night that a word may mean; undefined if it is about none. */
function nightsLike(word: string): [string, string] | undefined {
  const match = NIGHT.exec(word);
  if (match === null) return undefined;
  const month = `${match[1] ?? ''}-${match[2] ?? ''}`;
  return [`${month}-${match[3] ?? '01'}`, `${month}-${match[3] ?? '31'}`];
}
