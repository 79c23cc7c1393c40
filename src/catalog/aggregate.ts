import type { Knex } from 'knex';
import { askOnce, inSnapshot, type Catalog } from './db.js';
import type { Condition } from './conditions.js';
import { countByFacet, keepSure, seenOtherwise } from './count.js';
import { FACET_COLUMNS } from './cube-keys.js';
import { questionOf, resolveSearch, type Search } from './search.js';
import { seesNothing, type Viewer } from './visibility.js';

/** Number of frames for one combination of the facets under the conditions of a query. */
export interface Facet {
  readonly imageType: string | null;
  readonly imageKind: string;
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  readonly filter: string | null;
  readonly binning: string;
  readonly reductionLevel: number;
  readonly proposal: string | null;
  readonly frames: number;
}

/** Id, and the values of FACET_COLUMNS in their order. */
type FacetTuple = [
  number,
  siteId: string,
  telescope: string,
  instrument: string,
  imageType: string | null,
  imageKind: string,
  filter: string | null,
  binningX: number,
  binningY: number,
  reductionLevel: number,
  proposal: string | null,
];

/** What there is to choose from among the matching frames: one row per combination, with its count. */
export async function listFacets(
  catalog: Catalog,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<Facet[]> {
  const isQuick = conditions.every(({ about }) => about === 'facet' || about === 'night');
  const read = (): Promise<Facet[]> => readFacets(catalog, conditions, viewer);
  return isQuick ? read() : catalog.heavy(read);
}

async function readFacets(
  catalog: Catalog,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<Facet[]> {
  return inSnapshot(catalog, async (tx) => {
    const counts = await countOnce(catalog, tx, await resolveSearch(tx, conditions, viewer));
    // As one text: hundreds of rows with ten members each take the driver longer than the counting.
    const row: { facets: string } | undefined = await tx('facets').first(
      tx.raw(`json_group_array(json_array(id, ${FACET_COLUMNS.join(', ')})) as facets`),
    );
    const facets = JSON.parse(row?.facets ?? '[]') as FacetTuple[];
    return facets.flatMap((facet) => {
      const frames = counts.get(facet[0]);
      return frames === undefined ? [] : [toFacet(facet, frames)];
    });
  });
}

/** Counted once for as long as nothing changes, unless it depends on the clock or is quick. */
async function countOnce(
  catalog: Catalog,
  tx: Knex,
  search: Search,
): Promise<ReadonlyMap<number, number>> {
  const question = questionOf(tx, search);
  if (question === undefined) return countByFacet(tx, search);
  return askOnce(catalog.knownFacets, question, () => countByFacet(tx, search));
}

function toFacet(facet: FacetTuple, frames: number): Facet {
  const [, siteId, telescope, instrument, imageType, imageKind, filter, ...rest] = facet;
  const [binningX, binningY, reductionLevel, proposal] = rest;
  return {
    imageType,
    imageKind,
    siteId,
    telescope,
    instrument,
    filter,
    binning: `${binningX}x${binningY}`,
    reductionLevel,
    proposal,
    frames,
  };
}

/** Frames per night, newest first. */
export async function listNights(
  catalog: Catalog,
  limit: number,
  viewer: Viewer,
): Promise<{ night: string; frames: number }[]> {
  if (!viewer.seesAll) return listSeenNights(catalog, limit, viewer);
  return catalog
    .read('nights')
    .whereNotNull('night')
    .groupBy('night')
    .select('night', catalog.read.raw('sum(frames) as frames'))
    .orderBy('night', 'desc')
    .limit(limit);
}

/** The same for those who do not see everything: what the cube can tell, and the frames beside it. */
async function listSeenNights(
  { read }: Catalog,
  limit: number,
  viewer: Viewer,
): Promise<{ night: string; frames: number }[]> {
  if (seesNothing(viewer)) return [];
  const now = Date.now();
  const cells = read('cube').modify(keepSure, viewer, 'cube', now).select('night_id', 'frames');
  const others = seenOtherwise(read, viewer, now).map((query) =>
    query.select('frames.night_id', read.raw('1 as frames')),
  );
  return read
    .from(cells.unionAll(others).as('seen'))
    .join('nights', 'nights.id', 'seen.night_id')
    .whereNotNull('nights.night')
    .groupBy('nights.night')
    .select('nights.night as night', read.raw('sum(seen.frames) as frames'))
    .orderBy('nights.night', 'desc')
    .limit(limit);
}
