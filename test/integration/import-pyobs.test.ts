import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { makePyobsDatabase, type PyobsAge } from '../fixtures/pyobs-database.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { postgresBin, startPostgres, type TestPostgres } from '../support/postgres.js';

interface Result {
  readonly status: string;
  readonly key: string;
  readonly text: string;
  readonly counts?: Record<string, number>;
}

let archive: TestArchive;
let root: string;

beforeEach(async () => {
  archive = await startArchive();
  root = await mkdtemp(join(tmpdir(), 'platevault-pyobs-'));
});
afterEach(async () => {
  await archive.close();
  await rm(root, { recursive: true, force: true });
});

const CAME = new Date('2026-03-01T20:01:00Z');

async function put(name: string, content: Buffer): Promise<void> {
  const path = join(root, 'tree', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await utimes(path, CAME, CAME);
}

/** A tree and the rows about it: one without its file, one file without a row. */
async function makeTree(): Promise<void> {
  await put(
    'hill/2026-03-01/bias.fits.fz',
    pyobsFrame({ FNAME: 'bias', IMAGETYP: 'bias' }, { seed: 1 }),
  );
  await put(
    'hill/2026-03-01/m31.fits.fz',
    pyobsFrame({ FNAME: 'm31', L1BIAS: 'bias' }, { seed: 2 }),
  );
  await put(
    'hill/2026-03-01/m33.fits.fz',
    pyobsFrame({ FNAME: 'm33', PROJECT: 'own' }, { seed: 3 }),
  );
  await put('hill/2026-03-01/stray.fits.fz', pyobsFrame({ FNAME: 'stray' }, { seed: 4 }));
}

const ROWS = [
  { id: 11, basename: 'bias', path: 'hill/2026-03-01/' },
  { id: 12, basename: 'm31', path: 'hill/2026-03-01/', project: 'halo', related: [11] },
  { id: 13, basename: 'm33', path: 'hill/2026-03-01', project: 'halo', related: [11] },
  { id: 14, basename: 'lost', path: 'hill/2026-03-01/' },
];
const ACCOUNTS = [
  { username: 'chief', is_superuser: true, is_staff: true },
  { username: 'camera', is_superuser: false, is_staff: true },
  { username: 'guest', is_superuser: false, is_staff: false },
];

async function importFrom(url: string, ...more: string[]) {
  const args = ['import', 'pyobs', '--database', url, '--root', join(root, 'tree'), '--json'];
  const { status, stdout, stderr } = await archive.run([...args, ...more]);
  expect(stderr).toBe('');
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Result);
  return { status, results, counts: results.at(-1)?.counts };
}

interface FrameShape {
  readonly id: number;
  readonly basename: string;
  readonly related_frames: readonly number[];
  readonly PROPID?: string | null;
}

/** What must have come of `makeTree` and ROWS. */
async function expectAll(url: string): Promise<void> {
  const dry = await importFrom(url, '--dry-run');
  const counts = { account: 3, adopted: 3, 'missing-file': 1, 'no-row': 1 };
  expect([dry.status, dry.counts]).toEqual([1, counts]);
  expect((await archive.json<{ count: number }>('/frames/')).count).toBe(0);
  const { status, results } = await importFrom(url);
  expect([status, results.at(-1)?.counts]).toEqual([1, counts]);
  expect(results.filter((each) => ['missing-file', 'no-row'].includes(each.status))).toMatchObject([
    { status: 'missing-file', text: expect.stringContaining("'lost'") as string },
    { status: 'no-row', key: '@adopted1/hill/2026-03-01/stray.fits.fz' },
  ]);
  const frames = (await archive.json<{ results: FrameShape[] }>('/frames/')).results;
  const byName = new Map(frames.map((frame) => [frame.basename, frame]));
  const idOf = (name: string): number => Number(byName.get(name)?.id);
  expect([...byName.keys()].sort()).toEqual(['bias', 'm31', 'm33']);
  // One relation stands in the header, the other only in the database.
  expect(byName.get('m31')?.related_frames).toEqual([idOf('bias')]);
  expect(byName.get('m33')?.related_frames).toEqual([idOf('bias')]);
  const proposals = await archive.json<{ results: FrameShape[] }>('/frames/?PROPID=halo');
  expect(proposals.results.map(({ basename }) => basename)).toEqual(['m31']);
  const users = (await archive.run(['user', 'list'])).stdout;
  expect(users).toMatch(/camera\twriter\tdisabled\t2024-05-06T07:08:09.123Z/);
  expect(users).toMatch(/chief\tadmin\tdisabled/);
  expect(users).toMatch(/guest\tuser\tdisabled/);
  expect(await archive.check()).toEqual([]);
  const again = await importFrom(url);
  expect(again.counts).toEqual({ 'already-there': 3, 'missing-file': 1, 'no-row': 1 });
}

