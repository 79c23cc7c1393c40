import type { Knex } from 'knex';
import { cellsOf } from './cells.js';
import type { Condition } from './conditions.js';
import { smallestSet } from './count.js';
import { inSnapshot, type Catalog } from './db.js';
import type { KeptUsual } from './judging.js';
import { inNights, type NightRow } from './nights.js';
import { findsNothing, narrow, resolveSearch, type Search } from './search.js';
import { isHeld, seesNothing, visibleTo, type Viewer } from './visibility.js';

/** A frame of a night as far as an overview of many nights needs it. Units as in `FrameFacts`. */
export interface NightExposure extends Omit<
  NightRow,
  'basename' | 'createdMs' | 'versionId' | 'sunAltDeg' | 'noise'
> {
  readonly night: string;
  readonly sizeBytes: number;
  /** What is doubtful about it: codes of findings that are more than notes. */
  readonly doubts: readonly string[];
}

type Facet = Pick<
  NightExposure,
  | 'siteId'
  | 'telescope'
  | 'instrument'
  | 'imageKind'
  | 'filter'
  | 'reductionLevel'
  | 'binningX'
  | 'binningY'
>;

/** What each frame is told by, in the order of the tuples that the database makes. */
type Told = readonly [
  facetId: number,
  id: number,
  objectId: number,
  dateObsMs: number | null,
  exposureSec: number | null,
  sizeBytes: number | null,
  stars: number | null,
  fwhmArcsec: number | null,
  fwhmPx: number | null,
  hfrPx: number | null,
  elongation: number | null,
  background: number | null,
  transparency: number | null,
  groupId: number | null,
  flag: string | null,
  doubts: string | null,
];

const TOLD = `json_array(frames.facet_id, frames.id, frames.object_id, frames.date_obs_ms,
  frames.open_sec, frames.size_bytes, measures.stars, measures.fwhm_arcsec, measures.fwhm_px,
  measures.hfr_px, measures.elongation, measures.background, measures.transparency, measures.group_id, flags.flag,
  (select group_concat(distinct code) from findings
    where findings.frame_id = frames.id and level <> 'note'))`;

/**
 * The frames of some nights, each night in order of time, those without a date last: one reading for
 * all that lists of nights tell. Text by text, because objects of Knex would take three times as long.
 */
