import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  checkCube,
  continueEpoch,
  countUnjournaled,
  hasKey,
  hasKeysBelow,
  inTransaction,
  listTrashKeys,
  migrate,
  openCatalog,
  openCatalogReadOnly,
  openJournalIndex,
  OPERATOR,
  readMark,
  recordDeed,
  requireDatabaseFile,
  skipAllIds,
  writeMark,
  type Catalog,
  type JournalIndex,
} from '../catalog/index.js';
import type { FilingParts } from '../ingest/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import { markerPath, readAdopted, requireTrees, type Store } from '../store/index.js';
import { journalBytes, journalFolder, readJournal } from './journal-file.js';
import { isUnreadable, tellJournal } from './journal.js';
import {
  fileLoose,
  inBatches,
  versionsLast,
  type LooseKey,
  type LooseParts,
  type LooseResult,
} from './loose.js';
import { ACCOUNTS_MARK, restoreAccounts, type OldCatalogue } from './reindex-accounts.js';
import { findRefused } from './reindex-refused.js';
import { restoreSharing } from './reindex-sharing.js';
import { tellOrigin } from './reindex-unread.js';
import { restoreEpoch, type Finding, type Reporter } from './reindex-states.js';
import { openRoot } from './root.js';
import { removeDatabase, swapDatabase } from './swap.js';

export type { Finding } from './reindex-states.js';

export interface ReindexParts extends Omit<FilingParts, 'store'> {
  /** Path of the database. */
  readonly path: string;
  /** Files that are read at the same time. */
  readonly lanes: number;
}

export interface ReindexOptions {
  /** True to leave the old catalogue where it is, and throw the new one away. */
  readonly isDry: boolean;
  /** True to read every byte of every file. */
  readonly readData: boolean;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (progress: ReindexProgress) => void;
}

