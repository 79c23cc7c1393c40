import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { describeSetting, type HeaderSettings } from './camera-settings.js';
import { inTransaction, type Catalog, type Transaction } from './db.js';
import { PIXEL_SCALE_SQL } from './footprint-text.js';
import { nightNumber, queueJudging, UNDATED } from './measures.js';
import { readMarkOf, writeMark } from './rebuild.js';
import type { ImageKind, Row } from './schema.js';
import { foundOut } from './touches.js';
import { queueAllUndated } from './undated.js';

/** A frame whose pixels are to be measured. */
export interface Unmeasured {
  readonly frameId: number;
  readonly versionId: number;
  /** Of its file. */
  readonly key: string;
  readonly sizeBytes: number;
  readonly imageKind: ImageKind;
  /** 0 × 0 if it has no picture. */
  readonly width: number;
  readonly height: number;
  readonly pixelScaleArcsec: number | null;
  readonly exposureSec: number | null;
  /** How often it was tried in vain. */
  readonly attempts: number;
}

/** How measuring stands. */
export interface MeasureQueueState {
  /** Frames that wait, those of the sweep not counted. */
  readonly waiting: number;
  /** Of these, frames that failed when they were last tried. */
  readonly failed: number;
  /** Since when the one waits that has waited longest, epoch ms; null if none does. */
  readonly oldestMs: number | null;
  /** Nights that are to be judged anew; frames without one are as good as one. */
  readonly nights: number;
}

const COLUMNS = [
  'frames.id',
  'frames.version_id',
  'frames.image_kind',
  'frames.width',
  'frames.height',
  'frames.exposure_sec',
  'versions.key',
  'versions.size_bytes',
];
const SCALE = `${PIXEL_SCALE_SQL} as pixel_scale`;

/** The newest frames that wait and are due. @param limit how many at most */
export async function listUnmeasured(catalog: Catalog, limit: number): Promise<Unmeasured[]> {
  const { read } = catalog;
  const rows: Row[] = await read('measure_queue')
    .join('frames', 'frames.id', 'measure_queue.frame_id')
    .join('versions', 'versions.id', 'frames.version_id')
    .where('measure_queue.due_ms', '<=', Date.now())
    .orderBy('measure_queue.frame_id', 'desc')
    .limit(limit)
    .select(...COLUMNS, 'measure_queue.attempts', read.raw(SCALE));
  return rows.map(toUnmeasured);
}

/** Frames to be measured by a command. */
export interface MeasureSelection {
  /** `YYYY-MM-DD`, both inclusive. */
  readonly fromNight?: string | undefined;
  readonly toNight?: string | undefined;
  readonly instrument?: string | undefined;
  /** Only frames without numbers of this method, those that could not be measured by it among them; undefined for all. */
  readonly unlessMethod?: number | undefined;
  /** Only frames without numbers from this instant on, epoch ms. */
  readonly measuredBefore?: number | undefined;
}

/** Codes of findings that say why a frame has no numbers: its file is damaged, too large, or of no known kind. */
export const UNMEASURED_CODES: readonly string[] = ['truncated', 'unmeasured'];

/** The next frames of a selection, newest first. @param below ids already seen to are not below it */
export async function listSelected(
  catalog: Catalog,
  selection: MeasureSelection,
  { below, limit }: { readonly below: number; readonly limit: number },
): Promise<Unmeasured[]> {
  const { read } = catalog;
  const rows: Row[] = await selected(catalog, selection)
    .join('versions', 'versions.id', 'frames.version_id')
    .where('frames.id', '<', below)
    .orderBy('frames.id', 'desc')
    .limit(limit)
    .select(...COLUMNS, read.raw(SCALE), read.raw('0 as attempts'));
  return rows.map(toUnmeasured);
}

/** How many frames a selection has, and the size of their files. */
export async function countSelected(
  catalog: Catalog,
  selection: MeasureSelection,
): Promise<{ readonly frames: number; readonly bytes: number }> {
  const row = await selected(catalog, selection)
    .count({ frames: '*' })
    .sum({ bytes: 'frames.size_bytes' })
    .first();
  const { frames, bytes } = (row ?? {}) as { frames?: unknown; bytes?: unknown };
  return { frames: Number(frames ?? 0), bytes: Number(bytes ?? 0) };
}

function selected(
  { read }: Catalog,
  { fromNight, toNight, instrument, unlessMethod, measuredBefore }: MeasureSelection,
): ReturnType<Catalog['read']> {
  const query = read('frames');
  if (fromNight !== undefined) void query.where('frames.night', '>=', fromNight);
  if (toNight !== undefined) void query.where('frames.night', '<=', toNight);
  if (instrument !== undefined) void query.where('frames.instrument', instrument);
  if (unlessMethod !== undefined) {
    const codes = UNMEASURED_CODES.map((code) => `'${code}'`).join(', ');
    void query.whereRaw(
      `not exists (select 1 from measures
        where measures.frame_id = frames.id and measures.version_id = frames.version_id and method = ?
          and (background is not null or not exists (select 1 from findings
            where findings.frame_id = frames.id and source = 'pixels' and code in (${codes}))))`,
      [unlessMethod],
    );
  }
  if (measuredBefore !== undefined) {
    void query.whereRaw(
      'not exists (select 1 from measures where measures.frame_id = frames.id and measures.version_id = frames.version_id and measured_ms >= ?)',
      [measuredBefore],
    );
  }
  return query;
}

