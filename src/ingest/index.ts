export {
  createIngest,
  notStored,
  type Ingest,
  type IngestParts,
  type IngestResult,
} from './ingest.js';
export { compareStore, type Difference } from './compare.js';
export { sourceLimits } from './inspect.js';
export { checkTemplates } from './place.js';
export { loadProfiles, type Profile } from './profiles.js';
export type { Spooled } from './spool.js';
