import type { Catalog, CheckResult, KeptVersion } from '../catalog/index.js';
import { findKept } from '../catalog/index.js';
import { surveyFits, type SourceLimits } from '../fits/index.js';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { sha256Of } from '../lib/hash.js';
import type { Store } from '../store/index.js';

/** What came of comparing a stored file with its row. */
export interface Examined {
  readonly result: CheckResult;
  /** One sentence; '' if all is well. */
  readonly text: string;
  /** What is odd about the file, but was so when it came. */
  readonly notes: readonly string[];
}

export interface ExamineOptions {
  /** True to read the bytes; else only their number is compared. */
  readonly readData: boolean;
  /** Given to also compare the sums that the FITS headers tell; says how far files may expand. */
  readonly limits?: SourceLimits;
  /** Called with each piece that is read; what it gives is waited for. */
  readonly onRead?: (bytes: number) => Promise<void> | undefined;
}

/**
 * Compares a stored file with its row. The SHA-256 decides: a file that still has it is the file that
 * was sent, whatever its own checksums say.
 *
 * @throws 'store_unavailable' if the archive as a whole cannot be reached
 */
export async function examine(
  store: Store,
  version: KeptVersion,
  options: ExamineOptions,
): Promise<Examined> {
  const { key, basename } = version;
  const found = await store.stat(key);
  if (found === undefined) return bad('missing', `The file of frame '${basename}' is missing.`);
  if (found.sizeBytes !== version.sizeBytes) {
    const text = `The file of frame '${basename}' has ${found.sizeBytes} bytes instead of ${version.sizeBytes}.`;
    return bad('size', text);
  }
  if (!options.readData) return { result: 'ok', text: '', notes: [] };
  const sum = await readSum(store, key, options);
  if (sum instanceof AppError) {
    if (hasCode(sum, 'not_found')) {
      return bad('missing', `The file of frame '${basename}' is missing.`);
    }
    return bad('unreadable', `The file of frame '${basename}' cannot be read: ${sum.message}`);
  }
  const wrong = options.limits === undefined ? [] : await wrongSums(store, key, options.limits);
  if (sum !== version.sha256) {
    const told = `The bytes of frame '${basename}' have changed: their SHA-256 is ${sum}.`;
    return bad('content', `${told} ${explain(wrong)}`.trimEnd());
  }
  const notes = (typeof wrong === 'string' ? [] : wrong).map(
    (hdu) => `The checksum of HDU ${hdu} does not fit, and did not fit when it was uploaded.`,
  );
  return { result: 'ok', text: '', notes };
}

/**
 * As `examine`, but looks again before it finds a fault: frames come and go while this goes on.
 *
 * @returns undefined if the version has gone meanwhile
 */
export async function examineTwice(
  { catalog, store }: { readonly catalog: Catalog; readonly store: Store },
  version: KeptVersion,
  options: ExamineOptions,
): Promise<Examined | undefined> {
  const first = await examine(store, version, options);
  if (first.result === 'ok') return first;
  const now = await findKept(catalog, version.id);
  if (now === undefined) return undefined;
  const again = await examine(store, now, options);
  if (again.result === 'ok') return again;
  // The row goes before the file: had it gone while we read, then now it is seen.
  return (await findKept(catalog, version.id)) === undefined ? undefined : again;
}

function bad(result: CheckResult, text: string): Examined {
  return { result, text, notes: [] };
}

/** The SHA-256 of a stored file, or why it could not be read to its end. */
async function readSum(
  store: Store,
  key: string,
  { onRead }: ExamineOptions,
): Promise<string | AppError> {
  try {
    return await sha256Of(metered(await store.read(key), onRead));
  } catch (error) {
    if (error instanceof AppError) {
      if (error.code === 'not_found') return error;
    } else if (systemCode(error) === undefined) throw error;
    // One bad block must not end a check of everything; a root that has gone must.
    await store.stat(key);
    const reason = error instanceof Error ? error.message : String(error);
    return new AppError('damaged', reason, {}, error);
  }
}

async function* metered(
  pieces: AsyncIterable<Uint8Array>,
  onRead: ExamineOptions['onRead'],
): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    await onRead?.(piece.length);
  }
}

/** Indexes of HDUs whose CHECKSUM or DATASUM does not hold; a sentence if it cannot be told. */
async function wrongSums(
  store: Store,
  key: string,
  limits: SourceLimits,
): Promise<number[] | string> {
  try {
    const { hdus } = await surveyFits(await store.localPath(key), limits);
    return hdus.filter((hdu) => hdu.checksum === 'wrong').map((hdu) => hdu.index);
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}

function explain(wrong: number[] | string): string {
  if (typeof wrong === 'string') return `It cannot be read as FITS any more: ${wrong}`;
  if (wrong.length === 0) return '';
  return `The FITS checksum of HDU ${wrong.join(', ')} says the same.`;
}
