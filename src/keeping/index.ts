export { checkArchive, type CheckProgress, type Difference } from './check.js';
export { backUp, type BackupParts, type BackupResult } from './backup.js';
export {
  backupState,
  startBackups,
  type BackupSchedule,
  type BackupState,
} from './backup-schedule.js';
export { normalizeAddress, openTarget, type BackupTarget } from './backup-target.js';
export { chooseSnapshot, listSnapshots, verifyBackup, type BackupFault } from './backup-verify.js';
export { describeAway, parseSnapshotName, type Snapshot } from './backup-manifest.js';
export { restore } from './restore.js';
export { openRoot, requireNewArchive, type RootOptions } from './root.js';
export {
  auditState,
  startAudit,
  type Auditor,
  type AuditFinding,
  type AuditState,
} from './audit.js';
export { createMending, isMendable, type Examination, type Mend, type Mending } from './mending.js';
export {
  createRevisions,
  type Corrected,
  type CorrectionChange,
  type Revisions,
} from './revisions.js';
export { createTrash, type Trash } from './trash.js';
export { TRASH_STEPS, type TrashStep } from './trash-steps.js';
export {
  journalFolder,
  lookAtJournal,
  rebuildJournal,
  startJournal,
  writeJournal,
  type Journal,
} from './journal.js';
export { adoptedFilesOf, adoptTree, type AdoptOptions } from './adopt.js';
export { importPyobs, type Imported, type ImportOptions } from './import-pyobs.js';
export type { LooseParts, LooseResult } from './loose.js';
export {
  reindex,
  type Finding,
  type ReindexOptions,
  type ReindexParts,
  type ReindexSummary,
} from './reindex.js';
export { openToLook, type Looked } from './look.js';
