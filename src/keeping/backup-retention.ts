import type { Config } from '../config/index.js';
import { hasCode } from '../lib/errors.js';
import { createCursor } from './backup-carry.js';
import {
  FILES,
  listSnapshotNames,
  readManifest,
  readSnapshot,
  snapshotMs,
  snapshotPath,
  SNAPSHOTS,
  usualPath,
  type Snapshot,
} from './backup-manifest.js';
import type { BackupTarget } from './backup-target.js';

/** How many back-ups are kept. */
export interface RetentionRule {
  /** The newest ones. */
  readonly last: number;
  /** The last one of each of so many days, weeks (from Monday) and months, UTC, that have one. */
  readonly days: number;
  readonly weeks: number;
  readonly months: number;
}

/** What was removed from a target, or why nothing was. */
export interface Pruned {
  readonly snapshots: readonly string[];
  readonly files: number;
  /** Why nothing was removed although it was due; null if all is well. */
  readonly refused: string | null;
}

const DAY_MS = 86_400_000;
const NOTHING: Pruned = { snapshots: [], files: 0, refused: null };

export function retentionRule(config: Config): RetentionRule {
  return {
    last: config.BACKUP_KEEP,
    days: config.BACKUP_KEEP_DAYS,
    weeks: config.BACKUP_KEEP_WEEKS,
    months: config.BACKUP_KEEP_MONTHS,
  };
}

/** Which of these back-ups are kept, newest first. The newest always is. */
export function keptSnapshots(names: readonly string[], rule: RetentionRule): string[] {
  const newest = [...names].sort().reverse();
  const kept = new Set(newest.slice(0, Math.max(1, rule.last)));
  const spans: [number, (ms: number) => string][] = [
    [rule.days, (ms) => String(Math.floor(ms / DAY_MS))],
    // 1970-01-01 was a Thursday.
    [rule.weeks, (ms) => String(Math.floor((ms / DAY_MS + 3) / 7))],
    [rule.months, (ms) => new Date(ms).toISOString().slice(0, 7)],
  ];
  for (const [count, spanOf] of spans) {
    const seen = new Set<string>();
    for (const name of newest) {
      const span = spanOf(snapshotMs(name));
      if (seen.has(span)) continue;
      if (seen.size >= count) break;
      seen.add(span);
      kept.add(name);
    }
  }
  return newest.filter((name) => kept.has(name));
}

/**
 * Removes the back-ups that need not be kept, and then the files that none of the others refers to.
 * Whoever calls it holds the lock of back-ups. Nothing is removed when the newest back-up has lost
 * more than half of the files of an older one, or if a list of one that is kept cannot be read.
 */
export async function pruneBackups(
  target: BackupTarget,
  newest: Snapshot,
  config: Config,
): Promise<Pruned> {
  const names = await listSnapshotNames(target);
  const kept = keptSnapshots(names, retentionRule(config));
  const dropped = names.filter((name) => !kept.includes(name));
  if (dropped.length === 0) return NOTHING;
  for (const name of names) {
    const { files } = await readSnapshot(target, name);
    if (newest.files * 2 >= files) continue;
    const refused = `The back-up ${newest.name} has ${newest.files} files, ${name} had ${files}: no old back-up is removed until somebody has looked.`;
    return { ...NOTHING, refused };
  }
  for (const name of dropped) await removeSnapshot(target, name);
  try {
    const files = await removeUnused(target, kept);
    return { snapshots: dropped, files, refused: null };
  } catch (error) {
    if (!hasCode(error, 'damaged') && !hasCode(error, 'not_found')) throw error;
    const refused = `No file is removed: ${(error as Error).message}`;
    return { snapshots: dropped, files: 0, refused };
  }
}

/** The file that makes it a back-up first: what is broken off after that is no back-up. */
async function removeSnapshot(target: BackupTarget, name: string): Promise<void> {
  await target.remove(snapshotPath(name));
  for await (const { path } of target.list(`${SNAPSHOTS}${name}/`)) await target.remove(path);
}

/** A path that is not the usual one of its file, and so stands elsewhere in the order. */
const SECOND = /@[0-9a-f]{16}$/;

/** Removes the files to which none of these back-ups refers. @returns how many */
async function removeUnused(target: BackupTarget, kept: readonly string[]): Promise<number> {
  const snapshots: Snapshot[] = [];
  for (const name of kept) snapshots.push(await readSnapshot(target, name));
  const seconds = new Set<string>();
  // First all lists are read through: nothing may go before all of them have proved to be whole.
  for (const snapshot of snapshots) {
    for await (const { path } of readManifest(target, snapshot)) {
      if (SECOND.test(path)) seconds.add(path);
    }
  }
  const lists = snapshots.map((each) => createCursor(readManifest(target, each), usualPath));
  const unused: string[] = [];
  for await (const { path } of target.list(FILES)) {
    let isUsed = seconds.has(path);
    if (!SECOND.test(path)) {
      for (const list of lists) {
        const entries = await list.take(path);
        isUsed ||= entries.some((entry) => entry.path === path);
      }
    }
    if (!isUsed) unused.push(path);
  }
  for (const path of unused) await target.remove(path);
  return unused.length;
}
