import { copyFile, link, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  discardQuarantined,
  getQuarantined,
  inTransaction,
  mayDecideFor,
  toCatalogError,
  type Actor,
  type Catalog,
  type Overrides,
  type Quarantined,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import {
  parseCards,
  type Card,
  type Issue,
  type SourceLimits,
  type Survey,
} from '../fits/index.js';
import {
  isChosen,
  notStored,
  quarantinePath,
  sourceLimits,
  type Foreseen,
  type Ingest,
  type IngestResult,
  type Reading,
  type Spooled,
} from '../ingest/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { fingerprintOf } from '../lib/hash.js';
import { ownedName } from '../lib/owned-names.js';
import type { Store } from '../store/index.js';

/** How a refused file is to be read; what is not said is as in the last attempt. */
export interface Mend {
  readonly overrides?: Overrides | undefined;
  readonly profile?: string | null | undefined;
  /** What is said about it. */
  readonly why?: string | undefined;
}

/** What can be read of a refused file. */
export interface Examination {
  readonly hdus: readonly {
    readonly hdu: number;
    readonly name: string;
    readonly cards: readonly Card[];
  }[];
  readonly findings: readonly Issue[];
  /** Why not all of it can be read; '' if it can. */
  readonly problem: string;
}

/** Refused files: what is in them, and another try. */
export interface Mending {
  examine(item: Quarantined): Promise<Examination>;
  /** Path of its file. @throws 'damaged' if it is not there as it was */
  fileOf(item: Quarantined): Promise<string>;
  /**
   * Tries once more to store a file. It stays in quarantine, with the new reason, unless it is in the
   * archive afterwards.
   *
   * @throws 'not_found'; 'damaged' if the file itself has changed; 'forbidden' if it would change who
   *         sees what another account sent, and `by` is no admin. Nothing is written down of that
   */
  retry(id: number, mend: Mend, by: Actor): Promise<IngestResult>;
  /**
   * Where `retry` would file it. Nothing is changed.
   *
   * @throws 'not_found'; 'damaged', 'forbidden', 'bad_request' as `retry`; 'header_missing' with all
   *         keywords that are still missing as `data.keywords`; 'header_invalid', 'path_escapes'
   */
  foresee(id: number, mend: Mend, by: Actor): Promise<Foreseen>;
  /** Throws a refused file away. @throws 'not_found' */
  discard(id: number, by: Actor): Promise<void>;
}

export interface MendingParts {
  readonly catalog: Catalog;
  readonly config: Config;
  readonly store: Store;
  readonly ingest: Ingest;
  readonly pool: {
    run(task: 'survey', input: FileInput): Promise<Survey>;
    run(task: 'checkFile', input: FileInput): Promise<{ readonly issues: readonly Issue[] }>;
  };
}

interface FileInput {
  readonly path: string;
  readonly limits: SourceLimits;
}

/** What is wrong with the file itself: no header value helps. */
const HOPELESS = new Set(['fits_invalid', 'fits_truncated', 'fits_unsupported', 'too_large']);

/** True if another header value or profile may help. */
export function isMendable({ code }: Pick<Quarantined, 'code'>): boolean {
  return !HOPELESS.has(code);
}

/** Codes that say something of the request, and not of the file. */
const NO_RESULT = new Set(['bad_request', 'forbidden']);

/** Of a file that cannot be read as a whole: as much as any header of a camera has. */
const HEAD_BYTES = 36 * 2880;

export function createMending(parts: MendingParts): Mending {
  const { catalog, config, ingest } = parts;
  return {
    examine: (item) => examine(parts, item),
    fileOf: (item) => requireFile(config, item),

    async retry(id, mend, by) {
      const item = await getQuarantined(catalog, id, by);
      const reading = toReading(item, mend);
      const file = await spoolAgain(parts, item);
      try {
        await requireOwnPublicity(ingest, file, reading, by);
        return await ingest.store(file, by, undefined, reading);
      } catch (error) {
        // Trouble of ours: the file waits where it was.
        const failure = error instanceof AppError ? error : toCatalogError(error);
        if (failure === undefined || NO_RESULT.has(failure.code)) throw error;
        return notStored(file, isMendable(failure) ? 'failed' : 'refused', failure);
      } finally {
        await rm(file.path, { force: true });
      }
    },

    async foresee(id, mend, by) {
      const item = await getQuarantined(catalog, id, by);
      const { uploadName, uploadedBy, sha256, sizeBytes } = item;
      const path = await requireFile(config, item);
      const file = { path, uploadName, uploadedBy, sha256, sizeBytes };
      const reading = toReading(item, mend);
      await requireOwnPublicity(ingest, file, reading, by);
      return ingest.foresee(file, by, reading);
    },

    async discard(id, by) {
      const { file } = await getQuarantined(catalog, id, by);
      const why = 'Somebody threw it away.';
      await inTransaction(catalog, (tx) => discardQuarantined(tx, id, by, why));
      await rm(quarantinePath(config, file), { force: true });
    },
  };
}

function toReading({ attempt }: Quarantined, mend: Mend): Reading {
  const why = mend.why ?? attempt?.why;
  return {
    overrides: mend.overrides ?? new Map(Object.entries(attempt?.overrides ?? {})),
    profile: mend.profile === undefined ? (attempt?.profile ?? null) : mend.profile,
    ...(why === undefined ? {} : { why }),
  };
}

/**
 * Who sees a frame follows from its header. What is laid over that of a refused file goes into the
 * archive with it, now or when its sender tries it again: so this is asked before anything is tried.
 */
async function requireOwnPublicity(
  ingest: Ingest,
  file: Pick<Spooled, 'path' | 'uploadName' | 'uploadedBy'>,
  reading: Reading,
  by: Actor,
): Promise<void> {
  if (!isChosen(reading) || mayDecideFor(file.uploadedBy ?? null, by)) return;
  if (!(await ingest.changesPublicity(file, reading))) return;
  const message = `This changes who may see '${file.uploadName}', by its public date or its proposal: only the account that uploaded it or an admin may do that.`;
  throw new AppError('forbidden', message);
}

async function requireFile(config: Config, item: Quarantined): Promise<string> {
  const path = quarantinePath(config, item.file);
  const found = await stat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.size === item.sizeBytes) return path;
  throw new AppError('damaged', `The file of '${item.uploadName}' is missing or has changed.`);
}

