import type { Catalog } from './db.js';

/** What the archive holds. */
export interface Holdings {
  readonly frames: number;
  /** Stored files: the current one of each frame, and the former ones. */
  readonly versions: number;
  readonly bytes: number;
}

/** Sums over all versions: not for every request. */
export async function readHoldings(catalog: Catalog): Promise<Holdings> {
  const frames = await catalog.read('nights').sum({ total: 'frames' }).first();
  const files = await catalog
    .read('versions')
    .count({ total: '*' })
    .sum({ bytes: 'size_bytes' })
    .first();
  return {
    frames: Number(frames?.total ?? 0),
    versions: Number(files?.total ?? 0),
    bytes: Number(files?.bytes ?? 0),
  };
}

/** What came in one night, all versions of its frames together. */
export interface NightBytes {
  /** `YYYY-MM-DD` */
  readonly night: string;
  readonly bytes: number;
}

/**
 * The last nights that have frames, oldest first.
 *
 * @param until `YYYY-MM-DD`: later nights are those of a clock that was wrong
 */
export async function listNightBytes(
  catalog: Catalog,
  limit: number,
  until: string,
): Promise<NightBytes[]> {
  return catalog.read.raw<NightBytes[]>(
    `with recent as (
       select distinct night from nights where frames > 0 and night <= ? order by night desc limit ?)
     select recent.night, sum(versions.size_bytes) as bytes from recent
       join nights on nights.night = recent.night
       join frames on frames.night_id = nights.id
       join versions on versions.frame_id = frames.id
     group by recent.night order by recent.night`,
    [until, limit],
  );
}

/** Frames in the trash, and the size of their files. */
export async function countTrashed(catalog: Catalog): Promise<{ frames: number; bytes: number }> {
  const row = await catalog
    .read('trash')
    .whereNull('purged_ms')
    .count({ frames: '*' })
    .sum({ bytes: 'size_bytes' })
    .first();
  return { frames: Number(row?.frames ?? 0), bytes: Number(row?.bytes ?? 0) };
}

/** Time of the exposure that began last, by its header; undefined without dated frames. Epoch ms. */
export async function readNewestDate(catalog: Catalog): Promise<number | undefined> {
  const row = await catalog.read('frames').max({ newest: 'date_obs_ms' }).first();
  return typeof row?.newest === 'number' ? row.newest : undefined;
}
