import type { Knex } from 'knex';
import { groupBy } from '../lib/groups.js';
import { cellsOf } from './cells.js';
import { onNights, type Condition } from './conditions.js';
import { smallestSet } from './count.js';
import { inSnapshot, type Catalog } from './db.js';
import type { StoredFinding } from './findings.js';
import type { ImageKind } from './schema.js';
import { narrow, resolveSearch, type Search } from './search.js';
import { seesNothing, visibleTo, type Viewer } from './visibility.js';

/** Frames of a night. */
export interface NightTotal {
  readonly night: string;
  readonly frames: number;
}

/** Frames of a night that were taken in one way. */
export interface NightPart extends NightTotal {
  readonly imageKind: ImageKind;
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  readonly filter: string | null;
  readonly reductionLevel: number;
}

/** When the exposures of a night began, epoch ms. */
export interface NightSpan {
  readonly night: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Only frames of these nights. */
export function inNights(nights: readonly string[]): Condition {
  return onNights((query, table) => void query.whereIn(`${table}.night`, nights));
}

/** Every night of the frames that match, newest first. */
export async function listNightTotals(
  catalog: Catalog,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<NightTotal[]> {
  if (seesNothing(viewer)) return [];
  const ask = (tx: Knex, search: Search): Promise<NightTotal[]> => {
    const isPlain = conditions.length === 0 && viewer.seesAll;
    const rows = isPlain
      ? tx('nights')
      : tx
          .from(cellsOf(tx, search, 'cube').as('seen'))
          .join('nights', 'nights.id', 'seen.night_id');
    return rows
      .whereNotNull('nights.night')
      .groupBy('nights.night')
      .orderBy('nights.night', 'desc')
      .select('nights.night', tx.raw(`sum(${isPlain ? 'nights' : 'seen'}.frames) as frames`));
  };
  return inSnapshot(catalog, async (tx) => ask(tx, await resolveSearch(tx, conditions, viewer)));
}

/**
 * A word for the state in which the frames of each night are, in order of the nights: another one after
 * anything has changed that is told of one of them. '' for nights without frames.
 */
export async function readNightStates(
  { read }: Catalog,
  nights: readonly string[],
): Promise<string[]> {
  const rows: { night: string; id: number; changes: number }[] = await read('nights')
    .whereRaw('night in (select value from json_each(?))', [JSON.stringify(nights)])
    .orderBy('id')
    .select('night', 'id', 'changes');
  const states = groupBy(rows, ({ night }) => night);
  return nights.map((night) =>
    (states.get(night) ?? []).map(({ id, changes }) => `${id}.${changes}`).join(' '),
  );
}

/** The nights with frames before and after one; null where there is none. */
export async function findNightsAround(
  catalog: Catalog,
  night: string,
  viewer: Viewer,
): Promise<{ readonly previous: string | null; readonly next: string | null }> {
  if (!viewer.seesAll) {
    const nights = (await listNightTotals(catalog, [], viewer)).map((each) => each.night);
    return {
      previous: nights.find((each) => each < night) ?? null,
      next: nights.findLast((each) => each > night) ?? null,
    };
  }
  const some = catalog.read('nights').where('frames', '>', 0);
  const [found]: { previous: string | null; next: string | null }[] = await catalog.read.select({
    previous: some.clone().max('night').where('night', '<', night),
    next: some.clone().min('night').where('night', '>', night),
  });
  return found ?? { previous: null, next: null };
}

/** The frames of some nights by how they were taken. */
export async function listNightParts(
  catalog: Catalog,
  nights: readonly string[],
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<NightPart[]> {
  if (seesNothing(viewer) || nights.length === 0) return [];
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, [...conditions, inNights(nights)], viewer);
    const facets = ['image_kind', 'site_id', 'telescope', 'instrument', 'filter'].map(
      (name) => `facets.${name}`,
    );
    const rows: NightPart[] = await tx
      .from(cellsOf(tx, search, 'cube').as('seen'))
      .join('nights', 'nights.id', 'seen.night_id')
      .join('facets', 'facets.id', 'seen.facet_id')
      .groupBy('nights.night', 'facets.reduction_level', ...facets)
      .select({
        night: 'nights.night',
        imageKind: 'facets.image_kind',
        siteId: 'facets.site_id',
        telescope: 'facets.telescope',
        instrument: 'facets.instrument',
        filter: 'facets.filter',
        reductionLevel: 'facets.reduction_level',
      })
      .select(tx.raw('sum(seen.frames) as frames'));
    return rows;
  });
}

/** When the first and the last frame of some nights began; nothing of nights without dates. */
export async function listNightSpans(
  catalog: Catalog,
  nights: readonly string[],
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<NightSpan[]> {
  if (seesNothing(viewer) || nights.length === 0) return [];
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, [...conditions, inNights(nights)], viewer);
    const { from, narrowing } = smallestSet(search);
    const found = tx
      .from(tx.raw(from))
      .modify(narrow, tx, search, narrowing)
      .whereNotNull('frames.date_obs_ms')
      .groupBy('frames.night_id')
      .select('frames.night_id')
      .select(tx.raw('min(frames.date_obs_ms) as first_ms, max(frames.date_obs_ms) as last_ms'));
    const rows: NightSpan[] = await tx
      .from(found.as('spans'))
      .join('nights', 'nights.id', 'spans.night_id')
      .groupBy('nights.night')
      .select('nights.night')
      .select(tx.raw('min(spans.first_ms) as firstMs, max(spans.last_ms) as lastMs'));
    return rows;
  });
}

