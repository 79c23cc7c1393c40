export { footprintOf, imageSizeOf } from './footprint.js';
export type { ImageSize } from './footprint.js';
export { lookupRequests } from './lookup.js';
export type { LookupRequest, LookupTable } from './lookup.js';
export { provisionalFootprint } from './provisional.js';
export { readWcs, wcsOf } from './read.js';
export type { WcsOptions, WcsReading } from './read.js';
export type { PixelPoint, Wcs, WorldPoint } from './wcs.js';
