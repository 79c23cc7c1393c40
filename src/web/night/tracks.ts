import { groupBy } from '../../lib/groups.js';
import { round, type Scale } from '../roll/scale.js';
import type { NightFrameRow } from './data.js';

/** Paths of targets and Moon over the night: across in thousandths of the width, down in degrees. */
export interface Tracks {
  readonly y: number;
  readonly height: number;
  readonly lines: readonly { readonly y: number; readonly text: string }[];
  /** Each stretch in which a target was observed. */
  readonly paths: readonly string[];
  readonly labels: readonly TrackLabel[];
  readonly moon: { readonly line: string; readonly area: string } | null;
}

/** A name beside a path: x in per cent, `dx` and y in pixels. */
interface TrackLabel {
  readonly x: number;
  readonly dx: number;
  readonly y: number;
  readonly anchor: 'start' | 'end' | 'middle';
  readonly text: string;
  readonly isMoon: boolean;
}

/** Where the Moon, or a target, stands. */
export interface MoonPoint {
  readonly ms: number;
  readonly altDeg: number;
}

/** What is known of the Moon of a night. */
interface Moon {
  readonly points: readonly MoonPoint[];
  readonly percent: number;
  readonly riseMs: number | null;
  readonly setMs: number | null;
}

/** Targets that are drawn: the longest observed; more could not be told apart. */
const MOST_TARGETS = 12;
/** After a longer break a path begins anew. */
const BREAK_MS = 45 * 60_000;
/** Width that labels are laid out for, and that of a letter; pixels. */
const USUAL_WIDTH = 1250;
const LETTER = 6.3;
const LINE = 13;

/** The altitudes of what was observed; null if neither frames nor Moon tell any. */
export function toTracks(
  rows: readonly NightFrameRow[],
  scale: Scale,
  { y, height, moon }: { readonly y: number; readonly height: number; readonly moon: Moon | null },
): Tracks | null {
  const seen = rows.filter(({ isScience, altDeg, target }) => {
    return isScience && altDeg !== null && target !== '';
  });
  const targets = [...groupBy(seen, ({ target }) => target)]
    .sort(([, a], [, b]) => secondsOf(b) - secondsOf(a))
    .slice(0, MOST_TARGETS);
  if (targets.length === 0 && moon === null) return null;
  const yOf = (altDeg: number): number => y + height * (1 - Math.min(90, altDeg) / 90);
  const runs = targets.map(([name, some]) => ({ name, stretches: stretchesOf(some) }));
  const place = createPlaces(
    runs.flatMap(({ stretches }) => stretches.flatMap((points) => dotsOf(points, scale, yOf))),
  );
  const labels = runs.flatMap(({ name, stretches }) => {
    return place.near(name, stretches.flat(), scale, yOf);
  });
  return {
    y,
    height,
    lines: [90, 60, 30, 0].map((deg) => ({ y: round(yOf(deg)), text: `${deg}°` })),
    paths: runs.flatMap(({ stretches }) => stretches.map((points) => lineOf(points, scale))),
    labels: [...labels, ...moonLabel(moon, scale, yOf, place)],
    moon: moon === null ? null : moonPaths(moon, scale),
  };
}

function secondsOf(rows: readonly NightFrameRow[]): number {
  return rows.reduce((sum, { exposureSec }) => sum + (exposureSec ?? 0), 0);
}

type Point = MoonPoint;

/** From the start of the first frame to the end of the last, without the breaks. */
function stretchesOf(rows: readonly NightFrameRow[]): Point[][] {
  const stretches: Point[][] = [];
  let endMs = -Infinity;
  const close = (): void => {
    const points = stretches.at(-1);
    const last = points?.at(-1);
    if (points === undefined || last === undefined || endMs <= last.ms) return;
    // The header tells of the start of a frame: its end lies on the same slope.
    const before = points.at(-2);
    const slope =
      before === undefined ? 0 : (last.altDeg - before.altDeg) / Math.max(1, last.ms - before.ms);
    points.push({ ms: endMs, altDeg: last.altDeg + slope * (endMs - last.ms) });
  };
  for (const { dateObsMs, exposureSec, altDeg } of rows) {
    if (dateObsMs === null || altDeg === null || altDeg < 0) continue;
    if (dateObsMs - endMs > BREAK_MS) {
      close();
      stretches.push([]);
    }
    stretches.at(-1)?.push({ ms: dateObsMs, altDeg });
    endMs = Math.max(endMs, dateObsMs + (exposureSec ?? 0) * 1000);
  }
  close();
  return stretches;
}

function lineOf(points: readonly Point[], scale: Scale): string {
  const steps = points.map(({ ms, altDeg }) => {
    return `${round(scale.xOf(ms) * 10)} ${round(90 - Math.min(90, altDeg))}`;
  });
  return `M${steps.join('L')}`;
}

