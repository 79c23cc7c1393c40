import type { Knex } from 'knex';
import { splitFitsName } from '../../lib/paths.js';
import { onFrames, onIndex, type Condition } from '../conditions.js';
import { likePattern, nameContains, namesWith, objectContains } from '../text-index.js';
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
  const finds = words.map(findWord);
  const tests = words.map(testWord);
  return onIndex(
    (query) => {
      for (const find of finds) find(query);
    },
    (query) => {
      for (const test of tests) test(query);
    },
  );
}

function findWord(word: string): (query: Knex.QueryBuilder) => void {
  const names = namesWith(splitFitsName(word).basename);
  const nights = nightsLike(word);
  const parts = [
    names.sql,
    "select id from frames where object_id in (select id from objects where object like ? escape '\\')",
    ...(nights === undefined ? [] : ['select id from frames where night between ? and ?']),
  ];
  const bindings = [...names.bindings, likePattern(word), ...(nights ?? [])];
  return (query) => {
    void query.whereRaw(`frames.id in (${parts.join(' union all ')})`, bindings);
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
