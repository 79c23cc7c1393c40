import { SCIENCE_KINDS, type NightExposure } from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { remember } from '../../lib/remember.js';
import { filterSlot, kindLabel, thumbnailUrl, type FilterSlot } from '../render.js';
import { formatClock } from './words.js';

/** A small picture that stands for a night. */
export interface Sample {
  readonly url: string;
  readonly thumbnail: string;
  readonly slot: FilterSlot;
  /** `M 33, R, 21:14 UTC` */
  readonly label: string;
}

/**
 * Some frames that show what a night looks like, in order of time: of the sky if there are any, each
 * target in turn, from all over its time; of raw and reduced frames the raw ones. Bad ones are left out
 * as long as there are others.
 */
export const chooseSamples = remember(choose);

function choose(exposures: readonly NightExposure[], most: number): NightExposure[] {
  const level = exposures.reduce((least, each) => Math.min(least, each.reductionLevel), Infinity);
  const raw = exposures.filter(({ reductionLevel }) => reductionLevel === level);
  const sky = raw.filter(({ imageKind }) => SCIENCE_KINDS.some((kind) => kind === imageKind));
  const all = sky.length > 0 ? sky : raw;
  const good = all.filter(({ flag }) => flag !== 'bad');
  const subjects = groupBy(good.length > 0 ? good : all, subjectOf);
  const groups = [...subjects.values()].sort((a, b) => b.length - a.length);
  const chosen: NightExposure[] = [];
  const share = Math.ceil(most / Math.max(1, groups.length));
  const queues = groups.map((group) => spread(group, share));
  while (chosen.length < most && queues.some((queue) => queue.length > 0)) {
    for (const queue of queues) {
      const next = queue.shift();
      if (next !== undefined && chosen.length < most) chosen.push(next);
    }
  }
  const order = new Map(exposures.map(({ id }, at) => [id, at]));
  return chosen.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
}

/** What samples look like on the page. @param hashes of the bytes of their frames, by id */
export function toSamples(
  base: string,
  exposures: readonly NightExposure[],
  hashes: ReadonlyMap<number, string>,
): Sample[] {
  return exposures.flatMap(({ id, object, filter, imageKind, dateObsMs }) => {
    const sha256 = hashes.get(id);
    if (sha256 === undefined) return [];
    const time = dateObsMs === null ? [] : [`${formatClock(dateObsMs)} UTC`];
    const words = [object ?? kindLabel(imageKind), ...(filter === null ? [] : [filter]), ...time];
    return [
      {
        url: `${base}/frames/${id}/`,
        thumbnail: thumbnailUrl(base, { id, version: { sha256 } }),
        slot: filterSlot(filter),
        label: words.join(', '),
      },
    ];
  });
}

function subjectOf({ object, imageKind, filter }: NightExposure): string {
  return object ?? `${imageKind} ${filter ?? ''}`;
}

/** So many of a list, at equal distances. */
function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, index) => {
    return all[Math.floor(((index + 0.5) * all.length) / most)];
  }).filter((each) => each !== undefined);
}
