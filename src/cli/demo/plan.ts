import { findTwilight, noonOf, toHorizontal } from './ephemeris.js';
import { CAMERAS, FILTERS, OBSERVATORY, TARGETS } from './observatory.js';
import type { Camera, Filter, Target } from './observatory.js';

/** One exposure of the night. */
export interface Exposure {
  readonly camera: Camera;
  readonly kind: 'bias' | 'dark' | 'skyflat' | 'object';
  /** Number of the frame within camera and night, from 1. */
  readonly number: number;
  readonly startMs: number;
  readonly exposureSec: number;
  /** Bias and dark frames have none: the shutter is closed. */
  readonly filter: Filter | undefined;
  /** Only for `object`. */
  readonly target: Target | undefined;
  /** Mean level of a sky flat above the bias, ADU. */
  readonly flatLevel: number;
  /** `trail`: a satellite crosses the field; `drift`: the telescope does not follow the sky. */
  readonly weather: 'clear' | 'clouds' | 'trail' | 'drift';
  /** Part of the light that comes through, 0…1. */
  readonly cover: number;
  /** By how much the clock of the camera's computer is ahead when it writes the header. */
  readonly clockAheadSec: number;
  /** Number of the request in the night; science frames of one target share it. */
  readonly request: number;
}

export interface NightPlan {
  readonly night: string;
  /** In the order of the clock, cameras mixed. */
  readonly exposures: readonly Exposure[];
}

/** What an exposure is before the clock and the counter are known to it. */
type Draft = Omit<Exposure, 'camera' | 'number'>;

/** Frames that the counts below are made for. */
const USUAL_FRAMES = 76;
/** Fewest raw frames of which a night of two cameras can be made. */
export const MIN_FRAMES = 30;
export const MAX_FRAMES = 1000;

const NARROW_TARGETS = 5;
const WIDE_TARGETS = 3;
const SCIENCE_SEC: Record<Filter, number> = { B: 300, V: 240, R: 240 };
/** From the start of one science frame to that of the next, if the night is long enough. */
const STEP_MS = 320_000;
/** Clouds come up, close the sky for a while, and go. */
const CLOUD_FRAMES = [0.62, 0.48, 0.34] as const;
const CLOSED_MS = 75 * 60_000;
/** Part of the first camera's frames that it has taken when they close the sky. */
const CLOSED_AFTER = 0.6;
/** The second camera's filter of which nobody took flats. */
const WITHOUT_FLATS: Filter = 'R';
/** Below this altitude of the Sun, degrees, it is dark enough for science; at 50° north, all year. */
const DARK_ALT = -12;
const FLAT_START_ALT = -2;
const FLAT_END_ALT = -8;
const HOUR_MS = 3_600_000;

/**
 * The exposures of one night at the demo's observatory: bias in the afternoon, sky flats at dusk,
 * science in the dark, darks after sunrise.
 *
 * @param night  `YYYY-MM-DD`, the local date of its first evening
 * @param frames how many exposures, MIN_FRAMES to MAX_FRAMES
 * @param size   side of the first camera's detector, pixels; the others in proportion
 */
export function planNight(night: string, frames: number, size?: number): NightPlan {
  const share = Math.min(2, frames / USUAL_FRAMES);
  const count = (usual: number): number => Math.max(1, Math.round(usual * share));
  const calibrations = { bias: count(10), darks: count(3), flats: count(3) };
  const perCamera = calibrations.bias + 2 * calibrations.darks;
  const flats = (CAMERAS.length * FILTERS.length - 1) * calibrations.flats;
  const science = frames - CAMERAS.length * perCamera - flats;
  const wide = Math.round(science * 0.4);
  const clouds = planClouds(night, science - wide);
  const part = size === undefined ? 1 : size / (CAMERAS[0]?.width ?? size);
  const drafts = CAMERAS.map((full, index) => {
    const camera = {
      ...full,
      width: Math.round(full.width * part),
      height: Math.round(full.height * part),
    };
    const isWide = index > 0;
    const count = isWide ? wide : science - wide;
    const filters = isWide ? FILTERS.filter((each) => each !== WITHOUT_FLATS) : FILTERS;
    return {
      camera,
      drafts: [
        ...planBias(night, calibrations.bias, camera),
        ...planFlats(night, calibrations.flats, filters),
        ...planScience(night, count, camera, { clouds, isWide }),
        ...planDarks(night, calibrations.darks, camera),
      ],
    };
  });
  const exposures = drafts.flatMap(({ camera, drafts: own }) =>
    own.map((draft, index) => ({ ...draft, camera, number: index + 1 })),
  );
  return { night, exposures: exposures.sort((a, b) => a.startMs - b.startMs) };
}

