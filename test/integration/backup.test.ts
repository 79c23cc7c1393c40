/** Back-ups to a folder, and archives that come back from them. */
import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listDeeds, openCatalog, readHighestIds } from '../../src/catalog/index.js';
import { loadConfig } from '../../src/config/index.js';
import { backupState } from '../../src/keeping/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import {
  runProgram,
  startArchive,
  type CommandResult,
  type TestArchive,
} from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { namesDuring, OWNED_NAME } from '../support/spool-names.js';

let archive: TestArchive;
let folder: string;
let place: string;
const files = new Map<string, Buffer>();

const KEEP = { BACKUP_KEEP: '100', BACKUP_KEEP_DAYS: '0', BACKUP_KEEP_WEEKS: '0' };

beforeAll(async () => {
  archive = await startArchive({ AUDIT_DAYS: '0' });
});
afterAll(() => archive.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-backup-'));
  place = join(folder, 'place');
  await mkdir(place);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly lost: readonly string[];
  readonly pruned: { snapshots: string[]; files: number; refused: string | null };
}

let serial = 0;
async function upload(count: number, to = archive): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const name = `f${String((serial += 1)).padStart(4, '0')}`;
    const file = pyobsFrame({ FNAME: `${name}.fits` }, { seed: serial, width: 64, height: 64 });
    if ((await to.upload(file, `${name}.fits`)).created === 1) files.set(name, file);
  }
}

async function backUp(settings = {}, from = archive): Promise<Answer> {
  const env = { DATA_DIR: from.dataDir, ...KEEP, ...settings };
  const result = await runProgram(['backup', place, '--json'], env);
  expect([result.status, result.stderr]).toEqual([0, '']);
  return JSON.parse(result.stdout) as Answer;
}

const run = (args: readonly string[], dataDir = join(folder, 'new'), settings = {}) =>
  runProgram(args, { DATA_DIR: dataDir, ...settings });
const lines = ({ stdout }: CommandResult): string[] =>
  stdout.split('\n').filter((line) => line !== '');

/** A frame as it is listed, without addresses: they tell of the server, and of the hour. */
function withoutAddresses(frame: unknown): unknown {
  const text = JSON.stringify(frame ?? null, (key, value: unknown) =>
    key === 'url' ? undefined : value,
  );
  return JSON.parse(text);
}

/** Serves a data folder, and gives its frames as they list and download. */
async function readAll(
  dataDir: string,
  names: Iterable<string>,
): Promise<Map<string, { shape: unknown; bytes: Buffer }>> {
  const found = new Map<string, { shape: unknown; bytes: Buffer }>();
  const server = await startArchive({ DATA_DIR: dataDir, AUDIT_DAYS: '0' });
  try {
    type List = { results: Record<string, unknown>[] };
    const { results } = await server.json<List>('/frames/?limit=1000&sort=id');
    const shapes = new Map(results.map((frame) => [String(frame.basename), frame]));
    for (const name of names) {
      const shape = withoutAddresses(shapes.get(name));
      const response = await server.fetch(`/frames/${String(shapes.get(name)?.id)}/download/`);
      found.set(name, { shape, bytes: Buffer.from(await response.arrayBuffer()) });
    }
    return found;
  } finally {
    await server.stop();
    await rm(server.dataDir, { recursive: true, force: true });
  }
}

