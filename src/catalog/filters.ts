import { AppError } from '../lib/errors.js';
import type { Condition } from './conditions.js';
import { HEADER_PREFIX } from './filters/headers.js';
import { FRAME_FILTERS } from './filters/table.js';
import {
  OPERATOR_ENDINGS,
  type Asked,
  type FilterOperator,
  type FrameFilter,
} from './filters/types.js';
import { badName, refuseOdd, splitList } from './filters/values.js';

export { CONE_PARAMETERS, DEFAULT_RADIUS_DEG } from './filters/sky.js';
export { ALMANAC_FILTERS } from './filters/almanac.js';
export { FRAME_FILTERS } from './filters/table.js';
export { OPERATOR_ENDINGS } from './filters/types.js';
export type { FilterKind, FilterOperator, FrameFilter, ValueSchema } from './filters/types.js';
export { requireDate, requireFlag, splitList } from './filters/values.js';

const byName = new Map(
  FRAME_FILTERS.filter(({ kind }) => kind !== 'header').flatMap((filter) =>
    [filter.name, ...filter.aliases].map((name) => [name, filter] as const),
  ),
);
const headerFamily = FRAME_FILTERS.find(({ kind }) => kind === 'header');

/** A name with something behind it that looks like an ending. */
const NAME_WITH_ENDING = /^(.+?)(?:__.*|[!<>~]+|\[.*)$/;
/** The same of a keyword, which may have underscores of its own: FITS Standard 4.0 §4.1.2.1. */
const KEYWORD_WITH_ENDING = /^(.+?)(?:__[a-z].*|[!<>~]+|\[.*)$/;

/** Conditions of one search: far more than a person asks for, far fewer than a database chokes on. */
const MAX_CONDITIONS = 50;

/** What the name of a parameter stands for. */
export interface FoundFilter {
  readonly filter: FrameFilter;
  readonly operator: FilterOperator;
  /** Of the family of headers: the keyword. */
  readonly keyword: string;
}

/**
 * The filter that a parameter means, by its name, an alias, and an ending; undefined if it is none.
 *
 * @throws 'bad_request' if the name is known and the ending is none of it: ignored, it would ask for everything
 */
export function findFilter(name: string): FoundFilter | undefined {
  const plain = filterNamed(name);
  const isWhole = plain !== undefined && plain.filter.kind !== 'header';
  if (isWhole) return { ...plain, operator: 'is' };
  for (const [operator, ending] of OPERATOR_ENDINGS) {
    const found = name.endsWith(ending) ? filterNamed(name.slice(0, -ending.length)) : undefined;
    const can: readonly FilterOperator[] = found?.filter.operators ?? [];
    if (found !== undefined && can.includes(operator)) return { ...found, operator };
  }
  refuseEnding(name);
  return plain === undefined ? undefined : { ...plain, operator: 'is' };
}

function refuseEnding(name: string): void {
  const pattern = name.startsWith(HEADER_PREFIX) ? KEYWORD_WITH_ENDING : NAME_WITH_ENDING;
  const base = pattern.exec(name)?.[1] ?? '';
  const known = filterNamed(base);
  if (known === undefined) return;
  const { operators } = known.filter;
  const endings = OPERATOR_ENDINGS.filter(([each]) => operators.some((one) => one === each));
  const list = endings.map(([, ending]) => `${ending}=`).join(', ');
  const problem = endings.length > 0 ? `after ${base} only =, ${list}` : `after ${base} only =`;
  throw badName(name, `${problem} can stand`);
}

function filterNamed(name: string): Omit<FoundFilter, 'operator'> | undefined {
  const filter = byName.get(name);
  if (filter !== undefined) return { filter, keyword: '' };
  if (headerFamily === undefined || !name.startsWith(HEADER_PREFIX)) return undefined;
  return { filter: headerFamily, keyword: name.slice(HEADER_PREFIX.length) };
}

/**
 * The conditions asked for by parameters of a request. Unknown parameters are ignored, as both
 * reference archives do; empty values mean no filter, and so does `ALL` for choices.
 *
 * @param parameters values by name, in the order given
 * @throws 'bad_request' naming the parameter, or the limit if there are too many
 */
export function parseConditions(parameters: ReadonlyMap<string, readonly string[]>): Condition[] {
  const conditions: Condition[] = [];
  const other = (name: string): string => (parameters.get(name)?.at(-1) ?? '').trim();
  for (const [name, given] of parameters) {
    if (given.every((value) => value.trim() === '')) continue;
    const found = findFilter(name);
    if (found === undefined) continue;
    const asked: Asked = { ...found, name, values: activeValues(found.filter, given), other };
    if (asked.values.length === 0) continue;
    refuseOdd(name, name);
    for (const value of asked.values) refuseOdd(name, value);
    const condition = found.filter.condition(asked);
    if (condition === undefined) continue;
    if (conditions.length === MAX_CONDITIONS) {
      const message = `More than ${MAX_CONDITIONS} filters in one search.`;
      throw new AppError('bad_request', message, { parameter: name });
    }
    conditions.push(condition);
  }
  return conditions;
}

/** Values that ask for something: none that is empty, and of a choice none if one of them is `ALL`. */
export function activeValues(filter: FrameFilter, given: readonly string[]): string[] {
  const values = [...new Set(given.map((value) => value.trim()).filter((value) => value !== ''))];
  const wanted = filter.isList ? values : values.slice(-1);
  const isAll =
    filter.kind === 'choice' && wanted.some((value) => splitList(value).includes('ALL'));
  // A list of nothing but commas asks for nothing.
  return isAll ? [] : wanted.filter((value) => !/^[\s,]*$/.test(value));
}

/** A text as an item of a list, so that its commas are its own. */
export function escapeItem(text: string): string {
  return /[,\\]/.test(text) ? text.replace(/[\\,]/g, (character) => `\\${character}`) : text;
}
