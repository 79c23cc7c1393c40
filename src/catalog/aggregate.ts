import type { Catalog } from './db.js';
import type { Condition } from './conditions.js';
import { matching } from './frames.js';
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
  frames: number;
}

const FACET_COLUMNS = [
  'image_type',
  'image_kind',
  'site_id',
  'telescope',
  'instrument',
  'filter',
  'binning_x',
  'binning_y',
  'reduction_level',
  'proposal',
];

/** What there is to choose from among the matching frames: one row per combination, with its count. */
export async function listFacets(
  catalog: Catalog,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<Facet[]> {
  const rows: FacetRow[] = await matching(catalog.read, conditions, viewer)
    .groupBy(FACET_COLUMNS)
    .select(FACET_COLUMNS)
    .count({ frames: '*' });
  return rows.map((row) => ({
    imageType: row.image_type,
    imageKind: row.image_kind,
    siteId: row.site_id,
    telescope: row.telescope,
    instrument: row.instrument,
    filter: row.filter,
    binning: `${row.binning_x}x${row.binning_y}`,
    reductionLevel: row.reduction_level,
    proposal: row.proposal,
    frames: row.frames,
  }));
}

/** Frames and bytes per night, newest first. */
export async function listNights(
  catalog: Catalog,
  limit: number,
  viewer: Viewer,
): Promise<{ night: string; frames: number }[]> {
  return matching(catalog.read, [], viewer)
    .whereNotNull('frames.night')
    .groupBy('frames.night')
    .select('frames.night as night')
    .count({ frames: '*' })
    .orderBy('frames.night', 'desc')
    .limit(limit);
}
