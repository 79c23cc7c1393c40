import type { Catalog } from './db.js';
import { nightNumber } from './measures.js';
import type { ImageKind } from './schema.js';
import { visibleTo, type Viewer } from './visibility.js';

/** Kinds of frames that are never measured: spectra are neither fields of stars nor levels. */
export const NEVER_MEASURED = ['arc'] as const satisfies readonly ImageKind[];

/**
 * How many frames of a night are still to be measured, as they are now: not those without a picture, nor
 * those that were given up, which have a finding that says so.
 *
 * @param night `YYYY-MM-DD`
 */
export async function countUnmeasured(
  { read }: Catalog,
  night: string,
  viewer: Viewer,
): Promise<number> {
  const row: { total: number } | undefined = await read
    .from(read.raw('frames indexed by frames_night_date'))
    .whereIn('frames.night_id', read('nights').where({ night }).select('id'))
    .whereNotIn('frames.image_kind', NEVER_MEASURED)
    .whereRaw('frames.width * frames.height > 0')
    .whereRaw(
      `not exists (select 1 from measures
       where measures.frame_id = frames.id and measures.version_id = frames.version_id)`,
    )
    .whereRaw(
      "not exists (select 1 from findings where frame_id = frames.id and code = 'unmeasured')",
    )
    .modify(visibleTo, viewer)
    .count({ total: '*' })
    .first();
  return row?.total ?? 0;
}

/** Whether the frames of a night are still to be compared with each other and with what is usual. */
export async function isUnjudged({ read }: Catalog, night: string): Promise<boolean> {
  const row: unknown = await read('judge_queue')
    .where({ night_no: nightNumber(night) })
    .first('night_no');
  return row !== undefined;
}

/** When the last frame of a night came into the archive, epoch ms; undefined without any. */
export async function lastArrival({ read }: Catalog, night: string): Promise<number | undefined> {
  const row: { last: number | null } | undefined = await read
    .from(read.raw('frames indexed by frames_night_date'))
    .whereIn('frames.night_id', read('nights').where({ night }).select('id'))
    .max({ last: 'frames.created_ms' })
    .first();
  return row?.last ?? undefined;
}
