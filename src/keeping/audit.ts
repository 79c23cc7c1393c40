import { setTimeout as wait } from 'node:timers/promises';
import {
  ARCHIVE,
  listDamaged,
  listDue,
  readAuditProgress,
  readMark,
  recordChecks,
  recordDeed,
  writeMark,
  type Catalog,
  type CheckResult,
  type KeptVersion,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { errorFields, type Log } from '../lib/log.js';
import { partAwayOf, type Store } from '../store/index.js';
import { examineTwice } from './examine.js';

export interface AuditParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
  readonly log: Log;
  /** True while something goes on that must not be slowed down. */
  readonly isBusy: () => boolean;
}

export interface Auditor {
  /** Resolves when the piece that is being read has been let go. */
  close(): Promise<void>;
}

/** What the audit has to tell. Instants are epoch ms. */
export interface AuditState {
  /** False with AUDIT_DAYS=0. */
  readonly isOn: boolean;
  readonly days: number;
  /** Null before the first round. */
  readonly roundStartedMs: number | null;
  /** Part of all bytes that was read in this round, 0…1. */
  readonly share: number;
  readonly files: number;
  readonly bytes: number;
  readonly doneFiles: number;
  readonly doneBytes: number;
  /** Files that were never read since they came. */
  readonly neverRead: number;
  /** When the file whose reading lies back farthest was read. */
  readonly oldestMs: number | null;
  /** Bytes per second that are needed to end the round in time. */
  readonly bytesPerSecond: number;
  /** When the round is expected to end; null if there is nothing to do. */
  readonly expectedEndMs: number | null;
  readonly findings: readonly AuditFinding[];
}

/** A file that was not what it should be when it was last looked at. */
export interface AuditFinding {
  readonly frameId: number;
  readonly basename: string;
  readonly version: number;
  readonly key: string;
  readonly result: Exclude<CheckResult, 'ok'>;
  readonly foundMs: number;
}

const DAY_MS = 86_400_000;
/** Names of the numbers that outlive the process. */
const ROUND = 'audit_round_ms';
const REPORTED = 'audit_reported_ms';
/** Versions asked for at once. */
const BATCH = 20;
/** Pauses between two looks when there is nothing to do, or something is wrong. */
const LONGEST_REST_MS = 3_600_000;
const TROUBLE_REST_MS = 60_000;
/** After a start the server has better things to do. */
const FIRST_REST_MS = 2_000;
/** A piece waits this long at most for a quiet moment: rather slowly than never. */
const YIELD_MS = 5_000;
const YIELD_STEP_MS = 100;

/**
 * Reads every stored file once in AUDIT_DAYS and compares it with its SHA-256, evenly spread, oldest
 * reading first. All it knows of its way stands in the rows: it goes on where another process ended.
 * Only lengths of time are measured by the wall clock, so a clock that jumps can make it quicker, up
 * to AUDIT_BYTES_PER_SECOND, or begin a round anew, and nothing else.
 */
