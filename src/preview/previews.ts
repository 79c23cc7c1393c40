import { createHash } from 'node:crypto';
import type { SourceLimits } from '../fits/index.js';
import { hasCode, AppError } from '../lib/errors.js';
import { errorFields, type Log } from '../lib/log.js';
import { createPictureCache } from './cache.js';
import type { RenderOptions } from './options.js';
import { DRAWING_FAILED, TOOK_TOO_LONG } from './problem.js';
import { renderProblem, type RenderBounds, type Rendered, type RenderRequest } from './render.js';

/** Goes up with every change to how pictures look or which files can be drawn. */
const METHOD = 3;

/** What previews need of the pool of workers. */
export interface RenderPool {
  run(
    task: 'render',
    input: RenderRequest,
    options?: {
      priority?: 'interactive' | 'background';
      signal?: AbortSignal;
      client?: string;
      key?: string;
    },
  ): Promise<Rendered>;
  /** Somebody else waits for the picture `key` too. */
  join?(key: string, client: string): void;
}

/** A file to draw: where it is on this machine, and the hash of its bytes (hex). */
export interface PreviewSource {
  readonly path: string;
  readonly sha256: string;
}

/** A picture, and the strong entity tag of an answer with it. */
export type Preview = Omit<Rendered, 'detail' | 'transient'> & { readonly etag: string };

export interface Previews {
  /**
   * The picture of a file, from the cache or drawn now; the same picture asked for by several at
   * once is drawn once.
   *
   * @param waiter.signal gives up waiting; the drawing stops when nobody waits for it
   * @param waiter.client who waits: clients take turns, and each may wait for so many
   * @throws 'not_found' if the file is gone, 'bad_request' for an HDU or plane that it has not,
   *         'too_many' if too much waits for this client, 'busy' if too much waits, the reason of
   *         the signal
   */
  get(source: PreviewSource, options: RenderOptions, waiter?: Waiter): Promise<Preview>;
  /** Draws pictures that will be asked for, after everything someone waits for. */
  warm(
    source: PreviewSource,
    options: readonly RenderOptions[],
    signal?: AbortSignal,
  ): Promise<void>;
  /** The tag `get` gives if all is well, without drawing: for `If-None-Match`. */
  etag(source: PreviewSource, options: RenderOptions): string;
  /** How often a picture was in the cache when it was needed, and how often it had to be drawn. */
  counts(): { readonly hits: number; readonly misses: number };
  /** Waits for pictures that are being drawn. The pool is closed by its owner. */
  close(): Promise<void>;
}

/** Somebody who wants a picture. */
export interface Waiter {
  readonly signal?: AbortSignal;
  readonly client?: string;
}

export interface PreviewSettings {
  /** Folder of the cache, `$DATA_DIR/previews`. */
  readonly directory: string;
  /** Its size at most, bytes; 0 keeps nothing. */
  readonly maxBytes: number;
  readonly pool: RenderPool;
  readonly limits: SourceLimits;
  /** Most pixels of a plane that is drawn. Default 400 million. */
  readonly maxPixels?: number;
  readonly log?: Log;
}

/** A picture being made, and how many wait for it. */
interface Flight {
  readonly result: Promise<Preview>;
  readonly control: AbortController;
  waiting: number;
}

