import {
  activeValues,
  CONE_PARAMETERS,
  DEFAULT_RADIUS_DEG,
  findFilter,
  FRAME_FILTERS,
  sortColumn,
  type FoundFilter,
  type FrameOrder,
} from '../../catalog/index.js';
import { parameter } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { formatDec, formatRa, parseAngularSize, parseDec, parseRa } from '../../sky/index.js';
import { normalKey, parseColumns } from './columns.js';
import { PANEL_PARAMETERS, relationWord } from './fields.js';
import { formatNumber, kindLabel } from '../render.js';

/** Sizes of a page that the pager offers. */
export const PAGE_SIZES = [25, 50, 100, 250, 500] as const;
const DEFAULT_SIZE = 100;
const MOST = 1000;
const DEFAULT_SORT = 'DATE_OBS';

const VIEWS = ['table', 'sheet', 'timeline'] as const;
export type ListView = (typeof VIEWS)[number];

/** Everything that the address of a list says. Names of filters are those of the API. */
export interface ListState {
  /** Active filters only, in the order of FRAME_FILTERS, by the names under which they came. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
  readonly sort: string;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
  readonly view: ListView;
  /** Keys of the columns of the table; undefined: as this browser usually has them. */
  readonly columns?: readonly string[] | undefined;
  /** True: each picture of the sheet with cuts of its own, not with those of its target. */
  readonly ownStretch: boolean;
  /** How large the pictures of the sheet are, 1 to MOST_PLATES; undefined: as in this browser. */
  readonly plates?: number | undefined;
}

/** Sizes that the pictures of the sheet can have. */
export const MOST_PLATES = 5;

/** Reads such a size; undefined for what is none: an old bookmark is worth more than a complaint. */
export function parsePlates(text: string): number | undefined {
  const step = /^\d$/.test(text) ? Number(text) : 0;
  return step >= 1 && step <= MOST_PLATES ? step : undefined;
}

/** An active condition in plain words, and the list without it. */
export interface Chip {
  readonly label: string;
  readonly state: ListState;
}

/** @throws 'bad_request' naming the parameter, for sort, order, view, limit and offset */
export function parseListState(parameters: ReadonlyMap<string, readonly string[]>): ListState {
  const sort = normalKey(parameter(parameters, 'sort') || DEFAULT_SORT);
  if (sortColumn(sort) === undefined) throw badParameter('sort');
  // Newest first is what a person wants to see; any other column starts from its least value.
  const order = parameter(parameters, 'order') || (sort === DEFAULT_SORT ? 'desc' : 'asc');
  if (order !== 'asc' && order !== 'desc') throw badParameter('order');
  const columns = parseColumns(columnsText(parameters));
  const asked = parameter(parameters, 'view') || 'table';
  const view = VIEWS.find((each) => each === asked);
  if (view === undefined) {
    const message = `A list is shown as ${VIEWS.join(', ')}.`;
    throw new AppError('bad_request', message, { parameter: 'view' });
  }
  const plates = parsePlates(parameter(parameters, 'plates'));
  return {
    filters: activeFilters(parameters),
    sort,
    descending: order === 'desc',
    limit: Math.max(1, Math.min(MOST, parseWhole('limit', parameters, DEFAULT_SIZE))),
    offset: parseWhole('offset', parameters, 0),
    view,
    ...(columns.length === 0 ? {} : { columns }),
    ownStretch: parameter(parameters, 'stretch') === 'own',
    ...(plates === undefined ? {} : { plates }),
  };
}

/** The columns asked for, and a keyword that the menu adds to them. */
function columnsText(parameters: ReadonlyMap<string, readonly string[]>): string {
  const columns = parameter(parameters, 'columns');
  const keyword = parameter(parameters, 'column');
  return keyword === '' ? columns : `${columns},header.${keyword.replaceAll(',', ' ')}`;
}

