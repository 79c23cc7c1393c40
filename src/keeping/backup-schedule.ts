import { setTimeout as wait } from 'node:timers/promises';
import {
  ARCHIVE,
  findLastBackup,
  listBackups,
  type BackupRun,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { hasCode } from '../lib/errors.js';
import { errorFields, type Log } from '../lib/log.js';
import { backUp, type BackupParts } from './backup.js';
import { normalizeAddress } from './backup-target.js';

export interface ScheduledParts extends BackupParts {
  readonly log: Log;
  /** True while something goes on that must not be slowed down. */
  readonly isBusy: () => boolean;
}

export interface BackupSchedule {
  /** Breaks off the back-up that is running, if any: the next one goes on with it. */
  close(): Promise<void>;
}

/** What there is to tell of back-ups. Instants are epoch ms. */
export interface BackupState {
  /** False without BACKUP_TARGET. */
  readonly isOn: boolean;
  /** Empty without one. */
  readonly target: string;
  readonly isRunning: boolean;
  /** The last one that was completed, to this target or, without one, to any. */
  readonly last: BackupRun | null;
  /** When the next one is due; null if none is. */
  readonly nextMs: number | null;
  /** True if the last completed one should have been followed by another one long ago. */
  readonly isOverdue: boolean;
  /** What went wrong the last time; null if all went well. */
  readonly error: string | null;
  /** Newest first. */
  readonly runs: readonly BackupRun[];
}

const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 30_000;
/** After a start the server has better things to do. */
const FIRST_REST_MS = 3_000;
/** A back-up that failed is tried again after this time, not only on the next day. */
const RETRY_MS = 3_600_000;
/** How late a back-up may be before it is missed. */
const OVERDUE_MS = 6 * 3_600_000;
/** A file waits this long at most for a quiet moment. */
const YIELD_MS = 5_000;
const YIELD_STEP_MS = 100;
const RUNS = 30;

/** Backs the archive up at the times of the settings, and soon if one was missed. */
export function startBackups(parts: ScheduledParts): BackupSchedule {
  const { config, catalog, log } = parts;
  const stop = new AbortController();
  const target = normalizeAddress(config.BACKUP_TARGET);
  const rest = (ms: number): Promise<unknown> =>
    wait(ms, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
  const run = async (): Promise<void> => {
    if (!(await isDue(catalog, config, target))) return;
    const beforeFile = yielding(parts.isBusy, stop.signal);
    const { snapshot, pruned, files, bytes } = await backUp(parts, target, {
      by: ARCHIVE,
      beforeFile,
    });
    log.info('back-up done', { target, name: snapshot.name, files, bytes, pruned });
    if (snapshot.lost.length > 0) {
      log.error('the back-up lacks files that the archive has lost', {
        files: snapshot.lost.length,
      });
    }
  };
  const loop = async (): Promise<void> => {
    await rest(FIRST_REST_MS);
    while (!stop.signal.aborted) {
      await run().catch((error: unknown) => {
        // Busy: a command does just that.
        if (stop.signal.aborted || hasCode(error, 'busy')) return;
        log.error('the back-up failed', { target, ...errorFields(error) });
      });
      await rest(LOOK_EVERY_MS);
    }
  };
  const done = target === '' ? Promise.resolve() : loop();
  return {
    async close() {
      stop.abort();
      await done;
    },
  };
}

function yielding(isBusy: () => boolean, signal: AbortSignal): () => Promise<void> {
  return async () => {
    signal.throwIfAborted();
    for (let waited = 0; isBusy() && waited < YIELD_MS; waited += YIELD_STEP_MS) {
      await wait(YIELD_STEP_MS, undefined, { signal, ref: false });
    }
  };
}

async function isDue(catalog: Catalog, config: Config, target: string): Promise<boolean> {
  const last = (await listBackups(catalog, RUNS)).find((run) => run.target === target);
  return dueMs(last, config.BACKUP_AT, Date.now()) <= Date.now();
}

/**
 * When the next back-up is to begin: at once if there is none yet, or the last time was missed.
 *
 * @param times of day, `HH:MM` UTC; none for never
 */
export function dueMs(
  last: Pick<BackupRun, 'startedMs' | 'state'> | undefined,
  times: readonly string[],
  nowMs: number,
): number {
  if (times.length === 0) return Infinity;
  // One that seems to have begun in the future tells of a clock that was wrong.
  if (last === undefined || last.startedMs > nowMs + DAY_MS) return nowMs;
  const next = nextTime(times, last.startedMs);
  // One that seems to run still has died, or holds the lock: then the next one is told so.
  return last.state === 'done' ? next : Math.min(next, last.startedMs + RETRY_MS);
}

/** The first of the times of day after an instant. */
function nextTime(times: readonly string[], afterMs: number): number {
  const midnight = Math.floor(afterMs / DAY_MS) * DAY_MS;
  const instants = times.flatMap((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number);
    const ms = midnight + (hours * 60 + minutes) * 60_000;
    return [ms, ms + DAY_MS];
  });
  return Math.min(...instants.filter((ms) => ms > afterMs));
}

/** How things stand with back-ups: for pages, and for whoever wants to be warned. */
export async function backupState(catalog: Catalog, config: Config): Promise<BackupState> {
  const target = normalizeAddress(config.BACKUP_TARGET);
  const runs = await listBackups(catalog, RUNS);
  const isOn = target !== '' && config.BACKUP_AT.length > 0;
  const last = await findLastBackup(catalog, isOn ? target : undefined);
  const latest = runs.find((run) => !isOn || run.target === target);
  const nowMs = Date.now();
  const dueAfterLast = last === undefined ? nowMs : dueMs(last, config.BACKUP_AT, nowMs);
  return {
    isOn,
    target,
    isRunning: runs.some((run) => run.state === 'running'),
    last: last ?? null,
    nextMs: isOn ? dueMs(latest, config.BACKUP_AT, nowMs) : null,
    isOverdue: isOn && (last === undefined ? runs.length > 0 : dueAfterLast + OVERDUE_MS < nowMs),
    error: latest?.error ?? null,
    runs,
  };
}
