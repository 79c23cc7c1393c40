import type { SkyPoint } from '../sky/index.js';
import type { Place } from './look.js';

/** What a header says of the sky; null where it says nothing. Angles are degrees. */
export interface SkyClaims {
  /** Where the frame was taken, as the archive knows it, else as the header says. */
  readonly place: Place;
  /** True if that is a site of the archive. */
  readonly isSite: boolean;
  /** Coordinates in the header itself. */
  readonly latitudeDeg: number | null;
  readonly longitudeDeg: number | null;
  readonly startMs: number;
  readonly exposureSec: number;
  /** True for frames of objects or standards, which are not taken by day. */
  readonly isScience: boolean;
  /** Taken for ICRS; null for frames whose position means nothing. */
  readonly position: SkyPoint | null;
  /** Centre of the image by a WCS that was fitted to stars. */
  readonly solved: SkyPoint | null;
  readonly altDeg: number | null;
  readonly azDeg: number | null;
  readonly airmass: number | null;
  readonly sunAltDeg: number | null;
  readonly moonAltDeg: number | null;
  readonly moonDistanceDeg: number | null;
  readonly siderealDeg: number | null;
}

/** By how much a header may be off, degrees, before something is said of it. */
export interface SkyTolerance {
  readonly toleranceDeg: number;
  /** Least altitude that can be seen in a direction; absent: 0. */
  readonly horizon?: (azDeg: number) => number;
}
