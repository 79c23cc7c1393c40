import {
  ARCHIVE_VIEWER,
  countUnmeasured,
  isUnjudged,
  lastArrival,
  listFreshReports,
  readBeginning,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { dueNights, reportDueMs } from './schedule.js';

/** A report waits so long at most for the frames of its night; then it tells what is not measured. */
const LONGEST_WAIT_MS = 2 * 3_600_000;
/** Frames that come one after another are waited for as long as there is no pause of so long. */
const PAUSE_MS = 120_000;

/**
 * Nights whose reports are to be sent by themselves now: those that ended when the archive was there, and
 * had got something. What is older came in from elsewhere.
 */
export async function ownDueNights(
  catalog: Catalog,
  config: Config,
  nowMs: number,
): Promise<readonly string[]> {
  const beginningMs = await readBeginning(catalog);
  if (beginningMs === undefined) return [];
  return dueNights(config, nowMs).filter((night) => {
    return (reportDueMs(night, config) ?? -Infinity) >= beginningMs;
  });
}

/** Nights whose frames still come, or are to be measured or compared: their reports wait, for a while. */
export async function unreadyNights(
  catalog: Catalog,
  { MEASURE }: Pick<Config, 'MEASURE'>,
  nowMs: number,
): Promise<readonly string[]> {
  const unready: string[] = [];
  for (const { night, notedMs } of await listFreshReports(catalog)) {
    if (nowMs - notedMs >= LONGEST_WAIT_MS) continue;
    const cameMs = (await lastArrival(catalog, night)) ?? -Infinity;
    // A clock that was put back must not make it wait.
    const stillComes = cameMs <= nowMs && nowMs - cameMs < PAUSE_MS;
    if (stillComes || (MEASURE && (await isUnmeasured(catalog, night)))) unready.push(night);
  }
  return unready;
}

async function isUnmeasured(catalog: Catalog, night: string): Promise<boolean> {
  return (
    (await countUnmeasured(catalog, night, ARCHIVE_VIEWER)) > 0 ||
    (await isUnjudged(catalog, night))
  );
}
