import { open } from 'node:fs/promises';
import {
  expandTo,
  mainImage,
  openFits,
  verify,
  type FitsFile,
  type Issue,
  type SourceLimits,
} from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { readLookupPixels, type LookupPixels } from '../wcs/index.js';
import { planCutout, type CutoutRequest } from './cutout.js';
import { readPieces, type Piece, type Plan } from './plan.js';
import { tableText, type TableFormat, type TableShape, tableShape } from './table-text.js';
import { planUnpack, type UnpackRequest } from './unpack.js';

/** Nobody reads more findings than this, and they are held in memory. */
const MAX_ISSUES = 5000;

/** A file on this machine, and how far it may expand. */
export interface SourceFile {
  readonly path: string;
  readonly limits: SourceLimits;
}

/** What is to be made of a file. */
export type ProductRequest =
  ({ readonly kind: 'unpack' } & UnpackRequest) | ({ readonly kind: 'cutout' } & CutoutRequest);

/** A plan as workers give it; `section` is that of a cut-out. */
export interface ProductPlan extends Plan {
  readonly section?: string;
}

/** Some rows of a table, as text. */
export interface TableRequest {
  readonly hdu: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly format: TableFormat;
}

/** Writes the content of a compressed file to another, which must not exist. */
export async function expandFile(input: SourceFile & { readonly target: string }): Promise<object> {
  await expandTo(input.path, input.target, input.limits);
  return {};
}

/** Bytes copied at once. */
const COPY_BYTES = 8 * 1024 * 1024;

/** Writes the file that `packFits` packed, as it was, to another, which must not exist. */
export function unpackFile(input: SourceFile & { readonly target: string }): Promise<object> {
  return withFile(input, async (file) => {
    const target = await open(input.target, 'wx');
    try {
      for (const piece of planUnpack(file, { isOriginal: true }).pieces) {
        for (const part of inParts(piece)) await target.appendFile(await readPieces(file, [part]));
      }
    } finally {
      await target.close();
    }
    return {};
  });
}

function inParts(piece: Piece): Piece[] {
  if (piece.kind !== 'copy') return [piece];
  const parts = Math.ceil(piece.lengthBytes / COPY_BYTES);
  return Array.from({ length: parts }, (_, index) => {
    const done = index * COPY_BYTES;
    const lengthBytes = Math.min(COPY_BYTES, piece.lengthBytes - done);
    return { kind: 'copy', offset: piece.offset + done, lengthBytes };
  });
}

/** What a product will be made of. @throws 'fits_unsupported' for XISF, and as the codec */
export function planProduct(
  input: SourceFile & { readonly request: ProductRequest },
): Promise<ProductPlan> {
  const { request } = input;
  return withFile(input, (file) => {
    if (file.format === 'xisf') {
      throw new AppError('fits_unsupported', 'No FITS files are made of XISF images.');
    }
    return request.kind === 'unpack'
      ? Promise.resolve(planUnpack(file, request))
      : planCutout(file, request);
  });
}

/** The bytes of some pieces of a plan. */
export function makePieces(
  input: SourceFile & { readonly pieces: readonly Piece[] },
): Promise<{ readonly bytes: Uint8Array }> {
  return withFile(input, async (file) => ({ bytes: await readPieces(file, input.pieces) }));
}

/** The columns of a table, by HDU or by name; undefined if there is none. */
export function describeTable(
  input: SourceFile & { readonly hdu: number | undefined },
): Promise<{ readonly table: TableShape | undefined }> {
  return withFile(input, (file) => Promise.resolve({ table: tableShape(file, input.hdu) }));
}

/** Some rows of a table, as text. */
export function writeRows(
  input: SourceFile & TableRequest,
): Promise<{ readonly bytes: Uint8Array }> {
  return withFile(input, async (file) => ({ bytes: await tableText(file, input) }));
}

/** All that is not as the standard says; of a file full of it only the beginning. */
export function checkFile(input: SourceFile): Promise<{ readonly issues: readonly Issue[] }> {
  return withFile(input, async (file) => ({ issues: (await verify(file)).slice(0, MAX_ISSUES) }));
}

/** The tables of corrections that the WCS of the main image names. */
export function readLookups(
  input: SourceFile,
): Promise<{ readonly lookups: readonly LookupPixels[] }> {
  return withFile(input, async (file) => {
    const main = mainImage(file);
    return { lookups: main === undefined ? [] : await readLookupPixels(file, main) };
  });
}

async function withFile<T>(input: SourceFile, work: (file: FitsFile) => Promise<T>): Promise<T> {
  const file = await openFits(input.path, input.limits);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
