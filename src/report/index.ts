import { setTimeout as wait } from 'node:timers/promises';
import {
  ARCHIVE_VIEWER,
  claimReport,
  endReport,
  queueReport,
  type Catalog,
  type ReportTask,
  type Viewer,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { auditState, backupState } from '../keeping/index.js';
import { errorFields, type Log } from '../lib/log.js';
import type { Nights } from '../nights/index.js';
import { describeRoom, judgeRoom, readDisk } from '../status/index.js';
import { composeReport, type Report } from './compose.js';
import { ownDueNights, unreadyNights } from './readiness.js';
import { reportWays, sendReport } from './send.js';
import type { Standing } from './standing.js';

export { verdictOf, type Report } from './compose.js';
export type { Piece, ReportLine } from './lines.js';
export { formatReport, formatReportPage, toReportShape } from './format.js';
export { reportWays, rootOf, sendReport } from './send.js';

/** What reports are made of. */
export interface ReportParts {
  readonly catalog: Catalog;
  readonly config: Config;
  readonly nights: Nights;
}

/** Who is told what. */
export interface ReportReader {
  readonly viewer: Viewer;
  readonly seesRefused: boolean;
  /** Disk, audit and back-ups. */
  readonly seesStanding: boolean;
}

/** Whoever gets the reports that are sent: they see everything. */
export const EVERYTHING_READER: ReportReader = {
  viewer: ARCHIVE_VIEWER,
  seesRefused: true,
  seesStanding: true,
};

/**
 * Tells a night in about ten lines, from what its page shows.
 *
 * @returns without a frame of it that the reader sees: that none came, and what was refused
 */
export async function makeReport(
  { catalog, config, nights }: ReportParts,
  night: string,
  { viewer, seesRefused, seesStanding }: ReportReader,
): Promise<Report> {
  const found = await nights.find(night, { seesRefused, seesNotes: false }, viewer);
  return composeReport(night, found, seesStanding ? await readStanding(catalog, config) : null);
}

/** The newest night with frames that the reader sees; undefined if there is none. */
export async function lastNight(
  { nights }: Pick<ReportParts, 'nights'>,
  viewer: Viewer,
): Promise<string | undefined> {
  const page = await nights.list({ conditions: [], limit: 1, offset: 0 }, viewer);
  return page.nights[0]?.night;
}

async function readStanding(catalog: Catalog, config: Config): Promise<Standing> {
  const disk = await readDisk(config.ARCHIVE_ROOT);
  const audit = await catalog.heavy(() => auditState(catalog, config));
  const backup = await backupState(catalog, config);
  return {
    room: describeRoom(disk),
    isLow: judgeRoom(disk) !== 'enough',
    damagedFiles: audit.findings.length,
    backup: backup.isOn ? backup : null,
  };
}

/** Reports of nights, also those that go out by themselves. */
export interface Reports {
  /** As `makeReport`. */
  make(night: string, reader: ReportReader): Promise<Report>;
  /** What is being sent is sent again at the next start, unless it went through. */
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 20_000;
const LEASE_MS = 180_000;
const MAX_ATTEMPTS = 10;
const FIRST_DELAY_MS = 30_000;
const LONGEST_DELAY_MS = 2 * 3_600_000;

/** Sends the report of each night when it is due, once; also when the server was off at that time. */
export function startReports(parts: ReportParts & { readonly log: Log }): Reports {
  const { catalog, config, log } = parts;
  const stop = new AbortController();
  const ways = reportWays(config);
  const rest = (): Promise<unknown> =>
    wait(LOOK_EVERY_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
  const look = async (): Promise<void> => {
    for (const night of await ownDueNights(catalog, config, Date.now())) {
      await queueReport(catalog, night, ways);
    }
    const unready = await unreadyNights(catalog, config, Date.now());
    for (;;) {
      const task = stop.signal.aborted ? undefined : await claimReport(catalog, LEASE_MS, unready);
      if (task === undefined) return;
      await sendOne(parts, task);
    }
  };
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await look().catch((error: unknown) => {
        log.warn('reports cannot be sent', errorFields(error));
      });
      await rest();
    }
  };
  const isOn = config.REPORT_AT !== 'off' && ways.length > 0;
  const done = isOn ? loop() : Promise.resolve();
  return {
    make: (night, reader) => makeReport(parts, night, reader),
    async close() {
      stop.abort();
      await done;
    },
  };
}

async function sendOne(
  parts: ReportParts & { readonly log: Log },
  task: ReportTask,
): Promise<void> {
  const { catalog, config, log } = parts;
  const { night, way, attempts, recipients } = task;
  const putOff = async (
    fields: Record<string, unknown>,
    left: typeof recipients,
  ): Promise<void> => {
    log.warn('the report was not sent', { night, way, attempts, ...fields });
    const error = String(fields.error);
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempts - 1));
    const end = { error, delayMs, recipients: left };
    const isLast = attempts >= MAX_ATTEMPTS;
    await endReport(catalog, task, { state: isLast ? 'failed' : 'waiting', ...end });
  };
  let unsent: Awaited<ReturnType<typeof sendReport>>;
  try {
    const made = await makeReport(parts, night, EVERYTHING_READER);
    unsent = await sendReport(config, way, made, recipients);
  } catch (error) {
    await putOff(errorFields(error), recipients);
    return;
  }
  if (unsent !== undefined) {
    await putOff({ error: unsent.text }, unsent.recipients);
    return;
  }
  await endReport(catalog, task, { state: 'sent' });
  log.info('report sent', { night, way });
}