function moonPaths({ points }: Moon, scale: Scale): Tracks['moon'] {
  const up: Point[][] = [];
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (point.altDeg < 0) {
      // Down to the horizon, not to the last step above it.
      if (before !== undefined && before.altDeg >= 0) up.at(-1)?.push(onHorizon(before, point));
      continue;
    }
    if (before === undefined || before.altDeg < 0) up.push([]);
    if (before !== undefined && before.altDeg < 0) up.at(-1)?.push(onHorizon(before, point));
    up.at(-1)?.push(point);
  }
  if (up.length === 0) return null;
  const area = up.map((some) => {
    const [first, last] = [some[0], some.at(-1)];
    if (first === undefined || last === undefined) return '';
    return `${lineOf(some, scale)}L${round(scale.xOf(last.ms) * 10)} 90L${round(scale.xOf(first.ms) * 10)} 90Z`;
  });
  return { line: up.map((some) => lineOf(some, scale)).join(''), area: area.join('') };
}

function onHorizon(a: Point, b: Point): Point {
  return { ms: a.ms + ((b.ms - a.ms) * a.altDeg) / (a.altDeg - b.altDeg), altDeg: 0 };
}

function moonLabel(
  moon: Moon | null,
  scale: Scale,
  yOf: (altDeg: number) => number,
  place: Places,
): TrackLabel[] {
  if (moon === null) return [];
  const { percent, riseMs, setMs, points } = moon;
  const up = points.filter(({ altDeg }) => altDeg > 3);
  if (up.length === 0) return [];
  const clock = (ms: number | null, word: string): string =>
    ms === null || ms < scale.fromMs || ms > scale.toMs
      ? ''
      : `, ${word} ${new Date(ms).toISOString().slice(11, 16)}`;
  const text = `Moon ${percent}\u202f%${clock(riseMs, 'rises')}${clock(setMs, 'sets')}`;
  // Along its path, where no name of a target stands yet.
  for (const share of [0.12, 0.3, 0.5, 0.7, 0.88]) {
    const point = up[Math.floor(share * (up.length - 1))];
    if (point === undefined) continue;
    const x = scale.xOf(point.ms);
    const label = { x, dx: 0, y: round(yOf(point.altDeg) - 9), anchor: 'middle' as const, text };
    if (place.take(label)) return [{ ...label, isMoon: true }];
  }
  return [];
}

interface Places {
  /** Takes the room of a label, unless another one stands there. */
  take(label: Omit<TrackLabel, 'isMoon'>): boolean;
  /** A name behind, before or above a path, wherever there is room; nothing if nowhere. */
  near(
    name: string,
    points: readonly Point[],
    scale: Scale,
    yOf: (altDeg: number) => number,
  ): TrackLabel[];
}

/** Pixels between two points of a path that names keep away from. */
const DOT_STEP = 6;

interface Dot {
  readonly x: number;
  readonly y: number;
}

/** A path as points in pixels of the usual width. */
function dotsOf(points: readonly Point[], scale: Scale, yOf: (altDeg: number) => number): Dot[] {
  const xOf = (ms: number): number => (scale.xOf(ms) / 100) * USUAL_WIDTH;
  return points.slice(1).flatMap((to, index) => {
    const from = points[index] ?? to;
    const steps = Math.max(1, Math.ceil((xOf(to.ms) - xOf(from.ms)) / DOT_STEP));
    return Array.from({ length: steps + 1 }, (_, step) => ({
      x: xOf(from.ms) + ((xOf(to.ms) - xOf(from.ms)) * step) / steps,
      y: yOf(from.altDeg) + ((yOf(to.altDeg) - yOf(from.altDeg)) * step) / steps,
    }));
  });
}

/** @param dots what names are not written over */
function createPlaces(dots: readonly Dot[]): Places {
  const taken: { readonly x0: number; readonly x1: number; readonly y: number }[] = [];
  const take: Places['take'] = ({ x, dx, y, anchor, text }) => {
    const width = text.length * LETTER;
    const at = (x / 100) * USUAL_WIDTH + dx;
    const x0 = anchor === 'start' ? at : anchor === 'end' ? at - width : at - width / 2;
    const x1 = x0 + width;
    const isFree = taken.every((each) => {
      return x1 < each.x0 || x0 > each.x1 || Math.abs(y - each.y) >= LINE;
    });
    const isClear = dots.every((dot) => {
      return dot.x < x0 || dot.x > x1 || dot.y > y + 2 || dot.y < y - LINE + 3;
    });
    if (!isFree || !isClear || x0 < 0 || x1 > USUAL_WIDTH) return false;
    taken.push({ x0: x0 - 4, x1: x1 + 4, y });
    return true;
  };
  return {
    take,
    near(text, points, scale, yOf) {
      const [first, last] = [points[0], points.at(-1)];
      if (first === undefined || last === undefined) return [];
      const [from, to] = [scale.xOf(first.ms), scale.xOf(last.ms)];
      const [start, end] = [yOf(first.altDeg), yOf(last.altDeg)];
      const tries: readonly Omit<TrackLabel, 'isMoon' | 'text'>[] = [
        { x: to, dx: 6, y: end + 4, anchor: 'start' },
        { x: from, dx: -6, y: start + 4, anchor: 'end' },
        { x: from, dx: 0, y: start - 6, anchor: 'start' },
        { x: to, dx: 0, y: end + 15, anchor: 'end' },
      ];
      for (const each of tries) {
        const label = { ...each, y: round(Math.max(32, each.y)), text };
        if (take(label)) return [{ ...label, isMoon: false }];
      }
      return [];
    },
  };
}
