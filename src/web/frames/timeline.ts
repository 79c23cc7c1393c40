import type { Frame } from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { layOut, type RollBar, type RollExposure } from '../roll/lanes.js';
import { fineTicks, isOfNight, makeScale, spanOfNight } from '../roll/scale.js';
import { countOf, formatNight, type FilterSlot } from '../render.js';
import type { ListedRow } from './rows.js';

/** The frames of a page as bars, a drawing for each night. Places are per cent of the width. */
export interface Timeline {
  readonly nights: readonly TimelineNight[];
  /** In words, how many have no start and so no bar; '' if none. */
  readonly undated: string;
}

interface TimelineNight {
  readonly night: string;
  readonly title: string;
  readonly frames: string;
  readonly ticks: readonly { readonly x: number; readonly label: string }[];
  readonly cameras: readonly {
    readonly name: string;
    readonly rows: readonly {
      readonly label: string;
      readonly slot: FilterSlot;
      readonly bars: readonly TimelineBar[];
    }[];
  }[];
}

interface TimelineBar {
  readonly x: number;
  readonly width: number;
  readonly className: string;
  readonly url: string;
  readonly label: string;
  /** Ids of its frames, blanks between: what is selected is marked. */
  readonly ids: string;
  /** Their sizes, bytes, in the same way. */
  readonly sizes: string;
}

const WIDTH = 100;
/** A bar that is narrower cannot be seen or clicked. */
const MIN_WIDTH = 0.25;
const MOST_BARS = 400;
/** Labels of hours need so much room each. */
const TICK_ROOM = 6;

type Drawn = Frame & Pick<RollExposure, 'flag'>;

/** Draws the frames of a page. @param rows the same frames as rows of the list */
export function toTimeline(frames: readonly Drawn[], rows: readonly ListedRow[]): Timeline {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const dated = frames.filter((frame) => isOfNight(frame.night ?? '')(frame));
  const undated = frames.length - dated.length;
  const nights = [...groupBy(dated, ({ night }) => night ?? '')];
  return {
    nights: nights.map(([night, some]) => toNight(night, some, byId)),
    undated: undated === 0 ? '' : countOf(undated, 'frame'),
  };
}

function toNight(
  night: string,
  frames: readonly Drawn[],
  rows: ReadonlyMap<number, ListedRow>,
): TimelineNight {
  const scale = makeScale(spanOfNight(night, [], frames), WIDTH);
  const options = { minWidth: MIN_WIDTH, mergeWithin: 0, mostBars: MOST_BARS };
  // The levels of reduction are drawn one after the other: the list shows all of them.
  const levels = [...groupBy(frames, ({ reductionLevel }) => reductionLevel)];
  const cameras = levels
    .sort(([a], [b]) => a - b)
    .flatMap(([level, some]) => layOut(some, scale, options).map((camera) => ({ level, camera })));
  let lastX = -TICK_ROOM;
  const ticks = fineTicks(scale).filter(({ x }) => {
    const hasRoom = x - lastX >= TICK_ROOM && x <= WIDTH - TICK_ROOM / 2;
    if (hasRoom) lastX = x;
    return hasRoom;
  });
  return {
    night,
    title: formatNight(night),
    frames: `${countOf(frames.length, 'frame')} of this page`,
    ticks: ticks.map(({ x, utc }) => ({ x, label: utc })),
    cameras: cameras.map(({ level, camera }) => ({
      name: `${camera.instrument || 'Unknown camera'}${level > 0 ? `, level ${level}` : ''}`,
      rows: camera.rows.map(({ label, slot, bars }) => ({
        label,
        slot,
        bars: bars.flatMap((bar) => toBar(bar, rows)),
      })),
    })),
  };
}

/** A bar leads to its frame; a run of them that lie too close to the first. */
function toBar(bar: RollBar<Drawn>, rows: ReadonlyMap<number, ListedRow>): TimelineBar[] {
  const { x, width, type, slot, exposures } = bar;
  const [first] = exposures;
  const row = first === undefined ? undefined : rows.get(first.id);
  if (row === undefined) return [];
  const more = exposures.length > 1 ? ` and ${exposures.length - 1} more` : '';
  const isOdd = exposures.some(({ flag }) => flag === 'bad' || flag === 'doubtful');
  const words = [row.name + more, row.target, row.filter, row.exposureWithUnit, `${row.time} UTC`];
  return [
    {
      x,
      width,
      className: ['bar', `is-${type}`, `c-${slot}`, isOdd ? 'is-odd' : '']
        .filter(Boolean)
        .join(' '),
      url: row.url,
      label: words.filter((word) => word !== '–').join(', '),
      ids: exposures.map(({ id }) => id).join(' '),
      sizes: exposures.map(({ version }) => version.sizeBytes).join(' '),
    },
  ];
}
