import type { Knex } from 'knex';
import { describeSetting, type HeaderSettings } from './camera-settings.js';
import { inTransaction, type Catalog, type Transaction } from './db.js';
import { writeFindings, type StoredFinding } from './findings.js';
import { insertEvent } from './outbox.js';
import type { ImageKind, Row } from './schema.js';
import { keepStars } from './star-fields.js';
import { foundOut } from './touches.js';

/** What was measured of the pixels of a frame, as the catalogue keeps it. Units as in `quality/types.ts`. */
export interface StoredMeasures {
  /** Version of the method: numbers of different ones are not to be compared. */
  readonly method: number;
  readonly kind: string;
  readonly stars: number | null;
  readonly fwhmPx: number | null;
  readonly fwhmArcsec: number | null;
  readonly hfrPx: number | null;
  readonly elongation: number | null;
  readonly elongationAngleDeg: number | null;
  readonly background: number | null;
  readonly backgroundGradient: number | null;
  readonly noise: number | null;
  readonly saturatedFraction: number | null;
  readonly hotPixels: number | null;
  readonly instrumentalMag: number | null;
  /** Of the pixels, as `quality/tasks.ts` has it: frames with the same pixels have the same. */
  readonly contentSum: number | null;
  /** Of the data before anything was lost in packing, by the header. */
  readonly dataSum: number | null;
}

/** Property → column, in the order in which they are told. */
export const MEASURE_COLUMNS = {
  method: 'method',
  kind: 'kind',
  stars: 'stars',
  fwhmPx: 'fwhm_px',
  fwhmArcsec: 'fwhm_arcsec',
  hfrPx: 'hfr_px',
  elongation: 'elongation',
  elongationAngleDeg: 'elongation_angle_deg',
  background: 'background',
  backgroundGradient: 'background_gradient',
  noise: 'noise',
  saturatedFraction: 'saturated_fraction',
  hotPixels: 'hot_pixels',
  instrumentalMag: 'instrumental_mag',
  contentSum: 'content_sum',
  dataSum: 'data_sum',
} as const satisfies Record<keyof StoredMeasures, string>;

/** Measures that are compared with what is usual → column of the rank. */
export const RANKED = {
  fwhm: 'fwhm_rank',
  hfr: 'hfr_rank',
  elongation: 'elongation_rank',
  stars: 'stars_rank',
  background: 'background_rank',
  backgroundGradient: 'background_gradient_rank',
  noise: 'noise_rank',
  saturated: 'saturated_rank',
  hotPixels: 'hot_pixels_rank',
  transparency: 'transparency_rank',
} as const;
export type Ranked = keyof typeof RANKED;

type RankName<Column extends string> = Column extends `${infer Name}_rank` ? `rank.${Name}` : never;

/** Names of ranks in queries, as in JSON → column. */
export const RANK_COLUMNS = Object.fromEntries(
  Object.values(RANKED).map((column) => [`rank.${column.replace(/_rank$/, '')}`, column]),
) as { readonly [Column in (typeof RANKED)[Ranked] as RankName<Column>]: Column };

/** Of each measure that is ranked, the percent of the usual values that are smaller; null if unknown. */
export type Ranks = Readonly<Record<Ranked, number | null>>;

/** Everything measured of a frame. */
export interface FrameMeasures extends StoredMeasures {
  readonly ranks: Ranks;
  /** Light that came through, against the clearest of the same field; null without a history. */
  readonly transparency: number | null;
  readonly measuredMs: number;
}

/** What was measured of one version of a frame. */
export interface Measured {
  readonly frameId: number;
  readonly versionId: number;
  /** What the frame was taken for: bias and star field are measured differently. */
  readonly imageKind: ImageKind;
  readonly measures: StoredMeasures;
  /** What its header says of how the camera was set; absent if that is not known. */
  readonly settings?: HeaderSettings;
  /** `[x, y, x, y, …]` of its brightest stars, FITS pixels; absent where none were looked for. */
  readonly brightest?: readonly number[];
  readonly findings: readonly StoredFinding[];
}

const DAY_MS = 86_400_000;
/** Of frames that came longer ago it is no news that they were measured: an archive may be, anew. */
const NEWS_MS = DAY_MS;

/** Nights as numbers: days since 1970-01-01, so that ninety nights are a difference. */
export function nightNumber(night: string): number {
  return Math.round(Date.parse(night) / DAY_MS);
}

/** The night of a number, `YYYY-MM-DD`. */
export function nightOfNumber(nightNo: number): string {
  return new Date(nightNo * DAY_MS).toISOString().slice(0, 10);
}

/** The night of frames without one, far from all others: they are compared with their whole group. */
export const UNDATED = -1_000_000;

/**
 * Writes down what was measured, takes the frame out of the queue, and has its night judged anew.
 *
 * @returns false if the frame has gone, or has another version or kind by now: then nothing is written
 */
