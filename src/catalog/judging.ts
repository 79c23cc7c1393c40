import type { Knex } from 'knex';
import { markExposure } from './cube.js';
import { inTransaction, type Catalog, type Transaction } from './db.js';
import { writeFindings, type FindingSource, type StoredFinding } from './findings.js';
import { nightOfNumber, RANKED, toMeasures, type FrameMeasures, type Ranks } from './measures.js';
import type { ImageKind, Row } from './schema.js';
import { foundOut } from './touches.js';

/** A frame of a night as far as it is compared with others. Units as in `FrameFacts`. */
export interface NightFrame {
  readonly id: number;
  readonly basename: string;
  readonly extension: string;
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  readonly imageKind: ImageKind;
  readonly reductionLevel: number;
  readonly dateObsMs: number | null;
  readonly exposureSec: number | null;
  /** Whether its exposure is left out of all sums so far. */
  readonly isExposureOdd: boolean;
  readonly width: number;
  readonly height: number;
  readonly objectId: number | null;
  readonly raDeg: number | null;
  readonly decDeg: number | null;
  readonly airmass: number | null;
  /** Undefined if it was not measured. */
  readonly measures: FrameMeasures | undefined;
  /** The frames that it is compared with; null if it was not measured. */
  readonly groupId: number | null;
  /** How the camera was set for it and these, in words; '' if that is not known. */
  readonly setting: string;
}

const COLUMNS = [
  'frames.id',
  'frames.basename',
  'frames.site_id',
  'frames.telescope',
  'frames.instrument',
  'frames.image_kind',
  'frames.reduction_level',
  'frames.date_obs_ms',
  'frames.exposure_sec',
  'frames.exposure_odd',
  'frames.width',
  'frames.height',
  'frames.object',
  'frames.object_id',
  'frames.ra_deg',
  'frames.dec_deg',
  'frames.airmass',
  'versions.extension',
  'measures.*',
  'measure_groups.setting',
];

/** A night that is to be judged, and how often it was queued. */
export interface Unjudged {
  readonly nightNo: number;
  readonly changes: number;
}

/** The nights that are to be judged, oldest first. */
export async function listUnjudged({ read }: Catalog, limit: number): Promise<Unjudged[]> {
  return read('judge_queue')
    .orderBy('night_no')
    .limit(limit)
    .select<Unjudged[]>({ nightNo: 'night_no', changes: 'changes' });
}

/** All frames of a night, in order of time; those without a date last. */
export async function listNightFrames({ read }: Catalog, nightNo: number): Promise<NightFrame[]> {
  return readComparable(read, (query) => {
    void query
      .where('frames.night', nightOfNumber(nightNo))
      .orderByRaw('frames.date_obs_ms is null, frames.date_obs_ms, frames.id');
  });
}

/** Some frames with all that they are compared by. @param db `catalog.read`, or a transaction */
export async function readComparable(
  db: Knex,
  which: (query: Knex.QueryBuilder) => void,
): Promise<NightFrame[]> {
  const rows: Row[] = await db('frames')
    .join('versions', 'versions.id', 'frames.version_id')
    .leftJoin('measures', 'measures.frame_id', 'frames.id')
    .leftJoin('measure_groups', 'measure_groups.id', 'measures.group_id')
    .modify(which)
    .select(COLUMNS);
  return rows.map(toNightFrame);
}

function toNightFrame(row: Row): NightFrame {
  const number = (name: string): number | null => {
    const value = row[name];
    return value === null || value === undefined ? null : Number(value);
  };
  const isMeasured = row.measured_ms !== null && row.measured_ms !== undefined;
  return {
    id: Number(row.id),
    basename: String(row.basename),
    extension: String(row.extension),
    siteId: String(row.site_id),
    telescope: String(row.telescope),
    instrument: String(row.instrument),
    imageKind: row.image_kind as ImageKind,
    reductionLevel: Number(row.reduction_level),
    dateObsMs: number('date_obs_ms'),
    exposureSec: number('exposure_sec'),
    isExposureOdd: row.exposure_odd === 1,
    width: Number(row.width),
    height: Number(row.height),
    // Frames without a name share a row too: they are no field.
    objectId: typeof row.object === 'string' && row.object !== '' ? number('object_id') : null,
    raDeg: number('ra_deg'),
    decDeg: number('dec_deg'),
    airmass: number('airmass'),
    measures: isMeasured ? toMeasures(row) : undefined,
    groupId: number('group_id'),
    setting: typeof row.setting === 'string' ? row.setting : '',
  };
}

/** Frames of a group, of some nights, both inclusive. */
export interface Window {
  readonly groupId: number;
  readonly fromNight: number;
  readonly toNight: number;
  /** Only frames that were exposed as long, to a hundredth; null for all. */
  readonly exposureSec: number | null;
}

/** The newest that are looked at of a window. */
const MAX_WINDOW = 20_000;

