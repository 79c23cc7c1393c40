export {
  databasePath,
  inTransaction,
  openCatalog,
  readChanges,
  toCatalogError,
  uniqueViolation,
  type Catalog,
  type Transaction,
} from './db.js';
export { holdsUntil } from './holds.js';
export { touchOfNew, type Touch } from './touches.js';
export { holdLock, isLockHeld } from './lock.js';
export { migrate, requireSchema } from './migrate.js';
export * from './archive.js';
export {
  asDamage,
  holdsDatabase,
  quickCheck,
  requireDatabaseFile,
  requireSound,
  wasCutOff,
} from './soundness.js';
export * from './schema.js';
export {
  ARCHIVE,
  ARCHIVE_VIEWER,
  isTheirs,
  OPERATOR,
  ROLES,
  SCOPES,
  type Actor,
  type Role,
  type Scope,
  type Viewer,
} from './visibility.js';
export { conditionsKey, type Condition } from './conditions.js';
export { checkCube } from './cube.js';
export * from './filters.js';
export * from './frames.js';
export { DIRECTIONS, findUsers, listRelatedAs, type Direction } from './relations.js';
export {
  createTextReader,
  type FrameMember,
  type FrameReader,
  type Seer,
  type FrameShape,
} from './frame-json.js';
export { unpackedKeyword } from './packed-keywords.js';
export * from './versions.js';
export { findOwner, mayDecideFor } from './ownership.js';
export { SORT_COLUMNS, sortColumn, type FrameOrder, type SortKey } from './order.js';
export { deleteFrame, insertFrame, insertHdus, type NewFrame } from './write.js';
export { insertFramesInBulk } from './bulk.js';
export * from './records.js';
export * from './journal.js';
export * from './journal-index.js';
export * from './journal-digests.js';
export * from './rebuild.js';
export { openPyobs, type PyobsDatabase, type PyobsFrame, type PyobsUser } from './pyobs.js';
export { eachFile, eachFileOf, type StoredFile } from './selection.js';
export {
  eachSetup,
  findNearest,
  listSetups,
  readKeywords,
  toSetup,
  type FrameSetup,
  type SetupBound,
  type SetupQuery,
} from './setups.js';
export { listHdus, listHeaders, type StoredHduShape } from './headers.js';
export { listFacets, listNights, type Facet } from './aggregate.js';
export { LONGEST_SUM_SEC, SCIENCE_KINDS, type ObjectSum } from './sightings.js';
export * from './targets.js';
export * from './object-frames.js';
export * from './shares.js';
export { insertShareRecord, type ShareRecord } from './share-records.js';
export * from './rules.js';
export { listUploads, type UploadBatch } from './uploads.js';
export * from './nights.js';
export * from './exposures.js';
export * from './users.js';
export * from './preferences.js';
export { formatSight, listProposals, parseSight, SEES, type Sight } from './sight.js';
export * from './sessions.js';
export * from './jobs.js';
export * from './outbox.js';
export * from './news.js';
export * from './reports.js';
export * from './audit.js';
export { DEED_FILTERS, MAX_DEEDS, parseDeedQuery } from './deed-query.js';
export * from './quarantine.js';
export * from './fixity.js';
export * from './backups.js';
export * from './standing.js';
export * from './kept-aside.js';
export { checkDatabase, copyCatalog, foldLog, openCatalogReadOnly } from './read-only.js';
export type { Correction, CorrectionStep } from './correction-steps.js';
export {
  findChosenProfile,
  findOriginal,
  kindOf,
  listCorrections,
  listVisibleCorrections,
  listVisibleSteps,
  MAX_WHY,
  NO_OVERRIDES,
  overlayCards,
  parseKeyword,
  parseOverrides,
  parseWhy,
  toOverrides,
  type CorrectionValue,
  type Overrides,
} from './corrections.js';
export * from './notes.js';
export * from './revise.js';
export * from './trash.js';
export * from './unmeasured.js';
export {
  findSolution,
  readSolutionStatus,
  recordSolution,
  type Solution,
  type SolutionCard,
  type SolutionStatus,
} from './solutions.js';
export {
  askSolver,
  claimSolving,
  countWaiting,
  countSolving,
  endSolving,
  queueNewFrames,
  requestSolutions,
  type SolvingCounts,
  type SolvingEnd,
  type SolvingRequest,
  type SolvingTask,
} from './solving-queue.js';
export {
  findUncheckedField,
  isSolvedUnmeasured,
  listLikeFields,
  mayAskSolver,
  setStarState,
  type StarField,
  type StarState,
} from './star-fields.js';
export * from './listed.js';
export * from './measures.js';
export { readFirstCopies, type FirstCopy } from './pixel-copies.js';
export { endUndated, listUndated, queueUndatedOf } from './undated.js';
export { SETTING_NAMES, type HeaderSettings } from './camera-settings.js';
export * from './measure-queue.js';
export * from './findings.js';
export * from './marks.js';
export { noteOtherName, readOtherNames, type OtherName } from './other-names.js';
export * from './mark-runs.js';
export { FLAGS, type Flag } from './filters/quality.js';
export * from './judging.js';
export { listNightDetails, type NightDetail } from './night-details.js';
