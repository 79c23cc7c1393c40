import { Worker } from 'node:worker_threads';
import { AppError } from '../lib/errors.js';
import { createFairQueue, type FairQueue } from '../lib/fair-queue.js';
import type { ErrorRecord, FromWorker, ToWorker } from './serve.js';
import type { PixelTasks } from './tasks.js';

export interface PoolOptions {
  /** Threads at most (setting PIXEL_WORKERS); started when there is work. */
  readonly workers: number;
  /** Jobs that may wait, those of ingest not counted; more are refused with 'busy'. Default 1000. */
  readonly maxWaiting?: number;
  /** Jobs that may wait for one client; more are refused with 'too_many'. Default 200. */
  readonly maxWaitingEach?: number;
  /** Jobs of ingest that may wait, by the same rule. Default 500. */
  readonly maxWaitingIngest?: number;
  /** Time for one job, ms; then its worker is ended and replaced. Default 30 000. */
  readonly timeoutMs?: number;
  /** Idle time after which a worker is ended, ms, so that a quiet server is small. Default 60 000. */
  readonly idleMs?: number;
  /** Heap of a worker, MB; pixels are outside of it. Default 256. */
  readonly heapMb?: number;
  /** What the workers run; only tests give another. */
  readonly script?: URL;
}

/** Jobs of ingest go first, as uploads must not wait for pictures; background ones go last. */
export type JobPriority = 'ingest' | 'interactive' | 'background';

