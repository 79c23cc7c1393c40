export {
  databasePath,
  inTransaction,
  openCatalog,
  readChanges,
  toCatalogError,
  uniqueViolation,
  type Catalog,
} from './db.js';
export { holdLock } from './lock.js';
export { migrate } from './migrate.js';
export * from './schema.js';
export {
  OPERATOR,
  ROLES,
  SCOPES,
  type Actor,
  type Role,
  type Scope,
  type Viewer,
} from './visibility.js';
export type { Condition } from './conditions.js';
export { checkCube } from './cube.js';
export * from './filters.js';
export * from './frames.js';
export * from './versions.js';
export { SORT_COLUMNS, type FrameOrder } from './order.js';
export { deleteFrame, insertFrame, insertFramesInBulk, type NewFrame } from './write.js';
export { eachFile, eachFileOf, type StoredFile } from './selection.js';
export {
  eachSetup,
  listSetups,
  readKeywords,
  toSetup,
  type FrameSetup,
  type SetupBound,
} from './setups.js';
export { listHdus, listHeaders, type StoredHduShape } from './headers.js';
export { listFacets, listNights, type Facet } from './aggregate.js';
export * from './users.js';
export * from './sessions.js';
export * from './jobs.js';
export * from './outbox.js';
export * from './audit.js';
export * from './quarantine.js';
