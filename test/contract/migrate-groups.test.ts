import {
  checkCube,
  listUnjudged,
  migrate,
  saveMeasures,
  type Catalog,
} from '../../src/catalog/index.js';
import { judgeNight } from '../../src/measuring/index.js';
import { toUnitVector } from '../../src/sky/index.js';
import { randomFrames, randomNumbers } from '../fixtures/random-frames.js';
import { startCatalog, type TestCatalog } from '../support/catalog.js';
import { insertOldFrames, migrateBetween } from '../support/old-catalog.js';

/** A catalogue of before step 14, full of what steps 9 to 13 keep, brought to the schema of today. */
const FRAMES = 400;

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Where solutions have their frames, whatever their headers say. */
const SOLVED = { raDeg: 200, decDeg: -30 };

let kept: TestCatalog;
let catalog: Catalog;
let before: Readonly<Record<string, Rows>>;

const TABLES: Readonly<Record<string, string>> = {
  frames: 'id',
  versions: 'id',
  measures: 'frame_id',
  findings: 'frame_id, source, code',
  marks: 'id',
  flags: 'frame_id',
  tags: 'frame_id, tag',
  measure_queue: 'frame_id',
  solutions: 'frame_id',
  notes: 'id',
  corrections: 'frame_id, keyword',
};

async function readAll(): Promise<Readonly<Record<string, Rows>>> {
  const all: Record<string, Rows> = {};
  for (const [table, order] of Object.entries(TABLES)) {
    all[table] = await catalog.write.raw<Rows>(`select * from ${table} order by ${order}`);
  }
  return all;
}

async function fill({ write }: Catalog): Promise<void> {
  const random = randomNumbers(3);
  const frames: { id: number; night: string | null; exposure_sec: number | null }[] = await write(
    'frames',
  ).select('id', 'night', 'exposure_sec');
  await write.raw(`insert into measure_groups (instrument, filter, binning_x, binning_y, kind)
    select distinct instrument, coalesce(filter, ''), binning_x, binning_y, 'sky' from frames`);
  for (const { id, night, exposure_sec } of frames) {
    if (random() < 0.2) {
      await write('measure_queue').insert({ frame_id: id, attempts: 2, due_ms: 5, error: 'no' });
      continue;
    }
    const [group]: { id: number }[] = await write.raw(
      `select g.id from measure_groups g join frames f on f.id = ? where g.filter = coalesce(f.filter, '')
         and (g.instrument, g.binning_x, g.binning_y) = (f.instrument, f.binning_x, f.binning_y)`,
      [id],
    );
    await write('measures').insert({
      frame_id: id,
      version_id: id,
      method: 3,
      kind: 'sky',
      stars: Math.floor(random() * 900),
      fwhm_px: 2 + random(),
      fwhm_arcsec: random() < 0.5 ? 3 + random() : null,
      hfr_px: 1 + random(),
      elongation: 1 + random() / 4,
      elongation_angle_deg: 90 * random(),
      background: 500 * random(),
      background_gradient: random() / 10,
      noise: 20 * random(),
      saturated_fraction: random() / 1e4,
      instrumental_mag: -20 * random(),
      transparency: random(),
      fwhm_rank: Math.floor(random() * 100),
      group_id: group?.id ?? 0,
      night_no: night === null ? null : Math.round(Date.parse(night) / 86_400_000),
      exposure_sec,
      measured_ms: 1_700_000_000_000 + id,
    });
    const found = [
      ['pixels', 'trailed'],
      ['usual', 'clouds'],
      ['usual', 'unusual-fwhm'],
      ['sky', 'wrong-clock'],
      ['solving', 'wrong-pointing'],
      ['sequence', 'overlap'],
    ].filter(() => random() < 0.3);
    for (const [source, code] of found) {
      const text = `Said of ${id}.`;
      await write('findings').insert({ frame_id: id, source, code, level: 'warning', text });
    }
  }
  await write.raw(`insert into usual (group_id, night_no, exposure_sec, frames, quantiles)
    select id, 20000, -1, 30, '{}' from measure_groups`);
  for (let id = 1; id <= FRAMES; id += 7) {
    const made = { made_by: 'anna', made_ms: 100 + id };
    await write('marks').insert({
      frame_id: id,
      kind: 'flag',
      value: 'bad',
      is_set: true,
      ...made,
    });
    await write('flags').insert({ frame_id: id, flag: 'bad', ...made });
    await write('tags').insert({ frame_id: id, tag: `t${id % 3}`, ...made });
    await write('notes').insert({ subject: `frame:${id}`, text: 'Clouds.', ...made });
    const value = JSON.stringify(`M ${id}`);
    await write('corrections').insert({ frame_id: id, keyword: 'OBJECT', value, ...made });
    await write('solutions').insert({
      frame_id: id,
      state: 'solved',
      due_ms: 0,
      date_ms: id,
      solver: 'astap',
      cards: '[["CRVAL1",1]]',
      // Hardly any solution was kept without its centre.
      footprint: id % 9 === 0 ? '{}' : JSON.stringify({ center: SOLVED }),
      version_id: id,
      solved_ms: 7,
    });
  }
}

