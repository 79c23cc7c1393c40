export { createNights, type NightQuery, type Nights } from './nights.js';
export type { NightPage, NightSummary } from './page.js';
export type { NightOverview } from './overview.js';
export type { NightOptions, NightParts, NightReport, RefusedUpload } from './night.js';
export { isBetweenFrames, type Gap, type InstrumentUse } from './shutter.js';
export type { NightMedians } from './medians.js';
export type { SiteNight } from './sky.js';
export type { FilterSum, NightTarget } from './observed.js';
export type { Missing } from './missing.js';
