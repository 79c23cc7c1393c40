import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeFits } from '../fixtures/make-fits.js';
import { randomNumbers } from '../fixtures/random-frames.js';
import { makeField } from '../fixtures/star-field.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { fakeSolver, readCalls, type SolutionAnswer } from '../support/solving.js';

const SIZE = { width: 400, height: 300 };
/** Of the fake solver: degrees of a pixel, and where it has the middle of what is `good`. */
const SCALE = 0.001;
const CENTRE = { raDeg: 10.6847, decDeg: 41.269 };

interface Exposure {
  readonly object?: string;
  /** Which stars there are. */
  readonly sky?: number;
  /** By how many pixels the telescope points elsewhere, and the header knows of it. */
  readonly moved?: readonly [number, number];
  /** By how many pixels the header has it wrong. */
  readonly wrongPx?: number;
  readonly cards?: Readonly<Record<string, string | number>>;
}

let taken = 0;
let folder: string;
const open: TestArchive[] = [];

/** Stars of a part of the sky, as they lie in a picture of it. */
function starsOf(sky: number, [dx, dy]: readonly [number, number]) {
  const random = randomNumbers(sky);
  return Array.from({ length: 70 }, (_, index) => ({
    x: random() * 600 - 100 - dx,
    y: random() * 500 - 100 - dy,
    flux: 9000 + 700 * index,
  })).filter(({ x, y }) => x > 9 && y > 9 && x < SIZE.width - 9 && y < SIZE.height - 9);
}

async function upload(archive: TestArchive, name: string, exposure: Exposure): Promise<number> {
  const { object = 'M 31', sky = 1, moved = [0, 0], wrongPx = 0, cards = {} } = exposure;
  taken += 1;
  const field = makeField({ ...SIZE, seed: taken, stars: starsOf(sky, moved) });
  const start = new Date(Date.UTC(2026, 2, 1, 20, taken)).toISOString().slice(0, 19);
  const { files } = await archive.upload(
    makeFits({
      ...SIZE,
      pixel: (x, y) => field.pixels[y * SIZE.width + x] ?? 0,
      cards: {
        SITEID: 'hill',
        TELID: '0m5',
        INSTRUME: 'cam1',
        IMAGETYP: 'object',
        OBJECT: object,
        EXPTIME: 50,
        'DATE-OBS': start,
        'DAY-OBS': '2026-03-01',
        CTYPE1: 'RA---TAN',
        CTYPE2: 'DEC--TAN',
        CRVAL1: CENTRE.raDeg,
        CRVAL2: CENTRE.decDeg,
        CRPIX1: SIZE.width / 2 + 0.5 - moved[0],
        CRPIX2: SIZE.height / 2 + 0.5 - moved[1] + wrongPx,
        CD1_1: -SCALE,
        CD1_2: 0,
        CD2_1: 0,
        CD2_2: SCALE,
        ...cards,
      },
    }),
    `${name}.fits`,
  );
  expect(files[0]?.error).toBeNull();
  return files[0]?.id ?? 0;
}

async function start(settings: Readonly<Record<string, string>>): Promise<TestArchive> {
  const archive = await startArchive({ MEASURE: 'true', ...settings });
  open.push(archive);
  return archive;
}

interface Shown {
  readonly findings: readonly { readonly code: string; readonly text: string }[];
}

/** What is said of the WCS of a frame; '' if nothing is. */
async function said(archive: TestArchive, id: number): Promise<string> {
  const { findings } = await archive.json<Shown>(`/frames/${id}/`);
  return findings.find(({ code }) => code === 'wrong-wcs')?.text ?? '';
}

/** When no star waits to be measured, compared or solved any more. */
async function whenChecked(archive: TestArchive): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    const left = await withCatalog(archive, async ({ read }) => {
      const [row]: { left: number }[] = await read.raw(
        `select (select count(*) from measure_queue)
           + (select count(*) from frames where id not in (select frame_id from star_fields))
           + (select count(*) from star_fields where state in ('new', 'asked'))
           + (select count(*) from solutions where state = 'waiting') as left`,
      );
      return row?.left ?? 0;
    });
    if (left === 0) return;
    if (performance.now() > end) throw new Error(`${left} frames were not checked in a minute.`);
    await setTimeout(200);
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-wcs-check-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((archive) => archive.close()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a WCS that has the stars elsewhere than the other frames of the field is found without a solver', async () => {
  const archive = await start({});
  const first = await upload(archive, 'first', {});
  const moved = await upload(archive, 'moved', { moved: [60, -40] });
  await whenChecked(archive);
  const wrong = await upload(archive, 'wrong', { moved: [-30, 20], wrongPx: 25 });
  const near = await upload(archive, 'near', { moved: [10, 5], wrongPx: 4 });
  const other = await upload(archive, 'other', { sky: 2, object: 'M 33' });
  await whenChecked(archive);
  for (const id of [first, moved, near, other]) expect(await said(archive, id)).toBe('');
  // 25 pixels of 3.6″ are 1.5′.
  expect(await said(archive, wrong)).toMatch(
    /^The WCS has the stars 1\.5′ \(25 pixels\) away from where frame \d+ and others of this field have the same stars\.$/,
  );
  // A correction of the WCS is held against the stars as well.
  await archive.json(`/frames/${wrong}/corrections/`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ CRPIX2: SIZE.height / 2 + 0.5 - 20 }),
  });
  await whenChecked(archive);
  expect(await said(archive, wrong)).toBe('');
}, 120_000);

