import {
  findKeptByKey,
  inTransaction,
  toCatalogError,
  type Actor,
  type Catalog,
  type CheckRecord,
  type KeptVersion,
  type Transaction,
} from '../catalog/index.js';
import {
  AS_IT_STANDS,
  fileInPlace,
  hashStored,
  readStored,
  type Filed,
  type FilingOptions,
  type FilingParts,
  type LooseFile,
  type Reading,
} from '../ingest/index.js';
import { AppError } from '../lib/errors.js';
import { mapConcurrently } from '../lib/pool.js';
import { findChange, noteChecks } from './changes.js';

export interface LooseParts extends FilingParts {
  readonly catalog: Catalog;
  /** Files that are read at the same time. */
  readonly lanes: number;
}

/** A file of the tree, and what is known of it beyond what it says itself. */
export interface LooseKey {
  readonly key: string;
  readonly sizeBytes: number;
  /** Given to `fileInPlace`. */
  readonly known?: Omit<FilingOptions, 'by'>;
  /** How to read it if its header names no proposal. */
  readonly withProposal?: Reading;
}

/** What became of a file that lay in the tree. */
export interface LooseResult {
  readonly key: string;
  readonly sizeBytes: number;
  /**
   * `adopted`: a new frame; `new-version`: other bytes of a known exposure; `already-there`: filed
   * before; `in-trash`: of a frame that was deleted and
   * can come back; `same-bytes`: another file with these very bytes is filed; `refused`: not a file that is
   * kept, see `text`; `failed`: not filed by no fault of the file; `changed`: filed before, and another
   * file since; `passed-over`: a link, or something else that is no file to look into.
   */
  readonly status:
    | 'adopted'
    | 'new-version'
    | 'already-there'
    | 'in-trash'
    | 'same-bytes'
    | 'refused'
    | 'failed'
    | 'changed'
    | 'passed-over';
  readonly frameId: number | null;
  readonly basename: string | null;
  /** For people: why it was refused, what else it is. */
  readonly text: string;
}

export interface LooseOptions {
  readonly by: Actor;
  /** True to find out what would be done, and change nothing. */
  readonly isDry: boolean;
}

/** Files of one transaction: an upload that comes in meanwhile waits for so many at most. */
const BATCH = 32;
/** A server writes as well: it is waited for as often as this. */
const MAX_TRIES = 10;

/**
 * Files those of `keys` that are not filed yet, where they lie. What was done stays done if it is
 * interrupted: begun again, it passes over it.
 */
export async function* fileLoose(
  parts: LooseParts,
  keys: AsyncIterable<LooseKey>,
  options: LooseOptions,
): AsyncIterable<LooseResult> {
  // In a dry run no row tells that a file before had the same bytes.
  const seen = new Map<string, string>();
  for await (const batch of inBatches(keys, BATCH)) {
    const read = await mapConcurrently(batch, parts.lanes, (item) => readLoose(parts, item));
    if (!options.isDry) {
      await noteChecks(
        parts.catalog,
        read.flatMap(({ check }) => check ?? []),
      );
    }
    yield* options.isDry
      ? await tryBatch(parts, read, options, seen)
      : await fileBatch(parts, read, options);
  }
}

/** Numbered versions of frames (`m31~2.fits`): their order says which is which. */
const NUMBERED = /~(\d+)(?=\.[^/]*$|$)/;

/** The same files, but those that are further versions after all others, by their numbers. */
export async function* versionsLast<T extends { readonly key: string }>(
  files: AsyncIterable<T>,
): AsyncIterable<T> {
  const later: (readonly [number: number, file: T])[] = [];
  for await (const file of files) {
    const number = NUMBERED.exec(file.key)?.[1];
    if (number === undefined) yield file;
    else later.push([Number(number), file]);
  }
  later.sort(([a], [b]) => a - b);
  for (const [, file] of later) yield file;
}

/** Items in groups of `size`, the last one maybe smaller. */
export async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncIterable<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** A file that was read, or what became of it. */
type Read = { readonly item: LooseKey } & (
  | { readonly file: LooseFile; readonly result?: never; readonly check?: never }
  | {
      readonly file?: never;
      readonly result: LooseResult;
      readonly check?: CheckRecord | undefined;
    }
);

