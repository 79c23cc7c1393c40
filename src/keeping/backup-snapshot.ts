import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { copyCatalog, databasePath, openCatalogReadOnly } from '../catalog/index.js';
import { carry, type Carried } from './backup-carry.js';
import { eachWanted, isStillWanted, type WantedFile } from './backup-entries.js';
import {
  listSnapshotNames,
  readManifest,
  readManifestFile,
  readSnapshot,
  snapshotMs,
  snapshotName,
  snapshotPath,
  SNAPSHOTS,
  sourceOf,
  writeManifest,
  type BackupEntry,
  type Snapshot,
  type SnapshotPart,
} from './backup-manifest.js';
import { textSource } from './backup-mark.js';
import type { BackupTarget } from './backup-target.js';
import type { BackupParts } from './backup.js';

export interface SnapshotOptions {
  readonly target: BackupTarget;
  /** Folder for what is made on the way; its owner removes it. */
  readonly work: string;
  readonly carried: Carried;
  readonly beforeFile: () => Promise<void>;
}

/** Views of the catalogue that are taken at most, because files went for good meanwhile. */
const PASSES = 3;

/** A copy of the catalogue, and the list of its files, all of which lie on the target. */
export interface Draft {
  readonly createdMs: number;
  readonly files: number;
  readonly bytes: number;
  readonly lost: readonly string[];
  readonly away: Snapshot['away'];
  /** Paths of the two files. */
  readonly catalog: string;
  readonly list: string;
}

/** Takes a view of the catalogue and carries every file that it refers to. */
export async function draftSnapshot(parts: BackupParts, options: SnapshotOptions): Promise<Draft> {
  const { target, work, carried } = options;
  let known = eachKnown(target);
  for (let pass = 1; ; pass += 1) {
    await mkdir(work, { recursive: true });
    const catalog = join(work, `catalog-${pass}.sqlite`);
    const list = join(work, `manifest-${pass}.jsonl.gz`);
    const createdMs = Date.now();
    await copyCatalog(databasePath(parts.config.DATABASE_URL), catalog);
    carried.bad.length = 0;
    carried.away.clear();
    const sums = await listFiles(parts, { ...options, known }, catalog, list);
    if (pass >= PASSES || !(await hasGone(parts, carried.bad))) {
      const away = [...carried.away].map(([part, count]) => ({ part, files: count }));
      return { createdMs, ...sums, lost: carried.bad.map(nameOf), away, catalog, list };
    }
    // Frames were removed for good meanwhile: a view that does not have them is wanted.
    await rm(catalog);
    known = readManifestFile(createReadStream(list));
  }
}

async function listFiles(
  parts: BackupParts,
  options: SnapshotOptions & { readonly known: AsyncIterable<BackupEntry> },
  catalog: string,
  list: string,
): Promise<{ files: number; bytes: number }> {
  const view = openCatalogReadOnly(catalog);
  try {
    return await writeManifest(list, carry(parts, eachWanted(parts, view), options));
  } finally {
    await view.close();
  }
}

/** Whether some of these files are not missed by the catalogue of now. */
async function hasGone(parts: BackupParts, files: readonly WantedFile[]): Promise<boolean> {
  for (const file of files) if (!(await isStillWanted(parts.catalog, file))) return true;
  return false;
}

function nameOf({ area, key }: WantedFile): string {
  return area === 'frames' ? key : `${area}/${key}`;
}

/** What the newest back-up of a target lists. */
async function* eachKnown(target: BackupTarget): AsyncIterable<BackupEntry> {
  const name = (await listSnapshotNames(target)).at(-1);
  if (name !== undefined) yield* readManifest(target, await readSnapshot(target, name));
}

/** Writes the parts of a snapshot, and last the file that makes it one. */
export async function publishSnapshot(
  { version }: BackupParts,
  { target, work }: SnapshotOptions,
  draft: Draft,
  archiveId: string,
): Promise<Snapshot> {
  const { createdMs, files, bytes, lost, away } = draft;
  const name = await freeName(target, createdMs);
  const packed = join(work, 'catalog.sqlite.gz');
  await pipeline(
    createReadStream(draft.catalog),
    createGzip(),
    createWriteStream(packed, { flush: true }),
  );
  const put = async (from: string, as: string): Promise<SnapshotPart> => {
    const path = `${SNAPSHOTS}${name}/${as}`;
    const source = await sourceOf(from, (await stat(from)).size);
    await target.write(path, source);
    return { path, sizeBytes: source.sizeBytes, sha256: source.sha256 };
  };
  const about = { format: 1, name, createdMs, archiveId, program: version } as const;
  const catalog = await put(packed, 'catalog.sqlite.gz');
  const manifest = await put(draft.list, 'manifest.jsonl.gz');
  const snapshot: Snapshot = { ...about, files, bytes, lost, away, catalog, manifest };
  await target.write(snapshotPath(name), textSource(`${JSON.stringify(snapshot, null, 2)}\n`));
  return snapshot;
}

/** The time as a name, or the next second that has none: names are also the order of back-ups. */
async function freeName(target: BackupTarget, createdMs: number): Promise<string> {
  const taken = new Set<string>();
  for await (const { path } of target.list(SNAPSHOTS)) taken.add(path.split('/')[1] ?? '');
  const newest = (await listSnapshotNames(target)).at(-1);
  const after = newest === undefined ? 0 : snapshotMs(newest) + 1000;
  for (let ms = Math.max(createdMs, after); ; ms += 1000) {
    if (!taken.has(snapshotName(ms))) return snapshotName(ms);
  }
}
