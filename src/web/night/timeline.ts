import { lookFrom } from '../../almanac/index.js';
import type { Config } from '../../config/index.js';
import { groupBy } from '../../lib/groups.js';
import { cameraKey, nameCameras } from '../../nights/index.js';
import type { SiteNight } from '../../nights/index.js';
import { twilightBands } from '../roll/bands.js';
import { layOut, type RollCamera } from '../roll/lanes.js';
import {
  hourTicks,
  isOfNight,
  makeScale,
  spanOfNight,
  zoneName,
  type Scale,
} from '../roll/scale.js';
import { countOf } from '../render.js';
import type { NightData, NightFrameRow } from './data.js';
import { makeLane, type Lane } from './lane.js';
import { toTracks, type MoonPoint, type Tracks } from './tracks.js';

/** Pixels from above: labels of Sun, altitudes, what each camera has above its rows. */
const HEAD = 22;
const ALTITUDE_HEIGHT = 100;
const LANE_GAP = 6;
const FOOT = 40;
/** Across, the drawing is in per cent: it fills any width, and its text stays as it is. */
const WHOLE = 100;
/** The least width of a bar, per cent: 1.6 px of the usual width. */
const MIN_WIDTH = 0.13;
const MOST_BARS = 400;

/** The whole night as a piano roll: x and widths in per cent, y and heights in pixels. */
export interface Timeline {
  readonly height: number;
  /** Below the labels of the Sun. */
  readonly top: number;
  /** Where the axis begins. */
  readonly bottom: number;
  readonly bands: readonly {
    readonly x: number;
    readonly width: number;
    readonly tone: string;
    readonly y: number;
    readonly height: number;
  }[];
  readonly ticks: readonly { readonly x: number; readonly utc: string; readonly local: string }[];
  /** `CET`; '' if the zone is not known. */
  readonly zone: string;
  readonly sun: readonly { readonly x: number; readonly text: string; readonly anchor: string }[];
  readonly tracks: Tracks | null;
  readonly lanes: readonly Lane[];
  /** In words, for those who do not see it. */
  readonly label: string;
  /** Frames that cannot be drawn, and why; '' if all are. */
  readonly others: string;
}

/** Lays out the timeline of a night; null if there is nothing with a date of it to show. */
export function toTimeline(
  data: NightData,
  config: Pick<Config, 'NIGHT_GAP_MINUTES'>,
): Timeline | null {
  const { report, shown } = data;
  const dated = shown.filter(isOfNight(report.night));
  if (dated.length === 0) return null;
  const others = shown.length - dated.length;
  const skies = report.skies.map(({ sky }) => sky);
  const scale = makeScale(spanOfNight(report.night, skies, dated), WHOLE);
  const cameras = layOut(dated, scale, {
    minWidth: MIN_WIDTH,
    mergeWithin: 0,
    mostBars: MOST_BARS,
  });
  const main = mainSky(report.skies, dated);
  const tracks = toTracks(dated, scale, {
    y: HEAD,
    height: ALTITUDE_HEIGHT,
    moon: main === undefined ? null : moonOf(main, scale),
  });
  let y = HEAD + (tracks === null ? 0 : ALTITUDE_HEIGHT);
  const lanes = cameras.map((camera) => {
    const lane = makeLane(data, camera, scale, { y, leastMinutes: config.NIGHT_GAP_MINUTES });
    y += lane.height + LANE_GAP;
    return lane;
  });
  const bottom = y;
  return {
    height: bottom + FOOT,
    top: HEAD,
    bottom,
    bands: bandsOf(report.skies, main, { scale, cameras, lanes, bottom }),
    ticks: hourTicks(scale, main?.timeZone ?? null),
    zone: zoneName(scale.fromMs, main?.timeZone ?? null),
    sun: main === undefined ? [] : sunLabels(main, scale),
    tracks,
    lanes,
    label: `Timeline of ${countOf(dated.length, 'exposure')} of ${countOf(cameras.length, 'camera')}`,
    others:
      others === 0
        ? ''
        : `${countOf(others, 'frame')} not drawn: no date, or that of another night.`,
  };
}

/** The sky of the site with most frames: of it are the altitudes and the axis. */
export function mainSky(
  skies: readonly SiteNight[],
  rows: readonly NightFrameRow[],
): SiteNight | undefined {
  const counts = groupBy(rows, ({ siteId }) => siteId);
  const framesOf = ({ siteId }: SiteNight): number => counts.get(siteId)?.length ?? 0;
  return [...skies].sort((a, b) => framesOf(b) - framesOf(a))[0];
}