test('a fresh machine comes back from a back-up that was made while uploads ran', async () => {
  await upload(6);
  await archive.upload(Buffer.from('no FITS'), 'refused.fits');
  const id = (await archive.json<{ results: { id: number }[] }>('/frames/?limit=1')).results[0]?.id;
  await archive.fetch(`/frames/${String(id)}/delete/`, { method: 'DELETE' });
  const listed = await archive.json<{ results: { basename: string }[] }>('/frames/?limit=1000');
  const before = new Map(listed.results.map((frame) => [frame.basename, withoutAddresses(frame)]));
  expect(before.size).toBe(5);
  const uploads = new AbortController();
  const client = (async () => {
    while (!uploads.signal.aborted) await upload(1);
  })();
  const answer = await backUp();
  uploads.abort();
  await client;
  expect(answer.lost).toEqual([]);
  expect((await run(['backup', 'verify', '--from', place, '--read-data'])).status).toBe(0);

  // Without a word it could be the empty folder under a disk that is not mounted.
  for (const more of [[], ['--dry-run']]) {
    const { status, stderr } = await run(['restore', '--from', place, ...more]);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/Is its disk mounted.*--new-root/)]);
  }
  const dry = await run(['restore', '--from', place, '--new-root', '--dry-run']);
  expect([dry.status, dry.stdout]).toEqual([0, expect.stringMatching(/not looked at.*\nNothing/)]);
  expect(dry.stdout).not.toMatch(/damaged/);
  expect(existsSync(join(folder, 'new'))).toBe(false);
  await mkdir(join(folder, 'new/archive'), { recursive: true });
  writeFileSync(join(folder, 'new/archive/mine.txt'), 'Something else lies here.');
  const taken = await run(['restore', '--from', place, '--new-root']);
  expect([taken.status, taken.stderr]).toEqual([2, expect.stringMatching(/is not new: it holds/)]);
  expect(readdirSync(join(folder, 'new/archive'))).toEqual(['mine.txt']);
  await rm(join(folder, 'new'), { recursive: true });
  const restored = await run(['restore', '--from', place, '--new-root']);
  expect([restored.status, restored.stderr]).toEqual([0, '']);
  const check = await run(['check', '--read-data']);
  expect([check.status, check.stdout]).toEqual([0, '']);
  const there = await readAll(join(folder, 'new'), before.keys());
  for (const [name, { shape, bytes }] of there) {
    expect([name, shape]).toEqual([name, before.get(name)]);
    expect([name, bytes.equals(files.get(name) ?? Buffer.alloc(0))]).toEqual([name, true]);
  }
  // Trash, quarantine and journal are back as well; who was logged in is not.
  await withCatalog({ dataDir: join(folder, 'new') }, async (catalog) => {
    const count = async (table: string) => ((await catalog.read(table)) as unknown[]).length;
    expect([await count('trash'), await count('quarantine'), await count('sessions')]).toEqual([
      1, 1, 0,
    ]);
    expect((await listDeeds(catalog, { action: 'archive.restored', limit: 9 })).length).toBe(1);
  });
}, 120_000);

test('the second back-up copies only what is new; one that is damaged is found and heals', async () => {
  await upload(3);
  const first = await backUp();
  await upload(2);
  const second = await backUp();
  expect(second.totalFiles - first.totalFiles).toBe(2);
  // The journal has grown as well.
  expect(second.files).toBe(3);
  const list = lines(await run(['backup', 'list', '--from', place]));
  expect(list.map((line) => line.split('\t')[0])).toEqual([second.name, first.name]);

  const stored = readdirSync(join(place, 'files/hill/2026-03-01')).sort();
  const [a = '', b = '', c = ''] = stored.map((name) => join(place, 'files/hill/2026-03-01', name));
  const bytes = readFileSync(a);
  bytes[3000] = (bytes[3000] ?? 0) ^ 1;
  writeFileSync(a, bytes);
  unlinkSync(b);
  writeFileSync(c, 'short');
  const quick = await run(['backup', 'verify', '--from', place]);
  expect([quick.status, lines(quick).map((line) => line.split(':')[0])]).toEqual([
    1,
    ['missing', 'size'],
  ]);
  const thorough = await run(['backup', 'verify', first.name, '--from', place, '--read-data']);
  expect(lines(thorough).map((line) => line.split(':')[0])).toEqual(['content', 'missing', 'size']);
  const partly = await run(['restore', '--from', place, '--new-root', '--json']);
  expect(partly.status).toBe(4);
  expect(JSON.parse(String(lines(partly).at(-1)))).toMatchObject({ damaged: 3 });

  unlinkSync(a);
  unlinkSync(c);
  expect((await backUp()).files).toBe(3);
  expect((await run(['backup', 'verify', '--from', place, '--read-data'])).status).toBe(0);
  expect((await run(['backup', 'verify', '20200101T000000Z', '--from', place])).status).toBe(3);
}, 120_000);

