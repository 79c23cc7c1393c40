/** What a reindex keeps of that which it cannot read, and what it says of the old catalogue. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OPERATOR, writeNote } from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { remember, startArchive, type Remembered, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { dumpRows } from '../support/rows.js';

let archive: TestArchive;
/** The archive as it was, for each test that spoils it. */
let whole: Remembered;

const NIGHT = 'archive/hill/2026-03-01';
const path = (name: string): string => join(archive.dataDir, name);

beforeAll(async () => {
  archive = await startArchive({ AUDIT_DAYS: '0' });
  for (const [seed, FNAME, FILTER] of [
    [1, 'a1.fits', 'V'],
    [2, 'a1.fits', 'R'],
    [3, 'a2.fits', 'V'],
    [4, 'a3.fits', 'V'],
  ] as const) {
    await archive.upload(pyobsFrame({ FNAME, FILTER }, { seed }), FNAME);
  }
  await archive.stop();
  await withCatalog(archive, ({ write }) =>
    write.transaction((tx) => writeNote(tx, 'frame:3', 'Clouds.', OPERATOR)),
  );
  expect((await archive.run(['reindex'])).status).toBe(0);
  whole = await remember(archive);
}, 120_000);
afterAll(async () => {
  await archive.close();
  await whole.forget();
});
afterEach(() => whole.restore());

const rows = (): Promise<Readonly<Record<string, string[]>>> => withCatalog(archive, dumpRows);

interface Line {
  readonly kind: string;
  readonly key: string;
  readonly text: string;
}

async function told(...args: string[]): Promise<{ status: number | null; lines: Line[] }> {
  const { status, stdout } = await archive.run([...args, '--json']);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { status, lines: lines.map((line) => JSON.parse(line) as Line) };
}

const check = async (): Promise<(string | number | null)[]> => {
  const { status, lines } = await told('check', '--notes');
  const found = lines.filter(({ kind }) => kind !== 'summary');
  return [status, ...found.map(({ kind, key }) => `${kind} ${key}`)];
};

/** As after a server that was started and stopped, and after the advice that was once given. */
async function writeJournalAnew(): Promise<void> {
  expect((await archive.run(['journal', 'rebuild'])).status).toBe(0);
}

test('a former version whose file is away is named by check until it is back, and is then what it was', async () => {
  const before = await rows();
  const key = 'hill/2026-03-01/a1~2.fits';
  for (const name of ['a1.fits', 'a1~2.fits']) {
    await rename(path(`${NIGHT}/${name}`), path(name));
    const wanted = name === 'a1.fits' ? 'hill/2026-03-01/a1.fits' : key;
    const done = await told('reindex');
    expect([done.status, done.lines[0]]).toMatchObject([1, { kind: 'missing', key: wanted }]);
    await writeJournalAnew();
    const found = await check();
    expect(found.slice(0, 2)).toEqual([1, `missing ${wanted}`]);
    await rename(path(name), path(`${NIGHT}/${name}`));
    expect((await told('reindex')).status).toBe(0);
    expect(await rows()).toEqual(before);
    expect(await check()).toEqual([0]);
  }
}, 120_000);

test('a frame whose only file is away keeps its id, its note and its uploader, catalogue or not', async () => {
  const before = await rows();
  const key = 'hill/2026-03-01/a3.fits';
  await rename(path(`${NIGHT}/a3.fits`), path('a3.fits'));
  const done = await told('reindex');
  expect(done.lines).toMatchObject([
    { kind: 'missing', key },
    { kind: 'summary', restored: 3 },
  ]);
  await writeJournalAnew();
  expect(await check()).toEqual([1, `missing ${key}`, `unreadable ${key}`]);
  const { stdout } = await archive.run(['check']);
  expect(stdout).toMatch(/Put the file back, then run `platevault reindex` again/);
  expect(stdout).not.toMatch(/journal rebuild/);
  // A frame whose header nobody knows is public for nobody, and is no obstacle to a server.
  await archive.restart();
  const frame = await archive.json<{ basename: string; public_date: unknown }>('/frames/3/');
  expect(frame).toMatchObject({ basename: 'a3', public_date: null });
  await archive.stop();
  await rename(path('a3.fits'), path(`${NIGHT}/a3.fits`));
  // It is there again, but nobody has read it.
  expect(await check()).toEqual([1, `unreadable ${key}`]);
  expect((await told('reindex')).status).toBe(0);
  expect(await rows()).toEqual(before);
  expect(await check()).toEqual([0]);
}, 120_000);

test('a frame whose header cannot be read any more stays; a file that was moved is told where it belongs', async () => {
  const before = await rows();
  const bytes = await readFile(path(`${NIGHT}/a2.fits`));
  await writeFile(path(`${NIGHT}/a2.fits`), Buffer.alloc(bytes.length, 'x'));
  await mkdir(path('archive/moved'));
  await rename(path(`${NIGHT}/a3.fits`), path('archive/moved/a3.fits'));
  const { lines } = await told('reindex');
  expect(lines.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual([
    'changed hill/2026-03-01/a2.fits',
    'missing hill/2026-03-01/a3.fits',
    'same-bytes moved/a3.fits',
    'summary undefined',
    'unreadable hill/2026-03-01/a2.fits',
  ]);
  expect(lines.find(({ kind }) => kind === 'same-bytes')?.text).toMatch(
    /hill\/2026-03-01\/a3\.fits of it is missing: .* move it back there/,
  );
  expect(await check()).toContain('unreadable hill/2026-03-01/a2.fits');
  await writeFile(path(`${NIGHT}/a2.fits`), bytes);
  await rename(path('archive/moved/a3.fits'), path(`${NIGHT}/a3.fits`));
  expect((await told('reindex')).status).toBe(0);
  expect(await rows()).toEqual(before);
}, 120_000);

test('what is said of the old catalogue is true: none, an empty one, a damaged one, a whole one', async () => {
  const database = path('platevault.sqlite');
  const said = async (): Promise<string> => (await archive.run(['reindex'])).stdout;
  expect(await said()).toMatch(/log were taken over from the old catalogue\.\nThe old catalogue/);
  await truncate(database, 0);
  expect(await said()).toMatch(/^The old catalogue was empty: .*\nThe old catalogue lies at/m);
  await writeFile(database, 'not a database at all\n'.repeat(500));
  expect(await said()).toMatch(/^The old catalogue cannot be read: .*\nThe old catalogue lies/m);
  await rm(database);
  const none = await said();
  expect(none).toMatch(/^There was no old catalogue to take/m);
  expect(none).not.toMatch(/lies at/);
}, 120_000);

test('refused files whose catalogue is lost are listed again, as old as they are', async () => {
  const bytes = Buffer.from('no frame');
  const name = createHash('sha256').update(bytes).digest('hex');
  await mkdir(path('quarantine'), { recursive: true });
  await writeFile(path(`quarantine/${name}`), bytes);
  await rm(path('platevault.sqlite'));
  const { lines } = await told('reindex');
  expect(lines.at(-1)).toMatchObject({ kind: 'summary', refused: 1 });
  const listed = await withCatalog(archive, ({ read }) =>
    read('quarantine').select('file', 'size_bytes', 'reason', 'created_ms'),
  );
  expect(listed).toEqual([
    {
      file: name,
      size_bytes: bytes.length,
      reason: expect.stringMatching(/^Found again by reindex/) as string,
      created_ms: expect.any(Number) as number,
    },
  ]);
  expect(await readdir(path('quarantine'))).toEqual([name]);
  expect(await check()).toEqual([0]);
}, 60_000);
