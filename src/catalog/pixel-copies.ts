import type { Catalog } from './db.js';

/** A frame that another one has its pixels from. */
export interface FirstCopy {
  readonly id: number;
  readonly extension: string;
}

/**
 * Two noises are the same to so small a part of them: the sums have 32 bits, which are too few to tell
 * the frames of a large archive apart.
 */
const SAME_NOISE = 1e-6;

/**
 * For those of some frames whose pixels another frame of the archive has too, of whatever night: the one
 * with the lowest id, if that is lower than their own.
 */
export async function readFirstCopies(
  { read }: Catalog,
  frameIds: readonly number[],
): Promise<ReadonlyMap<number, FirstCopy>> {
  const first = `select same.frame_id from measures as same indexed by measures_content_sum
      join frames as other on other.id = same.frame_id
    where same.content_sum = measures.content_sum and same.noise > 0
      and same.frame_id < measures.frame_id and same.kind = measures.kind
      and abs(same.noise - measures.noise) <= ${SAME_NOISE} * measures.noise
      and other.width = frames.width and other.height = frames.height
      and other.reduction_level = frames.reduction_level
    order by same.frame_id limit 1`;
  const pairs = read('measures')
    .join('frames', 'frames.id', 'measures.frame_id')
    .whereRaw('measures.frame_id in (select value from json_each(?))', [JSON.stringify(frameIds)])
    .whereRaw('measures.content_sum is not null and measures.noise > 0')
    .select({ own: 'measures.frame_id' }, read.raw(`(${first}) as first`));
  const rows: { own: number; id: number; extension: string }[] = await read
    .from(pairs.as('pairs'))
    .join('frames', 'frames.id', 'pairs.first')
    .join('versions', 'versions.id', 'frames.version_id')
    .select({ own: 'pairs.own', id: 'frames.id', extension: 'versions.extension' });
  return new Map(rows.map(({ own, id, extension }) => [own, { id, extension }]));
}
