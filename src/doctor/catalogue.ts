import { dirname, join } from 'node:path';
import {
  asDamage,
  countUnjournaled,
  databasePath,
  isLockHeld,
  openCatalogReadOnly,
  quickCheck,
  readNewestDate,
  readQueue,
  requireDatabaseFile,
  requireSchema,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { auditState, backupState, journalFolder, lookAtJournal } from '../keeping/index.js';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { statFile } from '../lib/files.js';
import { formatInstant } from '../lib/time.js';
import { holdsAnyFile, markerPath } from '../store/index.js';
import { about, type Finding } from './finding.js';

const LOOK_MS = 5_000;
const LARGE_LOG_BYTES = 512 * 2 ** 20;
const DAY_MS = 86_400_000;
/** An audit that is late by half a round has stopped. */
const LATE_ROUND = 1.5;
const RECOVER =
  'Keep a copy of it; then bring back the last back-up with `platevault restore`, or make the catalogue anew from the files with `platevault reindex`.';

/** Beside a tree of frames a start is refused; an empty file is as good as none. */
const LOST =
  'There are frames in ARCHIVE_ROOT, so it is lost. Is its disk mounted? Else make it anew from them with `platevault reindex`, or bring back the last back-up with `platevault restore`.';
const FRESH =
  'Start the server once for a new archive; else mount its disk, or `platevault restore`.';

/** The database, and what it tells of frames, back-ups, audit and work. It is only looked at. */
export async function checkCatalogue(config: Config): Promise<Finding[]> {
  const { fail } = about('database');
  const path = databasePath(config.DATABASE_URL);
  const found = await statFile(path);
  if (found === undefined || found.size === 0) {
    // What is wrong with a root that cannot be read is told of the root.
    const isLost = await holdsAnyFile(config.ARCHIVE_ROOT).catch(() => false);
    const advice = isLost ? LOST : FRESH;
    return [fail(`There is no catalogue at ${path}.`, advice), ...(await checkServer(config))];
  }
  const server = await checkServer(config);
  try {
    await requireDatabaseFile(path);
    const catalog = openCatalogReadOnly(path);
    try {
      return [
        ...(await checkPages(catalog, path)),
        ...server,
        ...(await checkContent(catalog, config)),
      ];
    } finally {
      await catalog.close();
    }
  } catch (error) {
    return [toFinding(asDamage(error, path), path), ...server];
  }
}

function toFinding(error: unknown, path: string): Finding {
  const { fail } = about('database');
  if (hasCode(error, 'damaged')) return fail(messageOf(error), RECOVER);
  if (hasCode(error, 'database_version'))
    return fail(messageOf(error), 'Use the program that fits.');
  if (error instanceof AppError) return fail(error.message, 'Look at the disk and at the rights.');
  return fail(`The catalogue ${path} cannot be used: ${messageOf(error)}.`, RECOVER);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function checkPages(catalog: Catalog, path: string): Promise<Finding[]> {
  const { ok, warn, fail } = about('database');
  const faults = await quickCheck(catalog, LOOK_MS);
  if (faults.length > 0) return [fail(`The catalogue is damaged: ${faults.join('; ')}`, RECOVER)];
  await requireSchema(catalog);
  const log = (await statFile(`${path}-wal`))?.size ?? 0;
  const sound = ok(`The catalogue ${path} is sound, as far as was looked, and fits the program.`);
  if (log < LARGE_LOG_BYTES) return [sound];
  const text = `Its log of changes has ${Math.round(log / 2 ** 20)} MiB.`;
  return [
    sound,
    warn(text, 'Something keeps it open for reading: a back-up, or a database browser?'),
  ];
}

async function checkServer({ ARCHIVE_ROOT }: Config): Promise<Finding[]> {
  const { ok, warn } = about('server');
  try {
    const isRunning = await isLockHeld(join(ARCHIVE_ROOT, '.platevault', 'server.lock'));
    return [ok(isRunning ? 'A server is at work on this archive.' : 'No server is running.')];
  } catch (error) {
    const text = `Whether a server is running cannot be told (${systemCode(error) ?? messageOf(error)}).`;
    return [warn(text, 'Look at the rights of .platevault/server.lock in ARCHIVE_ROOT.')];
  }
}

async function checkContent(catalog: Catalog, config: Config): Promise<Finding[]> {
  return [
    await checkDates(catalog),
    await checkBackups(catalog, config),
    await checkAudit(catalog, config),
    await checkJobs(catalog),
    await checkJournal(catalog, config),
  ];
}

/** Without it a lost catalogue cannot be made anew as it was. */
async function checkJournal(catalog: Catalog, { ARCHIVE_ROOT }: Config): Promise<Finding> {
  const { ok, fail } = about('journal');
  const folder = journalFolder({ stateDir: dirname(markerPath(ARCHIVE_ROOT)) });
  const fault = await lookAtJournal(catalog, folder);
  if (fault !== undefined) {
    return fail(
      fault.text,
      '`platevault check` tells more, `platevault journal rebuild` mends it.',
    );
  }
  const waiting = await countUnjournaled(catalog);
  return ok(`The journal in the tree is there; ${waiting} changes have still to be told.`);
}

async function checkDates(catalog: Catalog): Promise<Finding> {
  const { ok, warn } = about('clock');
  const newest = await readNewestDate(catalog);
  if (newest === undefined) return ok('There is no dated frame yet.');
  const text = `The newest frame is of ${formatInstant(newest)}.`;
  if (newest <= Date.now() + DAY_MS) return ok(text);
  return warn(`${text} That lies ahead.`, 'Set the clock of the camera, or of this machine.');
}

async function checkBackups(catalog: Catalog, config: Config): Promise<Finding> {
  const { ok, warn, fail } = about('back-up');
  const { isOn, last, error, isOverdue } = await backupState(catalog, config);
  const when = last === null ? 'None was completed yet' : `Last ${formatInstant(last.startedMs)}`;
  if (isOn && error !== null) {
    return fail(
      `${when}; the latest one failed: ${error}`,
      'See `platevault log`, then `platevault backup`.',
    );
  }
  if (isOverdue)
    return fail(`${when}: later than expected.`, 'Is the server running? Run `platevault backup`.');
  if (last === null) return warn(`${when}.`, 'Run `platevault backup`, or set BACKUP_TARGET.');
  return ok(`${when}.`);
}

async function checkAudit(catalog: Catalog, config: Config): Promise<Finding> {
  const { ok, warn, fail } = about('audit');
  const { isOn, findings, share, roundStartedMs, days } = await auditState(catalog, config);
  if (findings.length > 0) {
    const text = `${findings.length} stored files are not as they were stored.`;
    return fail(
      text,
      'See /admin/ or `platevault check`; send them again, or `platevault restore`.',
    );
  }
  if (!isOn) return warn('No file is ever read again: AUDIT_DAYS is 0.', 'Set it to 30, say.');
  const lateMs =
    roundStartedMs === null ? 0 : Date.now() - roundStartedMs - days * DAY_MS * LATE_ROUND;
  const text = `${Math.floor(share * 100)} % of this round is read.`;
  if (lateMs <= 0 || share >= 1) return ok(text);
  return warn(`${text} It should have ended.`, 'Raise AUDIT_BYTES_PER_SECOND, or AUDIT_DAYS.');
}

async function checkJobs(catalog: Catalog): Promise<Finding> {
  const { ok, warn } = about('work');
  const { failed, due } = await readQueue(catalog);
  if (failed === 0) return ok(`No background work has failed; ${due} waiting.`);
  return warn(`${failed} jobs have failed.`, 'The page /admin/ tells why, and tries them again.');
}