/** Each camera has the twilights of its own site behind it, the altitudes those of the main one. */
function bandsOf(
  skies: readonly SiteNight[],
  main: SiteNight | undefined,
  drawn: {
    readonly scale: Scale;
    readonly cameras: readonly RollCamera<NightFrameRow>[];
    readonly lanes: readonly Lane[];
    readonly bottom: number;
  },
): Timeline['bands'] {
  const { scale, cameras, lanes, bottom } = drawn;
  if (main === undefined) return [];
  const paint = (sky: SiteNight, y: number, height: number): Timeline['bands'] =>
    twilightBands(sky.sky, scale).map((band) => ({ ...band, y, height }));
  const whole = paint(main, HEAD, bottom - HEAD);
  const others = cameras.flatMap((camera, index) => {
    const sky = skies.find(({ siteId }) => siteId === camera.siteId);
    const lane = lanes[index];
    if (sky === undefined || lane === undefined || sky === main) return [];
    return paint(sky, lane.y, lane.height + LANE_GAP);
  });
  return [...whole, ...others];
}

function sunLabels({ sky }: SiteNight, scale: Scale): Timeline['sun'] {
  const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  const label = (ms: number | null | undefined, words: string, anchor: string) =>
    ms === null || ms === undefined || ms < scale.fromMs || ms > scale.toMs
      ? []
      : [{ x: scale.xOf(ms), text: `${words} ${clock(ms)}`, anchor }];
  return [
    ...label(sky.sunset.eveningMs, 'Sunset', 'start'),
    ...label(sky.dark?.fromMs, 'Dark from', 'start'),
    ...label(sky.dark?.toMs, 'Dark until', 'end'),
    ...label(sky.sunset.morningMs, 'Sunrise', 'end'),
  ];
}

/** Steps of the Moon: in twenty minutes its path is a straight line. */
const MOON_STEP_MS = 20 * 60_000;
/** The Moon over a site does not change: kept, since it is the most of the work on a page. */
const MOONS = new Map<string, readonly MoonPoint[]>();
const MOST_MOONS = 500;

function moonOf({ place, sky }: SiteNight, scale: Scale) {
  const { latitudeDeg, longitudeDeg, elevationM } = place;
  const key = [scale.fromMs, scale.toMs, latitudeDeg, longitudeDeg, elevationM].join(' ');
  let points = MOONS.get(key);
  if (points === undefined) {
    const steps = Math.ceil((scale.toMs - scale.fromMs) / MOON_STEP_MS);
    points = Array.from({ length: steps + 1 }, (_, step) => {
      const ms = Math.min(scale.toMs, scale.fromMs + step * MOON_STEP_MS);
      return { ms, altDeg: lookFrom(place, ms).moon.altDeg };
    });
    if (MOONS.size >= MOST_MOONS) MOONS.clear();
    MOONS.set(key, points);
  }
  const percent = Math.round(sky.moonFraction * 100);
  return { points, percent, riseMs: sky.moonriseMs, setMs: sky.moonsetMs };
}

/** A camera of the night. */
export interface Camera {
  /** As `cameraKey` makes it. */
  readonly key: string;
  readonly instrument: string;
  readonly telescope: string;
  /** What it is called among those of the night. */
  readonly name: string;
}

/** Filters of the list that find the frames of a camera; by its name alone, where only one bears it. */
export function filtersOf({ instrument, telescope, name }: Camera): Record<string, string> {
  const isAlone = name === instrument;
  return { INSTRUMENT: instrument, ...(isAlone ? {} : { TELESCOPE: telescope }) };
}

/** Cameras in the order of the timeline, for tables that stand beside it. */
export function camerasOf(rows: readonly NightFrameRow[]): Camera[] {
  const scale = makeScale({ fromMs: 0, toMs: 1 }, 1);
  const options = { minWidth: 1, mergeWithin: 1, mostBars: 1 };
  const firsts = [...groupBy(rows, cameraKey).values()].flatMap((some) => some.slice(0, 1));
  const dated = firsts.map((row) => ({ ...row, dateObsMs: row.dateObsMs ?? 0 }));
  const names = nameCameras(rows);
  return layOut(dated, scale, options).map(({ siteId, telescope, instrument }) => {
    const key = cameraKey({ siteId, telescope, instrument });
    return { key, instrument, telescope, name: names.get(key) ?? instrument };
  });
}
