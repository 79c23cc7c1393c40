import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  findBySha256,
  listRules,
  noteOtherName,
  uniqueViolation,
  type Actor,
  type Catalog,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError, hasCode, type ErrorCode } from '../lib/errors.js';
import { createLimiter, type Limiter } from '../lib/pool.js';
import { toStoreError, type Store } from '../store/index.js';
import { createBlocks, type SpoolThread } from './file-writer.js';
import { foresee, type Foreseen, type KeptFile } from './foresee.js';
import { inspect, sourceLimits, type SurveyPool } from './inspect.js';
import { AS_IT_STANDS, type Reading } from './overrides.js';
import { findCard } from './keywords.js';
import { asItCame, pack, type Kept, type PackPool } from './pack.js';
import { placeFile } from './place.js';
import type { Profile } from './profiles.js';
import { changesPublicity } from './publicity.js';
import { createQuarantine } from './quarantine.js';
import { nightOfRefused } from './refused-night.js';
import { underRules } from './rules.js';
import { isIntact, putAndRecord, putBack, type Upload } from './record.js';
import { alreadyThere, notStored, stored, type IngestResult } from './results.js';
import { requireSense } from './sense.js';
import { factsOf, readAs } from './settle.js';
import { spoolStream, type Spooled } from './spool.js';
import type { Step } from './steps.js';
import { chooseTarget, requireOwn } from './target.js';

export interface Ingest {
  /** True while a file is being received: work that can wait should. */
  isReceiving(): boolean;
  /** Receives the bytes of one file. The caller discards what it does not hand to `store`. */
  spool(stream: Readable, name: string): Promise<Spooled>;
  /**
   * Judges and stores one spooled file, which is gone afterwards. Refusals are results; trouble of
   * ours (disk, database) is thrown, and worth a retry.
   *
   * @param turn waited for before it is stored: the files of one request get their ids in order
   * @param reading how its headers are to be read, if a person says so; kept with the frame
   */
  store(
    file: Spooled,
    by: Actor,
    turn?: Promise<unknown>,
    reading?: Reading,
  ): Promise<IngestResult>;
  /**
   * Whether a reading of a spooled file changes who would see its frame, against what the file says.
   *
   * @throws as the codec; 'bad_request' for an unknown profile
   */
  changesPublicity(file: Pick<Spooled, 'path'>, reading: Reading): Promise<boolean>;
  /** Where a file would be filed if it were stored now. Nothing is written. @throws as `foresee` */
  foresee(file: KeptFile, by: Actor, reading: Reading): Promise<Foreseen>;
  /** Removes spooled files that were not stored. */
  discard(files: readonly Spooled[]): Promise<void>;
  /** Runs `work` while no upload is choosing its place: for those who move files of the tree. */
  exclusively: Limiter;
  /** Takes nothing more, and resolves when what has begun is stored, refused, or has failed. */
  close(): Promise<void>;
}

export interface IngestParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
  readonly profiles: readonly Profile[];
  readonly pool: SurveyPool & PackPool;
  /** Ended by `close`. */
  readonly spoolThread: SpoolThread;
  /** Called after a frame has been committed: there is a job to do. */
  readonly onStored: () => void;
  /** Called at each step of storing a file; for tests. */
  readonly at?: (step: Step) => void;
}

/** Codes that are the file's fault, or that of who sent it: it is refused and kept in quarantine. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'fits_invalid',
  'fits_truncated',
  'fits_unsupported',
  'too_large',
  'header_missing',
  'header_invalid',
  'path_escapes',
  'forbidden',
]);

/** Without a byte for this long, nothing is being received: a client that stalls holds up no one. */
const RECEIVING_MS = 500;

/** Longest wait for one's turn to be stored; clients give up after 30 s. */
const MAX_WAIT_MS = 20_000;

/** A race for a name, lost to another process, is decided anew this often. */
const MAX_TRIES = 5;

export function createIngest(parts: IngestParts): Ingest {
  const { at } = parts;
  const quarantine = createQuarantine(parts);
  // From choosing a name to its row being committed, one at a time: two uploads of one name must
  // not choose the same place. Receiving, hashing and parsing are long done by then.
  const oneAtATime = createLimiter(1, { waitMs: MAX_WAIT_MS, waiting: 10_000 });
  const underway = createTracker();
  const blocks = createBlocks();
  let lastByteMs = -Infinity;

  const store = async (
    file: Spooled,
    by: Actor,
    turn?: Promise<unknown>,
    reading: Reading = AS_IT_STANDS,
  ): Promise<IngestResult> => {
    try {
      const next: Limiter = async (work) => {
        await turn;
        return oneAtATime(work);
      };
      const result = await storeFile(parts, next, file, { by, reading });
      if (result.status === 'already-there' && result.id !== null) {
        const { uploadName: name, uploadedBy } = file;
        await noteOtherName(parts.catalog, result.id, { name, by: by.username, uploadedBy });
      }
      await quarantine.release(file, result, by);
      parts.onStored();
      return result;
    } catch (error) {
      const failure = toStoreError(error); // a full disk comes as the system calls it
      if (!(failure instanceof AppError) || !REFUSALS.has(failure.code)) throw failure;
      at?.('refused');
      const night = await nightOfRefused(parts, file.path, reading);
      await quarantine.keep(file, failure, by, { reading, night });
      at?.('quarantined');
      return notStored(file, 'refused', failure);
    } finally {
      await rm(file.path, { force: true });
      at?.('cleared');
    }
  };

  const spool = async (stream: Readable, name: string): Promise<Spooled> => {
    const onBytes = (): void => {
      lastByteMs = performance.now();
      at?.('receiving');
    };
    try {
      const spoolParts = {
        folder: parts.store.spoolDir,
        blocks,
        spoolThread: parts.spoolThread,
        onBytes,
      };
      const file = await spoolStream(stream, name, spoolParts);
      at?.('spooled');
      return file;
    } catch (error) {
      // If the whole disk has gone, that is the reason, and not that some file is not there.
      if (!hasCode(error, 'store_full')) await parts.store.check();
      throw error;
    }
  };

  return {
    isReceiving: () => performance.now() - lastByteMs < RECEIVING_MS,
    spool: (stream, name) => underway.track(() => spool(stream, name)),
    store: (file, by, turn, reading) => underway.track(() => store(file, by, turn, reading)),
    changesPublicity: ({ path }, reading) =>
      underway.track(() => changesPublicity(parts, path, reading)),
    foresee: (file, by, reading) => underway.track(() => foresee(parts, file, { by, reading })),

    async discard(files) {
      for (const file of files) await rm(file.path, { force: true });
    },

    exclusively: (work) => underway.track(() => oneAtATime(work)),
    async close() {
      await underway.close();
      await parts.spoolThread.close();
    },
  };
}

