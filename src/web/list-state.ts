import { CONE_PARAMETERS, FRAME_FILTERS, SORT_COLUMNS } from '../catalog/index.js';
import { parameter } from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { formatDec, formatRa, parseDec, parseRa } from '../sky/index.js';
import { formatNumber, kindLabel } from './render.js';

/** Sizes of a page that the pager offers. */
export const PAGE_SIZES = [25, 50, 100, 250, 500] as const;
const DEFAULT_SIZE = 100;
const MOST = 1000;
const DEFAULT_SORT = 'DATE_OBS';

export type ListView = 'table' | 'sheet';

/** Everything that the address of a list says. Names of filters are those of the API. */
export interface ListState {
  /** Active filters only, in the order of FRAME_FILTERS; RA, DEC and radius last. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
  readonly sort: string;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
  readonly view: ListView;
}

/** An active condition in plain words, and the list without it. */
export interface Chip {
  readonly label: string;
  readonly state: ListState;
}

const FILTER_NAMES = [...FRAME_FILTERS.map((filter) => filter.name), ...CONE_PARAMETERS];
const filterByName = new Map(FRAME_FILTERS.map((filter) => [filter.name, filter]));

/** @throws 'bad_request' naming the parameter, for sort, order, limit and offset */
export function parseListState(parameters: ReadonlyMap<string, readonly string[]>): ListState {
  const sort = parameter(parameters, 'sort') || DEFAULT_SORT;
  if (!Object.hasOwn(SORT_COLUMNS, sort)) throw badParameter('sort');
  // Newest first is what a person wants to see; any other column starts from its least value.
  const order = parameter(parameters, 'order') || (sort === DEFAULT_SORT ? 'desc' : 'asc');
  if (order !== 'asc' && order !== 'desc') throw badParameter('order');
  return {
    filters: new Map(
      FILTER_NAMES.flatMap((name) => {
        const values = activeValues(name, parameters.get(name) ?? []);
        return values.length === 0 ? [] : [[name, values] as const];
      }),
    ),
    sort,
    descending: order === 'desc',
    limit: Math.max(1, Math.min(MOST, parseWhole('limit', parameters, DEFAULT_SIZE))),
    offset: parseWhole('offset', parameters, 0),
    view: parameter(parameters, 'view') === 'sheet' ? 'sheet' : 'table',
  };
}

/** Empty values mean no filter; so does ALL for choices, whatever stands beside it. */
function activeValues(name: string, values: readonly string[]): readonly string[] {
  const given = [...new Set(values.map((value) => value.trim()).filter((value) => value !== ''))];
  const filter = filterByName.get(name);
  if (filter?.kind === 'choice') return given.includes('ALL') ? [] : given;
  return given.slice(-1);
}

function parseWhole(
  name: string,
  parameters: ReadonlyMap<string, readonly string[]>,
  otherwise: number,
): number {
  const text = parameter(parameters, name);
  if (text === '') return otherwise;
  if (!/^[+-]?\d{1,15}$/.test(text)) {
    throw new AppError('bad_request', 'Invalid values for offset/limit.', { parameter: name });
  }
  return Math.max(0, Number(text));
}

function badParameter(name: string): AppError {
  return new AppError('bad_request', `Invalid value for ${name}.`, { parameter: name });
}

/** The filters alone, as a query without `?`: for a zip of all, and for the neighbours of a list. */
export function filterQuery(state: ListState): string {
  const query = new URLSearchParams();
  for (const [name, values] of state.filters) {
    for (const value of values) query.append(name, value);
  }
  return query.toString();
}

/** The whole state as a query without `?`, as short as it can be: what is usual is left out. */
export function listQuery(state: ListState): string {
  const query = new URLSearchParams(filterQuery(state));
  if (state.sort !== DEFAULT_SORT) query.set('sort', state.sort);
  if (state.descending !== (state.sort === DEFAULT_SORT)) {
    query.set('order', state.descending ? 'desc' : 'asc');
  }
  if (state.limit !== DEFAULT_SIZE) query.set('limit', String(state.limit));
  if (state.offset !== 0) query.set('offset', String(state.offset));
  if (state.view !== 'table') query.set('view', state.view);
  return query.toString();
}

/** Address of a list. */
export function listUrl(base: string, state: ListState): string {
  const query = listQuery(state);
  return `${base}/frames/${query === '' ? '' : `?${query}`}`;
}

/** The same rows as JSON: everything is said, since the API has other defaults. */
export function apiUrl(base: string, state: ListState): string {
  const query = new URLSearchParams(filterQuery(state));
  query.set('sort', state.sort);
  query.set('order', state.descending ? 'desc' : 'asc');
  query.set('limit', String(state.limit));
  query.set('offset', String(state.offset));
  query.set('format', 'json');
  return `${base}/frames/?${query.toString()}`;
}

/** The state with other values for one filter (none: without it), from the first page on. */
export function withFilter(state: ListState, name: string, values: readonly string[]): ListState {
  const filters = new Map(state.filters);
  if (values.length === 0) filters.delete(name);
  else filters.set(name, values);
  return { ...state, filters, offset: 0 };
}

/** The conditions in force, one chip for each value. */
export function listChips(state: ListState): Chip[] {
  const chips: Chip[] = [];
  for (const [name, values] of state.filters) {
    const filter = filterByName.get(name);
    if (filter === undefined) continue;
    for (const value of values) {
      const left = values.filter((other) => other !== value);
      chips.push({
        label: chipLabel(name, filter.label, value),
        state: withFilter(state, name, left),
      });
    }
  }
  const cone = coneChip(state);
  if (cone !== undefined) chips.push(cone);
  return chips;
}

function chipLabel(name: string, label: string, value: string): string {
  if (name === 'IMAGETYPE') return `${label} ${kindLabel(value).toLowerCase()}`;
  if (name === 'FILTER' && value === 'None') return 'No filter';
  if (name === 'EXPTIME') return `Exposure ≥ ${value}\u202fs`;
  if (name === 'basename' || name === 'OBJECT') return `${label} has “${value}”`;
  return `${label} ${value}`;
}

/** Neither RA nor DEC alone is a condition, so they have one chip. */
function coneChip(state: ListState): Chip | undefined {
  const [ra = '', dec = '', radius = ''] = CONE_PARAMETERS.map(
    (name) => state.filters.get(name)?.[0] ?? '',
  );
  const raDeg = parseRa(ra, { numbersAre: 'degrees' });
  const decDeg = parseDec(dec);
  if (raDeg === undefined || decDeg === undefined) return undefined;
  const size = radius === '' ? 10 : Number(radius) * 60;
  const width =
    size >= 60
      ? `${formatNumber(Number((size / 60).toFixed(2)))}°`
      : `${formatNumber(Number(size.toFixed(1)))}′`;
  const without = CONE_PARAMETERS.reduce((each, name) => withFilter(each, name, []), state);
  return {
    label: `Within ${width} of ${formatRa(raDeg, 0)} ${formatDec(decDeg, 0).replace('-', '−')}`,
    state: without,
  };
}
