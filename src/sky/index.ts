export {
  formatDec,
  formatRa,
  parseAngularSize,
  parseDec,
  parseLatitude,
  parseLongitude,
  parseRa,
  wrapDegrees,
  wrapHalf,
} from './text.js';
export type { RaReading } from './text.js';
export { fromUnitVector, separationDeg, toUnitVector } from './sphere.js';
export type { SkyPoint, UnitVector } from './sphere.js';
export { celestialFrame } from './frames.js';
export type { CelestialFrame, CelestialSystem } from './frames.js';
export type { Footprint } from './footprint.js';
export { capOf, circleRegion, covers, footprintRegion, intersects } from './region.js';
export { pathRegion, polygonRegion } from './region.js';
export type { CircleRegion, PathRegion, PolygonRegion, Region } from './region.js';
export { parseRegion } from './wkt.js';