/** The last night at the observatory that was over, with its darks, at the instant `nowMs`. */
export function lastNight(nowMs: number): string {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const dayMs = 24 * HOUR_MS;
  for (let back = 0; ; back += 1) {
    const night = new Date(Date.parse(today) - back * dayMs).toISOString().slice(0, 10);
    if (noonOf(night, OBSERVATORY.longitudeDeg) + 22 * HOUR_MS < nowMs) return night;
  }
}

const CALIBRATION = {
  filter: undefined,
  target: undefined,
  flatLevel: 0,
  weather: 'clear',
  cover: 1,
  clockAheadSec: 0,
  request: 0,
} as const;

function twilight(night: string, altDeg: number): { evening: number; morning: number } {
  const found = findTwilight(night, altDeg, OBSERVATORY);
  if (found === undefined) throw new RangeError(`the Sun does not pass ${altDeg}° on ${night}`);
  return found;
}

function planBias(night: string, count: number, camera: Camera): Draft[] {
  const start = twilight(night, 0).evening - 1.5 * HOUR_MS;
  const stepMs = (camera.readoutSec + 2) * 1000;
  return Array.from({ length: count }, (_, index) => ({
    ...CALIBRATION,
    kind: 'bias',
    startMs: start + index * stepMs,
    exposureSec: 0,
  }));
}

function planDarks(night: string, count: number, camera: Camera): Draft[] {
  let startMs = twilight(night, 0).morning;
  return [300, 60].flatMap((exposureSec) =>
    Array.from({ length: count }, (): Draft => {
      const draft = { ...CALIBRATION, kind: 'dark', startMs, exposureSec } as const;
      startMs += (exposureSec + camera.readoutSec + 1) * 1000;
      return draft;
    }),
  );
}

/** The sky fades by a factor of about e per 1.5 minutes: exposures grow, levels sink all the same. */
function planFlats(night: string, perFilter: number, filters: readonly Filter[]): Draft[] {
  const start = twilight(night, FLAT_START_ALT).evening;
  const length = twilight(night, FLAT_END_ALT).evening - start;
  const total = perFilter * filters.length;
  return Array.from({ length: total }, (_, index) => {
    const part = index / total;
    return {
      ...CALIBRATION,
      kind: 'skyflat',
      startMs: Math.round(start + length * part),
      exposureSec: Math.round(8 * 50 ** part) / 10,
      filter: filters[Math.floor(index / perFilter)],
      flatLevel: Math.round(36_000 * 0.45 ** part),
    };
  });
}

/** When clouds dim the sky, and when they close it. */
interface Clouds {
  readonly fromMs: number;
  readonly closedMs: number;
  readonly openMs: number;
}

/** @param count science frames of the first camera */
function planClouds(night: string, count: number): Clouds {
  const dark = twilight(night, DARK_ALT);
  const closedFor = Math.min(CLOSED_MS, (dark.morning - dark.evening) / 5);
  const step = stepOf(night, count);
  const closedMs = dark.evening + Math.max(1, Math.round(count * CLOSED_AFTER)) * step;
  const fromMs = closedMs - CLOUD_FRAMES.length * step;
  return { fromMs, closedMs, openMs: closedMs + closedFor };
}

