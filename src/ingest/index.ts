export { createIngest, type Ingest, type IngestParts } from './ingest.js';
export { notStored, type IngestResult } from './results.js';
export type { Foreseen } from './foresee.js';
export { STEPS, type Step } from './steps.js';
export { sourceLimits } from './inspect.js';
export { checkTemplates, siteDefaults } from './place.js';
export { loadProfiles, type Profile } from './profiles.js';
export { publicityKeywords } from './rules.js';
export { hdusOfStored, placeOfStored } from './stored-place.js';
export { requireSense } from './sense.js';
export type { Spooled } from './spool.js';
export { AS_IT_STANDS, isChosen, makeCard, profilesFor, type Reading } from './overrides.js';
export { quarantinePath, sweepQuarantine } from './quarantine.js';
export { nightOfRefused, type RefusedParts } from './refused-night.js';
export { createReader, type Reader, type ReaderParts } from './reader.js';
export {
  fileInPlace,
  hashStored,
  readStored,
  type Filed,
  type FilingOptions,
  type FilingParts,
  type LooseFile,
  type StoredFacts,
} from './filing.js';