function inWindow(
  db: Knex,
  { groupId, fromNight, toNight, exposureSec }: Window,
  isOfAnyLevel = false,
): Knex.QueryBuilder {
  const query = db
    .from(db.raw('measures indexed by measures_usual'))
    .whereIn('measures.group_id', isOfAnyLevel ? levelsOf(db, groupId) : [groupId])
    .whereBetween('measures.night_no', [fromNight, toNight]);
  if (exposureSec !== null) {
    void query.whereBetween('measures.exposure_sec', [exposureSec * 0.99, exposureSec * 1.01]);
  }
  return query;
}

const SETUP = [
  ...['site_id', 'telescope', 'instrument', 'filter', 'binning_x', 'binning_y', 'kind'],
  'setting',
];

/** The groups of a setup: of its raw frames, and of its reduced ones. */
function levelsOf(db: Knex, groupId: number): Knex.QueryBuilder {
  const same = Object.fromEntries(SETUP.map((name) => [`own.${name}`, `groups.${name}`]));
  return db('measure_groups as groups')
    .join('measure_groups as own', same)
    .where('own.id', groupId)
    .select('groups.id');
}

/** How many frames a window has. */
export async function countWindow({ read }: Catalog, window: Window): Promise<number> {
  const row = await inWindow(read, window).count({ total: '*' }).first();
  return Number((row as { total?: unknown } | undefined)?.total ?? 0);
}

/** A frame of a window. */
export interface WindowFrame extends FrameMeasures {
  readonly frameId: number;
}

/** What was measured of the frames of a window, the newest nights first. */
export async function readWindow({ read }: Catalog, window: Window): Promise<WindowFrame[]> {
  const rows: Row[] = await inWindow(read, window)
    .orderBy('night_no', 'desc')
    .limit(MAX_WINDOW)
    .select('measures.*');
  return rows.map((row) => ({ ...toMeasures(row), frameId: Number(row.frame_id) }));
}

/**
 * How often what is known of the frames of a window has changed, whatever their exposure: by a frame
 * that came, went, was measured anew, or whose light was compared with that of others. It only grows.
 */
export async function countWindowChanges(
  { read }: Catalog,
  { groupId, fromNight, toNight }: Window,
): Promise<number> {
  const row: { total: number } | undefined = await read('group_nights')
    .where({ group_id: groupId })
    .whereBetween('night_no', [fromNight, toNight])
    .first(read.raw('coalesce(sum(changes + light_changes), 0) as total'));
  return row?.total ?? 0;
}

/** By group, how often the measures of its frames of a night have changed: what later nights go by. */
export async function readGroupChanges(
  { read }: Catalog,
  nightNo: number,
): Promise<ReadonlyMap<number, number>> {
  const rows: { group_id: number; changes: number }[] = await read
    .from(read.raw('group_nights indexed by group_nights_night'))
    .where({ night_no: nightNo })
    .select('group_id', 'changes');
  return new Map(rows.map((row) => [row.group_id, row.changes]));
}

/** What came through of the light of a field, once. */
export interface FieldMagnitude {
  readonly raDeg: number | null;
  readonly decDeg: number | null;
  readonly airmass: number | null;
  readonly instrumentalMag: number;
  /** When it was exposed: copies of one exposure have the same. */
  readonly dateObsMs: number | null;
  readonly reductionLevel: number;
  /** How many were found. */
  readonly stars: number | null;
}

/** What the frames of one object in a window saw of it, raw and reduced ones. */
export async function readField(
  { read }: Catalog,
  window: Window,
  objectId: number,
): Promise<FieldMagnitude[]> {
  const rows: FieldMagnitude[] = await inWindow(read, window, true)
    .joinRaw('cross join frames on frames.id = measures.frame_id')
    .where('frames.object_id', objectId)
    .whereNotNull('measures.instrumental_mag')
    .orderBy('measures.night_no', 'desc')
    .limit(MAX_WINDOW)
    .select({
      raDeg: 'frames.ra_deg',
      decDeg: 'frames.dec_deg',
      airmass: 'frames.airmass',
      instrumentalMag: 'measures.instrumental_mag',
      dateObsMs: 'frames.date_obs_ms',
      reductionLevel: 'frames.reduction_level',
      stars: 'measures.stars',
    });
  return rows;
}

/** By name of a measure: its values at 0, 5, 10 … 100 percent. */
export type Quantiles = Readonly<Record<string, readonly number[]>>;

/** A distribution that was worked out before, and of how many frames it was. */
export interface KeptUsual {
  readonly frames: number;
  readonly quantiles: Quantiles;
}

/** The same with the changes of its window, as `countWindowChanges` had them before it was read. */
export interface DatedUsual extends KeptUsual {
  readonly changes: number;
}