async function readLoose(parts: LooseParts, item: LooseKey): Promise<Read> {
  const { key } = item;
  try {
    const known = await findKeptByKey(parts.catalog, key);
    if (known !== undefined) return await lookAgain(parts, item, known);
    // Headers first: what is refused anyway need not be read to its end.
    const plain = await readStored(parts, key);
    const isLacking = plain.facts.proposal === null && item.withProposal !== undefined;
    const reading = (isLacking ? item.withProposal : undefined) ?? AS_IT_STANDS;
    const stored = isLacking ? await readStored(parts, key, { reading }) : plain;
    const asRead = { ...item, known: { ...item.known, reading } };
    const fingerprint = await hashStored(parts, key);
    return { item: asRead, file: { key, ...stored, fingerprint } };
  } catch (error) {
    return { item, result: toFailure(item, error) };
  }
}

/** Whether a file that was filed before is still the same one. */
async function lookAgain(parts: LooseParts, item: LooseKey, known: KeptVersion): Promise<Read> {
  const { check, text } = await findChange(parts, known);
  if (text === '') return { item, result: toResult(item, 'already-there'), check };
  const { frameId, basename } = known;
  return { item, result: toResult(item, 'changed', { frameId, basename, text }), check };
}

async function fileBatch(
  parts: LooseParts,
  read: readonly Read[],
  options: LooseOptions,
): Promise<LooseResult[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(parts.catalog, (tx) => fileAll(tx, parts, read, options));
    } catch (error) {
      const isBusy = toCatalogError(error)?.code === 'busy';
      if (!isBusy || attempt >= MAX_TRIES) throw error;
    }
  }
}

/** Carries the results out of a transaction that is not to be kept. */
class NotKept extends Error {
  constructor(readonly results: LooseResult[]) {
    super('This was only tried.');
  }
}

async function tryBatch(
  parts: LooseParts,
  read: readonly Read[],
  options: LooseOptions,
  seen: Map<string, string>,
): Promise<LooseResult[]> {
  const fresh = read.map((each): Read => {
    if (each.file === undefined) return each;
    const { sha256 } = each.file.fingerprint;
    const twin = seen.get(sha256);
    seen.set(sha256, twin ?? each.item.key);
    if (twin === undefined) return each;
    return { item: each.item, result: toResult(each.item, 'same-bytes', { text: sameAs(twin) }) };
  });
  try {
    await inTransaction(parts.catalog, async (tx) => {
      throw new NotKept(await fileAll(tx, parts, fresh, options));
    });
  } catch (error) {
    if (error instanceof NotKept) return error.results;
    throw error;
  }
  return [];
}

async function fileAll(
  tx: Transaction,
  parts: LooseParts,
  read: readonly Read[],
  { by }: LooseOptions,
): Promise<LooseResult[]> {
  const results: LooseResult[] = [];
  for (const { item, file, result } of read) {
    if (file === undefined) {
      results.push(result);
      continue;
    }
    try {
      results.push(toFiled(item, await fileInPlace(tx, parts, file, { ...item.known, by })));
    } catch (error) {
      // Its name is judged before anything is written: the others of the transaction are sound.
      results.push(toFailure(item, error));
    }
  }
  return results;
}

function toFiled(item: LooseKey, filed: Filed): LooseResult {
  const { frameId, basename, warnings } = filed;
  if (filed.status === 'same-bytes') {
    const text = sameAs(`version ${filed.version} of '${basename}'`);
    return toResult(item, 'same-bytes', { frameId, basename, text });
  }
  const status = filed.status === 'filed' ? 'adopted' : 'new-version';
  return toResult(item, status, { frameId, basename, text: warnings.join(' ') });
}

function sameAs(what: string): string {
  return `The very same bytes are filed already, as ${what}.`;
}

function toResult(
  { key, sizeBytes }: LooseKey,
  status: LooseResult['status'],
  more: { frameId?: number; basename?: string; text?: string } = {},
): LooseResult {
  const { frameId = null, basename = null, text = '' } = more;
  return { key, sizeBytes, status, frameId, basename, text };
}

/** @throws what is no expected failure */
function toFailure(item: LooseKey, error: unknown): LooseResult {
  if (!(error instanceof AppError)) throw error;
  const isOurs = ['store_unavailable', 'store_full', 'busy', 'config_invalid'].includes(error.code);
  return toResult(item, isOurs ? 'failed' : 'refused', { text: error.message });
}
