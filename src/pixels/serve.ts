import { parentPort } from 'node:worker_threads';
import { AppError, systemCode, type ErrorCode } from '../lib/errors.js';

/** From the pool to a worker: begin a job, or stop one that nobody waits for any more. */
export type ToWorker =
  | { readonly kind: 'run'; readonly id: number; readonly task: string; readonly input: unknown }
  | { readonly kind: 'cancel'; readonly id: number };

/** From a worker to the pool: the end of a job. */
export type FromWorker =
  | { readonly id: number; readonly ok: true; readonly output: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorRecord };

/** An error as it crosses threads, where classes are lost. `code` is set for an AppError. */
export interface ErrorRecord {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly stack: string | undefined;
}

/** Tasks take what structured clone can carry; outputs are plain objects. */
export type TaskTable = Readonly<
  Record<string, (input: never, signal: AbortSignal) => Promise<object>>
>;

/** The worker's side of the pool: runs the jobs that arrive and answers each exactly once. */
export function serveTasks(tasks: TaskTable): void {
  if (parentPort === null) throw new Error('This runs only as a worker of the pixel pool.');
  const port = parentPort;
  const running = new Map<number, AbortController>();
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'cancel') {
      running.get(message.id)?.abort(new AppError('busy', 'Nobody waits for this any more.'));
      return;
    }
    const control = new AbortController();
    running.set(message.id, control);
    void runTask(tasks, message, control.signal).then((answer) => {
      running.delete(message.id);
      port.postMessage(answer, answer.ok ? ownBuffers(answer.output) : []);
    });
  });
}

async function runTask(
  tasks: TaskTable,
  { id, task, input }: { id: number; task: string; input: unknown },
  signal: AbortSignal,
): Promise<FromWorker> {
  try {
    const work = tasks[task];
    if (work === undefined) throw new Error(`There is no pixel task ${task}.`);
    return { id, ok: true, output: await work(input as never, signal) };
  } catch (error) {
    return { id, ok: false, error: toRecord(error) };
  }
}

/** Buffers of the arrays of a result that nothing else uses; they are moved, not copied. */
function ownBuffers(output: unknown): ArrayBuffer[] {
  if (typeof output !== 'object' || output === null) return [];
  return Object.values(output).flatMap((value: unknown) => {
    if (!ArrayBuffer.isView(value) || !(value.buffer instanceof ArrayBuffer)) return [];
    return value.byteLength === value.buffer.byteLength ? [value.buffer] : [];
  });
}

function toRecord(error: unknown): ErrorRecord {
  if (error instanceof AppError) {
    const { code, message, data, stack } = error;
    return { code, message, data, stack };
  }
  const system = systemCode(error);
  if (system === 'ENOSPC' || system === 'EDQUOT') {
    const message = 'The disk is full. Nothing was changed.';
    return { code: 'store_full', message, data: {}, stack: undefined };
  }
  const known = error instanceof Error;
  const message = known ? error.message : String(error);
  return { code: undefined, message, data: {}, stack: known ? error.stack : undefined };
}
