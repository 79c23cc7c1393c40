import { performance } from 'node:perf_hooks';
import {
  countQuarantined,
  countTrashed,
  listFailedJobs,
  listNightBytes,
  OPERATOR,
  readHoldings,
  readQueue,
  type Catalog,
  type FailedJob,
  type Holdings,
  type NightBytes,
  type QueueState,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { Measuring, MeasuringState } from '../measuring/index.js';
import { auditState, backupState, type AuditState, type BackupState } from '../keeping/index.js';
import { systemCode } from '../lib/errors.js';
import { formatDate } from '../lib/time.js';
import { judgeRoom, readDisk, type Disk, type Room } from './disk.js';
import { forecastDisk, FORECAST_NIGHTS, type Forecast } from './forecast.js';
import { createPartsLook } from './parts.js';

/** One of the two places that fill. */
export interface DiskState extends Disk {
  readonly place: 'archive' | 'data';
  readonly path: string;
  readonly room: Room;
  /** Null where the end is not in sight. */
  readonly forecast: Forecast | null;
}

/** A place of which nothing can be told, and why. */
export interface LostDisk {
  readonly place: DiskState['place'];
  readonly path: string;
  readonly reason: string;
}

/** How the archive stands. */
export interface Overview {
  readonly disks: readonly DiskState[];
  readonly lostDisks: readonly LostDisk[];
  /** Of each disk below the root and adopted tree that is away, a sentence. */
  readonly partsAway: readonly string[];
  /** Whether both folders lie on one disk. */
  readonly isOneDisk: boolean;
  readonly holdings: Holdings;
  readonly nights: readonly NightBytes[];
  readonly audit: AuditState;
  readonly backup: BackupState;
  readonly quarantine: { readonly files: number; readonly bytes: number };
  readonly trash: { readonly frames: number; readonly bytes: number };
  readonly queue: QueueState;
  readonly failedJobs: readonly FailedJob[];
  readonly measuring: MeasuringState;
}

const MAX_FAILED = 50;
const DAY_MS = 86_400_000;
/** Sums over all files are made again after so many times as long as they took. */
const REST_TIMES = 20;
const LEAST_REST_MS = 500;

/**
 * Tells how the archive stands. What sums up all files is remembered for a while if it takes long:
 * whoever asks often must not keep the disk busy.
 */
export function createOverview(
  catalog: Catalog,
  config: Config,
  measuring: Pick<Measuring, 'state'>,
): () => Promise<Overview> {
  const sums = remembered(async () => {
    const until = formatDate(Date.now() + DAY_MS);
    const [holdings, nights, audit] = await Promise.all([
      catalog.heavy(() => readHoldings(catalog)),
      listNightBytes(catalog, FORECAST_NIGHTS, until),
      catalog.heavy(() => auditState(catalog, config)),
    ]);
    return { holdings, nights, audit };
  });
  const findAway = createPartsLook(config.ARCHIVE_ROOT);
  return async () => {
    const [known, partsAway, backup, quarantine, trash, queue, failedJobs, measured] =
      await Promise.all([
        sums(),
        findAway(),
        backupState(catalog, config),
        countQuarantined(catalog, {}, OPERATOR),
        countTrashed(catalog),
        readQueue(catalog),
        listFailedJobs(catalog, MAX_FAILED),
        measuring.state(),
      ]);
    const disks = await readDisks(config, known.nights);
    const waiting = { quarantine, trash, queue, failedJobs, measuring: measured };
    return { ...known, ...disks, partsAway, backup, ...waiting };
  };
}

async function readDisks(
  config: Config,
  nights: readonly NightBytes[],
): Promise<Pick<Overview, 'disks' | 'lostDisks' | 'isOneDisk'>> {
  const disks: DiskState[] = [];
  const lostDisks: LostDisk[] = [];
  const places = [
    ['archive', config.ARCHIVE_ROOT],
    ['data', config.DATA_DIR],
  ] as const;
  for (const [place, path] of places) {
    try {
      const disk = await readDisk(path);
      disks.push({ ...disk, place, path, room: judgeRoom(disk), forecast: null });
    } catch (error) {
      lostDisks.push({ place, path, reason: systemCode(error) ?? 'unknown error' });
    }
  }
  const [first, second] = disks;
  const isOneDisk = first !== undefined && first.device === second?.device;
  const filled = disks.map((disk) =>
    disk.place === 'archive' || isOneDisk
      ? { ...disk, forecast: forecastDisk(nights, disk.freeBytes, Date.now()) ?? null }
      : disk,
  );
  return { disks: filled, lostDisks, isOneDisk };
}

/** The two places that fill, alone: no file is summed up for it. */
export async function readDiskStates(
  catalog: Catalog,
  config: Config,
): Promise<readonly DiskState[]> {
  const until = formatDate(Date.now() + DAY_MS);
  const nights = await listNightBytes(catalog, FORECAST_NIGHTS, until);
  return (await readDisks(config, nights)).disks;
}

function remembered<T>(read: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: Promise<T>; until: number } | undefined;
  return async () => {
    if (known !== undefined && performance.now() < known.until) return known.value;
    const began = performance.now();
    const asked = { value: read(), until: Infinity };
    known = asked;
    try {
      return await asked.value;
    } finally {
      const tookMs = performance.now() - began;
      asked.until = performance.now() + Math.max(LEAST_REST_MS, tookMs * REST_TIMES);
    }
  };
}
