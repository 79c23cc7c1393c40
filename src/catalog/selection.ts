import type { Knex } from 'knex';
import type { Condition } from './conditions.js';
import type { Catalog } from './db.js';
import { matching } from './frames.js';
import type { Row } from './schema.js';
import type { Viewer } from './visibility.js';

/** The current version of a frame, as far as a download of thousands needs it. */
export interface StoredFile {
  readonly frameId: number;
  readonly basename: string;
  readonly extension: string;
  readonly container: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly crc32: number;
  readonly createdMs: number;
  /** True if the archive packed what was uploaded. */
  readonly isPacked: boolean;
}

/** Rows at once: few enough for the event loop, enough for the database. */
const SLICE = 500;

const COLUMNS = [
  'versions.id',
  'versions.frame_id',
  'frames.basename',
  'versions.extension',
  'versions.container',
  'versions.key',
  'versions.size_bytes',
  'versions.sha256',
  'versions.crc32',
  'versions.created_ms',
  'versions.original_sha256',
];

/**
 * The files of all frames that match, in order of time, in slices: nothing holds the event loop, and
 * no connection is held between slices.
 *
 * @param limit most files; frames beyond it are left out
 */
export async function* eachFile(
  catalog: Catalog,
  conditions: readonly Condition[],
  limit: number,
  viewer: Viewer,
): AsyncGenerator<readonly StoredFile[]> {
  const ready = await Promise.all(
    conditions.map(async (condition) =>
      condition.prepare === undefined ? condition : condition.prepare(catalog.read),
    ),
  );
  const chosen = matching(catalog.read, ready, viewer)
    .select('frames.id', 'frames.version_id', 'frames.date_obs_ms')
    .orderByRaw('frames.date_obs_ms is null, frames.date_obs_ms, frames.id')
    .limit(limit);
  // One text instead of 100 000 rows, each of which would be an object first.
  const row: { ids: string | null } | undefined = await catalog.read
    .from(chosen.as('chosen'))
    .first(
      catalog.read.raw(
        "group_concat(version_id, ',' order by date_obs_ms is null, date_obs_ms, id) as ids",
      ),
    );
  const ids = row?.ids ?? '';
  yield* inSlices('id', ids === '' ? [] : ids.split(',').map(Number), (part) =>
    catalog
      .read('versions')
      .join('frames', 'frames.id', 'versions.frame_id')
      .whereIn('versions.id', part)
      .select(COLUMNS),
  );
}

/** As `eachFile`, of frames by id, in the order of `ids`; unknown and hidden ones are left out. */
export async function* eachFileOf(
  catalog: Catalog,
  ids: readonly number[],
  viewer: Viewer,
): AsyncGenerator<readonly StoredFile[]> {
  yield* inSlices('frame_id', ids, (part) =>
    matching(catalog.read, [], viewer)
      .join('versions', 'versions.id', 'frames.version_id')
      .whereIn('frames.id', part)
      .select(COLUMNS),
  );
}

/** Rows by `column`, slice after slice of `ids`, in the order of these. */
async function* inSlices(
  column: 'id' | 'frame_id',
  ids: readonly number[],
  select: (part: readonly number[]) => Knex.QueryBuilder,
): AsyncGenerator<readonly StoredFile[]> {
  const read = async (at: number): Promise<readonly StoredFile[]> => {
    const part = ids.slice(at, at + SLICE);
    const rows: Row[] = await select(part);
    const files = new Map(rows.map((row) => [Number(row[column]), toStoredFile(row)]));
    return part.flatMap((id) => files.get(id) ?? []);
  };
  for (let at = 0; at < ids.length; at += SLICE) yield await read(at);
}

function toStoredFile(row: Row): StoredFile {
  return {
    frameId: Number(row.frame_id),
    basename: String(row.basename),
    extension: String(row.extension),
    container: String(row.container),
    key: String(row.key),
    sizeBytes: Number(row.size_bytes),
    sha256: String(row.sha256),
    crc32: Number(row.crc32),
    createdMs: Number(row.created_ms),
    isPacked: row.original_sha256 !== null,
  };
}