/** Some frames were taken with another gain, read out in another way, or both; some say so in two ways. */
async function set({ write }: Catalog): Promise<void> {
  await write('frames').update({ gain: write.raw('case id % 3 when 0 then 100.04 end') });
  const words: [string, string, string][] = [
    ['READOUTM', 'texts', "'Fast  Mode'"],
    ['READMODE', 'texts', "'  '"],
    ['SET-TEMP', 'numbers', '-10'],
    ['CCDSTEMP', 'numbers', '-30'],
  ];
  for (const [keyword, table, value] of words) {
    await write.raw('insert or ignore into header_keywords (name) values (?)', [keyword]);
    await write.raw(
      `insert into header_${table} select (select id from header_keywords where name = ?), ${value}, id
         from frames where id % 4 = 0`,
      [keyword],
    );
  }
}

function settingOf(id: number): string {
  const gain = id % 3 === 0 ? ['gain 100'] : [];
  return [...gain, ...(id % 4 === 0 ? ['read mode Fast Mode', 'set to -10 °C'] : [])].join(', ');
}

beforeAll(async () => {
  kept = await startCatalog(false);
  ({ catalog } = kept);
  const { write } = catalog;
  await migrateBetween(write, 1, 2);
  await insertOldFrames(write, randomFrames(FRAMES, 29));
  await migrateBetween(write, 3, 13);
  await fill(catalog);
  await set(catalog);
  before = await readAll();
  await migrate(catalog);
}, 60_000);
afterAll(() => kept.close());

/** Rows without some of their columns. */
function without(rows: Rows | undefined, columns: readonly string[]): Rows {
  return (rows ?? []).map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name))),
  );
}

test('no frame, number or word of a person is lost', async () => {
  const after = await readAll();
  expect(before.measures?.length).toBeGreaterThan(FRAMES / 2);
  const anew = ['group_id', 'instrumental_mag', 'transparency'];
  const formerly = Object.keys(before.measures?.[0] ?? {});
  const added = Object.keys(after.measures?.[0] ?? {}).filter((name) => !formerly.includes(name));
  // Frames without a night have one of their own by now, and wait to be judged.
  const undated = before.measures?.filter(({ night_no: night }) => night === null) ?? [];
  const named = before.measures?.map((row) => ({ ...row, night_no: row.night_no ?? -1_000_000 }));
  expect(without(after.measures, [...anew, ...added])).toEqual(without(named, anew));
  expect(undated.length).toBeGreaterThan(3);
  const waiting = catalog.read('undated_queue').orderBy('frame_id').pluck<number[]>('frame_id');
  expect(await waiting).toEqual(undated.map((row) => row.frame_id));
  for (const table of [
    'versions',
    'marks',
    'flags',
    'tags',
    'measure_queue',
    'solutions',
    'notes',
  ]) {
    expect([table, after[table]]).toEqual([
      table,
      expect.arrayContaining([...(before[table] ?? [])]),
    ]);
    expect(after[table]).toHaveLength(before[table]?.length ?? -1);
  }
  // Columns that came later are beside those that were there.
  const columns = Object.keys(before.frames?.[0] ?? {});
  const old = (rows: Rows | undefined): Rows =>
    (rows ?? []).map((row) => Object.fromEntries(columns.map((name) => [name, row[name]])));
  const turned = ['vec_x', 'vec_y', 'vec_z'];
  expect(without(old(after.frames), turned)).toEqual(without(before.frames, turned));
  expect(after.corrections).toHaveLength(before.corrections?.length ?? -1);
  expect(await checkCube(catalog)).toEqual([]);
  expect(await catalog.write.raw('pragma foreign_key_check')).toEqual([]);
});

