import type { Footprint, SkyPoint } from '../sky/index.js';

/** [RA, Dec], degrees. */
type Pair = readonly [number, number];

/** The columns of a footprint. */
export interface FootprintColumns {
  /** JSON of StoredFootprint. */
  readonly footprint: string | null;
  /** JSON of the polygon, closed: positions as pairs. RFC 7946 §3.1.6. */
  readonly ring: string | null;
}

/** A footprint without its polygon as the catalogue keeps it: under the keys by which lists show it. */
export interface StoredFootprint {
  readonly center: Pair | null;
  readonly corners: readonly (Pair | null)[];
  readonly pixel_scale: number;
  readonly rotation: number;
  readonly mirrored: boolean;
  /** RA, Dec, radius, degrees. */
  readonly circle: readonly [number, number, number];
  readonly provisional: boolean;
}

/** SQL of the scale of a frame, arcseconds per pixel; null where there is none. */
export const PIXEL_SCALE_SQL = `frames.footprint ->> '$.pixel_scale'`;

/** SQL of whether a footprint is a guess of pointing and scale; null where there is none. */
export const PROVISIONAL_SQL = `frames.footprint ->> '$.provisional'`;

/** What is kept of a footprint: texts that lists show as they are. */
export function formatFootprint(footprint: Footprint | null): FootprintColumns {
  if (footprint === null) return { footprint: null, ring: null };
  const { center, corners, pixelScaleArcsec, rotationDeg, mirrored, cap, provisional, polygon } =
    footprint;
  const pair = ({ raDeg, decDeg }: SkyPoint): Pair => [raDeg, decDeg];
  const pairOrNull = (at: SkyPoint | null): Pair | null => (at === null ? null : pair(at));
  const stored: StoredFootprint = {
    center: pairOrNull(center),
    corners: corners.map(pairOrNull),
    pixel_scale: pixelScaleArcsec,
    rotation: rotationDeg,
    mirrored,
    circle: [cap.raDeg, cap.decDeg, cap.radiusDeg],
    provisional,
  };
  const ring = polygon === null ? [] : [...polygon, ...polygon.slice(0, 1)].map(pair);
  return {
    footprint: JSON.stringify(stored),
    ring: ring.length === 0 ? null : JSON.stringify(ring),
  };
}

/** Back again, from texts that `formatFootprint` has written. */
export function parseFootprint({ footprint, ring }: FootprintColumns): Footprint | null {
  if (footprint === null) return null;
  const stored = JSON.parse(footprint) as StoredFootprint;
  return toFootprint(stored, ring === null ? null : (JSON.parse(ring) as Pair[]));
}

/** The same from what was read of the texts. */
export function toFootprint(stored: StoredFootprint, ring: readonly Pair[] | null): Footprint {
  const { center, corners, pixel_scale, rotation, mirrored, circle, provisional } = stored;
  const point = ([raDeg, decDeg]: Pair): SkyPoint => ({ raDeg, decDeg });
  const pointOrNull = (at: Pair | null): SkyPoint | null => (at === null ? null : point(at));
  const [raDeg, decDeg, radiusDeg] = circle;
  return {
    corners: corners.map(pointOrNull),
    polygon: ring?.slice(0, -1).map(point) ?? null,
    center: pointOrNull(center),
    pixelScaleArcsec: pixel_scale,
    rotationDeg: rotation,
    mirrored,
    cap: { raDeg, decDeg, radiusDeg },
    provisional,
  };
}
