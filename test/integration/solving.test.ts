import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { listFindings } from '../../src/catalog/index.js';
import { makeFits } from '../fixtures/make-fits.js';
import { pyobsCards } from '../fixtures/night.js';
import { runProgram, startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { fakeSolver, readCalls, whenSettled } from '../support/solving.js';

/** What the fake solver does → the id of the frame that asks for it. */
const IDS = new Map<string, number>();
const NO_POINTING = { 'TEL-RA': null, 'TEL-DEC': null };

let folder: string;
let log: string;
let archive: TestArchive;

const idOf = (object: string): number => IDS.get(object) ?? 0;

async function upload(
  object: string,
  changes: Readonly<Record<string, string | number | null>> = {},
  { isPacked = false } = {},
): Promise<void> {
  const cards = pyobsCards({
    OBJECT: object,
    FNAME: `${object.replace(' ', '-')}.fits`,
    ...changes,
  });
  const file = makeFits({ width: 40, height: 30, cards, seed: IDS.size + 1 });
  const name = `${object}.fits${isPacked ? '.gz' : ''}`;
  const { files } = await archive.upload(isPacked ? gzipSync(file) : file, name);
  IDS.set(object, files[0]?.id ?? 0);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-solving-'));
  log = join(folder, 'calls');
  archive = await startArchive({ ...fakeSolver(log), SOLVER_TIMEOUT_SEC: '4' });
  await upload('good', NO_POINTING, { isPacked: true });
  await upload('elsewhere');
  await upload('of the day');
  await upload('astap', NO_POINTING);
  await upload('hang', NO_POINTING);
  await upload('rubbish');
  await upload('other size', NO_POINTING);
  await upload('fail', NO_POINTING);
  await upload('nothing');
  await upload('bias', { IMAGETYP: 'bias', ...NO_POINTING });
  await upload('own', {
    CTYPE1: 'RA---TAN',
    CTYPE2: 'DEC--TAN',
    CRVAL1: 5,
    CRVAL2: 6,
    CRPIX1: 20,
    CRPIX2: 15,
    CD1_1: -0.001,
    CD1_2: 0,
    CD2_1: 0,
    CD2_2: 0.001,
  });
}, 60_000);

afterAll(async () => {
  await archive.close();
  await rm(folder, { recursive: true, force: true });
});

interface FrameAnswer {
  readonly TEL_RA: number | null;
  readonly TEL_DEC: number | null;
}

async function idsOf(query: string): Promise<number[]> {
  const { results } = await archive.json<{ results: { id: number }[] }>(`/frames/?${query}`);
  return results.map(({ id }) => id).sort((a, b) => a - b);
}

test('a frame without WCS is solved from a plain copy, and found where its stars are', async () => {
  const { state, solution } = await whenSettled(archive, idOf('good'));
  expect(state).toBe('solved');
  expect(solution?.ra).toBeCloseTo(10.6847, 6);
  expect(solution?.dec).toBeCloseTo(41.269, 6);
  expect(solution?.scale).toBeCloseTo(3.6, 5);
  expect(solution).toMatchObject({ rotation: 0, mirrored: false, pointing_off_deg: null });
  expect(await idsOf('RA=10.6847&DEC=41.269&radius=0.005&OBJECT=good')).toEqual([idOf('good')]);
  const frame = await archive.json<FrameAnswer>(`/frames/${idOf('good')}/`);
  expect(frame.TEL_RA).toBeCloseTo(10.6847, 6);
  const [call] = (await readCalls(log)).filter(({ object }) => object === 'good');
  expect(call).toMatchObject({ isPlain: true, hint: null });
  const header = await archive.fetch(`/frames/${idOf('good')}/solution/?format=header`);
  expect(await header.text()).toMatch(/^CTYPE1 {2}= 'RA---TAN'(?:.*\n)+END {77}\n$/);
}, 60_000);

test('the answer of ASTAP is read', async () => {
  const { solution } = await whenSettled(archive, idOf('astap'));
  expect(solution?.ra).toBeCloseTo(10.7, 6);
  expect(solution?.scale).toBeCloseTo(7.2, 5);
}, 60_000);

test('where the header is wrong the whole sky is searched, and the frame says so', async () => {
  const id = idOf('elsewhere');
  const { solution } = await whenSettled(archive, id);
  const calls = (await readCalls(log)).filter(({ object }) => object === 'elsewhere');
  expect(calls.map(({ hint }) => hint)).toEqual(['10.6847', null]);
  expect(solution?.ra).toBeCloseTo(200, 6);
  expect(solution?.pointing_off_deg).toBeGreaterThan(90);
  expect(await findingsOf(id)).toContainEqual(
    expect.stringMatching(
      /^The header says 00:42:44\.33 \+41:16:08\.4, the stars say 13:20:00\.00 -30:00:00\.0: \d+\.\d° apart\.$/,
    ),
  );
  // What the header says stays what is told of it; the footprint is that of the stars.
  const frame = await archive.json<FrameAnswer>(`/frames/${id}/`);
  expect(frame.TEL_RA).toBeCloseTo(10.6847, 6);
  expect(await idsOf('covers=POINT(200 -30)')).toEqual([id]);
  expect(await idsOf('RA=200&DEC=-30&radius=0.01')).toEqual([id]);
  expect(await idsOf('RA=10.6847&DEC=41.269&radius=0.01&OBJECT=elsewhere')).toEqual([]);
}, 60_000);

