import { smallestSet } from './count.js';
import { isCovered, joinOf, MEASURES, walkOf, type FrameOrder } from './order.js';
import { isTiny, type Choice, type Narrowing, type Search } from './search.js';

/** What is to be read, as far as it decides how. */
export interface Errand {
  readonly order: FrameOrder;
  readonly offset: number;
  readonly limit: number;
  /** Length of the list, if it has been counted. */
  readonly total?: number | undefined;
  /** True for the frames without a value, which stand last. */
  readonly isNull?: boolean;
}

/**
 * A way to read frames in an order: the rows of a choice one by one, merged, or one source, which
 * has the order already or is sorted.
 */
export type Way =
  | { readonly kind: 'merge'; readonly choice: Choice; readonly cost: number }
  | {
      readonly kind: 'one';
      readonly from: string;
      readonly narrowing: Narrowing;
      readonly cost: number;
    };

/** What reading costs, in microseconds: measured, and good enough to choose by. */
export const COST = { entry: 0.1, row: 2, merged: 1, term: 30, sorted: 0.5, seek: 3 };
const MAX_TERMS = 64;

/** The cheapest of the ways to read a part of a list in its order. */
export function chooseWay(search: Search, errand: Errand): Way {
  const walk = walkOf(errand.order, errand.isNull);
  if (walk !== undefined && isEverything(search)) {
    return { kind: 'one', from: walk, narrowing: {}, cost: 0 };
  }
  if (isTiny(search) && joinOf(errand.order) === undefined) {
    return { kind: 'one', from: 'frames', narrowing: { by: 'seek' }, cost: 0 };
  }
  const all = Math.max(1, search.all);
  const total = Math.max(1, errand.total ?? guessTotal(search));
  const reach = errand.offset + errand.limit;
  const ways = [
    ...mergeWays(search, errand, { total, reach }),
    ...walkWays(search, errand, { all, total, reach }),
    ...sortWays(search, errand, { all, total }),
  ];
  return ways.reduce((best, way) => (way.cost < best.cost ? way : best));
}

/** True if nothing is asked for: then there is nothing to weigh up either. */
export function isEverything({ choices, dates, seeks, tests }: Search): boolean {
  return choices.length + seeks.length + tests.length === 0 && dates === undefined;
}

function mergeWays(
  search: Search,
  { order }: Errand,
  { total, reach }: { total: number; reach: number },
): Way[] {
  const test = search.tests.length + search.seeks.length > 0 ? COST.row : 0;
  return search.choices.flatMap((choice) => {
    const { kind, ids, frames } = choice;
    const isSorted = isByDate(order) || (order.column === 'frames.id' && kind === 'facet');
    if (!isSorted || ids === undefined || ids.length > MAX_TERMS) return [];
    const passed = Math.min(frames, reach * Math.max(1, frames / total));
    return [
      {
        kind: 'merge' as const,
        choice,
        cost: ids.length * COST.term + passed * (COST.merged + test),
      },
    ];
  });
}

function walkWays(
  search: Search,
  { order, isNull }: Errand,
  { all, total, reach }: { all: number; total: number; reach: number },
): Way[] {
  const from = walkOf(order, isNull);
  if (from === undefined) return [];
  const hasTests = search.tests.length + search.seeks.length > 0;
  const isNarrowed =
    search.choices.length > 0 || search.dates !== undefined || !search.viewer.seesAll;
  const needsRow = hasTests || (isNarrowed && !isCovered(order)) || joinOf(order) !== undefined;
  // A range of dates is what the index begins and ends with: it passes over nothing.
  const share =
    isByDate(order) && search.dates !== undefined && !hasTests
      ? shareOf(search.choices, all)
      : Math.min(1, total / all);
  const passed = Math.min(all, reach / Math.max(share, 1 / all));
  const cost = passed * (needsRow ? COST.row + COST.entry : COST.entry);
  const narrowing = isByDate(order) ? ({ by: 'date' } as const) : {};
  return [{ kind: 'one', from, narrowing, cost }];
}

/** Collects all that match, and sorts it. */
function sortWays(
  search: Search,
  { order, isNull }: Errand,
  { all, total }: { all: number; total: number },
): Way[] {
  const set = smallestSet(search);
  const needsRow = search.tests.length + search.seeks.length > 0;
  const ways: Way[] = [];
  const isCheap = isByDate(order) || order.column === 'frames.id';
  const join = joinOf(order);
  if (set.narrowing.by === 'seek') {
    const cost = Math.max(total, search.few ?? 0) * COST.seek;
    ways.push({ kind: 'one', ...set, cost });
  } else if (set.narrowing.by !== undefined) {
    const each = (isCheap ? COST.sorted : COST.row) + (needsRow ? COST.row : 0);
    ways.push({ kind: 'one', ...set, cost: (set.frames ?? total) * each });
  }
  if (walkOf(order, isNull) === undefined) {
    const each = COST.entry * 3 + (needsRow ? COST.row : 0);
    ways.push({ kind: 'one', from: MEASURES, narrowing: {}, cost: all * each });
  }
  return join === undefined ? ways : ways.map((way) => withJoin(way, join));
}

function withJoin(way: Way, join: string): Way {
  return way.kind === 'merge' ? way : { ...way, from: `${way.from} ${join}` };
}

/** True if a list is in order of time. */
export function isByDate({ column }: Pick<FrameOrder, 'column'>): boolean {
  return column === 'frames.date_obs_ms';
}

/** Part of the frames that choices leave, if they have nothing to do with each other. */
function shareOf(choices: readonly Choice[], all: number): number {
  return choices.reduce((share, { frames }) => share * (frames / all), 1);
}

/** For lists that nobody counts: a condition that cannot be judged is taken to leave one in ten. */
export function guessTotal(search: Search): number {
  const all = Math.max(1, search.all);
  const seeks = search.few === undefined ? search.seeks.length : search.seeks.length - 1;
  const others = search.tests.length + seeks + (search.dates === undefined ? 0 : 1);
  return Math.ceil((search.few ?? all) * shareOf(search.choices, all) * 0.1 ** others);
}