const sqlite = (age: PyobsAge, rows = ROWS, accounts = ACCOUNTS) =>
  makePyobsDatabase(
    {
      client: 'sqlite3',
      connection: { filename: join(root, 'db.sqlite3') },
      useNullAsDefault: true,
    },
    age,
    rows,
    accounts,
  );

test('a pyobs-archive on SQLite is taken over: names, relations, projects, accounts; the rest is told', async () => {
  await makeTree();
  await sqlite('newest');
  const before = await readdir(join(root, 'tree'), { recursive: true });
  await expectAll(`sqlite:${join(root, 'db.sqlite3')}`);
  expect(await readdir(join(root, 'tree'), { recursive: true })).toEqual(before);
});

test('what only the old database knew survives a reindex', async () => {
  await makeTree();
  await sqlite('newest');
  await importFrom(`sqlite:${join(root, 'db.sqlite3')}`);
  const before = (await archive.json<{ results: FrameShape[] }>('/frames/')).results;
  await archive.stop();
  for (const end of ['', '-wal', '-shm']) {
    await rm(join(archive.dataDir, `platevault.sqlite${end}`), { force: true });
  }
  await archive.run(['reindex']);
  await archive.run(['user', 'passwd', 'admin', '--password-stdin'], 'a new password\n');
  await archive.run(['user', 'enable', 'admin']);
  const token = (await archive.run(['token', 'add', 'admin', '--scope', 'admin'])).stdout.trim();
  await archive.restart();
  const after = (await archive.json<{ results: FrameShape[] }>('/frames/', { token })).results;
  const told = (frames: FrameShape[]) =>
    frames.map(({ id, basename, related_frames }) => ({ id, basename, related_frames }));
  expect(told(after)).toEqual(told(before));
  const halo = await archive.json<{ results: FrameShape[] }>('/frames/?PROPID=halo', { token });
  expect(halo.results.map(({ basename }) => basename)).toEqual(['m31']);
});

test('the first version of its tables, which called things otherwise, will do', async () => {
  await makeTree();
  const rows = [{ id: 1, basename: 'm31.fits.fz', path: 'hill/2026-03-01/' }];
  await sqlite('first', rows, []);
  const { counts } = await importFrom(`sqlite:${join(root, 'db.sqlite3')}`);
  expect(counts).toEqual({ adopted: 1, 'no-row': 3 });
  const { results } = await archive.json<{ results: FrameShape[] }>('/frames/');
  expect(results.map(({ basename }) => basename)).toEqual(['m31']);
});

test('a row that names a path elsewhere has no file, and a wrong database is refused with a sentence', async () => {
  await makeTree();
  await writeFile(join(root, 'secret.fits.fz'), pyobsFrame({}, { seed: 9 }));
  await sqlite('newest', [{ id: 1, basename: 'secret', path: '../' }], []);
  const { counts } = await importFrom(`sqlite:${join(root, 'db.sqlite3')}`);
  expect(counts).toMatchObject({ 'missing-file': 1 });
  for (const [url, words] of [
    [`sqlite:${join(archive.dataDir, 'platevault.sqlite')}`, /not the database of a pyobs-archive/],
    [`sqlite:${join(root, 'none.sqlite3')}`, /cannot be read/],
    ['mysql://x', /--database needs/],
  ] as const) {
    const wrong = await archive.run(['import', 'pyobs', '--database', url, '--root', root]);
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringMatching(words)]);
  }
});

const bin = postgresBin();
if (bin === undefined)
  process.stdout.write('NOT TESTED: import from PostgreSQL: it is not installed.\n');
const testPostgres = bin === undefined ? test.skip : test;

testPostgres('the same from PostgreSQL', async () => {
  const postgres: TestPostgres = await startPostgres(String(bin));
  try {
    await makeTree();
    await makePyobsDatabase({ client: 'pg', connection: postgres.url }, 'newest', ROWS, ACCOUNTS);
    await expectAll(postgres.url);
  } finally {
    await postgres.close();
  }
});