test('a position of the equinox of the day is told by the solution, and found where the stars are', async () => {
  const id = idOf('of the day');
  await whenSettled(archive, id);
  expect(await findingsOf(id, 'wrong-epoch')).toContainEqual(
    expect.stringMatching(/is 0\.31° away .* it is of the equinox of that day, and was taken for/),
  );
  expect(await idsOf('RA=10.3262&DEC=41.1258&radius=0.01')).toEqual([id]);
}, 60_000);

test('a correction is compared with the stars, without solving again', async () => {
  const id = idOf('elsewhere');
  await whenSettled(archive, id);
  const before = (await readCalls(log)).length;
  await archive.json(`/frames/${id}/corrections/`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'TEL-RA': 200.1, 'TEL-DEC': -30 }),
  });
  const { solution } = await whenSettled(archive, id);
  expect(solution?.pointing_off_deg).toBeCloseTo(0.0866, 3);
  expect(await findingsOf(id)).toEqual([]);
  const calls = (await readCalls(log)).slice(before).filter(({ object }) => object === 'elsewhere');
  expect(calls).toEqual([]);
}, 60_000);

test('a program that hangs is ended with all that it started', async () => {
  const { state, error } = await whenSettled(archive, idOf('hang'));
  expect(state).toBe('failed');
  expect(error).toBe('astap was ended after 4 s (SOLVER_TIMEOUT_SEC).');
  const pids = (await readCalls(log))
    .filter(({ object }) => object === 'hang' || object === 'child')
    .map(({ pid }) => pid);
  expect(pids).toHaveLength(2);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
}, 60_000);

test.each([
  ['rubbish', /^The answer of the solver makes no sense: it has no world coordinates\.$/],
  [
    'other size',
    /^The answer of the solver makes no sense: it is of an image of 4000 × 3000 pixels\.$/,
  ],
  ['fail', /^astap ended with status 3: no index for this scale$/],
  ['nothing', /^astap found no match for the stars of this frame\.$/],
])(
  'of a program that ends with %s it is told why',
  async (object, why) => {
    const { state, error, solution } = await whenSettled(archive, idOf(object));
    expect([state, solution]).toEqual(['failed', null]);
    expect(error).toMatch(why);
  },
  60_000,
);

test('what shows no stars, or tells where it lies, is left alone unless somebody asks', async () => {
  for (const object of IDS.keys()) {
    if (object !== 'bias' && object !== 'own') await whenSettled(archive, idOf(object));
  }
  const stateOf = async (object: string): Promise<string> =>
    (await archive.json<{ state: string }>(`/frames/${idOf(object)}/solution/`)).state;
  expect(await stateOf('bias')).toBe('none');
  expect(await stateOf('own')).toBe('none');
  const { solving } = await archive.json<{ solving: object }>('/admin/?format=json');
  expect(solving).toEqual({
    solver: 'astap',
    problem: null,
    waiting: 0,
    solved: 4,
    failed: 5,
    skipped: 0,
  });
  const asked = await archive.run(['solve', '--frame', String(idOf('own')), '--force']);
  expect(asked.stdout).toMatch(/1 frame is to be solved\.\n\d+ own: failed: astap found no match/);
  expect(asked.status).toBe(1);
  expect(await stateOf('own')).toBe('failed');
}, 60_000);

test('a new version of a frame is solved anew', async () => {
  const { solution: before } = await whenSettled(archive, idOf('astap'));
  const cards = pyobsCards({ OBJECT: 'good', FNAME: 'astap.fits', ...NO_POINTING });
  await archive.upload(makeFits({ width: 40, height: 30, cards, seed: 99 }), 'astap.fits');
  const found = await archive.json<{ solution: object | null }>(
    `/frames/${idOf('astap')}/solution/`,
  );
  expect(found.solution).not.toEqual(before);
  for (;;) {
    const { state, solution } = await whenSettled(archive, idOf('astap'));
    if (solution === null) continue; // it has not come into the queue yet
    expect(state).toBe('solved');
    expect(solution.scale).toBeCloseTo(3.6, 5);
    break;
  }
}, 60_000);