/** A second name of the refused file in the spool: the first one stays whatever happens. */
async function spoolAgain({ config, store }: MendingParts, item: Quarantined): Promise<Spooled> {
  const kept = await requireFile(config, item);
  const path = join(store.spoolDir, ownedName('.part'));
  try {
    // Not every file system knows links, and the two folders may be on different ones.
    await link(kept, path).catch(() => copyFile(kept, path));
    const sums = await fingerprintOf(path);
    const { uploadName, uploadedBy } = item;
    if (sums.sha256 === item.sha256) return { path, uploadName, uploadedBy, ...sums };
    throw new AppError('damaged', `The file of '${item.uploadName}' has changed in quarantine.`);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function examine(parts: MendingParts, item: Quarantined): Promise<Examination> {
  const path = await requireFile(parts.config, item);
  const input = { path, limits: sourceLimits(parts.config, parts.store) };
  try {
    const { hdus } = await parts.pool.run('survey', input);
    const { issues } = await parts.pool.run('checkFile', input);
    return {
      hdus: hdus.map(({ index, name, cards }) => ({ hdu: index, name, cards })),
      findings: issues,
      problem: '',
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const cards = await firstCards(path);
    const hdus = cards.length === 0 ? [] : [{ hdu: 0, name: '', cards }];
    return { hdus, findings: [], problem: error.message };
  }
}

/** The first header of what begins like a FITS file, as far as it is one. */
async function firstCards(path: string): Promise<Card[]> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const start = buffer.subarray(0, bytesRead);
    if (!start.toString('latin1', 0, 80).startsWith('SIMPLE  =')) return [];
    return parseCards(start).filter(({ kind }) => kind !== 'bad');
  } finally {
    await handle.close();
  }
}