function activeFilters(
  parameters: ReadonlyMap<string, readonly string[]>,
): Map<string, readonly string[]> {
  const active = [...parameters].flatMap(([name, given]) => {
    const found = findFilter(name);
    const values = found === undefined ? [] : activeValues(found.filter, given);
    const rank = found === undefined ? 0 : FRAME_FILTERS.indexOf(found.filter);
    return values.length === 0 ? [] : [{ name, values, rank }];
  });
  active.sort((a, b) => a.rank - b.rank);
  return new Map(active.map(({ name, values }) => [name, values]));
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

/** The order of a list. */
export function listOrder({ sort, descending }: ListState): FrameOrder {
  return { column: sortColumn(sort) ?? 'frames.id', descending };
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
  if (state.columns !== undefined) query.set('columns', state.columns.join(','));
  if (state.ownStretch) query.set('stretch', 'own');
  if (state.plates !== undefined) query.set('plates', String(state.plates));
  return query.toString();
}

/** What the form of the panel must carry on: all but its own fields and the page. */
export function hiddenFields(state: ListState): { name: string; value: string }[] {
  const isShown = (name: string): boolean =>
    PANEL_PARAMETERS.has(name) || findFilter(name)?.filter.kind === 'header';
  const filters = new Map([...state.filters].filter(([name]) => !isShown(name)));
  return hiddenState({ ...state, filters, offset: 0 });
}

/** A whole state as fields that a form carries along unseen. */
export function hiddenState(state: ListState): { name: string; value: string }[] {
  const query = new URLSearchParams(listQuery(state));
  return [...query].map(([name, value]) => ({ name, value }));
}

/** Address of a list. */
export function listUrl(base: string, state: ListState): string {
  const query = listQuery(state);
  return `${base}/frames/${query === '' ? '' : `?${query}`}`;
}

/** The same rows as JSON: everything is said, since the API has other defaults. */
export function apiUrl(base: string, state: ListState): string {
  return exportUrl(base, state, 'json');
}

/** The list for programs: this page of it as JSON, all of it as a table. */
export function exportUrl(
  base: string,
  state: ListState,
  format: 'csv' | 'json' | 'votable',
): string {
  const query = new URLSearchParams(filterQuery(state));
  query.set('sort', state.sort);
  query.set('order', state.descending ? 'desc' : 'asc');
  if (format === 'json') {
    query.set('limit', String(state.limit));
    query.set('offset', String(state.offset));
  }
  query.set('format', format);
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
    const found = findFilter(name);
    if (found === undefined || CONE.has(name)) continue;
    for (const value of values) {
      const left = values.filter((other) => other !== value);
      chips.push({
        label: chipLabel(found, value),
        state: withFilter(state, name, left),
      });
    }
  }
  const cone = coneChip(state);
  if (cone !== undefined) chips.push(cone);
  return chips;
}

const CONE: ReadonlySet<string> = new Set(CONE_PARAMETERS);

function chipLabel({ filter, operator, keyword }: FoundFilter, value: string): string {
  const { name } = filter;
  const label = filter.kind === 'header' ? keyword : filter.label;
  if (operator === 'exists')
    return /^(?:true|1|yes)$/i.test(value) ? `Has ${label}` : `No ${label}`;
  const isPart = name === 'basename' || name === 'OBJECT' || name === 'target_name';
  if (operator === 'contains' || (isPart && operator === 'is')) return `${label} has “${value}”`;
  if (isPart) return `${label} without “${value}”`;
  if (name === 'EXPTIME') {
    return `Exposure ${relationWord(operator === 'is' ? 'gte' : operator)} ${value}\u202fs`;
  }
  if (filter.kind === 'flag') return `${label}: ${value}`;
  if (operator !== 'is') return `${label} ${relationWord(operator)} ${value}`;
  if (name === 'IMAGETYPE') return `${label} ${kindLabel(value).toLowerCase()}`;
  if (name === 'FILTER' && value === 'None') return 'No filter';
  return filter.kind === 'header' ? `${label} = ${value}` : `${label} ${value}`;
}

/** Neither RA nor DEC alone is a condition, so they have one chip. */
function coneChip(state: ListState): Chip | undefined {
  const [ra = '', dec = '', radius = ''] = CONE_PARAMETERS.map(
    (name) => state.filters.get(name)?.[0] ?? '',
  );
  const raDeg = parseRa(ra, { numbersAre: 'degrees' });
  const decDeg = parseDec(dec);
  if (raDeg === undefined || decDeg === undefined) return undefined;
  const size = (parseAngularSize(radius) ?? DEFAULT_RADIUS_DEG) * 60;
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