/** When a forced measuring was begun that has not ended: so it is known what it has seen to. */
const ANEW = 'measure_anew_ms';
/** One that was broken off so long ago has been forgotten, and is begun anew. */
const FORGOTTEN_MS = 7 * 86_400_000;

/**
 * Begins to measure all frames of a selection, or goes on with what was begun and broken off within a week.
 *
 * @returns frames that were measured since then need not be measured again; `end` when all are
 */
export async function beginMeasuringAnew(
  { read, write }: Catalog,
  selection: MeasureSelection,
): Promise<{ readonly sinceMs: number; readonly isContinued: boolean; end(): Promise<void> }> {
  const digest = createHash('sha256').update(JSON.stringify(selection)).digest('hex');
  const name = `${ANEW}:${digest.slice(0, 16)}`;
  const now = Date.now();
  const known = await readMarkOf(read, name);
  const isContinued = known !== undefined && Math.abs(now - known) < FORGOTTEN_MS;
  const sinceMs = isContinued ? known : now;
  if (!isContinued) await writeMark(write, name, sinceMs);
  return { sinceMs, isContinued, end: () => writeMark(write, name, undefined) };
}

function toUnmeasured(row: Row): Unmeasured {
  const number = (value: Row[string] | undefined): number | null =>
    value === null || value === undefined ? null : Number(value);
  return {
    frameId: Number(row.id),
    versionId: Number(row.version_id),
    key: String(row.key),
    sizeBytes: Number(row.size_bytes),
    imageKind: row.image_kind as ImageKind,
    width: Number(row.width),
    height: Number(row.height),
    pixelScaleArcsec: number(row.pixel_scale),
    exposureSec: number(row.exposure_sec),
    attempts: Number(row.attempts),
  };
}

/** Puts a frame off that could not be measured. */
export async function delayMeasuring(
  catalog: Catalog,
  frameId: number,
  { delayMs, error }: { readonly delayMs: number; readonly error: string },
): Promise<void> {
  await catalog
    .write('measure_queue')
    .where({ frame_id: frameId })
    .update({
      due_ms: Date.now() + delayMs,
      error,
      attempts: catalog.write.raw('attempts + 1'),
    });
}

/** Takes a frame out of the queue that has nothing to be measured; its night is judged all the same. */
export async function dropUnmeasured(catalog: Catalog, frameId: number): Promise<void> {
  await catalog.write.transaction(async (tx) => {
    await tx('measure_queue').where({ frame_id: frameId }).delete();
    const row: { night: string | null } | undefined = await tx('frames')
      .where({ id: frameId })
      .first('night');
    if (typeof row?.night === 'string') await queueJudging(tx, nightNumber(row.night));
  });
}

/** How the queue stands: a few index entries are read. */
export async function readMeasureQueue({ read }: Catalog): Promise<MeasureQueueState> {
  const row: Record<string, number | null> | undefined = await read('measure_queue').first(
    read.raw(
      'count(*) as waiting, coalesce(sum(error is not null), 0) as failed, min(nullif(queued_ms, 0)) as oldest',
    ),
  );
  const nights = await read('judge_queue').count({ total: '*' }).first();
  const undated: unknown = await read('undated_queue').first('frame_id');
  return {
    waiting: row?.waiting ?? 0,
    failed: row?.failed ?? 0,
    oldestMs: row?.oldest ?? null,
    nights: Number(nights?.total ?? 0) + (undated === undefined ? 0 : 1),
  };
}

/**
 * Names of the counters of the sweep: the lowest id it has seen, the method it looked for, and whether
 * it has found any frame.
 */
const [SWEPT, SWEPT_METHOD, FOUND] = ['measure_swept', 'measure_method', 'measure_found'];
/** Frames that a step of the sweep looks at, by the tree of their ids. */
const STEP = 500;

/**
 * Puts the next frames into the queue that were there before measuring was, came in bulk, or have
 * numbers of an older method: newest first, a few at a time, and each once. To be called when no frame
 * waits: at the end all nights are queued to be judged, as their histories were not there before.
 *
 * @returns false when there is nothing left to do
 */
export async function sweepUnmeasured(catalog: Catalog, method: number): Promise<boolean> {
  const isSame = (await readMarkOf(catalog.read, SWEPT_METHOD)) === method;
  const below = isSame ? await readMarkOf(catalog.read, SWEPT) : undefined;
  if (below === 0) return queueHistory(catalog);
  const rows: { id: number; is_measured: number }[] = await catalog
    .read('frames')
    .modify((query) => {
      if (below !== undefined) void query.where('frames.id', '<', below);
    })
    .orderBy('frames.id', 'desc')
    .limit(STEP)
    .select(
      'frames.id',
      catalog.read.raw(
        'exists (select 1 from measures where measures.frame_id = frames.id and method = ?) as is_measured',
        [method],
      ),
    );
  const last = rows.at(-1);
  const lacking = rows.filter((row) => row.is_measured === 0).map(({ id }) => id);
  await catalog.write.transaction(async (tx) => {
    await writeMark(tx, SWEPT_METHOD, method);
    await writeMark(tx, SWEPT, rows.length < STEP ? 0 : last?.id);
    if (lacking.length === 0) return;
    await writeMark(tx, FOUND, 1);
    await tx.raw(
      `insert or ignore into measure_queue (frame_id, queued_ms)
       select id, ? from frames where id in (select value from json_each(?))`,
      [Date.now(), JSON.stringify(lacking)],
    );
  });
  return true;
}

