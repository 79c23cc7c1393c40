import {
  findObjectPlaces,
  findSharpest,
  listObjectParts,
  listObjects,
  type Catalog,
  type Condition,
  type ObjectSum,
  type Viewer,
  type SharpFrame,
} from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import { doubtfulNames, mergeObjects } from '../targets/index.js';
import { toReport, type ObjectReport } from './report.js';
import { idsOf, pick, toSummary, withoutFrames, type ObjectSummary } from './summary.js';

/** What is to be told of the objects of the sky that frames show. */
export interface Objects {
  /** Every object of the frames that match; not to be changed. */
  list(conditions: readonly Condition[], viewer: Viewer): Promise<readonly ObjectSummary[]>;
  /** The object of a name, without frames if none of it matches; undefined if no frame shows it. */
  find(
    name: string,
    conditions: readonly Condition[],
    viewer: Viewer,
  ): Promise<ObjectSummary | undefined>;
  /** Some objects in all that is told of them, one answer for each. */
  describe(
    summaries: readonly ObjectSummary[],
    conditions: readonly Condition[],
    viewer: Viewer,
  ): Promise<ObjectReport[]>;
  /** Where objects are of which the catalogue of names knows nothing, by the ids of their names. */
  places(summaries: readonly ObjectSummary[], viewer: Viewer): ReturnType<typeof findObjectPlaces>;
}

/** Puts names together and sums them up. What is told of all is kept as long as the catalogue keeps it. */
export function createObjects({ catalog }: { readonly catalog: Catalog }): Objects {
  const merged = new WeakMap<readonly ObjectSum[], Promise<readonly ObjectSummary[]>>();

  const summarize = async (
    sums: readonly ObjectSum[],
    viewer: Viewer,
  ): Promise<readonly ObjectSummary[]> => {
    const doubtful = new Set(doubtfulNames(sums));
    const asked = sums.filter(({ object }) => doubtful.has(object));
    const ids = [...new Set(asked.map(({ objectId }) => objectId))];
    const places = await findObjectPlaces(catalog, ids, viewer);
    const byObject = new Map(asked.map((each) => [each.object, places.get(each.objectId)]));
    return mergeObjects(sums, (object) => byObject.get(object)).map(toSummary);
  };

  const list: Objects['list'] = async (conditions, viewer) => {
    const sums = await listObjects(catalog, conditions, viewer);
    const known = merged.get(sums);
    if (known !== undefined) return known;
    const asked = summarize(sums, viewer);
    merged.set(sums, asked);
    asked.catch(() => merged.delete(sums)); // whoever asked is told
    return asked;
  };

  const find: Objects['find'] = async (name, conditions, viewer) => {
    const found = pick(await list(conditions, viewer), name);
    if (found !== undefined || conditions.length === 0) return found;
    const other = pick(await list([], viewer), name);
    return other === undefined ? undefined : withoutFrames(other);
  };

  const places: Objects['places'] = (summaries, viewer) => {
    const unknown = summaries.filter(({ merged: { target } }) => target === undefined);
    return findObjectPlaces(catalog, unknown.flatMap(idsOf), viewer);
  };

  return {
    list,
    find,
    places,
    async describe(summaries, conditions, viewer) {
      const ids = summaries.flatMap(idsOf);
      const [parts, found, sharp] = await Promise.all([
        listObjectParts(catalog, ids, conditions, viewer),
        places(summaries, viewer),
        findSharpest(catalog, ids, conditions, viewer),
      ]);
      const partsOf = groupBy(parts, ({ objectId }) => objectId);
      return summaries.map((summary) => {
        const own = idsOf(summary);
        const [best] = sharp
          .filter(({ objectId }) => own.includes(objectId))
          .sort((a, b) => widthRank(a) - widthRank(b));
        return toReport(summary, {
          parts: own.flatMap((id) => partsOf.get(id) ?? []),
          place: own.flatMap((id) => found.get(id) ?? [])[0],
          best,
        });
      });
    },
  };
}

/** What has no scale comes after what has one. */
function widthRank({ fwhmArcsec, fwhmPx }: SharpFrame): number {
  return fwhmArcsec ?? 1e6 + (fwhmPx ?? 0);
}
