import type { RequestHandler } from 'express';
import {
  countSolving,
  listFailedJobs,
  readMeasureQueue,
  readQueue,
  type FailedJob,
} from '../../catalog/index.js';
import { requireAction } from '../../http/index.js';
import { sendPage, type Web } from '../page.js';
import { countOf, formatCount, formatDateTime, NONE } from '../render.js';

/** Failed jobs that the page lists. */
const MAX_FAILED = 200;
const MINUTE_MS = 60_000;

/** One queue as a row of the table. */
interface QueueRow {
  readonly name: string;
  readonly about: string;
  readonly waiting: string;
  readonly waited: string;
  readonly failed: string;
  readonly isFailing: boolean;
  readonly state: string;
}

/** `GET /admin/jobs/`: what goes on in the background, and what failed there. */
export function showQueues(web: Web): RequestHandler {
  const { catalog } = web.services;
  return async (req, res) => {
    requireAction(res, 'administer');
    const [queues, jobs] = await Promise.all([
      readQueues(web, Date.now()),
      listFailedJobs(catalog, MAX_FAILED),
    ]);
    const place = { title: 'Background work', place: 'users' } as const;
    await sendPage(web, req, res, 'jobs', place, { queues, jobs: jobs.map(toJobRow) });
  };
}

async function readQueues({ services }: Web, nowMs: number): Promise<QueueRow[]> {
  const { catalog, config } = services;
  const [jobs, measuring, solving] = await Promise.all([
    readQueue(catalog),
    readMeasureQueue(catalog),
    countSolving(catalog),
  ]);
  return [
    {
      name: 'Jobs',
      about: 'Previews, events and other work that a frame brings',
      waiting: formatCount(jobs.total),
      waited: waitedSince(jobs.oldestDueMs, nowMs),
      failed: formatCount(jobs.failed),
      isFailing: jobs.failed > 0,
      state: jobs.total > jobs.due ? `${formatCount(jobs.total - jobs.due)} put off` : '',
    },
    {
      name: 'Measuring',
      about: 'Stars, sharpness, background and noise of each frame',
      waiting: formatCount(measuring.waiting),
      waited: waitedSince(measuring.oldestMs, nowMs),
      failed: formatCount(measuring.failed),
      isFailing: measuring.failed > 0,
      state: config.MEASURE
        ? measuring.nights === 0
          ? ''
          : `${countOf(measuring.nights, 'night')} to judge anew`
        : 'switched off: MEASURE is false',
    },
    {
      name: 'Plate-solving',
      about: 'Where frames without WCS lie on the sky',
      waiting: formatCount(solving.waiting),
      waited: NONE,
      failed: formatCount(solving.failed),
      // Not every frame can be solved: clouds are no fault of the queue.
      isFailing: false,
      state:
        config.SOLVER === 'none'
          ? 'switched off: SOLVER is none'
          : `${formatCount(solving.solved)} solved, ${formatCount(solving.skipped)} passed over`,
    },
  ];
}

function waitedSince(ms: number | null, nowMs: number): string {
  return ms === null ? NONE : countOf(Math.max(0, Math.floor((nowMs - ms) / MINUTE_MS)), 'minute');
}

function toJobRow(job: FailedJob) {
  return {
    id: job.id,
    kind: job.kind,
    error: job.error,
    attempts: job.attempts,
    since: formatDateTime(job.createdMs),
    next: formatDateTime(job.dueMs),
  };
}
