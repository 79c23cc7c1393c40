import type { RequestHandler } from 'express';
import { retryJobs } from '../../catalog/index.js';
import { requireAction, requireCsrf } from '../../http/index.js';
import type { DiskState, Overview } from '../../status/index.js';
import { bodyIds } from '../forms.js';
import { goTo, sendPage, type Web } from '../page.js';
import { countOf, formatBytes, formatCount, formatDateTime, NONE } from '../render.js';

const DAY_SEC = 86_400;
const MAX_FINDINGS = 20;

/** `GET /admin/`: how the archive stands. */
export function showAdmin(web: Web): RequestHandler {
  const { services } = web;
  return async (req, res) => {
    requireAction(res, 'administer');
    const state = await services.overview();
    await sendPage(
      web,
      req,
      res,
      'admin',
      { title: 'Archive', place: 'users' },
      {
        uptime: formatUptime(process.uptime()),
        troubles: findTroubles(state),
        disks: state.disks.map((disk) => toDiskCard(disk, state)),
        holdings: {
          frames: formatCount(state.holdings.frames),
          versions: formatCount(state.holdings.versions),
          bytes: formatBytes(state.holdings.bytes),
        },
        audit: toAuditCard(state),
        backup: toBackupCard(state),
        quarantine: sized(countOf(state.quarantine.files, 'file'), state.quarantine),
        trash: sized(countOf(state.trash.frames, 'frame'), state.trash),
        queue: toQueueCard(state),
        jobs: state.failedJobs.map((job) => ({
          id: job.id,
          kind: job.kind,
          error: job.error,
          attempts: job.attempts,
          next: formatDateTime(job.dueMs),
        })),
      },
    );
  };
}

/** `POST /admin/jobs/`: has the ticked jobs done again at once. */
export function retryFailedJobs(web: Web): RequestHandler {
  const { services, base } = web;
  return async (req, res) => {
    const viewer = requireAction(res, 'administer');
    requireCsrf(services, req, res);
    const ids = bodyIds(req, 'ids');
    if (ids.length > 0) await retryJobs(services.catalog, ids, viewer);
    services.jobs.wake();
    goTo(web, req, res, `${base}/admin/`);
  };
}

interface Trouble {
  readonly isBad: boolean;
  readonly fact: string;
  readonly advice: string;
}

/** What somebody has to do something about, worst first. */
function findTroubles(state: Overview): Trouble[] {
  const { audit, backup } = state;
  const bad = (fact: string, advice: string): Trouble => ({ isBad: true, fact, advice });
  const odd = (fact: string, advice: string): Trouble => ({ isBad: false, fact, advice });
  const troubles = state.lostDisks.map(({ place, path, reason }) =>
    bad(`The folder of the ${place} cannot be looked at.`, `${path} (${reason}). Is it mounted?`),
  );
  for (const { place, room } of state.disks) {
    if (room === 'full')
      troubles.push(bad(`The disk of the ${place} is full.`, 'No upload is taken. Make room.'));
    else if (room === 'low')
      troubles.push(odd(`The disk of the ${place} is nearly full.`, 'Make room soon.'));
  }
  if (audit.findings.length > 0) {
    const fact = `${countOf(audit.findings.length, 'stored file')} not as it was stored.`;
    troubles.push(bad(fact, 'Send it again from its source, or bring it back from a back-up.'));
  }
  if (backup.isOn && backup.error !== null) {
    troubles.push(bad('The last back-up failed.', backup.error));
  } else if (backup.isOverdue) {
    troubles.push(bad('A back-up is missing.', 'The last one lies too far back.'));
  } else if (!backup.isOn && backup.last === null) {
    troubles.push(
      odd('There is no back-up.', 'Name a place in BACKUP_TARGET, or run platevault backup.'),
    );
  }
  return troubles.sort((a, b) => Number(b.isBad) - Number(a.isBad));
}

function toDiskCard(disk: DiskState, { isOneDisk }: Overview) {
  const { place, freeBytes, totalBytes, forecast, path } = disk;
  const isGrowing = place === 'archive' || isOneDisk;
  return {
    title: place === 'archive' ? 'Disk of the frames' : 'Disk of the catalogue',
    path,
    free: formatBytes(freeBytes),
    total: formatBytes(totalBytes),
    usedShare: totalBytes === 0 ? 0 : (totalBytes - freeBytes) / totalBytes,
    forecast:
      forecast === null
        ? isGrowing
          ? 'Its end is not in sight.'
          : ''
        : `Full in ${countOf(forecast.nights, 'night')}, at ${formatBytes(forecast.bytesPerNight)} a night.`,
    isSame: place === 'data' && isOneDisk,
  };
}

function toAuditCard({ audit }: Overview) {
  return {
    isOn: audit.isOn,
    days: audit.days,
    percent: Math.floor(audit.share * 100),
    share: audit.share,
    end: audit.expectedEndMs === null ? NONE : formatDateTime(audit.expectedEndMs),
    oldest: audit.oldestMs === null ? NONE : formatDateTime(audit.oldestMs),
    never: audit.neverRead === 0 ? '' : countOf(audit.neverRead, 'file'),
    more: Math.max(0, audit.findings.length - MAX_FINDINGS),
    findings: audit.findings.slice(0, MAX_FINDINGS).map((finding) => ({
      frameId: finding.frameId,
      name: finding.basename,
      version: finding.version,
      result: finding.result,
      at: formatDateTime(finding.foundMs),
    })),
  };
}

const RUN_WORDS = { done: 'done', failed: 'failed', running: 'running' } as const;

function toBackupCard({ backup }: Overview) {
  const { nextMs } = backup;
  return {
    isOn: backup.isOn,
    target: backup.target,
    last:
      backup.last === null ? NONE : formatDateTime(backup.last.endedMs ?? backup.last.startedMs),
    next: nextMs === null || !Number.isFinite(nextMs) ? NONE : formatDateTime(nextMs),
    runs: backup.runs.slice(0, 5).map((run) => ({
      at: formatDateTime(run.startedMs),
      state: RUN_WORDS[run.state],
      copied: `${countOf(run.files, 'file')}, ${formatBytes(run.bytes)}`,
      error: run.error ?? '',
    })),
  };
}

function toQueueCard({ queue }: Overview) {
  const waited = queue.oldestDueMs === null ? 0 : (Date.now() - queue.oldestDueMs) / 60_000;
  return {
    due: formatCount(queue.due),
    later: formatCount(queue.total - queue.due),
    failed: queue.failed,
    waited: queue.due === 0 ? NONE : countOf(Math.max(0, Math.floor(waited)), 'minute'),
  };
}

function sized(count: string, { bytes }: { readonly bytes: number }): string {
  return bytes === 0 ? count : `${count} · ${formatBytes(bytes)}`;
}

/** `3 days 4 h`, `4 h 12 min`, `12 min` */
function formatUptime(seconds: number): string {
  const days = Math.floor(seconds / DAY_SEC);
  const hours = Math.floor((seconds % DAY_SEC) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${countOf(days, 'day')} ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}