export function startAudit(parts: AuditParts): Auditor {
  const stop = new AbortController();
  const rest = (ms: number): Promise<unknown> =>
    wait(ms, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
  const away = createAway();
  const loop = async (): Promise<void> => {
    await rest(FIRST_REST_MS);
    while (!stop.signal.aborted) {
      const pause = await runBatch(parts, away, stop.signal).catch((error: unknown) => {
        if (!stop.signal.aborted) parts.log.warn('the audit cannot go on', errorFields(error));
        return TROUBLE_REST_MS;
      });
      await rest(pause);
    }
  };
  const done = parts.config.AUDIT_DAYS === 0 ? Promise.resolve() : loop();
  return {
    async close() {
      stop.abort();
      await done;
    },
  };
}

/** Parts of the archive whose disks are away: the rest of it is read meanwhile. */
interface Away {
  /** Keys of their folders; each is looked for again after an hour. */
  folders(): readonly string[];
  /** @returns true if it was there until now */
  add(folder: string): boolean;
}

function createAway(): Away {
  const since = new Map<string, number>();
  return {
    folders() {
      for (const [folder, at] of since) {
        if (performance.now() - at > LONGEST_REST_MS) since.delete(folder);
      }
      return [...since.keys()];
    },
    add(folder) {
      const isNew = !since.has(folder);
      since.set(folder, performance.now());
      return isNew;
    },
  };
}

/** Reads the next few files at the pace of the round. @returns time to rest, ms */
async function runBatch(parts: AuditParts, away: Away, signal: AbortSignal): Promise<number> {
  const { catalog, config } = parts;
  const nowMs = Date.now();
  const startedMs = await beginRound(catalog, nowMs);
  const due = await listDue(catalog, { startedMs, nowMs }, BATCH, away.folders());
  const nextMs = startedMs + config.AUDIT_DAYS * DAY_MS;
  if (due.length === 0) {
    await endRound(parts, startedMs, nowMs);
    if (nextMs > nowMs) return Math.min(LONGEST_REST_MS, nextMs - nowMs);
    await writeMark(catalog.write, ROUND, nowMs);
    return 0;
  }
  const { dueBytes } = await readAuditProgress(catalog, { startedMs, nowMs });
  const rate = rateOf(dueBytes, nextMs - nowMs, config.AUDIT_BYTES_PER_SECOND);
  for (const version of due) {
    const began = performance.now();
    await auditVersion(parts, version, signal).catch((error: unknown) => {
      const folder = partAwayOf(error);
      if (folder === undefined) throw error;
      if (away.add(folder)) parts.log.warn('the audit leaves out a disk', errorFields(error));
    });
    const longMs = (version.sizeBytes / rate) * 1000 - (performance.now() - began);
    await wait(Math.min(Math.max(longMs, 0), LONGEST_REST_MS), undefined, { signal, ref: false });
  }
  return 0;
}

/** Bytes per second with which the rest of a round ends in time, as far as it may. */
function rateOf(dueBytes: number, leftMs: number, mostPerSecond: number): number {
  if (leftMs <= 0) return mostPerSecond;
  return Math.min(mostPerSecond, Math.max(1, (dueBytes / leftMs) * 1000));
}

/** Time at which the round at hand began; a new one if there is none, or it seems to lie ahead. */
async function beginRound(catalog: Catalog, nowMs: number): Promise<number> {
  const known = await readMark(catalog, ROUND);
  if (known !== undefined && known < nowMs + DAY_MS) return known;
  await writeMark(catalog.write, ROUND, nowMs);
  return nowMs;
}

/** Says once that a round is over. */
async function endRound(parts: AuditParts, startedMs: number, nowMs: number): Promise<void> {
  const { catalog, log } = parts;
  if ((await readMark(catalog, REPORTED)) === startedMs) return;
  const { doneFiles, doneBytes } = await readAuditProgress(catalog, { startedMs, nowMs });
  await writeMark(catalog.write, REPORTED, startedMs);
  if (doneFiles === 0) return;
  const damaged = (await listDamaged(catalog)).length;
  const detail = { files: doneFiles, bytes: doneBytes, damaged, startedMs };
  await recordDeed(catalog.write, ARCHIVE, {
    action: 'audit.finished',
    subject: 'archive',
    outcome: 'done',
    detail,
  });
  log.info('a round of the audit ended', detail);
}

async function auditVersion(
  parts: AuditParts,
  version: KeptVersion,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, log } = parts;
  const found = await examineTwice(parts, version, {
    readData: true,
    onRead: pacedBy(parts, signal),
  });
  if (found === undefined) return;
  const { result, text } = found;
  await recordChecks(catalog, [{ versionId: version.id, atMs: Date.now(), result }]);
  if (result === 'ok') return;
  const detail = { result, key: version.key, version: version.number, text };
  log.error('a stored file is damaged', { frame: version.frameId, ...detail });
  await recordDeed(catalog.write, ARCHIVE, {
    action: 'audit.found',
    subject: `frame:${version.frameId}`,
    outcome: 'done',
    detail,
  });
}

/** Keeps reading below the greatest rate, and lets what comes in go first. */
function pacedBy(
  { config, isBusy }: AuditParts,
  signal: AbortSignal,
): (bytes: number) => Promise<void> {
  return async (bytes) => {
    const restMs = (bytes / config.AUDIT_BYTES_PER_SECOND) * 1000;
    await wait(restMs, undefined, { signal, ref: false });
    for (let waited = 0; isBusy() && waited < YIELD_MS; waited += YIELD_STEP_MS) {
      await wait(YIELD_STEP_MS, undefined, { signal, ref: false });
    }
  };
}

/** How far the audit has come, and what it found. Sums over all versions: not for every request. */
export async function auditState(catalog: Catalog, config: Config): Promise<AuditState> {
  const nowMs = Date.now();
  const days = config.AUDIT_DAYS;
  const round = await readMark(catalog, ROUND);
  const startedMs = round ?? nowMs;
  const sums = await readAuditProgress(catalog, { startedMs, nowMs });
  const nextMs = startedMs + days * DAY_MS;
  const rate = rateOf(sums.dueBytes, nextMs - nowMs, config.AUDIT_BYTES_PER_SECOND);
  const isDue = days > 0 && sums.dueFiles > 0;
  return {
    isOn: days > 0,
    days,
    roundStartedMs: round ?? null,
    share: sums.bytes === 0 ? 1 : sums.doneBytes / sums.bytes,
    files: sums.files,
    bytes: sums.bytes,
    doneFiles: sums.doneFiles,
    doneBytes: sums.doneBytes,
    neverRead: sums.neverRead,
    oldestMs: sums.oldestMs,
    bytesPerSecond: isDue ? rate : 0,
    expectedEndMs: isDue ? nowMs + Math.round((sums.dueBytes / rate) * 1000) : null,
    findings: (await listDamaged(catalog)).flatMap(toFinding),
  };
}

function toFinding(version: KeptVersion): AuditFinding[] {
  const { frameId, basename, number, key, checkResult, checkedMs } = version;
  if (checkResult === null || checkResult === 'ok') return [];
  return [
    { frameId, basename, version: number, key, result: checkResult, foundMs: checkedMs ?? 0 },
  ];
}
