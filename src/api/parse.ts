import {
  parseConditions,
  requireFlag,
  sortColumn,
  type FrameOrder,
  type FrameQuery,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { parameter } from '../http/index.js';
import { AppError } from '../lib/errors.js';

type Parameters = ReadonlyMap<string, readonly string[]>;

export const MAX_LIMIT = 1000;

/** Parameters that only clients of the pyobs dialect send: they expect its default order and limit. */
const PYOBS_ONLY = [
  'night',
  'SITE',
  'TELESCOPE',
  'INSTRUMENT',
  'IMAGETYPE',
  'binning',
  'RA',
  'DEC',
  'OBSNUM',
  'sort',
  'order',
];

/** Sort names of the OCS dialect → names of SORT_COLUMNS. */
export const OCS_ORDERING: Readonly<Record<string, string>> = {
  id: 'id',
  basename: 'basename',
  observation_date: 'DATE_OBS',
  primary_optical_element: 'FILTER',
  configuration_type: 'OBSTYPE',
  proposal_id: 'PROPID',
  instrument_id: 'INSTRUME',
  target_name: 'OBJECT',
  reduction_level: 'RLEVEL',
  exposure_time: 'EXPTIME',
};

/** Of these, what no two frames share. */
const UNIQUE: readonly string[] = ['id', 'basename'];

/**
 * Reads the parameters of a list in both dialects. Unknown parameters are ignored; a bad value is an
 * error that names its parameter.
 *
 * @throws 'bad_request'
 */
export function parseFrameQuery(parameters: Parameters, config: Config): FrameQuery {
  const isPyobs = PYOBS_ONLY.some((name) => parameters.has(name));
  return {
    conditions: parseConditions(parameters),
    order: parseOrder(parameters, isPyobs),
    limit: Math.min(
      MAX_LIMIT,
      parseCount(parameters, 'limit', isPyobs ? MAX_LIMIT : config.DEFAULT_LIMIT),
    ),
    offset: parseCount(parameters, 'offset', 0),
  };
}

/** `ordering` (OCS) wins over `sort` and `order` (pyobs). */
function parseOrder(parameters: Parameters, isPyobs: boolean): FrameOrder {
  const [first, ...then] = parseOrdering(parameter(parameters, 'ordering'));
  if (first !== undefined) return then.length === 0 ? first : { ...first, then };
  let sort = parameter(parameters, 'sort');
  let direction = parameter(parameters, 'order');
  if (sort === '' && sortColumn(direction) !== undefined) {
    // The documented, never built form: `order=<column>&asc=true|false`.
    sort = direction;
    direction = /^(?:false|0|no)$/i.test(parameter(parameters, 'asc')) ? 'desc' : 'asc';
  }
  if (direction !== '' && direction !== 'asc' && direction !== 'desc') throw invalid('order');
  if (sort !== '') return orderBy(sort, direction === 'desc');
  return orderBy('DATE_OBS', direction === '' ? !isPyobs : direction === 'desc');
}

/** Columns by comma, unknown names ignored. Each counts once, and behind a unique one none does. */
function parseOrdering(text: string): FrameOrder[] {
  const keys = new Map<string, FrameOrder>();
  for (const name of text.split(',').map((each) => each.trim())) {
    const plain = name.replace(/^-/, '');
    const sort = Object.hasOwn(OCS_ORDERING, plain) ? OCS_ORDERING[plain] : undefined;
    if (sort === undefined || keys.has(sort)) continue;
    keys.set(sort, orderBy(sort, name.startsWith('-')));
    if (UNIQUE.includes(plain)) break;
  }
  return [...keys.values()];
}

function orderBy(sort: string, descending: boolean): FrameOrder {
  const column = sortColumn(sort);
  if (column === undefined) throw invalid('sort');
  return { column, descending };
}

/** Whether frames are to be told with the ids of those that they name. @throws 'bad_request' */
export function parseWithRelated(parameters: Parameters): boolean {
  const name = 'include_related_frames';
  const text = parameter(parameters, name);
  return text === '' || requireFlag(name, text);
}

/** A count of rows: negative is 0, absent the default. @throws 'bad_request' */
export function parseCount(
  parameters: Parameters,
  name: 'limit' | 'offset',
  fallback: number,
): number {
  const text = parameter(parameters, name);
  if (text === '') return fallback;
  if (!/^[+-]?\d+$/.test(text)) {
    throw new AppError('bad_request', 'Invalid values for offset/limit.', { parameter: name });
  }
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Number(text)));
}

function invalid(name: string): AppError {
  return new AppError('bad_request', `Invalid value for ${name}.`, { parameter: name });
}