/** A frame of a night as its log has it. Units as in `FrameFacts`. */
export interface NightRow {
  readonly id: number;
  readonly basename: string;
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  readonly imageKind: ImageKind;
  readonly objectId: number;
  readonly object: string | null;
  readonly filter: string | null;
  /** Null also if it cannot be what the header says. */
  readonly exposureSec: number | null;
  readonly dateObsMs: number | null;
  readonly reductionLevel: number;
  readonly binningX: number;
  readonly binningY: number;
  readonly createdMs: number;
  readonly versionId: number;
  readonly sunAltDeg: number | null;
  /** What was measured of it, null if nothing was. */
  readonly stars: number | null;
  readonly fwhmArcsec: number | null;
  readonly fwhmPx: number | null;
  readonly hfrPx: number | null;
  readonly elongation: number | null;
  readonly background: number | null;
  readonly noise: number | null;
  readonly transparency: number | null;
  /** The frames it is compared with. */
  readonly groupId: number | null;
  readonly flag: string | null;
}

const ROW = {
  id: 'frames.id',
  basename: 'frames.basename',
  siteId: 'frames.site_id',
  telescope: 'frames.telescope',
  instrument: 'frames.instrument',
  imageKind: 'frames.image_kind',
  objectId: 'frames.object_id',
  object: 'frames.object',
  filter: 'frames.filter',
  exposureSec: 'frames.open_sec',
  dateObsMs: 'frames.date_obs_ms',
  reductionLevel: 'frames.reduction_level',
  binningX: 'frames.binning_x',
  binningY: 'frames.binning_y',
  createdMs: 'frames.created_ms',
  versionId: 'frames.version_id',
  sunAltDeg: 'frames.sun_alt_deg',
  stars: 'measures.stars',
  fwhmArcsec: 'measures.fwhm_arcsec',
  fwhmPx: 'measures.fwhm_px',
  hfrPx: 'measures.hfr_px',
  elongation: 'measures.elongation',
  background: 'measures.background',
  noise: 'measures.noise',
  transparency: 'measures.transparency',
  groupId: 'measures.group_id',
  flag: 'flags.flag',
} as const satisfies Record<keyof NightRow, string>;

/** Frames of one night that are looked at one by one: far more than cameras take. */
export const MAX_NIGHT_ROWS = 50_000;

/** The frames of a night in order of time; those without a date last. */
export async function listNightRows(
  { read }: Catalog,
  night: string,
  viewer: Viewer,
): Promise<NightRow[]> {
  const rows: NightRow[] = await read
    .from(read.raw('frames indexed by frames_night_date'))
    .leftJoin('measures', 'measures.frame_id', 'frames.id')
    .leftJoin('flags', 'flags.frame_id', 'frames.id')
    .whereIn('frames.night_id', read('nights').where({ night }).select('id'))
    .modify(visibleTo, viewer)
    .limit(MAX_NIGHT_ROWS)
    .select(ROW);
  const timeOf = ({ dateObsMs }: NightRow): number => dateObsMs ?? Infinity;
  return rows.sort((a, b) => timeOf(a) - timeOf(b) || a.id - b.id);
}

/** A frame that knows when it was taken and how high the Sun stood then. */
export type SunRow = Pick<NightRow, 'id' | 'siteId' | 'versionId'> & {
  readonly dateObsMs: number;
  readonly sunAltDeg: number;
};

/** Those of the frames of a night, in order of time. */
export async function listSunRows(
  { read }: Catalog,
  night: string,
  viewer: Viewer,
): Promise<SunRow[]> {
  return read
    .from(read.raw('frames indexed by frames_night_date'))
    .whereIn('frames.night_id', read('nights').where({ night }).select('id'))
    .whereNotNull('frames.date_obs_ms')
    .whereNotNull('frames.sun_alt_deg')
    .modify(visibleTo, viewer)
    .orderBy(['frames.date_obs_ms', 'frames.id'])
    .limit(MAX_NIGHT_ROWS)
    .select({ id: ROW.id, siteId: ROW.siteId, versionId: ROW.versionId })
    .select({ dateObsMs: ROW.dateObsMs, sunAltDeg: ROW.sunAltDeg });
}

/** What is found of a frame, with its id. */
export interface FrameFinding extends StoredFinding {
  readonly frameId: number;
}

/** Everything that was found of the frames of a night, the worst first. */
export async function listNightFindings(
  { read }: Catalog,
  night: string,
  viewer: Viewer,
): Promise<FrameFinding[]> {
  const rows: FrameFinding[] = await read
    .from(read.raw('frames indexed by frames_night_date'))
    .whereIn('frames.night_id', read('nights').where({ night }).select('id'))
    .join('findings', 'findings.frame_id', 'frames.id')
    .modify(visibleTo, viewer)
    .orderByRaw(
      `case findings.level when 'error' then 0 when 'warning' then 1 else 2 end,
       frames.date_obs_ms, frames.id, findings.code`,
    )
    .select({
      frameId: 'frames.id',
      code: 'findings.code',
      level: 'findings.level',
      text: 'findings.text',
    });
  return rows;
}