/** Knows what is under way, so that it can be waited for. */
function createTracker() {
  const running = new Set<Promise<unknown>>();
  let isClosed = false;
  return {
    async track<T>(work: () => Promise<T>): Promise<T> {
      if (isClosed) throw new AppError('busy', 'The archive is stopping. Try again in a moment.');
      const result = work();
      running.add(result);
      try {
        return await result;
      } finally {
        running.delete(result);
      }
    },
    async close(): Promise<void> {
      isClosed = true;
      await Promise.allSettled(running);
    },
  };
}

/** The pipeline: known bytes? → parse → map → name → put → one transaction. */
async function storeFile(
  parts: IngestParts,
  oneAtATime: Limiter,
  file: Spooled,
  { by, reading: said }: { readonly by: Actor; readonly reading: Reading },
): Promise<IngestResult> {
  const { catalog, config, pool, store, at } = parts;
  const known = await findBySha256(catalog.read, file.sha256);
  if (known !== undefined && (await isIntact(store, known))) return alreadyThere(file, known);

  await store.requireRoom();
  const limits = sourceLimits(config, store);
  const asItIs = await inspect(file, limits, pool);
  const reading = underRules(asItIs, file, said, await listRules(catalog.read));
  const inspected = await readAs(asItIs, reading);
  const facts = factsOf(parts, inspected, reading);
  requireSense(facts, said.overrides, (keyword) => findCard(asItIs.hdus, keyword) !== undefined);
  at?.('inspected');
  // A file that goes back to its place is packed if it was, whatever the setting is now.
  const isPacking = known?.isPacked ?? config.COMPRESS === 'rice';
  const kept = isPacking
    ? await pack(file, inspected, { limits, pool })
    : asItCame(file, inspected);
  if (isPacking) at?.('packed');
  try {
    if (known !== undefined) return await putBack(parts, file, kept, known);
    return await storeKept(parts, oneAtATime, { file, kept, inspected, facts, by, reading });
  } finally {
    if (kept.path !== file.path) await rm(kept.path, { force: true });
  }
}

/** Name → put → one transaction, anew if another process was quicker. */
async function storeKept(
  parts: IngestParts,
  oneAtATime: Limiter,
  upload: Upload,
): Promise<IngestResult> {
  const { catalog, config } = parts;
  const { file, inspected, facts, by } = upload;
  const asUploaded = placeFile(config, file, inspected, facts);
  return oneAtATime(async () => {
    for (let attempt = 1; ; attempt += 1) {
      const kept = await chooseKept(catalog, upload);
      const packing = kept.original === null ? '' : '.fz';
      const place = { ...asUploaded, extension: asUploaded.extension + packing };
      const target = await chooseTarget(parts, place, facts, kept);
      requireOwn(target, file, by);
      parts.at?.('named');
      try {
        const id = await putAndRecord(parts, { ...upload, kept }, target, place.extension);
        return stored(file, target, id, [...facts.warnings, ...kept.warnings]);
      } catch (error) {
        const twin = await findBySha256(catalog.read, file.sha256);
        if (twin !== undefined) return alreadyThere(file, twin);
        const lostRace = hasCode(error, 'key_exists') || uniqueViolation(error) !== undefined;
        if (!lostRace || attempt >= MAX_TRIES) throw error;
      }
    }
  });
}

/**
 * The packed bytes, unless they are in the archive already: two files that differ only in what fills
 * them up to whole blocks are packed into the same bytes, from which only one of them comes back
 * exactly. The other one is stored as it came.
 */
async function chooseKept(catalog: Catalog, { file, kept, inspected }: Upload): Promise<Kept> {
  if (kept.original === null) return kept;
  const twin = await findBySha256(catalog.read, kept.sha256);
  if (twin === undefined) return kept;
  const told = `Stored without compression: compressed, it would be the same file as version ${twin.version} of '${twin.basename}', which was made from other bytes.`;
  return asItCame(file, inspected, [...kept.warnings, told]);
}