/** The distribution for a group and a night; undefined if none was worked out. @param exposureSec null for all */
export async function findUsual(
  { read }: Catalog,
  groupId: number,
  nightNo: number,
  exposureSec: number | null,
): Promise<DatedUsual | undefined> {
  const row: { frames: number; changes: number; quantiles: string } | undefined = await read(
    'usual',
  )
    .where({ group_id: groupId, night_no: nightNo, exposure_sec: exposureSec ?? ANY_EXPOSURE })
    .first('frames', 'changes', 'quantiles');
  return row === undefined
    ? undefined
    : { ...row, quantiles: JSON.parse(row.quantiles) as Quantiles };
}

/** What was usual for frames like one, of any exposure, when it was taken; undefined if that is not known. */
export async function findUsualOf(
  catalog: Catalog,
  frameId: number,
): Promise<KeptUsual | undefined> {
  const row: { group_id: number; night_no: number | null } | undefined = await catalog
    .read('measures')
    .where({ frame_id: frameId })
    .first('group_id', 'night_no');
  if (row === undefined || row.night_no === null) return undefined;
  return findUsual(catalog, row.group_id, row.night_no, null);
}

/** What a distribution is of: a group before a night. */
export interface UsualKey {
  readonly groupId: number;
  readonly nightNo: number;
  /** Null for all exposures. */
  readonly exposureSec: number | null;
}

/** Keeps a distribution: readers of frames see no change in that. @param usual undefined to forget it */
export async function saveUsual(
  { write }: Catalog,
  { groupId, nightNo, exposureSec }: UsualKey,
  usual: DatedUsual | undefined,
): Promise<void> {
  const exposure_sec = exposureSec ?? ANY_EXPOSURE;
  const key = { group_id: groupId, night_no: nightNo, exposure_sec };
  if (usual === undefined) {
    await write('usual').where(key).delete();
    return;
  }
  const { frames, changes, quantiles } = usual;
  await write('usual')
    .insert({ ...key, frames, changes, quantiles: JSON.stringify(quantiles) })
    .onConflict(['group_id', 'night_no', 'exposure_sec'])
    .merge();
}

const ANY_EXPOSURE = -1;

/** What a frame comes to among others. */
export interface Judgement {
  readonly frameId: number;
  /** Undefined if it was not measured. */
  readonly standing: { readonly ranks: Ranks; readonly transparency: number | null } | undefined;
  readonly findings: Readonly<Partial<Record<FindingSource, readonly StoredFinding[]>>>;
  /** Whether its exposure cannot be what its header says; undefined if that stays as it is. */
  readonly isExposureOdd?: boolean;
}

/** What is known so far from comparing the frames of a night: findings by frame and source. */
export async function readJudged(
  { read }: Catalog,
  frameIds: readonly number[],
  sources: readonly FindingSource[],
): Promise<ReadonlyMap<string, StoredFinding[]>> {
  const rows: (StoredFinding & { frame_id: number; source: string })[] = await read('findings')
    .whereRaw('frame_id in (select value from json_each(?))', [JSON.stringify(frameIds)])
    .whereIn('source', [...sources])
    .orderBy('code');
  const found = new Map<string, StoredFinding[]>();
  for (const { frame_id: frameId, source, code, level, text } of rows) {
    const key = `${frameId}:${source}`;
    found.set(key, [...(found.get(key) ?? []), { code, level, text }]);
  }
  return found;
}

/** Writes down what has changed about the frames of a night. */
export async function saveJudgements(
  catalog: Catalog,
  changed: readonly Judgement[],
): Promise<void> {
  if (changed.length === 0) return;
  const work = async (tx: Transaction): Promise<void> => {
    for (const { frameId, standing, findings, isExposureOdd } of changed) {
      const here: unknown = await tx('frames').where({ id: frameId }).first('id');
      if (here === undefined) continue;
      if (standing !== undefined) await saveStanding(tx, frameId, standing);
      if (isExposureOdd !== undefined) await markExposure(tx, frameId, isExposureOdd);
      for (const [source, list] of Object.entries(findings)) {
        await writeFindings(tx, frameId, source as FindingSource, list);
      }
    }
  };
  await inTransaction(catalog, work, () => foundOut(changed.map(({ frameId }) => frameId)));
}

async function saveStanding(
  tx: Knex,
  frameId: number,
  { ranks, transparency }: NonNullable<Judgement['standing']>,
): Promise<void> {
  const columns = Object.entries(RANKED).map(([name, column]) => [
    column,
    ranks[name as keyof Ranks],
  ]);
  await tx('measures')
    .where({ frame_id: frameId })
    .update({ ...(Object.fromEntries(columns) as Record<string, unknown>), transparency });
}

/** Takes a night off the list, unless more of it has changed since it was listed. */
export async function endJudging(
  { write }: Catalog,
  { nightNo, changes }: Unjudged,
): Promise<void> {
  await write('judge_queue').where({ night_no: nightNo, changes }).delete();
}
