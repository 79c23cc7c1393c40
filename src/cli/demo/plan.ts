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
  readonly weather: 'clear' | 'clouds' | 'trail';
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
const SCIENCE_SEC: Record<Filter, number> = { B: 180, V: 120, R: 120 };
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
  const perCamera =
    calibrations.bias + 2 * calibrations.darks + FILTERS.length * calibrations.flats;
  const science = frames - CAMERAS.length * perCamera;
  const wide = Math.round(science * 0.4);
  const part = size === undefined ? 1 : size / (CAMERAS[0]?.width ?? size);
  const drafts = CAMERAS.map((full, index) => {
    const camera = {
      ...full,
      width: Math.round(full.width * part),
      height: Math.round(full.height * part),
    };
    const isWide = index > 0;
    const targets = pickTargets(night, isWide);
    const firstRequest = isWide ? NARROW_TARGETS + 1 : 1;
    return {
      camera,
      drafts: [
        ...planBias(night, calibrations.bias, camera),
        ...planFlats(night, calibrations.flats),
        ...planScience(night, targets, isWide ? wide : science - wide, camera, firstRequest),
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
function planFlats(night: string, perFilter: number): Draft[] {
  const start = twilight(night, FLAT_START_ALT).evening;
  const length = twilight(night, FLAT_END_ALT).evening - start;
  const total = perFilter * FILTERS.length;
  return Array.from({ length: total }, (_, index) => {
    const part = index / total;
    return {
      ...CALIBRATION,
      kind: 'skyflat',
      startMs: Math.round(start + length * part),
      exposureSec: Math.round(8 * 50 ** part) / 10,
      filter: FILTERS[Math.floor(index / perFilter)],
      flatLevel: Math.round(36_000 * 0.45 ** part),
    };
  });
}

/** For each equal part of the dark hours the target that then stands highest, none twice. */
function pickTargets(night: string, isWide: boolean): Target[] {
  const dark = twilight(night, DARK_ALT);
  const count = isWide ? WIDE_TARGETS : NARROW_TARGETS;
  const open = new Set(
    TARGETS.filter(({ field }) => field === 'both' || field === (isWide ? 'wide' : 'narrow')),
  );
  return Array.from({ length: count }, (_, block) => {
    const middle = dark.evening + ((block + 0.5) / count) * (dark.morning - dark.evening);
    const altitude = (target: Target): number => toHorizontal(target, middle, OBSERVATORY).altDeg;
    const best = [...open].reduce((a, b) => (altitude(b) > altitude(a) ? b : a));
    open.delete(best);
    return best;
  });
}

function planScience(
  night: string,
  targets: readonly Target[],
  count: number,
  camera: Camera,
  firstRequest: number,
): Draft[] {
  const dark = twilight(night, DARK_ALT);
  const slotMs = (dark.morning - dark.evening) / count;
  const longestSec = Math.floor((slotMs / 1000 - camera.readoutSec) * 0.8);
  // One frame with clouds and one with a satellite, so that a newcomer sees what those look like.
  const cloudy = Math.floor(count / 2);
  const crossed = Math.floor(count / 3);
  return Array.from({ length: count }, (_, index) => {
    const block = Math.floor((index * targets.length) / count);
    const filter = FILTERS[index % FILTERS.length] ?? 'V';
    const weather = index === cloudy ? 'clouds' : index === crossed ? 'trail' : 'clear';
    return {
      kind: 'object',
      startMs: Math.round(dark.evening + index * slotMs + 1000),
      exposureSec: Math.max(1, Math.min(SCIENCE_SEC[filter], longestSec)),
      filter,
      target: targets[block],
      flatLevel: 0,
      weather,
      request: firstRequest + block,
    };
  });
}
