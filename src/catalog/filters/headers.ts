import type { Knex } from 'knex';
import { isSearched, keywordKey, keywordNames, MAX_TEXT } from '../header-values.js';
import { onFrames, onIndex, type Condition } from '../conditions.js';
import { likePattern } from '../text-index.js';
import type { Asked } from './types.js';
import { badName, badValue, lastOf, listedTexts, parseNumber, requireFlag } from './values.js';

/** What stands before the keyword in the name of a parameter. */
export const HEADER_PREFIX = 'header.';

/** Part of a query over one of the two tables of values. */
interface Part {
  readonly sql: string;
  readonly bindings: readonly (string | number)[];
}

const COMPARISONS = { lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** The condition of `header.<KEYWORD>` with any ending. @throws 'bad_request' naming the parameter */
export function headerCondition(asked: Asked): Condition {
  const { name, operator, keyword } = asked;
  if (keyword.trim() === '') throw badValue(name, '', 'a keyword after `header.`');
  refuseUnsearched(name, keyword);
  const valuesOf = new KeywordValues(keyword);
  const shortOf = (text: string): string => requireShort(name, text);
  switch (operator) {
    case 'is':
      return amongEqual(valuesOf.equal(listedTexts(asked).map(shortOf)));
    case 'ne':
      return notAmong(valuesOf.equal(listedTexts(asked).map(shortOf)));
    case 'exists': {
      const parts = [valuesOf.numbers(), valuesOf.texts()];
      return requireFlag(name, lastOf(asked)) ? among(parts) : withoutKeyword(parts);
    }
    case 'contains':
      return among([valuesOf.texts("and text like ? escape '\\'", likePattern(lastOf(asked)))]);
    case 'startswith':
      return among([valuesOf.startingWith(shortOf(lastOf(asked)))]);
    default:
      return among([valuesOf.compared(COMPARISONS[operator], lastOf(asked))]);
  }
}

/** Nothing found would be a wrong answer about a keyword that was never looked at. */
function refuseUnsearched(name: string, keyword: string): void {
  const key = keywordKey(keyword);
  if (isSearched(key)) return;
  throw badName(
    name,
    `${key} is not searched; tables and packing, check sums and commentary are not`,
  );
}

/** Of a longer text only the beginning is kept, which others may have as well. */
function requireShort(name: string, text: string): string {
  if (text.length <= MAX_TEXT) return text;
  throw badValue(name, '', `at most ${MAX_TEXT} characters, as many as are kept of a text`);
}

/** Queries over the values of one keyword; each is a range of the primary key of its table. */
class KeywordValues {
  private readonly names: readonly string[];

  constructor(keyword: string) {
    this.names = keywordNames(keyword);
  }

  numbers(condition = '', ...bindings: (number | string)[]): Part {
    return this.part('header_numbers', condition, bindings);
  }

  texts(condition = '', ...bindings: string[]): Part {
    return this.part('header_texts', condition, bindings);
  }

  /** Equal to one of the texts, or to the number that one of them is. Logical values are T and F. */
  equal(values: readonly string[]): Part[] {
    const texts = [...values];
    for (const value of values) {
      if (/^(?:true|false)$/i.test(value)) texts.push(value.charAt(0).toUpperCase());
    }
    const numbers = values.flatMap((text) => parseNumber(text) ?? []);
    const parts = [this.texts(`and text in (${marks(texts)})`, ...texts)];
    if (numbers.length > 0) {
      // As JSON, which is how they were written: the same text is the same number.
      const list = JSON.stringify(numbers);
      parts.push(this.numbers('and number in (select value from json_each(?))', list));
    }
    return parts;
  }

  /** Numbers with numbers, and texts, such as dates, with texts. */
  compared(operator: '<' | '<=' | '>' | '>=', value: string): Part {
    const number = parseNumber(value);
    return number === undefined
      ? this.texts(`and text ${operator} ?`, value)
      : this.numbers(`and number ${operator} ?`, number);
  }

  startingWith(text: string): Part {
    return this.texts('and text >= ? and text < ?', text, `${text}\u{10ffff}`);
  }

  private part(
    table: 'header_numbers' | 'header_texts',
    condition: string,
    bindings: readonly (string | number)[],
  ): Part {
    const keyword = `keyword_id in (select id from header_keywords where name in (${marks(this.names)}))`;
    const sql = `select frame_id from ${table} where ${keyword} ${condition}`;
    return { sql, bindings: [...this.names, ...bindings] };
  }
}

function among(parts: readonly Part[]): Condition {
  const sql = parts.map((part) => part.sql).join(' union all ');
  const bindings = parts.flatMap((part) => part.bindings);
  return onIndex(
    (query) => void query.whereRaw(`frames.id in (${sql})`, bindings),
    // The list of matches is made once; then each frame at hand is looked up in it.
    (query) => void query.whereRaw(`+frames.id in (${sql})`, bindings),
  );
}

/** As `among`, of values: with these, a frame at hand is looked up in the table itself. */
function amongEqual(parts: readonly Part[]): Condition {
  const sql = parts.map((part) => `exists (${part.sql} and frame_id = frames.id)`).join(' or ');
  const bindings = parts.flatMap((part) => part.bindings);
  const { apply } = among(parts);
  return onIndex(
    (query) => {
      apply(query, 'frames');
    },
    (query) => void query.whereRaw(`(${sql})`, bindings),
  );
}

/** Each frame is looked up by its value: the opposite of a few is nearly all of them. */
function notAmong(parts: readonly Part[]): Condition {
  return onFrames((query) => {
    for (const { sql, bindings } of parts) {
      void query.whereRaw(`not exists (${sql} and frame_id = frames.id)`, bindings);
    }
  });
}

function withoutKeyword(parts: readonly Part[]): Condition {
  return onFrames((query: Knex.QueryBuilder) => {
    for (const { sql, bindings } of parts) {
      void query.whereRaw(`frames.id not in (${sql})`, bindings);
    }
  });
}

function marks(items: readonly unknown[]): string {
  return items.map(() => '?').join(', ');
}