test('of two that disagree neither is taken for right, until a third one decides', async () => {
  const archive = await start({});
  const wrong = await upload(archive, 'wrong', { wrongPx: 100 });
  await whenChecked(archive);
  expect(await said(archive, wrong)).toBe('');
  const second = await upload(archive, 'second', { moved: [30, 0] });
  await whenChecked(archive);
  expect(await said(archive, second)).toMatch(
    new RegExp(`\\(100 pixels\\) away from where frame ${wrong} .*: one of the two is wrong\\.$`),
  );
  await upload(archive, 'third', { moved: [0, 30] });
  await whenChecked(archive);
  expect(await said(archive, second)).toBe('');
  expect(await said(archive, wrong)).toMatch(/and others of this field/);
}, 120_000);

test('with a solver one frame of a field is solved, and those that are wrong by it', async () => {
  const log = join(folder, 'calls');
  const archive = await start(fakeSolver(log));
  const first = await upload(archive, 'first', { object: 'good' });
  await whenChecked(archive);
  const right = await upload(archive, 'right', { object: 'good', moved: [20, 20] });
  await whenChecked(archive);
  expect(await readCalls(log)).toHaveLength(1);
  const wrong = await upload(archive, 'wrong', { object: 'good', wrongPx: 40 });
  await whenChecked(archive);
  expect((await readCalls(log)).length).toBeGreaterThan(1);
  for (const id of [first, right]) expect(await said(archive, id)).toBe('');
  expect(await said(archive, wrong)).toBe(
    'The WCS has the stars 2.4′ (40 pixels) away from where astap finds them.',
  );
  const { state, solution } = await archive.json<SolutionAnswer>(`/frames/${wrong}/solution/`);
  expect([state, solution?.dec]).toEqual(['solved', expect.closeTo(CENTRE.decDeg, 6)]);
  expect((await archive.json<SolutionAnswer>(`/frames/${right}/solution/`)).state).toBe('none');
  expect(await archive.check()).toEqual([]);

  // A catalogue that is made anew comes to the same by the solutions that the journal brings back.
  const calls = (await readCalls(log)).length;
  await archive.stop();
  expect((await archive.run(['reindex', '--read-data'])).status).toBe(0);
  await archive.restart();
  await whenChecked(archive);
  for (const id of [first, right]) expect(await said(archive, id)).toBe('');
  expect(await said(archive, wrong)).toMatch(/^The WCS has the stars 2\.4′/);
  expect(await readCalls(log)).toHaveLength(calls);
}, 120_000);

test('a camera of which the solver knows no stars is not brought to it again and again', async () => {
  const log = join(folder, 'vain');
  const archive = await start({ ...fakeSolver(log), SOLVER_TIMEOUT_SEC: '2' });
  for (let field = 1; field <= 5; field += 1) {
    const object = 'nothing';
    const at = { CRVAL1: 20 * field, CRVAL2: 3 * field };
    await upload(archive, `field-${field}`, { object, sky: 10 + field, cards: at });
    await whenChecked(archive);
  }
  const calls = await readCalls(log);
  // Three were tried, near and everywhere.
  expect(calls).toHaveLength(6);
}, 120_000);

test('a frame that came while there was no solver is held against its stars by one that is set later', async () => {
  const log = join(folder, 'later');
  const without = await start({});
  const alone = await upload(without, 'alone', { object: 'good', wrongPx: 40 });
  await whenChecked(without);
  expect(await said(without, alone)).toBe('');
  await without.stop();

  const later = await start({ ...fakeSolver(log), DATA_DIR: without.dataDir });
  while ((await readCalls(log).catch(() => [])).length === 0) await setTimeout(200);
  await whenChecked(without); // of the same catalogue
  expect(await said(later, alone)).toBe(
    'The WCS has the stars 2.4′ (40 pixels) away from where astap finds them.',
  );

  // Whatever the solver has told is not asked again at the next start.
  const calls = (await readCalls(log)).length;
  await later.stop();
  await later.restart();
  await upload(later, 'next', { object: 'good', moved: [20, 20] });
  await whenChecked(without);
  expect(await readCalls(log)).toHaveLength(calls);
}, 120_000);
