import type { Request, RequestHandler, Response } from 'express';
import { may } from '../auth/index.js';
import { isCalledLoopback, requireAction, viewerOf, type Services } from '../http/index.js';
import { AppError } from '../lib/errors.js';
import { formatInstant } from '../lib/time.js';
import type { Overview } from '../status/index.js';

/** What a proxy puts into the requests that it passes on. */
const PROXY_HEADERS = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
];

/** After which an archive that is not ready should be asked again. */
const RETRY_SECONDS = '30';

/** `GET /ready/`: whether frames can be read and written now. Admins are told more than states. */
export function createReadyHandler({ readiness }: Services): RequestHandler {
  return async (_req, res) => {
    const checks = await readiness();
    const isReady = checks.every(({ state }) => state !== 'fail');
    const isAdmin = may(viewerOf(res), 'administer');
    if (!isReady) res.set('Retry-After', RETRY_SECONDS);
    res
      .status(isReady ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({
        status: isReady ? 'ready' : 'not ready',
        checks: checks.map(({ name, state, text }) =>
          isAdmin ? { name, state, text } : { name, state },
        ),
      });
  };
}

/** `GET /metrics/`, for those whom the setting METRICS lets. */
export function createMetricsHandler({ config, metrics }: Services): RequestHandler {
  return async (req, res) => {
    if (config.METRICS === 'off') throw new AppError('not_found', 'Not found.');
    if (config.METRICS === 'token' || !isLocal(req)) requireAction(res, 'administer');
    res.set({ 'Cache-Control': 'no-store', 'Content-Type': metrics.contentType });
    res.end(await metrics.render());
  };
}

/**
 * True for a program of this machine that has come by itself: no proxy speaks for another one, and no
 * page in a browser of this machine has been led here under a name of its own.
 */
function isLocal(req: Request): boolean {
  if (PROXY_HEADERS.some((name) => req.headers[name] !== undefined)) return false;
  if (!isCalledLoopback(req)) return false;
  const address = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return address === '::1' || address.startsWith('127.');
}

/** `GET /admin/` for programs: how the archive stands. */
export function createOverviewHandler({ overview, solving, version }: Services): RequestHandler {
  return async (_req, res: Response) => {
    requireAction(res, 'administer');
    const [state, solved] = await Promise.all([overview(), solving.state()]);
    res.set('Cache-Control', 'private, no-store').json({
      version,
      uptime: Math.floor(process.uptime()),
      ...toOverviewShape(state),
      solving: solved,
    });
  };
}

const toInstant = (ms: number | null): string | null => (ms === null ? null : formatInstant(ms));

function toOverviewShape(state: Overview) {
  const { audit, backup, queue, measuring } = state;
  return {
    disks: state.disks.map(({ place, freeBytes, totalBytes, freeInodes, room, forecast }) => ({
      place,
      free_bytes: freeBytes,
      total_bytes: totalBytes,
      free_inodes: freeInodes,
      room,
      full_in_nights: forecast?.nights ?? null,
      bytes_per_night: forecast === null ? null : Math.round(forecast.bytesPerNight),
    })),
    lost_disks: state.lostDisks,
    ...state.holdings,
    quarantine: state.quarantine,
    trash: state.trash,
    audit: {
      on: audit.isOn,
      share: audit.share,
      round_started: toInstant(audit.roundStartedMs),
      oldest_check: toInstant(audit.oldestMs),
      expected_end: toInstant(audit.expectedEndMs),
      findings: audit.findings.map(({ frameId, basename, version, result, foundMs }) => ({
        frame: frameId,
        basename,
        version,
        result,
        found: toInstant(foundMs),
      })),
    },
    backup: {
      on: backup.isOn,
      running: backup.isRunning,
      overdue: backup.isOverdue,
      error: backup.error,
      last: backup.last === null ? null : toInstant(backup.last.endedMs ?? backup.last.startedMs),
      next: toInstant(
        backup.nextMs !== null && Number.isFinite(backup.nextMs) ? backup.nextMs : null,
      ),
    },
    queue: {
      total: queue.total,
      due: queue.due,
      failed: queue.failed,
      oldest_due: toInstant(queue.oldestDueMs),
    },
    measuring: {
      on: measuring.isOn,
      waiting: measuring.waiting,
      failed: measuring.failed,
      oldest: toInstant(measuring.oldestMs),
      nights_to_judge: measuring.nights,
      measured: measuring.measured,
      per_minute: Number(measuring.perMinute.toFixed(1)),
      last_error: measuring.lastError?.text ?? null,
    },
    failed_jobs: state.failedJobs.map(({ id, kind, attempts, error, dueMs }) => ({
      id,
      kind,
      attempts,
      error,
      next_try: toInstant(dueMs),
    })),
  };
}
