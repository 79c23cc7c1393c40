import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Issue, SourceLimits } from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { ownedName } from '../lib/owned-names.js';
import type { SkyNodes } from '../wcs/index.js';
import type { Block, BlockRequest, LookRequest } from './look.js';
import { pieceBytes, type Piece } from './plan.js';
import type { ProductPlan, ProductRequest, SourceFile, TableRequest } from './tasks.js';
import { countRows, type TableFormat, type TableShape } from './table-text.js';

/** Goes up with every change to the bytes of products, so that none is resumed from another. */
const METHOD = 2;
const GROUP_BYTES = 4 * 1024 * 1024;
/** Rows of a run at most; long ones end it sooner. */
const ROWS_AT_ONCE = 100_000;
/** Files of which it is known what is wrong with them: neighbours in a night, for who steps through it. */
const MAX_KEPT_CHECKS = 200;
const MAX_KEPT_ISSUES = 300;
const MAX_KEPT_NETS = 64;

/** What products need of the pool of workers. */
export interface ProductPool {
  run(task: 'expandFile', input: SourceFile & { target: string }, options?: Wait): Promise<object>;
  run(
    task: 'planProduct',
    input: SourceFile & { request: ProductRequest },
    options?: Wait,
  ): Promise<ProductPlan>;
  run(
    task: 'makePieces',
    input: SourceFile & { pieces: readonly Piece[] },
    options?: Wait,
  ): Promise<{ bytes: Uint8Array }>;
  run(
    task: 'describeTable',
    input: SourceFile & { hdu: number | undefined },
    options?: Wait,
  ): Promise<{ table: TableShape | undefined }>;
  run(
    task: 'checkFile',
    input: SourceFile,
    options?: Wait,
  ): Promise<{ readonly issues: readonly Issue[] }>;
  run(task: 'readBlock', input: BlockRequest, options?: Wait): Promise<Block>;
  run(
    task: 'readSkyNodes',
    input: LookRequest,
    options?: Wait,
  ): Promise<{ nodes: SkyNodes | null }>;
  run(
    task: 'writeRows',
    input: SourceFile & TableRequest,
    options?: Wait,
  ): Promise<{ bytes: Uint8Array }>;
}

/** Who waits: `signal` gives up, clients take turns. */
export interface Wait {
  readonly signal?: AbortSignal;
  readonly client?: string;
}

/** A stored file: where it is on this machine, the hash of its bytes (hex), and how it is wrapped. */
export interface ProductSource {
  readonly path: string;
  readonly sha256: string;
  readonly container: string;
}

