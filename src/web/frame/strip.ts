import {
  listFrames,
  parseConditions,
  SORT_COLUMNS,
  type Frame,
  type Viewer,
} from '../../catalog/index.js';
import { parseParameters } from '../../http/index.js';
import { hasCode } from '../../lib/errors.js';
import { formatInstant } from '../../lib/time.js';
import { listOrder, listQuery, listUrl, parseListState, withFilter } from '../frames/list-state.js';
import { toRows, type FrameRow } from '../frames/frames.js';
import type { Web } from '../page.js';
import { formatCount, formatNight, shortName } from '../render.js';

/** Frames of a strip to either side, and room for frames that began at the same instant. */
const STRIP_SIDE = 6;
const SAME_INSTANT = 40;

/** Frames beside one, in the list from which one came or in its night. */
export interface Strip {
  /** Where these frames stand together. */
  readonly url: string;
  readonly label: string;
  /** `13 of 30 in this list` */
  readonly place: string;
  /** The same without where: `13 of 30` */
  readonly count: string;
  readonly backUrl: string;
  readonly nextUrl: string;
  readonly rows: readonly (FrameRow & { readonly isThis: boolean; readonly short: string })[];
}

/** Neighbours of a frame: those of the list that `from` describes, if it is there, else of its night. */
export async function findStrip(
  web: Web,
  frame: Frame,
  from: string,
  viewer: Viewer,
): Promise<Strip | null> {
  return (await findInList(web, frame, from, viewer)) ?? findInNight(web, frame, viewer);
}

/** Address of the list that `from` describes; '' if there is none, or someone wrote nonsense. */
export function backUrl(base: string, from: string): string {
  const state = readFrom(from);
  return state === undefined ? '' : listUrl(base, state);
}

/** Address of the list of the frames of a night; of all, where there is none. */
export function nightListUrl(base: string, night: string | null): string {
  const state = parseListState(new Map());
  return listUrl(base, night === null ? state : withFilter(state, 'night', [night]));
}

function readFrom(from: string) {
  if (from === '') return undefined;
  try {
    const state = parseListState(parseParameters(from));
    parseConditions(state.filters);
    return state;
  } catch (error) {
    if (hasCode(error, 'bad_request')) return undefined;
    throw error;
  }
}

async function findInList(
  { services, base }: Web,
  frame: Frame,
  from: string,
  viewer: Viewer,
): Promise<Strip | undefined> {
  const state = readFrom(from);
  if (state === undefined) return undefined;
  const order = listOrder(state);
  // The page one came from and, as its edge has neighbours too, a little of those beside it.
  const start = Math.max(0, state.offset - STRIP_SIDE - 1);
  const limit = state.limit + 2 * (STRIP_SIDE + 1);
  const query = { conditions: parseConditions(state.filters), order, limit, offset: start };
  const { items, total } = await listFrames(services.catalog, query, viewer);
  const at = items.findIndex(({ id }) => id === frame.id);
  if (at < 0) return undefined;
  // Whoever walks on stays in the list: each frame names the page on which it stands.
  const rowsFrom = (index: number): FrameRow[] => {
    const page = Math.floor((start + index) / state.limit) * state.limit;
    const other = items[index];
    return other === undefined
      ? []
      : toRows(base, [other], listQuery({ ...state, offset: page }) || 'sort=DATE_OBS');
  };
  const first = Math.max(0, at - STRIP_SIDE);
  const rows = items.slice(first, at + STRIP_SIDE + 1).flatMap((_, i) => rowsFrom(first + i));
  return toStrip(rows, frame.id, {
    url: listUrl(base, state),
    label: 'Back to the list',
    place: `${formatCount(start + at + 1)} of ${formatCount(total)} in this list`,
  });
}

/** Frames of the same night before and after this one, and its place among them. */
async function findInNight(
  { services, base }: Web,
  frame: Frame,
  viewer: Viewer,
): Promise<Strip | null> {
  const { night, dateObsMs } = frame;
  if (night === null || dateObsMs === null) return null;
  const column = SORT_COLUMNS.DATE_OBS ?? 'frames.date_obs_ms';
  const list = (bound: 'start' | 'end') => {
    const given = new Map([
      ['night', [night]],
      [bound, [formatInstant(dateObsMs)]],
    ]);
    const order = { column, descending: bound === 'end' };
    const query = { conditions: parseConditions(given), order, offset: 0 };
    return listFrames(services.catalog, { ...query, limit: STRIP_SIDE + SAME_INSTANT }, viewer);
  };
  const [until, since] = await Promise.all([list('end'), list('start')]);
  const compare = (a: Frame, b: Frame): number =>
    (a.dateObsMs ?? 0) - (b.dateObsMs ?? 0) || a.id - b.id;
  const before = until.items.filter((other) => compare(other, frame) < 0).sort(compare);
  const after = since.items.filter((other) => compare(other, frame) > 0);
  const sameInstant = until.items.filter((other) => other.dateObsMs === dateObsMs);
  const strip = [...before.slice(-STRIP_SIDE), frame, ...after.slice(0, STRIP_SIDE)];
  const later = sameInstant.filter((other) => compare(other, frame) > 0).length;
  const total = until.total + since.total - sameInstant.length;
  return toStrip(toRows(base, strip), frame.id, {
    url: `${base}/nights/${night}/`,
    label: formatNight(night),
    place: `${formatCount(until.total - later)} of ${formatCount(total)} in this night`,
  });
}

function toStrip(
  rows: readonly FrameRow[],
  id: number,
  words: Pick<Strip, 'url' | 'label' | 'place'>,
): Strip {
  const at = rows.findIndex((row) => row.id === id);
  return {
    ...words,
    count: words.place.replace(/ in .*$/, ''),
    backUrl: rows[at - 1]?.url ?? '',
    nextUrl: rows[at + 1]?.url ?? '',
    rows: rows.map((row) => ({
      ...row,
      isThis: row.id === id,
      short: shortName(row.name),
    })),
  };
}
