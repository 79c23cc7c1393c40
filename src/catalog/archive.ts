import { inTransaction, type Catalog } from './db.js';
import type { Row } from './schema.js';

/** The archive that a catalogue belongs to, as the marker file in the root of its tree has it. */
export interface ArchiveMark {
  readonly id: string;
  readonly createdMs: number;
}

/** The archive that this catalogue belongs to; undefined if it has not been told yet. */
export async function readArchive(catalog: Catalog): Promise<ArchiveMark | undefined> {
  const row: Row | undefined = await catalog.read('archive').first('id', 'created_ms');
  return row === undefined ? undefined : { id: String(row.id), createdMs: Number(row.created_ms) };
}

/** Tells the catalogue once and for all which archive it belongs to. */
export async function rememberArchive(
  catalog: Catalog,
  { id, createdMs }: ArchiveMark,
): Promise<void> {
  await inTransaction(catalog, async (tx) => {
    const known: unknown = await tx('archive').first('id');
    if (known === undefined) await tx('archive').insert({ id, created_ms: createdMs });
  });
}

/**
 * Writes down that the archive is at work now.
 * @returns when it was last at work, epoch ms; undefined if that was never written down
 */
export async function noteTime(catalog: Catalog): Promise<number | undefined> {
  const row: Row | undefined = await catalog.read('counters').where({ name: SEEN }).first('value');
  await catalog
    .write('counters')
    .insert({ name: SEEN, value: Date.now() })
    .onConflict('name')
    .merge();
  return row === undefined ? undefined : Number(row.value);
}

const SEEN = 'seen_ms';

/** The first and the last files of the catalogue, to see whether a tree is the one that it means. */
export async function sampleFiles(
  catalog: Catalog,
): Promise<readonly { readonly key: string; readonly sizeBytes: number }[]> {
  const columns = ['key', 'size_bytes'];
  const first: Row[] = await catalog.read('versions').orderBy('id').limit(SAMPLE).select(columns);
  const last: Row[] = await catalog
    .read('versions')
    .orderBy('id', 'desc')
    .limit(SAMPLE)
    .select(columns);
  return [...first, ...last].map((row) => ({
    key: String(row.key),
    sizeBytes: Number(row.size_bytes),
  }));
}

const SAMPLE = 10;
