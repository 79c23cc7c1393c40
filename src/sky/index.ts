export { formatDec, formatRa, parseDec, parseLongitude, parseRa, wrapDegrees } from './text.js';
export type { RaReading } from './text.js';
export { fromUnitVector, separationDeg, toUnitVector } from './sphere.js';
export type { SkyPoint, UnitVector } from './sphere.js';
export { celestialFrame } from './frames.js';
export type { CelestialFrame, CelestialSystem } from './frames.js';
export type { Footprint } from './footprint.js';