test('a frame that comes back from the trash without a solution is looked at again', async () => {
  const id = idOf('nothing');
  await whenSettled(archive, id);
  const calls = async (): Promise<number> =>
    (await readCalls(log)).filter(({ object }) => object === 'nothing').length;
  const before = await calls();
  expect((await archive.fetch(`/frames/${id}/`, { method: 'DELETE' })).status).toBe(204);
  expect((await archive.fetch(`/trash/${id}/restore/`, { method: 'POST' })).status).toBe(200);
  expect((await whenSettled(archive, id)).state).toBe('failed');
  expect(await calls()).toBe(2 * before);
  // Of one that was solved the solution comes back with it.
  const { solution } = await whenSettled(archive, idOf('good'));
  await archive.fetch(`/frames/${idOf('good')}/`, { method: 'DELETE' });
  await archive.fetch(`/trash/${idOf('good')}/restore/`, { method: 'POST' });
  expect((await whenSettled(archive, idOf('good'))).solution).toEqual(solution);
}, 60_000);

test('the journal brings solutions back into a catalogue that is made anew, and no file was touched', async () => {
  for (const id of IDS.values()) {
    if (![idOf('bias'), idOf('own')].includes(id)) await whenSettled(archive, id);
  }
  const before = await whenSettled(archive, idOf('good'));
  const calls = (await readCalls(log)).filter(({ object }) => object === 'good').length;
  await archive.stop();
  const { status, stderr } = await archive.run(['reindex', '--read-data']);
  expect([status, stderr]).toEqual([0, '']);
  await archive.restart();
  const after = await whenSettled(archive, idOf('good'));
  expect(after.solution).toEqual(before.solution);
  expect(await idsOf('RA=10.6847&DEC=41.269&radius=0.005&OBJECT=good')).toContain(idOf('good'));
  expect(await idsOf('RA=10.3262&DEC=41.1258&radius=0.01')).toEqual([idOf('of the day')]);
  await whenSettled(archive, idOf('nothing'));
  expect((await readCalls(log)).filter(({ object }) => object === 'good')).toHaveLength(calls);
  expect(await archive.check()).toEqual([]);
}, 60_000);

test('solve takes the frames that it was asked for, and leaves the rest of the queue', async () => {
  const other = await startArchive({});
  try {
    const ids: number[] = [];
    for (const [at, name] of ['a', 'b', 'c'].entries()) {
      const night = { 'DAY-OBS': `2026-03-0${at + 1}`, 'DATE-OBS': `2026-03-0${at + 1}T20:00:00` };
      const cards = pyobsCards({ OBJECT: 'good', FNAME: `${name}.fits`, ...night, ...NO_POINTING });
      const { files } = await other.upload(makeFits({ cards, seed: 50 + at }), `${name}.fits`);
      ids.push(files[0]?.id ?? 0);
    }
    await other.stop();
    const calls = join(folder, 'asked');
    const env = { ...fakeSolver(calls), DATA_DIR: other.dataDir };
    const queued = await runProgram(['solve', '--queue'], env);
    expect(queued.stdout).toBe('3 frames are to be solved.\n');
    const one = await runProgram(['solve', '--frame', String(ids[0])], env);
    expect([one.status, one.stdout]).toEqual([
      0,
      `1 frame is to be solved.\n${ids[0] ?? 0} a: solved\n`,
    ]);
    expect(await readCalls(calls)).toHaveLength(1);
    const night = await runProgram(['solve', '--night', '2026-03-02'], env);
    expect(night.stdout).toBe(`1 frame is to be solved.\n${ids[1] ?? 0} b: solved\n`);
    const none = await runProgram(['solve', '--frame', '999999'], env);
    expect([none.status, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toContain('There is no frame 999999.');
    await other.restart();
  } finally {
    await other.close();
  }
}, 60_000);

test('a solver that is not installed is named, and frames wait for it', async () => {
  const other = await startArchive({ SOLVER: 'astap', SOLVER_COMMAND: 'no-such-solver {file}' });
  try {
    const { files } = await other.upload(makeFits({ cards: pyobsCards() }), 'a.fits');
    const doctor = await other.run(['doctor']);
    const problem =
      "SOLVER is astap, but the program 'no-such-solver' cannot be found or run: frames wait until it can.";
    expect(doctor.stdout).toContain(problem);
    const { solving } = await other.json<{ solving: object }>('/admin/?format=json');
    expect(solving).toMatchObject({ problem, failed: 0 });
    const solve = await other.run(['solve', '--frame', String(files[0]?.id)]);
    expect([solve.status, solve.stderr.trim()]).toEqual([1, problem]);
  } finally {
    await other.close();
  }
}, 60_000);

async function findingsOf(id: number, which = 'wrong-pointing'): Promise<string[]> {
  return withCatalog(archive, async ({ read }) => {
    const found = await listFindings(read, id);
    return found.filter(({ code }) => code === which).map(({ text }) => text);
  });
}