export interface JobOptions {
  /** Default interactive. */
  readonly priority?: JobPriority;
  /**
   * Who waits for it. Equals in priority are served in turn, one job of each client, and those of one
   * client in order of arrival. Jobs without a client count as those of one, which has no limit of its own.
   */
  readonly client?: string;
  /** Name under which `join` finds it while it waits. */
  readonly key?: string;
  /** Takes a waiting job out of the queue, asks a running one to stop; rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** The only place where pixels are worked on. */
export interface PixelPool {
  /**
   * Runs one task in a worker. Bytes of the result are moved, not copied.
   *
   * @throws what the task threw; 'too_many' if too much waits for this client; 'busy' with `data.reason` `queue` (too many wait), `timeout`,
   *         `crash` (the worker died; other jobs are not touched) or `closed`
   */
  run<K extends keyof PixelTasks>(
    task: K,
    input: PixelTasks[K]['input'],
    options?: JobOptions,
  ): Promise<PixelTasks[K]['output']>;
  /** `client` waits for the waiting job `key` too: it is done at the earlier of the two turns. */
  join(key: string, client: string): void;
  /** Rejects what waits or runs and ends all workers. */
  close(): Promise<void>;
}

interface Job {
  readonly id: number;
  readonly key: string | undefined;
  readonly task: string;
  readonly input: unknown;
  /** Both do nothing after the first call of either. */
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
  isSettled: boolean;
}

/** A place for a worker, and the job it has. */
interface Slot {
  worker: Worker | undefined;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Heap for new objects of a thread, MB. Threads work on bytes and numbers, which are outside of it: what
 * Node would give them, 48 MB, they would fill before they look for what can go.
 */
export const YOUNG_MB = 6;

/** Told to who has too much waiting: by then some of it is done. */
const RETRY_AFTER_SEC = 5;

/** Makes a pool; no thread is started before the first job. */
export function createPixelPool(options: PoolOptions): PixelPool {
  const { maxWaiting = 1000, timeoutMs = 30_000, idleMs = 60_000, heapMb = 256 } = options;
  const script = options.script ?? new URL('./worker.js', import.meta.url);
  const { maxWaitingIngest = 500, maxWaitingEach = 200 } = options;
  // In the order in which they are served.
  const queues: Readonly<Record<JobPriority, FairQueue<Job>>> = {
    ingest: createFairQueue(),
    interactive: createFairQueue(),
    background: createFairQueue(),
  };
  const slots = Array.from({ length: Math.max(1, options.workers) }, (): Slot => ({
    worker: undefined,
    job: undefined,
    timer: undefined,
  }));
  const ending = new Set<Promise<unknown>>();
  let lastId = 0;
  let isClosed = false;

  const end = (slot: Slot): void => {
    const { worker } = slot;
    clearTimeout(slot.timer);
    slot.worker = undefined;
    slot.job = undefined;
    if (worker === undefined) return;
    const ended = worker.terminate().finally(() => ending.delete(ended));
    ending.add(ended);
  };

  const release = (slot: Slot): void => {
    clearTimeout(slot.timer);
    slot.job = undefined;
    slot.worker?.unref();
    slot.timer = setTimeout(() => {
      end(slot);
    }, idleMs).unref();
    dispatch();
  };

  const lose = (slot: Slot, worker: Worker, cause: unknown): void => {
    if (slot.worker !== worker) return; // ended by us, or its error came before its exit
    const { job } = slot;
    end(slot);
    job?.reject(busy('crash', 'The worker that drew this broke down.', cause));
    dispatch();
  };

  const start = (slot: Slot): Worker => {
    const resourceLimits = { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB };
    const worker = new Worker(script, { resourceLimits, name: 'pixels' });
    worker.on('message', (answer: FromWorker) => {
      if (slot.worker !== worker || slot.job?.id !== answer.id) return;
      if (answer.ok) slot.job.resolve(answer.output);
      else slot.job.reject(toError(answer.error));
      release(slot);
    });
    worker.on('messageerror', (error) => {
      lose(slot, worker, error);
    });
    worker.on('error', (error) => {
      lose(slot, worker, error);
    });
    worker.on('exit', (code) => {
      lose(slot, worker, new Error(`The worker ended with code ${code}.`));
    });
    return worker;
  };

  const assign = (slot: Slot, job: Job): void => {
    clearTimeout(slot.timer);
    slot.job = job;
    slot.timer = setTimeout(() => {
      end(slot);
      job.reject(busy('timeout', `Not done after ${timeoutMs / 1000} s.`));
      dispatch();
    }, timeoutMs);
    try {
      slot.worker ??= start(slot);
      slot.worker.ref();
      send(slot.worker, { kind: 'run', id: job.id, task: job.task, input: job.input });
    } catch (error) {
      // The input cannot be cloned, or no thread can be had.
      job.reject(error);
      release(slot);
    }
  };

  const dispatch = (): void => {
    for (const slot of slots) {
      if (slot.job !== undefined || isClosed) continue;
      const job = queues.ingest.shift() ?? queues.interactive.shift() ?? queues.background.shift();
      if (job === undefined) return;
      assign(slot, job);
    }
  };

  /** The limits are apart, so that pictures without end do not have uploads refused. */
  const isFull = (priority: JobPriority): boolean => {
    if (priority === 'ingest') return queues.ingest.length >= maxWaitingIngest;
    return queues.interactive.length + queues.background.length >= maxWaiting;
  };

  /** @throws 'too_many', 'busy' unless there is room for one more, or whoever has most makes some */
  const makeRoom = (priority: JobPriority, client: string): void => {
    const queue = queues[priority];
    if (client !== '' && queue.waitingFor(client) >= maxWaitingEach) {
      const message = 'Too many of your pictures are being drawn; try again shortly.';
      throw new AppError('too_many', message, { reason: 'queue', retryAfterSec: RETRY_AFTER_SEC });
    }
    if (!isFull(priority)) return;
    const what = priority === 'ingest' ? 'files are being read' : 'pictures are being drawn';
    const refusal = busy('queue', `Too many ${what}; try again shortly.`);
    const shed = queue.shed(client);
    if (shed === undefined) throw refusal;
    shed.reject(refusal);
  };

  const abort = (queue: FairQueue<Job>, job: Job, reason: unknown): void => {
    queue.remove(job);
    job.reject(reason);
    const slot = slots.find((each) => each.job === job);
    // The worker stays with the job until it answers: only the task knows where it can stop.
    if (slot?.worker !== undefined) send(slot.worker, { kind: 'cancel', id: job.id });
  };

  return {
    run(task, input, { priority = 'interactive', signal, client = '', key } = {}) {
      const queue = queues[priority];
      return new Promise((resolve, reject) => {
        if (isClosed) throw busy('closed', 'The archive is stopping.');
        signal?.throwIfAborted();
        makeRoom(priority, client);
        const onAbort = (): void => {
          abort(queue, job, signal?.reason);
        };
        const settle = (how: () => void): void => {
          if (job.isSettled) return;
          job.isSettled = true;
          signal?.removeEventListener('abort', onAbort);
          how();
        };
        const job: Job = {
          id: (lastId += 1),
          key,
          task,
          input,
          isSettled: false,
          resolve: (output) => {
            settle(() => {
              resolve(output as never); // the table of the worker is our own
            });
          },
          reject: (error) => {
            settle(() => {
              reject(error instanceof Error ? error : new Error(String(error)));
            });
          },
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        queue.push(job, client);
        dispatch();
      });
    },
    join(key, client) {
      const { interactive } = queues;
      const job = interactive.find((each) => each.key === key);
      if (job !== undefined) interactive.join(job, client);
    },
    async close() {
      isClosed = true;
      const jobs = Object.values(queues).flatMap((queue) => queue.clear());
      for (const slot of slots) {
        if (slot.job !== undefined) jobs.push(slot.job);
        end(slot);
      }
      for (const job of jobs) job.reject(busy('closed', 'The archive is stopping.'));
      await Promise.all(ending);
    },
  };
}

function send(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}

function busy(reason: string, message: string, cause?: unknown): AppError {
  return new AppError('busy', message, { reason }, cause);
}

/** An AppError stays one; anything else is a bug, with the stack of the worker as its cause. */
function toError({ code, message, data, stack }: ErrorRecord): Error {
  if (code !== undefined) return new AppError(code, message, { ...data });
  return new Error(message, { cause: stack });
}