test('restore over an archive keeps what was there: the catalogue, and files that are other ones', async () => {
  await upload(2);
  const copy = join(folder, 'copy');
  await backUp();
  await upload(1);
  await archive.stop();
  await cp(archive.dataDir, copy, { recursive: true });
  await archive.restart();
  const stored = readdirSync(join(copy, 'archive/hill/2026-03-01')).sort();
  const spoilt = join(copy, 'archive/hill/2026-03-01', String(stored[0]));
  writeFileSync(spoilt, 'other bytes');
  const late = join(copy, 'archive/hill/2026-03-01', String(stored.at(-1)));

  const held = await startArchive({ DATA_DIR: copy, AUDIT_DAYS: '0' });
  const refused = await run(['restore', '--from', place], copy);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/Stop it first/)]);
  await held.stop();
  await rm(held.dataDir, { recursive: true, force: true });

  const rows = await withCatalog({ dataDir: copy }, ({ read }) =>
    read('frames').count({ n: '*' }).first(),
  );
  const { names, result: restored } = await namesDuring(join(copy, 'archive/.incoming'), () =>
    run(['restore', '--from', place, '--json'], copy),
  );
  expect([restored.status, restored.stderr]).toEqual([0, '']);
  // Named after the process, so that no other one sweeps them away.
  expect(names).toEqual([expect.stringMatching(OWNED_NAME)]);
  const end = JSON.parse(String(lines(restored).at(-1))) as { safetyCopy: string; aside: string };
  expect(end).toMatchObject({ replaced: 1, written: 0, damaged: 0 });
  const safe = openCatalog(`sqlite:${join(end.safetyCopy, 'platevault.sqlite')}`);
  expect(await safe.read('frames').count({ n: '*' }).first()).toEqual(rows);
  await safe.close();
  const aside = join(end.aside, 'frames/hill/2026-03-01', String(stored[0]));
  expect(readFileSync(aside, 'utf8')).toBe('other bytes');
  // The frame that came after the back-up: its file stays, and is told of.
  expect(existsSync(late)).toBe(true);
  const check = await run(['check', '--read-data'], copy);
  expect(lines(check)).toEqual([expect.stringMatching(/^unknown-file: /)]);
  const found = await run(['reindex'], copy);
  expect([found.status, found.stderr]).toEqual([0, '']);
  expect(lines(await run(['check', '--read-data'], copy))).toEqual([]);
  expect(
    await withCatalog({ dataDir: copy }, ({ read }) => read('frames').count({ n: '*' }).first()),
  ).toEqual(rows);
}, 120_000);

test('what a restore gave back stays so when the catalogue is made anew, and no id is given twice', async () => {
  const own = await startArchive({ AUDIT_DAYS: '0' });
  type List = { results: { id: number; basename: string; object: string | null }[] };
  const list = async () => (await own.json<List>('/frames/?limit=99&sort=id')).results;
  const trash = async (id = 0) => own.fetch(`/frames/${id}/delete/`, { method: 'DELETE' });
  const run = async (args: readonly string[]) => {
    const { status, stderr } = await own.run(args);
    expect([args, status, stderr]).toEqual([args, 0, '']);
  };
  try {
    await upload(4, own);
    const ids = (await list()).map(({ id }) => id);
    await trash(ids[3]);
    const before = (await list()).map(withoutAddresses);
    await backUp({}, own);
    const corrected = await own.fetch(`/frames/${String(ids[0])}/corrections/`, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ OBJECT: 'wrong' }),
    });
    expect(corrected.status).toBe(200);
    await trash(ids[1]);
    await trash(ids[2]);
    await run(['trash', 'purge', String(ids[2])]);
    await run(['trash', 'restore', String(ids[3])]);
    await upload(1, own);
    const late = (await list()).at(-1);
    await own.stop();

    await run(['restore', '--from', place]);
    const { frames } = await withCatalog(own, ({ read }) => readHighestIds(read));
    expect(frames).toBe(late?.id);
    await run(['reindex']);
    await own.restart();
    const after = await list();
    expect(after.slice(0, -1).map(withoutAddresses)).toEqual(before);
    expect(after.at(-1)).toMatchObject({ id: late?.id, basename: late?.basename });
    const trashed = (await own.run(['trash', 'list', '--json'])).stdout.trim().split('\n');
    expect(trashed).toEqual([expect.stringContaining(`"id":${String(ids[3])},`)]);
  } finally {
    await own.close();
  }
}, 120_000);

test('old back-ups go by the rule, and files with the last one that needs them; never after a loss', async () => {
  const small = await startArchive({ AUDIT_DAYS: '0' });
  try {
    await upload(4, small);
    const first = await backUp({}, small);
    const ids = (await small.json<{ results: { id: number }[] }>('/frames/')).results;
    const gone = String(ids[0]?.id);
    await small.fetch(`/frames/${gone}/delete/`, { method: 'DELETE' });
    expect((await small.run(['trash', 'purge', gone])).status).toBe(0);
    const inPlace = () => readdirSync(join(place, 'files/hill/2026-03-01')).length;
    expect(inPlace()).toBe(4);
    const second = await backUp({}, small);
    expect([second.pruned.snapshots, inPlace()]).toEqual([[], 4]);
    const strict = { BACKUP_KEEP: '1', BACKUP_KEEP_MONTHS: '0' };
    const third = await backUp(strict, small);
    expect(third.pruned).toMatchObject({ snapshots: [first.name, second.name], refused: null });
    expect(inPlace()).toBe(3);
    expect((await run(['backup', 'verify', '--from', place, '--read-data'])).status).toBe(0);

    // Most of the archive has gone: the back-ups of before are what is left of it.
    for (const { id } of ids.slice(1)) {
      await small.fetch(`/frames/${String(id)}/delete/`, { method: 'DELETE' });
      await small.run(['trash', 'purge', String(id)]);
    }
    const env = { DATA_DIR: small.dataDir, ...KEEP, ...strict };
    const fourth = await runProgram(['backup', place], env);
    expect([fourth.status, fourth.stderr]).toEqual([
      0,
      expect.stringMatching(/no old back-up is removed until/),
    ]);
    expect(inPlace()).toBe(3);
  } finally {
    await small.close();
  }
}, 120_000);

