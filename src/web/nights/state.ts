import { findFilter, parseConditions, type Condition } from '../../catalog/index.js';
import { parameter } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';

/** What the front page shows, as its address says. */
export interface NightsState {
  /** What the colours of the calendar stand for. */
  readonly counts: 'frames' | 'shutter';
  /** Last month of the calendar, `YYYY-MM`; '' for the newest. */
  readonly until: string;
  /** Nights that are passed over, from the newest on, and those that are shown: as in the API. */
  readonly offset: number;
  readonly limit: number;
  /** Filters of frames as they stand in the address. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
}

/** The state, what it means for queries, and sentences about values that were left out. */
export interface ReadState {
  readonly state: NightsState;
  readonly conditions: readonly Condition[];
  readonly problems: readonly string[];
}

const DEFAULT_LIMIT = 14;
const MAX_LIMIT = 60;

/** Reads the query of the page as far as it can be read: what cannot is left out and told. */
export function readState(given: ReadonlyMap<string, readonly string[]>): ReadState {
  const parameters = new Map(given);
  const problems: string[] = [];
  for (;;) {
    try {
      const state = parseState(parameters);
      return { state, conditions: parseConditions(state.filters), problems };
    } catch (error) {
      const name = error instanceof AppError ? error.data.parameter : undefined;
      if (!(error instanceof AppError) || typeof name !== 'string' || !parameters.delete(name)) {
        throw error;
      }
      problems.push(`“${given.get(name)?.join(', ') ?? ''}” was left out: ${error.message}`);
    }
  }
}

/** The address of a state, below the base; what goes without saying is left out. */
export function nightsUrl(base: string, state: NightsState): string {
  const query = new URLSearchParams();
  for (const [name, values] of state.filters) {
    for (const value of values) query.append(name, value);
  }
  if (state.counts !== 'frames') query.set('calendar', state.counts);
  if (state.until !== '') query.set('until', state.until);
  if (state.limit !== DEFAULT_LIMIT) query.set('limit', String(state.limit));
  if (state.offset > 0) query.set('offset', String(state.offset));
  const text = query.toString();
  return `${base}/nights/${text === '' ? '' : `?${text}`}`;
}

/** The same state with a filter set anew; without values it is taken away. Pages begin at the first. */
export function withFilter(
  state: NightsState,
  name: string,
  values: readonly string[],
): NightsState {
  const filters = new Map([...state.filters].filter(([other]) => other !== name));
  if (values.length > 0) filters.set(name, values);
  return { ...state, filters, offset: 0 };
}

/** @throws 'bad_request' naming the parameter */
function parseState(parameters: ReadonlyMap<string, readonly string[]>): NightsState {
  const calendar = parameter(parameters, 'calendar');
  if (!['', 'frames', 'shutter'].includes(calendar)) {
    throw bad('calendar', 'The calendar counts frames, or shutter for the hours of open shutter.');
  }
  const until = parameter(parameters, 'until');
  if (until !== '' && !/^(?:19|20)\d\d-(?:0[1-9]|1[0-2])$/.test(until)) {
    throw bad('until', 'A month such as 2026-11 is expected for until.');
  }
  const limit = numberOf(parameters, 'limit', DEFAULT_LIMIT);
  const filters = [...parameters].flatMap(([name, values]) => {
    const set = values.filter((value) => value.trim() !== '');
    return findFilter(name) === undefined || set.length === 0 ? [] : [[name, set] as const];
  });
  return {
    counts: calendar === 'shutter' ? 'shutter' : 'frames',
    until,
    offset: numberOf(parameters, 'offset', 0),
    limit: Math.min(Math.max(1, limit), MAX_LIMIT),
    filters: new Map(filters),
  };
}

function numberOf(
  parameters: ReadonlyMap<string, readonly string[]>,
  name: string,
  otherwise: number,
): number {
  const text = parameter(parameters, name);
  if (text === '') return otherwise;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw bad(name, `A whole number is expected for ${name}.`);
}

function bad(name: string, message: string): AppError {
  return new AppError('bad_request', message, { parameter: name });
}