/** From one frame to the next: as long as it takes, or what the night has for each. */
function stepOf(night: string, count: number): number {
  const dark = twilight(night, DARK_ALT);
  const length = dark.morning - dark.evening;
  return Math.min(STEP_MS, (length - Math.min(CLOSED_MS, length / 5)) / count);
}

/** So short that the star itself is not full: only then can clouds be told by it. */
const SERIES_SEC = 12;
/** High enough to follow a star for an hour and more. */
const SERIES_ALT = 40;

/**
 * The target that stands highest at an instant, of those that were not observed yet. A series is of a
 * field of single stars, if one stands high.
 */
function pickTarget(open: Set<Target>, ms: number, isSeries: boolean): Target | undefined {
  const altitude = (target: Target): number => toHorizontal(target, ms, OBSERVATORY).altDeg;
  const sorted = [...open].sort((a, b) => altitude(b) - altitude(a));
  // Not of one that is too bright even for these.
  const stars = sorted.filter((each) => {
    return each.kind === 'star' && each.magnitude > 10 && altitude(each) > SERIES_ALT;
  });
  const best = (isSeries ? stars[0] : undefined) ?? sorted[0];
  if (best !== undefined) open.delete(best);
  return best;
}

/**
 * Number of the block, from 0, that a frame belongs to: frames of one target. The middle half of the
 * first camera's frames follows one target, so that clouds can be told from a faint field.
 */
function blockOf(index: number, count: number, isWide: boolean): number {
  const part = index / count;
  if (isWide) return Math.floor(part * WIDE_TARGETS);
  if (part < 0.2) return 0;
  return part < 0.7 ? 1 : 2 + Math.floor(((part - 0.7) / 0.3) * (NARROW_TARGETS - 2));
}

function planScience(
  night: string,
  count: number,
  camera: Camera,
  { clouds, isWide }: { readonly clouds: Clouds; readonly isWide: boolean },
): Draft[] {
  const start = twilight(night, DARK_ALT).evening + 1000;
  const stepMs = stepOf(night, count);
  const longestSec = Math.floor((stepMs / 1000 - camera.readoutSec) * 0.9);
  const open = new Set(
    TARGETS.filter(({ field }) => field === 'both' || field === (isWide ? 'wide' : 'narrow')),
  );
  const targets = new Map<number, Target | undefined>();
  const firstRequest = isWide ? NARROW_TARGETS + 1 : 1;
  return Array.from({ length: count }, (_, index) => {
    const planned = start + index * stepMs;
    const isLate = planned + stepMs > clouds.closedMs + 2000;
    const startMs = Math.round(isLate ? planned + clouds.openMs - clouds.closedMs : planned);
    const block = blockOf(index, count, isWide);
    const isSeries = block === 1 && !isWide;
    if (!targets.has(block)) targets.set(block, pickTarget(open, startMs, isSeries));
    const filter = (isSeries ? 'V' : FILTERS[index % FILTERS.length]) ?? 'V';
    const dimmed = isLate
      ? undefined
      : CLOUD_FRAMES[Math.floor((planned - clouds.fromMs) / stepMs)];
    return {
      kind: 'object',
      startMs,
      exposureSec: Math.max(1, Math.min(isSeries ? SERIES_SEC : SCIENCE_SEC[filter], longestSec)),
      filter,
      target: targets.get(block),
      flatLevel: 0,
      weather: dimmed === undefined ? troubleOf(index, count, isWide) : 'clouds',
      cover: dimmed ?? 1,
      // The last frame of the second camera: after a restart its clock stands at local time.
      clockAheadSec: isWide && index === count - 1 ? 3600 : 0,
      request: firstRequest + block,
    };
  });
}

/** One frame with a satellite for each camera, and one for the second that was not guided. */
function troubleOf(index: number, count: number, isWide: boolean): 'clear' | 'trail' | 'drift' {
  if (index === (isWide ? Math.floor(count / 3) : 1)) return 'trail';
  return isWide && index === 2 ? 'drift' : 'clear';
}