/** Pictures of FITS files with a cache on disk. Nothing is read or made before it is asked for. */
export function createPreviews(settings: PreviewSettings): Previews {
  const { pool, log, limits, maxPixels = 400e6 } = settings;
  const bounds: RenderBounds = { ...limits, maxPixels };
  const cache = createPictureCache(settings.directory, settings.maxBytes);
  const flights = new Map<string, Flight>();
  const counts = { hits: 0, misses: 0 };

  const keep = async (key: string, picture: Rendered): Promise<void> => {
    try {
      await cache.put(key, picture);
    } catch (error) {
      log?.warn('preview not kept', errorFields(error)); // the picture itself is fine
    }
  };
  const find = async (key: string): Promise<Rendered | undefined> => {
    try {
      return await cache.get(key);
    } catch (error) {
      log?.warn('preview cache not readable', errorFields(error));
      return undefined;
    }
  };
  const make = async (key: string, order: Order, signal: AbortSignal): Promise<Preview> => {
    const kept = await find(key);
    counts[kept === undefined ? 'misses' : 'hits'] += 1;
    if (kept !== undefined) return { ...kept, etag: tag(key) };
    const { path, sha256 } = order.source;
    const request = { ...order.options, path, bounds };
    const { priority, client = '' } = order;
    const drawn = await draw(pool, request, { priority, client, key, signal });
    const { detail, transient, ...picture } = drawn;
    if (detail !== undefined) log?.error('preview failed', { sha256, detail });
    if (transient === true) return { ...picture, etag: tag(`${key}-now`) };
    await keep(key, picture);
    return { ...picture, etag: tag(key) };
  };
  const board = (order: Order): Flight => {
    const key = keyOf(order.source, order.options);
    const existing = flights.get(key);
    if (existing !== undefined && !existing.control.signal.aborted) {
      if (order.client !== undefined) pool.join?.(key, order.client);
      return existing;
    }
    const control = new AbortController();
    const result = make(key, order, control.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    result.catch(() => undefined); // those who wait get the error; perhaps nobody does any more
    const flight: Flight = { result, control, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };
  const wait = async (order: Order, signal?: AbortSignal): Promise<Preview> => {
    signal?.throwIfAborted();
    const flight = board(order);
    flight.waiting += 1;
    try {
      return await orAborted(flight.result, signal);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.control.abort();
    }
  };

  return {
    get: (source, options, { signal, client } = {}) =>
      wait({ source, options, client, priority: 'interactive' }, signal),
    async warm(source, list, signal) {
      for (const options of list) {
        await wait({ source, options, client: undefined, priority: 'background' }, signal);
      }
    },
    etag: (source, options) => tag(keyOf(source, options)),
    counts: () => counts,
    async close() {
      await Promise.allSettled([...flights.values()].map((flight) => flight.result));
    },
  };
}

interface Order {
  readonly source: PreviewSource;
  readonly options: RenderOptions;
  readonly priority: 'interactive' | 'background';
  readonly client: string | undefined;
}

/** Draws in the pool; a worker that dies or takes too long gives a picture of words. */
async function draw(
  pool: RenderPool,
  request: RenderRequest,
  options: Parameters<RenderPool['run']>[2],
): Promise<Rendered> {
  try {
    return await pool.run('render', request, options);
  } catch (error) {
    const reason = hasCode(error, 'busy') && error instanceof AppError ? error.data['reason'] : '';
    if (reason !== 'timeout' && reason !== 'crash') throw error;
    const problem = reason === 'timeout' ? TOOK_TOO_LONG : DRAWING_FAILED;
    const detail = `${reason}: ${request.path}`;
    return { ...(await renderProblem(problem, request)), transient: true, detail };
  }
}

/** Content, method and options in a fixed order. */
function keyOf({ sha256 }: PreviewSource, options: RenderOptions): string {
  const { hdu, plane, width, stretch, limits, low, high, colour, invert, format, tile } = options;
  const span = limits.kind === 'percentile' ? [limits.low, limits.high] : [];
  const parts = [METHOD, sha256, width, stretch, limits.kind, span, colour, invert, format];
  const rest = [hdu, plane, low, high, tile?.level, tile?.x, tile?.y];
  const text = JSON.stringify([...parts, rest.map((value) => value ?? null)]);
  return createHash('sha256').update(text).digest('hex');
}

function tag(key: string): string {
  return `"${key.slice(0, 32)}${key.slice(64)}"`;
}

function orAborted<T>(result: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return result;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    result.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