export async function saveMeasures(catalog: Catalog, measured: Measured): Promise<boolean> {
  const { frameId, measures, findings, versionId, brightest = [], settings = new Map() } = measured;
  const work = async (tx: Transaction): Promise<boolean> => {
    const frame = await findUnchanged(tx, measured);
    if (frame === undefined) return false;
    const values = Object.entries(MEASURE_COLUMNS).map(([name, column]) => [
      column,
      measures[name as keyof StoredMeasures],
    ]);
    const nightNo = typeof frame.night === 'string' ? nightNumber(frame.night) : UNDATED;
    const blank = Object.fromEntries(Object.values(RANKED).map((column) => [column, null]));
    await tx('measures')
      .insert({
        ...(Object.fromEntries(values) as Record<string, unknown>),
        ...blank,
        transparency: null,
        frame_id: frameId,
        version_id: versionId,
        group_id: await groupOf(tx, frame, measures.kind, settings),
        night_no: nightNo,
        exposure_sec: frame.exposure_sec,
        measured_ms: Date.now(),
      })
      .onConflict('frame_id')
      .merge();
    await writeFindings(tx, frameId, 'pixels', findings);
    await keepStars(tx, { frameId, versionId, stars: brightest });
    await tx('measure_queue').where({ frame_id: frameId }).delete();
    if (nightNo === UNDATED) await queueUndated(tx, frameId);
    else await queueJudging(tx, nightNo);
    if (Number(frame.created_ms) > Date.now() - NEWS_MS) {
      await insertEvent(tx, 'frame.measured', { frameId });
    }
    return true;
  };
  return inTransaction(catalog, work, () => foundOut([frameId]));
}

/**
 * Gives up measuring a frame as it is now, says why, and takes it out of the queue.
 * @returns false if it has gone or changed meanwhile
 */
export async function giveUpMeasuring(
  catalog: Catalog,
  measured: Pick<Measured, 'frameId' | 'versionId' | 'imageKind' | 'findings'>,
): Promise<boolean> {
  const { frameId } = measured;
  const work = async (tx: Transaction): Promise<boolean> => {
    if ((await findUnchanged(tx, measured)) === undefined) return false;
    await tx('measures').where({ frame_id: frameId }).delete(); // of another version, or method
    await writeFindings(tx, frameId, 'pixels', measured.findings);
    await tx('measure_queue').where({ frame_id: frameId }).delete();
    return true;
  };
  return inTransaction(catalog, work, () => foundOut([frameId]));
}

/** Has the frames of a night compared with each other and with what is usual. */
export async function queueJudging(tx: Knex, nightNo: number): Promise<void> {
  await tx.raw(
    'insert into judge_queue (night_no) values (?) on conflict (night_no) do update set changes = changes + 1',
    [nightNo],
  );
}

/** Has a frame without a night compared with what is usual. */
async function queueUndated(tx: Knex, frameId: number): Promise<void> {
  await tx.raw(
    'insert into undated_queue (frame_id) values (?) on conflict (frame_id) do update set changes = changes + 1',
    [frameId],
  );
}

async function findUnchanged(
  tx: Knex,
  { frameId, versionId, imageKind }: Pick<Measured, 'frameId' | 'versionId' | 'imageKind'>,
): Promise<Row | undefined> {
  const frame: Row | undefined = await tx('frames')
    .where({ id: frameId, version_id: versionId, image_kind: imageKind })
    .first(
      'site_id',
      'telescope',
      'instrument',
      'filter',
      'binning_x',
      'binning_y',
      'night',
      'exposure_sec',
      'created_ms',
      'reduction_level',
      'gain',
    );
  return frame;
}

/**
 * The group of frames that a frame is compared with: cameras of two sites may bear one name, and reduced
 * frames have other levels than raw ones, as have those that were taken with other settings.
 */
async function groupOf(
  tx: Knex,
  frame: Row,
  kind: string,
  settings: HeaderSettings,
): Promise<number> {
  const gain = typeof frame.gain === 'number' ? frame.gain : null;
  const group = {
    site_id: frame.site_id,
    telescope: frame.telescope,
    instrument: frame.instrument,
    filter: frame.filter ?? '',
    binning_x: frame.binning_x,
    binning_y: frame.binning_y,
    kind,
    is_reduced: Number(frame.reduction_level) > 0 ? 1 : 0,
    setting: describeSetting(gain, settings),
  };
  const known: { id: number } | undefined = await tx('measure_groups').where(group).first('id');
  if (known !== undefined) return known.id;
  const [made]: { id: number }[] = await tx('measure_groups').insert(group).returning('id');
  return made?.id ?? 0;
}

/** What was measured of a frame; undefined if nothing was yet. @param db a transaction, or `catalog.read` */
export async function findMeasures(db: Knex, frameId: number): Promise<FrameMeasures | undefined> {
  const row: Row | undefined = await db('measures').where({ frame_id: frameId }).first();
  return row === undefined ? undefined : toMeasures(row);
}

/** @param row of `measures` */
export function toMeasures(row: Row): FrameMeasures {
  const values = Object.entries(MEASURE_COLUMNS).map(([name, column]) => [name, row[column]]);
  const ranks = Object.entries(RANKED).map(([name, column]) => [name, row[column]]);
  return {
    ...(Object.fromEntries(values) as unknown as StoredMeasures),
    ranks: Object.fromEntries(ranks),
    transparency: typeof row.transparency === 'number' ? row.transparency : null,
    measuredMs: Number(row.measured_ms),
  };
}
