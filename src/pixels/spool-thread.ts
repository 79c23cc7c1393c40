import { Worker } from 'node:worker_threads';
import { AppError } from '../lib/errors.js';
import type { Fingerprint } from '../lib/hash.js';
import { YOUNG_MB } from './pool.js';
import type { FromSpool, Piece, ToSpool } from './spool-worker.js';

export interface SpoolThreadOptions {
  /** Idle time after which the thread is ended, ms, so that a quiet server is small. Default 60 000. */
  readonly idleMs?: number;
  /** What the thread runs; only tests give another. */
  readonly script?: URL;
}

/** One file on its way to the disk. */
export interface SpoolingFile {
  /**
   * Writes bytes behind those before them, and adds them up. They must not be changed meanwhile, and
   * the file must stay open.
   * @throws as the system does (ENOSPC), 'busy' if the thread broke down
   */
  add(bytes: Uint8Array<SharedArrayBuffer>): Promise<void>;
  /** What the bytes add up to; once only, as the last. @throws as `add` */
  fingerprint(): Promise<Fingerprint>;
  /** Instead of `fingerprint`, if nobody wants to know any more. */
  drop(): void;
}

/** A thread that writes and adds up bytes: the main one would serve nobody meanwhile. */
export interface SpoolThread {
  /** Takes in an open file, from where it stands: it ends with `fingerprint` or `drop`. */
  begin(fd: number): SpoolingFile;
  /** Ends the thread; what it has begun is rejected. */
  close(): Promise<void>;
}

/** What waits for an answer of the thread, in the order in which it was asked. */
interface Asked {
  readonly resolve: (answer: FromSpool) => void;
  readonly reject: (error: unknown) => void;
}

/** Buffers that a thread knows at the same time. */
const MAX_KNOWN = 64;

/**
 * Tells buffers by numbers. A buffer that is sent again and again counts each time as memory that the
 * thread has to clear away: that costs more than writing it.
 */
function createNumbering(): (bytes: Uint8Array<SharedArrayBuffer>) => Piece {
  const numbers = new Map<SharedArrayBuffer, number>();
  const known: SharedArrayBuffer[] = [];
  let last = -1;
  return ({ buffer, byteOffset: offset, length }) => {
    const found = numbers.get(buffer);
    if (found !== undefined) return { number: found, offset, length };
    const number = (last = (last + 1) % MAX_KNOWN);
    const forgotten = known[number];
    if (forgotten !== undefined) numbers.delete(forgotten);
    known[number] = buffer;
    numbers.set(buffer, number);
    return { number, buffer, offset, length };
  };
}

/** Makes a thread for the spool; none is started before the first bytes. */
export function createSpoolThread(options: SpoolThreadOptions = {}): SpoolThread {
  const { idleMs = 60_000, script = new URL('./spool-worker.js', import.meta.url) } = options;
  const files = new Map<number, Asked[]>();
  let worker: Worker | undefined;
  let toPiece = createNumbering();
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;

  const lose = (lost: Worker, cause: unknown): void => {
    if (worker !== lost) return; // its error came before its exit
    worker = undefined;
    const waiting = [...files.values()].flat();
    files.clear();
    for (const { reject } of waiting) reject(brokenDown(cause));
  };

  const start = (): Worker => {
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB };
    const started = new Worker(script, { resourceLimits, name: 'spool' });
    toPiece = createNumbering();
    started.on('message', (answer: FromSpool) => {
      files.get(answer.id)?.shift()?.resolve(answer);
    });
    started.on('error', (error) => {
      lose(started, error);
    });
    started.on('exit', (code) => {
      lose(started, new Error(`The thread ended with code ${code}.`));
    });
    return started;
  };

  const end = async (): Promise<void> => {
    clearTimeout(timer);
    const ended = worker;
    // One that is writing is lost when it has ended, and not before: its files are open as long.
    if (files.size === 0) worker = undefined;
    await ended?.terminate();
  };

  const leave = (id: number): void => {
    files.delete(id);
    if (files.size > 0) return;
    worker?.unref();
    timer = setTimeout(() => {
      void end();
    }, idleMs).unref();
  };

  const begin = (fd: number): SpoolingFile => {
    const id = ++lastId;
    clearTimeout(timer);
    files.set(id, []);
    const own = (worker ??= start());
    own.ref();
    const ask = (message: ToSpool): Promise<FromSpool> =>
      new Promise((resolve, reject) => {
        // A thread that was started since knows nothing of this file.
        const asked = worker === own ? files.get(id) : undefined;
        if (asked === undefined) {
          reject(brokenDown(undefined));
          return;
        }
        asked.push({ resolve, reject });
        own.postMessage(message);
      });
    const drop = (): void => {
      if (worker !== own || !files.has(id)) return;
      own.postMessage({ kind: 'drop', id } satisfies ToSpool);
      leave(id);
    };
    return {
      async add(bytes) {
        if (worker !== own) throw brokenDown(undefined); // the new one numbers anew
        const { failure } = await ask({ kind: 'add', id, fd, piece: toPiece(bytes) });
        if (failure !== undefined) throw Object.assign(new Error(failure.message), failure);
      },
      async fingerprint() {
        const { fingerprint } = await ask({ kind: 'end', id });
        leave(id);
        if (fingerprint === undefined) throw brokenDown(undefined);
        return fingerprint;
      },
      drop,
    };
  };
  return { begin, close: end };
}

function brokenDown(cause: unknown): AppError {
  const message = 'What writes uploads to the disk broke down. Send the file again.';
  return new AppError('busy', message, { reason: 'crash' }, cause);
}
