import { inSnapshot, type Catalog } from './db.js';
import type { Condition } from './conditions.js';
import { countByFacet } from './count.js';
import { DAY_MS, FACET_COLUMNS, toPublicDay } from './cube-keys.js';
import { resolveSearch, seesAll } from './search.js';
import type { Viewer } from './visibility.js';

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

interface FacetRow {
  id: number;
  image_type: string | null;
  image_kind: string;
  site_id: string;
  telescope: string;
  instrument: string;
  filter: string | null;
  binning_x: number;
  binning_y: number;
  reduction_level: number;
  proposal: string | null;
}

/** What there is to choose from among the matching frames: one row per combination, with its count. */
export async function listFacets(
  catalog: Catalog,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<Facet[]> {
  return inSnapshot(catalog, async (tx) => {
    const counts = await countByFacet(tx, await resolveSearch(tx, conditions, viewer));
    const rows: FacetRow[] = await tx('facets').select('id', ...FACET_COLUMNS);
    return rows.flatMap((row) => {
      const frames = counts.get(row.id);
      return frames === undefined ? [] : [toFacet(row, frames)];
    });
  });
}

function toFacet(row: FacetRow, frames: number): Facet {
  return {
    imageType: row.image_type,
    imageKind: row.image_kind,
    siteId: row.site_id,
    telescope: row.telescope,
    instrument: row.instrument,
    filter: row.filter,
    binning: `${row.binning_x}x${row.binning_y}`,
    reductionLevel: row.reduction_level,
    proposal: row.proposal,
    frames,
  };
}

/** Frames per night, newest first. */
export async function listNights(
  catalog: Catalog,
  limit: number,
  viewer: Viewer,
): Promise<{ night: string; frames: number }[]> {
  if (!seesAll(viewer)) return listPublicNights(catalog, limit, viewer);
  return catalog
    .read('nights')
    .whereNotNull('night')
    .groupBy('night')
    .select('night', catalog.read.raw('sum(frames) as frames'))
    .orderBy('night', 'desc')
    .limit(limit);
}

/** The same for those who see what is public: the cube up to yesterday, and the frames of today. */
async function listPublicNights(
  catalog: Catalog,
  limit: number,
  viewer: Viewer,
): Promise<{ night: string; frames: number }[]> {
  if (!viewer.seesPublic) return [];
  const now = Date.now();
  const today = toPublicDay(now);
  const { read } = catalog;
  const older = read('cube').where('public_day', '<', today).select('night_id', 'frames');
  const younger = read
    .from(read.raw('frames indexed by frames_public'))
    .whereBetween('public_date_ms', [today * DAY_MS, now])
    .select('night_id', read.raw('1 as frames'));
  return read
    .from(older.unionAll([younger]).as('seen'))
    .join('nights', 'nights.id', 'seen.night_id')
    .whereNotNull('nights.night')
    .groupBy('nights.night')
    .select('nights.night as night', read.raw('sum(seen.frames) as frames'))
    .orderBy('nights.night', 'desc')
    .limit(limit);
}