async function queueHistory(catalog: Catalog): Promise<boolean> {
  if ((await readMarkOf(catalog.read, FOUND)) === undefined) return queueLater(catalog);
  await catalog.write.transaction(async (tx) => {
    await writeMark(tx, FOUND, undefined);
    await queueAllNights(tx);
    await tx('judge_later').delete(); // they are among them
  });
  return true;
}

/**
 * Keeps by which measures of each group a night was judged. If these have changed, the nights judged
 * before whose history they belong to wait for their turn: they come once, after all that is queued.
 *
 * @param judged.groups how often the measures of each had changed, as `readGroupChanges` had them before
 * @param judged.within so many nights before one are its history
 */
export async function noteJudged(
  catalog: Catalog,
  judged: {
    readonly nightNo: number;
    readonly groups: ReadonlyMap<number, number>;
    readonly within: number;
  },
): Promise<void> {
  const { nightNo, groups, within } = judged;
  const rows: { group_id: number; changes: number }[] = await catalog
    .read('judged_groups')
    .where({ night_no: nightNo })
    .select('group_id', 'changes');
  const known = new Map(rows.map((row) => [row.group_id, row.changes]));
  const either = [...new Set([...known.keys(), ...groups.keys()])];
  const changed = either.filter((groupId) => known.get(groupId) !== groups.get(groupId));
  if (changed.length === 0) return;
  const made = changed.map((groupId) => ({ groupId, changes: groups.get(groupId) ?? 0 }));
  const work = async (tx: Transaction): Promise<void> => {
    await tx('judged_groups').where({ night_no: nightNo }).whereIn('group_id', changed).delete();
    await tx.raw(
      `insert into judged_groups (night_no, group_id, changes)
       select ?, value ->> '$.groupId', value ->> '$.changes' from json_each(?)
       where value ->> '$.changes' > 0`,
      [nightNo, JSON.stringify(made)],
    );
    await tx.raw(
      `insert or ignore into judge_later (night_no) select distinct night_no from judged_groups
       where night_no > ? and night_no <= ? and group_id in (select value from json_each(?))`,
      [nightNo, nightNo + within, JSON.stringify(changed)],
    );
  };
  await inTransaction(catalog, work, () => foundOut([]));
}

/** @returns false if no night waits for the histories of others */
async function queueLater(catalog: Catalog): Promise<boolean> {
  const one: unknown = await catalog.read('judge_later').first('night_no');
  if (one === undefined) return false;
  await catalog.write.transaction(async (tx) => {
    await tx.raw('insert or ignore into judge_queue (night_no) select night_no from judge_later');
    await tx('judge_later').delete();
  });
  return true;
}

/** Has the nights judged of all that was measured. */
export async function queueAllNights(tx: Knex): Promise<void> {
  await tx.raw(
    'insert or ignore into judge_queue (night_no) select distinct night_no from measures where night_no > ?',
    [UNDATED],
  );
  await queueAllUndated(tx);
}

/** Bias frames that tell the level. */
const BIAS_FRAMES = 30;

/**
 * The level that a camera gives without light: the mean of what its newest bias frames in this binning
 * have, of those with the same settings if there are any; null if none was measured.
 */
export async function findBiasLevel(
  { read }: Catalog,
  frameId: number,
  settings: HeaderSettings,
): Promise<number | null> {
  const groups: { id: number; setting: string; gain: number | null }[] = await read(
    'measure_groups',
  )
    .join('frames', {
      'frames.site_id': 'measure_groups.site_id',
      'frames.telescope': 'measure_groups.telescope',
      'frames.instrument': 'measure_groups.instrument',
      'frames.binning_x': 'measure_groups.binning_x',
      'frames.binning_y': 'measure_groups.binning_y',
    })
    .where('frames.id', frameId)
    .where({ 'measure_groups.kind': 'bias', 'measure_groups.is_reduced': 0 })
    .select('measure_groups.id', 'measure_groups.setting', 'frames.gain');
  const same = groups.filter(({ gain, setting }) => setting === describeSetting(gain, settings));
  const newest = read('measures')
    .whereIn(
      'group_id',
      (same.length > 0 ? same : groups).map(({ id }) => id),
    )
    .orderBy('night_no', 'desc')
    .limit(BIAS_FRAMES)
    .select('background');
  const row: { level: number | null } | undefined = await read
    .from(newest.as('newest'))
    .first(read.raw('avg(background) as level'));
  return row?.level ?? null;
}