/** A file made while it is sent. Close it when done. */
export interface Product {
  readonly sizeBytes: number;
  /** Strong entity tag: the same bytes have the same tag. */
  readonly etag: string;
  /** Of a cut-out: where it lies in the image, `[x1:x2,y1:y2]`. */
  readonly section: string | undefined;
  /** Bytes [start, end), made as fast as they are taken; at most 8 MB are held. */
  readonly read: (range: { start: number; end: number }) => AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** A table as text, in runs of rows. Close it when done. */
export interface TableProduct {
  readonly table: TableShape;
  readonly read: (format: TableFormat) => AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface Products {
  /**
   * The file with its compressed images and tables as plain ones, or a part of an image.
   *
   * @throws as the codec; 'bad_request' for a cut-out that is not in the file
   */
  make(source: ProductSource, request: ProductRequest, wait?: Wait): Promise<Product>;
  /** A table of the file: by HDU, else the one named CAT, else undefined. */
  table(
    source: ProductSource,
    hdu: number | undefined,
    wait?: Wait,
  ): Promise<TableProduct | undefined>;
  /**
   * All that is not as the standard says, in the order of the file; of a file full of it the first 5000.
   * What was found is remembered for a while.
   *
   * @throws as `openFits`; 'busy' if it takes too long
   */
  check(source: ProductSource): Promise<readonly Issue[]>;
  /**
   * Values of a part of an image, as the header means them.
   *
   * @throws 'bad_request' for an HDU, plane or place that is not in the file; as `openFits`
   */
  block(source: ProductSource, place: BlockPlace, wait?: Wait): Promise<Block>;
  /**
   * Where an image lies on the sky, all over it; null if its header does not say. Remembered for a while.
   *
   * @throws 'bad_request' for an HDU that has no image; as `openFits`
   */
  sky(source: ProductSource, hdu: number): Promise<SkyNodes | null>;
}

/** What of a file `block` reads: pixels of the region from 0 at FITS pixel (1,1), plane from 0. */
export type BlockPlace = Pick<BlockRequest, 'hdu' | 'plane' | 'region'>;

/** Files made from stored files, by the workers, piece by piece. */
export function createProducts(pool: ProductPool, limits: SourceLimits): Products {
  return {
    async make(source, request, wait = {}) {
      const { file, close } = await prepare(pool, source, limits, wait);
      try {
        const plan = await pool.run('planProduct', { ...file, request }, wait);
        return {
          sizeBytes: plan.sizeBytes,
          etag: `"${source.sha256}-${tagOf(request)}-${METHOD}"`,
          section: plan.section,
          read: (range) => readPlan(pool, file, plan.pieces, range, wait),
          close,
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
    async table(source, hdu, wait = {}) {
      const { file, close } = await prepare(pool, source, limits, wait);
      try {
        const { table } = await pool.run('describeTable', { ...file, hdu }, wait);
        if (table !== undefined) {
          return { table, read: (format) => readTable(pool, file, table, format, wait), close };
        }
      } catch (error) {
        await close();
        throw error;
      }
      await close();
      return undefined;
    },
    check: createCheck(pool, limits),
    block: ({ path }, place, wait) => pool.run('readBlock', { ...place, path, limits }, wait),
    sky: createSky(pool, limits),
  };
}

/** One check for a file, however many ask for it; what it found is kept, unless it is long. */
function createCheck(pool: ProductPool, limits: SourceLimits): Products['check'] {
  const kept = new Map<string, Promise<readonly Issue[]>>();
  return ({ path, sha256 }) => {
    const known = kept.get(sha256);
    if (known !== undefined) return known;
    const made = pool.run('checkFile', { path, limits }).then(({ issues }) => {
      if (issues.length > MAX_KEPT_ISSUES) kept.delete(sha256);
      return issues;
    });
    // Whoever asked is told why it failed; the next one tries again.
    made.catch(() => kept.delete(sha256));
    kept.set(sha256, made);
    const [oldest] = kept.keys();
    if (kept.size > MAX_KEPT_CHECKS && oldest !== undefined) kept.delete(oldest);
    return made;
  };
}

/** Nets of positions by file and HDU: whoever looks at a picture asks for its net several times. */
function createSky(pool: ProductPool, limits: SourceLimits): Products['sky'] {
  const kept = new LRUCache<string, Promise<SkyNodes | null>>({ max: MAX_KEPT_NETS });
  return ({ path, sha256 }, hdu) => {
    const key = `${sha256} ${hdu}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = pool.run('readSkyNodes', { path, limits, hdu }).then(({ nodes }) => nodes);
    made.catch(() => kept.delete(key));
    kept.set(key, made);
    return made;
  };
}

/** A file to read at random: one that is compressed as a whole is expanded first. */
async function prepare(
  pool: ProductPool,
  { path, container }: ProductSource,
  limits: SourceLimits,
  wait: Wait,
): Promise<{ file: SourceFile; close: () => Promise<void> }> {
  if (['plain', 'tiles', 'xisf'].includes(container)) {
    return { file: { path, limits }, close: () => Promise.resolve() };
  }
  const target = join(limits.tempDir, ownedName('.part'));
  const close = (): Promise<void> => rm(target, { force: true });
  try {
    await pool.run('expandFile', { path, limits, target }, wait);
  } catch (error) {
    await close();
    throw error;
  }
  return { file: { path: target, limits }, close };
}

async function* readPlan(
  pool: ProductPool,
  file: SourceFile,
  pieces: readonly Piece[],
  { start, end }: { start: number; end: number },
  wait: Wait,
): AsyncGenerator<Uint8Array> {
  const groups = groupPieces(pieces).filter((group) => {
    return group.start < end && group.start + group.lengthBytes > start;
  });
  const make = (index: number): Promise<Uint8Array> | undefined => {
    const group = groups[index];
    if (group === undefined) return undefined;
    const made = pool
      .run('makePieces', { ...file, pieces: group.pieces }, wait)
      .then(({ bytes }) => {
        return bytes.subarray(Math.max(0, start - group.start), end - group.start);
      });
    // Looked at when its turn comes, which may be never.
    made.catch(() => undefined);
    return made;
  };
  let next = make(0);
  for (let index = 1; next !== undefined; index += 1) {
    const bytes = await next;
    next = make(index); // made while these bytes are sent
    yield bytes;
  }
}

interface Group {
  readonly start: number;
  lengthBytes: number;
  readonly pieces: Piece[];
}

/** Neighbours are made together: opening the file for each would cost more than a small piece. */
function groupPieces(pieces: readonly Piece[]): Group[] {
  const groups: Group[] = [];
  let at = 0;
  for (const piece of pieces.flatMap(cutCopy)) {
    const length = pieceBytes(piece);
    const last = groups.at(-1);
    if (last !== undefined && last.lengthBytes + length <= GROUP_BYTES) {
      last.pieces.push(piece);
      last.lengthBytes += length;
    } else groups.push({ start: at, lengthBytes: length, pieces: [piece] });
    at += length;
  }
  return groups;
}

/** A long copy in parts, so that none is held whole. */
function cutCopy(piece: Piece): Piece[] {
  if (piece.kind !== 'copy' || piece.lengthBytes <= GROUP_BYTES) return [piece];
  const parts: Piece[] = [];
  for (let done = 0; done < piece.lengthBytes; done += GROUP_BYTES) {
    const lengthBytes = Math.min(GROUP_BYTES, piece.lengthBytes - done);
    parts.push({ kind: 'copy', offset: piece.offset + done, lengthBytes });
  }
  return parts;
}

async function* readTable(
  pool: ProductPool,
  file: SourceFile,
  table: TableShape,
  format: TableFormat,
  wait: Wait,
): AsyncGenerator<Uint8Array> {
  for (let firstRow = 0; firstRow < table.rows;) {
    const rows = Math.min(ROWS_AT_ONCE, table.rows - firstRow);
    const request = { hdu: table.hdu, firstRow, rows, format };
    const { bytes } = await pool.run('writeRows', { ...file, ...request }, wait);
    const done = countRows(bytes, format);
    if (done === 0) throw new AppError('fits_truncated', 'The table ends before its last row.');
    firstRow += done;
    yield bytes;
  }
}

function tagOf(request: ProductRequest): string {
  if (request.kind === 'unpack') return 'unpacked';
  const { box, hdu = '', plane = '' } = request;
  const numbers =
    box.kind === 'pixels'
      ? [box.x, box.y, box.width, box.height]
      : [box.raDeg, box.decDeg, box.sizeDeg];
  return `cutout-${box.kind}-${numbers.join('_')}-${hdu}-${plane}`;
}