export async function listNightExposures(
  catalog: Catalog,
  nights: readonly string[],
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<NightExposure[]> {
  if (seesNothing(viewer) || nights.length === 0) return [];
  return inSnapshot(catalog, async (tx) => {
    const search = await resolveSearch(tx, [...conditions, inNights(nights)], viewer);
    if (findsNothing(search)) return [];
    const rows = await readTold(tx, search);
    const told = rows.map(({ night, list }) => ({ night, list: JSON.parse(list) as Told[] }));
    const all = told.flatMap(({ list }) => list);
    const facets = await readFacets(tx, new Set(all.map(([facetId]) => facetId)));
    const objects = await readObjectNames(tx, new Set(all.map(([, , objectId]) => objectId)));
    const exposures = told.flatMap(({ night, list }) =>
      list.flatMap((each) => toExposure(night, each, facets, objects)),
    );
    const timeOf = ({ dateObsMs }: NightExposure): number => dateObsMs ?? Infinity;
    return exposures.sort((a, b) => timeOf(a) - timeOf(b) || a.id - b.id);
  });
}

async function readTold(
  tx: Knex,
  search: Search,
): Promise<readonly { readonly night: string; readonly list: string }[]> {
  const { from, narrowing } = smallestSet(search);
  return tx
    .from(tx.raw(from))
    .leftJoin('measures', 'measures.frame_id', 'frames.id')
    .leftJoin('flags', 'flags.frame_id', 'frames.id')
    .join('nights', 'nights.id', 'frames.night_id')
    .modify(narrow, tx, search, narrowing)
    .groupBy('frames.night_id')
    .select('nights.night', tx.raw(`json_group_array(${TOLD}) as list`));
}

async function readFacets(tx: Knex, ids: ReadonlySet<number>): Promise<Map<number, Facet>> {
  const rows: (Facet & { id: number })[] = await tx('facets')
    .whereRaw('id in (select value from json_each(?))', [JSON.stringify([...ids])])
    .select({
      id: 'id',
      siteId: 'site_id',
      telescope: 'telescope',
      instrument: 'instrument',
      imageKind: 'image_kind',
      filter: 'filter',
      reductionLevel: 'reduction_level',
      binningX: 'binning_x',
      binningY: 'binning_y',
    });
  return new Map(rows.map(({ id, ...facet }) => [id, facet]));
}

async function readObjectNames(
  tx: Knex,
  ids: ReadonlySet<number>,
): Promise<Map<number, string | null>> {
  const rows: { id: number; object: string | null }[] = await tx('objects')
    .whereRaw('id in (select value from json_each(?))', [JSON.stringify([...ids])])
    .select('id', 'object');
  return new Map(rows.map(({ id, object }) => [id, object]));
}

function toExposure(
  night: string,
  [facetId, id, objectId, dateObsMs, exposureSec, sizeBytes, ...rest]: Told,
  facets: ReadonlyMap<number, Facet>,
  objects: ReadonlyMap<number, string | null>,
): NightExposure[] {
  const [stars, fwhmArcsec, fwhmPx, hfrPx, elongation, background, ...last] = rest;
  const [transparency, groupId, flag, doubts] = last;
  const facet = facets.get(facetId);
  if (facet === undefined) return [];
  return [
    {
      night,
      id,
      objectId,
      object: objects.get(objectId) ?? null,
      ...facet,
      dateObsMs,
      exposureSec,
      sizeBytes: sizeBytes ?? 0,
      stars,
      fwhmArcsec,
      fwhmPx,
      hfrPx,
      elongation,
      background,
      transparency,
      groupId,
      flag,
      doubts: doubts?.split(',') ?? [],
    },
  ];
}

/** The SHA-256 of the current bytes of some frames, by id: what the addresses of their pictures name. */
export async function listHashes(
  { read }: Catalog,
  frameIds: readonly number[],
  viewer: Viewer,
): Promise<ReadonlyMap<number, string>> {
  const rows: { id: number; sha256: string }[] = await read('frames')
    .whereRaw('frames.id in (select value from json_each(?))', [JSON.stringify(frameIds)])
    .modify(visibleTo, viewer)
    .join('versions', 'versions.id', 'frames.version_id')
    .select('frames.id', 'versions.sha256');
  return new Map(rows.map(({ id, sha256 }) => [id, sha256]));
}

/** Seconds of open shutter of a night. */
export interface NightShutter {
  readonly night: string;
  readonly exposureSec: number;
}

/**
 * How long the shutter was open for science in each night: of each only its reduction level with the
 * most of it, since raw and reduced frames are the same light. Reads all that is known of objects, which
 * takes a moment.
 */
export async function listOpenShutter(
  catalog: Catalog,
  conditions: readonly Condition[],
  viewer: Viewer,
): Promise<NightShutter[]> {
  if (seesNothing(viewer)) return [];
  const read = (): Promise<NightShutter[]> =>
    inSnapshot(catalog, async (tx) => {
      const search = await resolveSearch(tx, conditions, viewer);
      const levels = tx
        .from(cellsOf(tx, search, 'sightings').as('seen'))
        .join('nights', 'nights.id', 'seen.night_id')
        .join('facets', 'facets.id', 'seen.facet_id')
        .whereNotNull('nights.night')
        .groupBy('nights.night', 'facets.reduction_level')
        .select('nights.night', tx.raw('sum(seen.exposure_ms) / 1000.0 as sec'));
      const rows: NightShutter[] = await tx
        .from(levels.as('levels'))
        .groupBy('night')
        .select('night', tx.raw('max(sec) as exposureSec'));
      return rows;
    });
  return catalog.heavy(read);
}

/** What was usual of a group of frames before a night. */
export interface GroupNight {
  readonly groupId: number;
  /** As `nightNumber`. */
  readonly nightNo: number;
}

/** What was usual of several groups, whatever their exposure: the answers in the order of the questions. */
export async function listUsual(
  { read }: Catalog,
  asked: readonly GroupNight[],
): Promise<(KeptUsual | undefined)[]> {
  if (asked.length === 0) return [];
  const rows: { at: number; frames: number; quantiles: string }[] = await read
    .from(
      read.raw('json_each(?) as asked', [
        JSON.stringify(asked.map(({ groupId, nightNo }) => [groupId, nightNo])),
      ]),
    )
    .joinRaw(
      `join usual on usual.group_id = asked.value ->> 0 and usual.night_no = asked.value ->> 1
        and usual.exposure_sec < 0`, // of any exposure
    )
    .select('asked.key as at', 'usual.frames', 'usual.quantiles');
  const byPlace = new Map(
    rows.map(({ at, frames, quantiles }) => [
      at,
      { frames, quantiles: JSON.parse(quantiles) as KeptUsual['quantiles'] },
    ]),
  );
  return asked.map((_, at) => byPlace.get(at));
}

/**
 * Nights with a note that `viewer` may read, newest first: of accounts held to proposals those with one
 * of their own.
 */
export async function listNotedNights({ read }: Catalog, viewer: Viewer): Promise<string[]> {
  const rows: { subject: string }[] = await read('notes')
    .whereBetween('subject', ['night:', 'night;'])
    .modify((query) => {
      if (isHeld(viewer)) void query.where({ made_by: viewer.username }).whereNot({ made_by: '' });
    })
    .distinct('subject')
    .orderBy('subject', 'desc');
  return rows.map(({ subject }) => subject.slice('night:'.length));
}
