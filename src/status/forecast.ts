import type { NightBytes } from '../catalog/index.js';

/** When a disk will be full, if nights go on as the last ones did. */
export interface Forecast {
  /** Nights with frames that still fit. */
  readonly nights: number;
  /** What one of them brings on the average. */
  readonly bytesPerNight: number;
}

/** A forecast looks at so many nights. */
export const FORECAST_NIGHTS = 30;
/** After so long without a frame nobody observes any more. */
const QUIET_MS = 60 * 86_400_000;
/** Farther ahead than about thirty years nothing is foretold. */
const MOST_NIGHTS = 10_000;

/**
 * @param nights the last ones with frames, oldest first
 * @returns undefined where the end is not in sight
 */
export function forecastDisk(
  nights: readonly NightBytes[],
  freeBytes: number,
  nowMs: number,
): Forecast | undefined {
  const last = nights.at(-1);
  if (last === undefined || nowMs - Date.parse(last.night) > QUIET_MS) return undefined;
  const bytesPerNight = nights.reduce((sum, { bytes }) => sum + bytes, 0) / nights.length;
  if (bytesPerNight <= 0) return undefined;
  const left = Math.floor(Math.max(0, freeBytes) / bytesPerNight);
  return left > MOST_NIGHTS ? undefined : { nights: left, bytesPerNight };
}
