import { setTimeout as startTimer, clearTimeout } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import {
  claimJob,
  delayJob,
  finishJob,
  pullJobs,
  shiftJobs,
  type Catalog,
  type Job,
} from '../catalog/index.js';
import { createJumpMeter } from '../lib/clock.js';
import { errorFields, type Log } from '../lib/log.js';

/** Work of one kind. Must be idempotent: after a crash it is done again. Throws to be tried later. */
export type JobHandler = (payload: unknown) => Promise<void>;

export interface JobRunner {
  /** Says that there may be work, so that it need not wait for the next look. */
  wake(): void;
  /** Resolves when the job at hand, if any, has ended. */
  close(): Promise<void>;
}

const LEASE_MS = 120_000;
const LOOK_EVERY_MS = 10_000;
const FIRST_DELAY_MS = 5_000;
const LONGEST_DELAY_MS = 3_600_000;
/** After this often a job is given up: its row stays out of the way for a day at a time. */
const MAX_ATTEMPTS = 10;
const GIVE_UP_MS = 86_400_000;
/** A clock that was set by more than this: delays and leases must not become longer or shorter by it. */
const JUMP_MS = 5_000;

/** A job waits this long at most for a quiet moment, looking this often. */
const YIELD_MS = 2_000;
const YIELD_STEP_MS = 50;

/**
 * Works off the jobs of the catalogue, one at a time, until closed.
 *
 * @param isBusy true while something goes on that must not be slowed down; a job then waits a little
 */
export function startJobs(
  catalog: Catalog,
  handlers: Readonly<Record<string, JobHandler>>,
  isBusy: () => boolean,
  log: Log,
): JobRunner {
  let closing = false;
  let rouse: (() => void) | undefined;
  let rings = 0;
  const jump = createJumpMeter();
  let untold = 0;

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = startTimer(resolve, LOOK_EVERY_MS);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const quiet = async (): Promise<void> => {
    for (let waited = 0; isBusy() && waited < YIELD_MS && !closing; waited += YIELD_STEP_MS) {
      await setTimeout(YIELD_STEP_MS);
    }
  };

  const claim = async (): Promise<Job | undefined> => {
    untold += jump();
    if (Math.abs(untold) > JUMP_MS) {
      await shiftJobs(catalog, untold);
      log.warn('the clock was set', { byMs: Math.round(untold) });
      untold = 0;
    }
    return claimJob(catalog, LEASE_MS);
  };

  const loop = async (): Promise<void> => {
    await pullJobs(catalog, GIVE_UP_MS).catch((error: unknown) => {
      log.warn('jobs cannot be read', errorFields(error));
    });
    while (!closing) {
      await quiet();
      const heard = rings;
      const job = await claim().catch((error: unknown) => {
        log.warn('jobs cannot be read', errorFields(error));
        return undefined;
      });
      if (job !== undefined) await runJob(catalog, handlers, log, job);
      // Rung while it was looked for a job: then it looks once more before it pauses.
      else if (rings === heard) await pause();
    }
  };
  const done = loop();

  return {
    wake() {
      rings += 1;
      rouse?.();
    },
    async close() {
      closing = true;
      rouse?.();
      await done;
    },
  };
}

async function runJob(
  catalog: Catalog,
  handlers: Readonly<Record<string, JobHandler>>,
  log: Log,
  job: Job,
): Promise<void> {
  try {
    const handler = handlers[job.kind];
    if (handler === undefined)
      throw new Error(`there is no handler for jobs of kind '${job.kind}'`);
    await handler(job.payload);
    await finishJob(catalog, job.id);
  } catch (error) {
    const fields = errorFields(error);
    log.warn('job failed', { job: job.id, kind: job.kind, attempts: job.attempts, ...fields });
    const backOff = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (job.attempts - 1));
    const delay = job.attempts >= MAX_ATTEMPTS ? GIVE_UP_MS : backOff;
    await delayJob(catalog, job.id, delay, String(fields.error)).catch((failure: unknown) => {
      // The lease ends by itself, and the job is due again then.
      log.warn('job not put off', errorFields(failure));
    });
  }
}