export interface ReindexProgress {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What a new catalogue was made of. */
export interface ReindexSummary {
  /** Frames that the journal tells of, also those whose files are missing. */
  readonly restored: number;
  readonly trashed: number;
  /** Frames and versions that only their files tell of. */
  readonly filed: number;
  /** Files whose bytes were read and compared. */
  readonly read: number;
  /** Files that were not read, since their size and time fit the journal. */
  readonly trusted: number;
  /** Accounts that are there, but closed, since their passwords are in no file of the tree. */
  readonly withoutPassword: readonly string[];
  /** Whether accounts, tokens and the log were taken over from the old catalogue. */
  readonly tookAccounts: boolean;
  /** What the old catalogue was, of which they are taken over. */
  readonly oldState: OldCatalogue;
  /** Refused files that no catalogue listed any more, and that are listed again. */
  readonly refused: number;
  readonly findings: number;
  /**
   * Changes that the old catalogue has not told the journal yet. They are told before a new one is
   * made; a dry run writes nothing, and does without them.
   */
  readonly untold: number;
  /** Where the old catalogue lies now; undefined if there was none, or nothing was swapped. */
  readonly oldCatalogue: string | undefined;
}

/** Lines of the journal that are taken in at once. */
const LINES = 1_000;
/** Counter of an unfinished catalogue: the bytes of the journal that it is made from. */
const DRAFT_MARK = 'reindex_journal_bytes';

/**
 * Makes the whole catalogue anew from the tree: from the files, and from the journal that says what
 * they do not. The new one is made beside the old one and takes its place at the end; interrupted, it
 * goes on where it was. Nobody else may be at work on the archive.
 */
export async function reindex(
  parts: ReindexParts,
  options: ReindexOptions,
): Promise<ReindexSummary> {
  const { path, config } = parts;
  // Not `-journal`: that is the name of what SQLite itself keeps beside the draft.
  const [draft, scratch] = [`${path}.reindex`, `${path}.reindex-lines`] as const;
  await rm(scratch, { force: true });
  // What only the old catalogue knows is told while it is there: a restore before this, for one.
  const untold = options.isDry ? await countUntold(path) : 0;
  if (!options.isDry) await tellJournal(path, config.ARCHIVE_ROOT);
  const catalog = await openDraft(draft, config.ARCHIVE_ROOT);
  let summary: ReindexSummary;
  try {
    const store = await openRoot(catalog, config.ARCHIVE_ROOT, { takesTree: true });
    await requireTrees(store); // the frames of one that is away would be left out
    const index = await openJournalIndex(scratch);
    try {
      summary = { ...(await build({ ...parts, catalog, store }, index, options)), untold };
    } finally {
      await index.close();
      await rm(scratch, { force: true });
    }
  } finally {
    await catalog.close();
  }
  if (options.isDry) {
    await removeDatabase(draft);
    return summary;
  }
  return { ...summary, oldCatalogue: await swapDatabase(draft, path) };
}

/** Changes that a catalogue has still to tell the journal; none if it is not there or cannot be read. */
async function countUntold(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  const catalog = openCatalogReadOnly(path);
  try {
    return await countUnjournaled(catalog);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return 0;
  } finally {
    await catalog.close();
  }
}

/** The catalogue that was begun, if the journal has not changed since; else a new one. */
async function openDraft(draft: string, root: string): Promise<Catalog> {
  const bytes = await journalBytes(journalFolder({ stateDir: dirname(markerPath(root)) }));
  const begun = await openBegun(draft, bytes);
  if (begun !== undefined) return begun;
  await removeDatabase(draft);
  const catalog = openCatalog(`sqlite:${draft}`);
  await migrate(catalog);
  await inTransaction(catalog, (tx) => writeMark(tx, DRAFT_MARK, bytes));
  return catalog;
}

/** What a run before has made of the same journal; undefined if there is nothing that can be used. */
async function openBegun(draft: string, bytes: number): Promise<Catalog | undefined> {
  if (!existsSync(draft)) return undefined;
  try {
    await requireDatabaseFile(draft);
  } catch (error) {
    if (hasCode(error, 'damaged')) return undefined;
    throw error;
  }
  const catalog = openCatalog(`sqlite:${draft}`);
  // One that a crash left without its first tables is as good as none.
  const mark = await readMark(catalog, DRAFT_MARK).catch(() => undefined);
  if (mark === bytes) return catalog;
  await catalog.close();
  return undefined;
}

/** Collects what is told on the way. */
interface Tally extends Reporter {
  readonly counts: Record<'frames' | 'trashed' | 'notes' | 'read' | 'trusted' | 'filed', number>;
  findings: number;
  readonly closed: Set<string>;
  readonly progress: { files: number; bytes: number };
  file(sizeBytes: number): void;
}

async function build(
  parts: ReindexParts & { readonly catalog: Catalog; readonly store: Store },
  index: JournalIndex,
  options: ReindexOptions,
): Promise<ReindexSummary> {
  const { catalog, store } = parts;
  const tally = createTally(options, await countFiles(store));
  await readLines(store, index, tally);
  const epochs = await index.epochs();
  const [newest] = epochs;
  const highest = index.highestIds();
  await inTransaction(catalog, async (tx) => {
    if (newest !== undefined) await continueEpoch(tx, newest.epoch, newest.lastSeq);
    await skipAllIds(tx, highest);
  });
  const oldState = await restoreAccounts(parts, index, (name) => {
    tally.owner(name);
  });
  const fresh = { ...highest };
  for (const [at, { epoch }] of epochs.entries()) {
    const newer = epochs.slice(0, at).map((span) => span.epoch);
    const restoring = { readData: options.readData, newer };
    await restoreEpoch(parts, index, epoch, { options: restoring, report: tally, fresh });
    await restoreSharing(parts, index, epoch, {
      newer,
      onClosed: (name) => {
        tally.owner(name);
      },
    });
  }
  await fileRest(parts, tally);
  const refused = await findRefused(parts);
  for (const name of tally.closed) {
    const text = `The account '${name}' is closed and has no password: \`platevault user passwd ${name}\`, then \`platevault user enable ${name}\`.`;
    tally.found({ kind: 'no-password', key: name, text });
  }
  const { counts } = tally;
  const summary: ReindexSummary = {
    restored: counts.frames,
    trashed: counts.trashed,
    filed: counts.filed,
    read: counts.read,
    trusted: counts.trusted,
    withoutPassword: [...tally.closed],
    tookAccounts: oldState === 'whole',
    oldState,
    refused,
    findings: tally.findings,
    untold: 0,
    oldCatalogue: undefined,
  };
  await finish(catalog, summary);
  return summary;
}

function createTally(
  { onFinding, onProgress }: ReindexOptions,
  total: { files: number; bytes: number },
): Tally {
  const tally: Tally = {
    counts: { frames: 0, trashed: 0, notes: 0, read: 0, trusted: 0, filed: 0 },
    findings: 0,
    closed: new Set(),
    progress: { files: 0, bytes: 0 },
    found(finding) {
      tally.findings += 1;
      onFinding(finding);
    },
    read(sizeBytes, trusted) {
      tally.counts[trusted ? 'trusted' : 'read'] += 1;
      tally.file(sizeBytes);
    },
    restored(what) {
      tally.counts[what] += 1;
    },
    owner(name) {
      tally.closed.add(name);
    },
    file(sizeBytes) {
      const { progress } = tally;
      progress.files += 1;
      progress.bytes += sizeBytes;
      onProgress({ ...progress, totalFiles: total.files, totalBytes: total.bytes });
    },
  };
  return tally;
}

async function countFiles(store: Store): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  for await (const { sizeBytes } of eachTreeFile(store)) {
    total.files += 1;
    total.bytes += sizeBytes;
  }
  return total;
}