test('a place that is not this archive’s is left alone: lost disks, other archives, the archive itself', async () => {
  await backUp();
  const other = await startArchive({ AUDIT_DAYS: '0' });
  try {
    const foreign = await runProgram(['backup', place], { DATA_DIR: other.dataDir });
    expect([foreign.status, foreign.stderr]).toEqual([
      2,
      expect.stringMatching(/back-ups of another archive/),
    ]);
    await other.stop();
    const onto = await runProgram(['restore', '--from', place], { DATA_DIR: other.dataDir });
    expect([onto.status, onto.stderr]).toEqual([2, expect.stringMatching(/holds another archive/)]);
  } finally {
    await other.close();
  }
  // The disk is not mounted: what is left is an empty folder.
  await rm(place, { recursive: true });
  await mkdir(place);
  const env = { DATA_DIR: archive.dataDir };
  const lost = await runProgram(['backup', place], env);
  expect([lost.status, lost.stderr]).toEqual([1, expect.stringMatching(/Is its disk mounted/)]);
  expect(readdirSync(place)).toEqual([]);
  const within = await runProgram(['backup', join(archive.dataDir, 'archive/hill')], env);
  expect([within.status, within.stderr]).toEqual([2, expect.stringMatching(/within the archive/)]);
  expect((await runProgram(['backup', join(folder, 'absent')], env)).status).toBe(1);
  expect((await runProgram(['backup'], env)).status).toBe(2);
}, 120_000);

test('the server backs up by itself, goes on with what was broken off, and a failure is seen', async () => {
  const settings = { BACKUP_TARGET: place, AUDIT_DAYS: '0', ...KEEP };
  await rm(place, { recursive: true });
  const self = await startArchive(settings);
  const { config } = loadConfig({ BACKUP_TARGET: place }, '/nowhere');
  const state = () => withCatalog(self, (catalog) => backupState(catalog, config));
  const until = async (isReached: () => Promise<boolean>): Promise<void> => {
    const end = performance.now() + 60_000;
    while (!(await isReached())) {
      if (performance.now() > end) throw new Error('it does not come so far');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  try {
    await upload(3, self);
    await until(async () => (await state()).runs[0]?.state === 'failed');
    expect(await state()).toMatchObject({
      isOn: true,
      isOverdue: true,
      last: null,
      error: expect.stringMatching(/is not there/) as string,
    });
    await mkdir(place);
    // As one leaves it that was killed after its first files: they lie there, and no list names them.
    const stored = readdirSync(join(self.dataDir, 'archive/hill/2026-03-01')).sort();
    await mkdir(join(place, 'files/hill/2026-03-01'), { recursive: true });
    await cp(
      join(self.dataDir, 'archive/hill/2026-03-01', String(stored[0])),
      join(place, 'files/hill/2026-03-01', String(stored[0])),
    );
    await withCatalog(self, ({ write }) =>
      write('backups').update({ started_ms: Date.now() - 1e7, state: 'running', ended_ms: null }),
    );
    await self.stop('SIGKILL');
    await self.restart();
    await until(async () => (await state()).runs[0]?.state === 'done');
    const { runs, last, error, isOverdue } = await state();
    expect(runs.map((each) => each.state)).toEqual(['done', 'failed']);
    // Two frames and the journal: the first frame lay there.
    expect([last?.files, error, isOverdue]).toEqual([3, null, false]);
    const deeds = await withCatalog(self, (catalog) =>
      listDeeds(catalog, { action: 'backup.finished', limit: 9 }),
    );
    expect(
      deeds.map(({ actor, detail }) => [actor.username, (detail as { state: string }).state]),
    ).toEqual([
      ['archive', 'done'],
      ['archive', 'failed'],
    ]);
  } finally {
    await self.close();
  }
}, 120_000);
