import { parseConditions, type Condition } from '../../catalog/index.js';
import { parameter } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import { OBJECT_SORTS, type ObjectSort } from '../../objects/index.js';
import { targetSegment } from '../../targets/index.js';
import { filterQuery, listChips, parseListState, type ListState } from '../frames/list-state.js';

/** Everything that the address of the list of targets says. */
export interface TargetsState {
  /** Words that a name has in it; '' for all. */
  readonly words: string;
  readonly sort: ObjectSort;
  readonly order: 'asc' | 'desc';
  readonly offset: number;
  /** Conditions about the frames that count, as the list of frames has them. */
  readonly frames: ListState;
  readonly conditions: readonly Condition[];
}

/** Parameters that mean something else to a list of targets than to one of frames. */
const OWN = ['q', 'sort', 'order', 'offset', 'limit', 'view', 'format', 'columns'];

/** @throws 'bad_request' naming the parameter */
export function parseTargetsState(
  parameters: ReadonlyMap<string, readonly string[]>,
): TargetsState {
  const others = new Map([...parameters].filter(([name]) => !OWN.includes(name)));
  const asked = parameter(parameters, 'sort') || 'last_night';
  const sort = OBJECT_SORTS.find((each) => each === asked);
  if (sort === undefined) throw refuse('sort', OBJECT_SORTS.join(', '));
  const order = parameter(parameters, 'order') || firstOrder(sort);
  if (order !== 'asc' && order !== 'desc') throw refuse('order', 'asc or desc');
  const offset = Number(parameter(parameters, 'offset') || '0');
  if (!Number.isSafeInteger(offset) || offset < 0) throw refuse('offset', 'a whole number');
  const words = parameter(parameters, 'q').slice(0, 100);
  const conditions = parseConditions(others);
  return { words, sort, order, offset, frames: parseListState(others), conditions };
}

function refuse(name: string, words: string): AppError {
  return new AppError('bad_request', `Invalid value for ${name}: expected ${words}.`, {
    parameter: name,
  });
}

/** Names from the beginning, the rest from the most. */
export function firstOrder(sort: ObjectSort): 'asc' | 'desc' {
  return sort === 'name' ? 'asc' : 'desc';
}

/** The address of a list of targets. */
export function targetsUrl(base: string, state: TargetsState): string {
  const own = new URLSearchParams();
  if (state.words !== '') own.set('q', state.words);
  if (state.sort !== 'last_night') own.set('sort', state.sort);
  if (state.order !== firstOrder(state.sort)) own.set('order', state.order);
  if (state.offset > 0) own.set('offset', String(state.offset));
  const query = [filterQuery(state.frames), own.toString()].filter((part) => part !== '').join('&');
  return `${base}/targets/${query === '' ? '' : `?${query}`}`;
}

/** The conditions in words, each with the address of the list without it. */
export function targetChips(
  base: string,
  state: TargetsState,
): { readonly label: string; readonly url: string }[] {
  return listChips(state.frames).map((chip) => ({
    label: chip.label,
    url: targetsUrl(base, { ...state, frames: chip.state, offset: 0 }),
  }));
}

/** The address of the page of a target. @param state whose conditions go along */
export function targetUrl(
  base: string,
  name: string,
  state?: Pick<TargetsState, 'frames'>,
): string {
  const query = state === undefined ? '' : filterQuery(state.frames);
  return `${base}/targets/${targetSegment(name)}/${query === '' ? '' : `?${query}`}`;
}