test('a cone finds solved frames where their stars are', async () => {
  const { frames, solutions } = await readAll();
  const centred = (solutions ?? []).filter(({ footprint }) => footprint !== '{}');
  const ids = new Set(centred.map(({ frame_id }) => frame_id));
  expect(ids.size).toBeGreaterThan(10);
  const seen = toUnitVector(SOLVED);
  for (const [at, frame] of (frames ?? []).entries()) {
    const { id, vec_x, vec_y, vec_z } = frame;
    const was = before.frames?.[at];
    const expected = ids.has(id) ? seen : [was?.vec_x, was?.vec_y, was?.vec_z];
    expect([id, vec_x, vec_y, vec_z]).toEqual([id, ...expected]);
  }
});

test('each number is compared with those of its own site, telescope and settings, and with no others', async () => {
  const rows: {
    id: number;
    own: string;
    said: string | null;
    group_id: number;
    setting: string;
  }[] = await catalog.read.raw(
    `select f.id, measures.group_id,
       (select setting from measure_groups where id = measures.group_id) as setting,
       json_array(f.site_id, f.telescope, f.instrument, coalesce(f.filter, ''), f.binning_x, f.binning_y, measures.kind) as own,
       (select json_array(site_id, telescope, instrument, filter, binning_x, binning_y, kind)
          from measure_groups where id = measures.group_id) as said
     from measures join frames f on f.id = measures.frame_id`,
  );
  expect(rows.length).toBe(before.measures?.length);
  for (const { id, own, said, setting } of rows) {
    expect(said).toBe(own);
    expect([id, setting]).toEqual([id, settingOf(id)]);
  }
  expect(new Set(rows.map(({ setting }) => setting)).size).toBe(4);
  const groups = new Set(rows.map(({ group_id }) => group_id));
  const kept: { id: number }[] = await catalog.read('measure_groups').select('id');
  expect(kept.map(({ id }) => id).sort()).toEqual([...groups].sort());
  // Of one camera, filter and binning there were one before.
  const formerly = new Set(before.measures?.map(({ group_id }) => group_id));
  expect(groups.size).toBeGreaterThan(formerly.size);
});

test('what was told by other groups, or by light that was measured otherwise, is told anew', async () => {
  expect(await catalog.read('usual').select('*')).toEqual([]);
  const { findings, measures } = await readAll();
  for (const { instrumental_mag, transparency } of measures ?? []) {
    expect([instrumental_mag, transparency]).toEqual([null, null]);
  }
  const stays = ({ code, source }: Readonly<Record<string, unknown>>): boolean =>
    code !== 'clouds' && source !== 'sequence';
  expect(findings).toEqual(before.findings?.filter(stays));
  expect(findings?.length).toBeLessThan(before.findings?.length ?? 0);
});

test('and the archive goes on measuring and judging from there', async () => {
  const [row] = (await catalog
    .read('frames')
    .join('measures', 'measures.frame_id', 'frames.id')
    .whereNotNull('frames.night')
    .whereRaw('frames.id % 12 = 0')
    .select('frames.*', 'measures.group_id')
    .limit(1)) as { id: number; version_id: number; image_kind: 'object'; group_id: number }[];
  if (row === undefined) throw new Error('nothing was measured');
  const groups = async (): Promise<number> =>
    ((await catalog.read('measure_groups').select('id')) as unknown[]).length;
  const many = await groups();
  const numbers = {
    ...{
      method: 3,
      kind: 'sky',
      stars: 50,
      fwhmPx: 3,
      fwhmArcsec: null,
      hfrPx: 2,
      elongation: 1.1,
    },
    ...{ elongationAngleDeg: null, background: 400, backgroundGradient: 0, noise: 5 },
    ...{ saturatedFraction: 0, hotPixels: null, instrumentalMag: -12 },
    ...{ contentSum: null, dataSum: null },
  };
  const { id: frameId, version_id: versionId, image_kind: imageKind } = row;
  const settings = new Map([
    ['readMode', 'Fast Mode'],
    ['setPoint', '-10.0'],
  ]);
  const measured = { frameId, versionId, imageKind, measures: numbers, settings, findings: [] };
  expect(await saveMeasures(catalog, measured)).toBe(true);
  const after: { group_id: number } | undefined = await catalog
    .read('measures')
    .where({ frame_id: frameId })
    .first('group_id');
  expect([after?.group_id, await groups()]).toEqual([row.group_id, many]);
  const nights = await listUnjudged(catalog, 100);
  expect(nights.length).toBeGreaterThan(0);
  for (const { nightNo } of nights) await judgeNight(catalog, nightNo);
});