/** Every file of the tree, and of those that were adopted into it. */
async function* eachTreeFile(
  store: Store,
  prefixes: readonly string[] = ['', ...readAdopted(store).keys()],
): AsyncIterable<{ key: string; sizeBytes: number }> {
  for (const prefix of prefixes) yield* store.list(prefix);
}

async function readLines(store: Store, index: JournalIndex, tally: Tally): Promise<void> {
  for await (const lines of inBatches(readJournal(journalFolder(store)), LINES)) {
    const whole = lines.flatMap((line) => line ?? []);
    await index.add(whole);
    for (let bad = whole.length; bad < lines.length; bad += 1) {
      const text = 'A line of the journal cannot be read: torn off by a crash, or damaged.';
      tally.found({ kind: 'damaged-line', key: '', text });
    }
  }
}

/** Files that the journal does not know of, by what they say themselves. */
async function fileRest(parts: LooseParts, tally: Tally): Promise<void> {
  const trashKeys = await listTrashKeys(parts.catalog.read);
  const rest = eachLoose(parts, trashKeys);
  for await (const result of fileLoose(parts, rest, { by: OPERATOR, isDry: false })) {
    if (result.status === 'already-there') continue;
    tally.file(result.sizeBytes);
    const kind = FINDING_OF[result.status];
    if (kind === undefined) tally.counts.filed += 1;
    else {
      const isTwin = kind === 'same-bytes' && result.frameId !== null;
      const origin = isTwin ? await tellOrigin(parts, result.frameId) : '';
      tally.found({ kind, key: result.key, text: result.text + origin });
    }
    if (kind === undefined) tally.counts.read += 1;
  }
}

const FINDING_OF: Readonly<Partial<Record<LooseResult['status'], Finding['kind']>>> = {
  refused: 'refused',
  failed: 'failed',
  'same-bytes': 'same-bytes',
};

async function* eachLoose(
  { catalog, store }: LooseParts,
  trashKeys: ReadonlySet<string>,
): AsyncIterable<LooseKey> {
  const prefixes = [''];
  for (const prefix of readAdopted(store).keys()) {
    // What the journal does not know of a tree that it knows was left out, or purged: there it stays.
    if (!(await hasKeysBelow(catalog.read, prefix))) prefixes.push(prefix);
  }
  for await (const file of versionsLast(eachTreeFile(store, prefixes))) {
    if (trashKeys.has(file.key) || (await hasKey(catalog, file.key))) continue;
    // When the file was written is the best that is known of when it came.
    const createdMs = (await store.stat(file.key))?.modifiedMs;
    yield { ...file, ...(createdMs === undefined ? {} : { known: { createdMs } }) };
  }
}

/** @throws 'damaged' if the new catalogue contradicts itself: then the old one stays */
async function finish(catalog: Catalog, summary: ReindexSummary): Promise<void> {
  const faults = await checkCube(catalog);
  if (faults.length > 0) {
    throw new AppError('damaged', `The new catalogue does not count right: ${String(faults[0])}`);
  }
  await inTransaction(catalog, async (tx) => {
    await writeMark(tx, DRAFT_MARK, undefined);
    await writeMark(tx, ACCOUNTS_MARK, undefined);
    const deed = { action: 'archive.restored', subject: 'archive', outcome: 'done' } as const;
    await recordDeed(tx, OPERATOR, { ...deed, detail: { from: 'tree', ...summary } });
  });
}
