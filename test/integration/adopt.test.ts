import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { execFileSync } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { runProgram, startArchive, type TestArchive } from '../support/archive.js';
import { dumpRows } from '../support/rows.js';
import { openCatalog } from '../../src/catalog/index.js';

interface Result {
  readonly status: string;
  readonly key: string;
  readonly basename: string | null;
  readonly frameId: number | null;
  readonly text: string;
  readonly counts?: Record<string, number>;
}

let archive: TestArchive;
let outside: string;

beforeEach(async () => {
  archive = await startArchive();
  outside = await mkdtemp(join(tmpdir(), 'platevault-outside-'));
});
afterEach(async () => {
  await archive.close();
  await rm(outside, { recursive: true, force: true });
});

async function put(root: string, files: Readonly<Record<string, Buffer | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await utimes(path, new Date('2026-01-02T03:04:05Z'), new Date('2026-01-02T03:04:05Z'));
  }
}

/** Name, time, node and bytes of every file of a folder. */
async function stateOf(root: string): Promise<string[]> {
  const names = await readdir(root, { recursive: true });
  const states = await Promise.all(
    names.map(async (name) => {
      const { mtimeMs, ino, size } = await stat(join(root, name));
      const bytes = await readFile(join(root, name)).catch(() => Buffer.alloc(0));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return [name, mtimeMs, ino, size, sha256].join(' ');
    }),
  );
  return states.sort();
}

async function adopt(...args: string[]): Promise<{ status: number | null; results: Result[] }> {
  const { status, stdout, stderr } = await archive.run(['adopt', ...args, '--json']);
  if (stderr !== '') throw new Error(stderr);
  return {
    status,
    results: stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Result),
  };
}

const FILES = {
  'night1/m31_001.fits': pyobsFrame({ FNAME: 'other-name.fits' }, { seed: 1 }),
  'night2/m31_001.fits': pyobsFrame({ 'DATE-OBS': '2026-03-02T20:00:00' }, { seed: 2 }),
  'night2/again.fits': pyobsFrame({ 'DATE-OBS': '2026-03-02T20:00:00' }, { seed: 2 }),
  'night2/packed.fits.gz': gzipSync(pyobsFrame({ 'DATE-OBS': '2026-03-02T21:00:00' }, { seed: 3 })),
  'night2/log.txt': 'A clear night.',
  'night2/broken.fits': pyobsFrame({ FNAME: 'broken.fits' }, { seed: 4 }).subarray(0, 4000),
  '.hidden/left.fits': pyobsFrame({}, { seed: 5 }),
};

const OTHER = FILES['night2/again.fits'];
const AWAY = /disk of @adopted1 is away/;

async function idOf(basename: string): Promise<string> {
  const list = await archive.json<{ results: { id: number }[] }>(`/frames/?basename=${basename}`);
  return String(list.results[0]?.id);
}

function send(content: Buffer): Promise<Response> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(content)]), 'sent.fits');
  return archive.fetch('/frames/create/', { method: 'POST', body: form });
}

/** The hidden folder is one of what is passed over. */
const COUNTS = { adopted: 3, 'same-bytes': 1, refused: 2, 'passed-over': 1 };

test('a folder elsewhere is served from where it lies, beside the server, and not a byte is touched', async () => {
  await put(outside, FILES);
  const before = await stateOf(outside);
  const { status, results } = await adopt(outside);
  expect(status).toBe(1);
  expect(results.at(-1)?.counts).toEqual(COUNTS);
  expect(results.filter((each) => each.status === 'refused').map(({ key }) => key)).toEqual([
    '@adopted1/night2/broken.fits',
    '@adopted1/night2/log.txt',
  ]);
  expect(results.find((each) => each.status === 'same-bytes')).toMatchObject({
    key: '@adopted1/night2/m31_001.fits',
    basename: 'again',
  });
  const list = await archive.json<{ results: { id: number; basename: string; url: string }[] }>(
    '/frames/?sort=basename',
  );
  expect(list.results.map(({ basename }) => basename).sort()).toEqual([
    'again',
    'm31_001',
    'packed',
  ]);
  for (const [name, file] of [
    ['m31_001', 'night1/m31_001.fits'],
    ['packed', 'night2/packed.fits.gz'],
  ] as const) {
    const id = String(list.results.find(({ basename }) => basename === name)?.id);
    const bytes = await readFile(join(outside, file));
    const download = await archive.fetch(`/frames/${id}/download/`);
    expect(Buffer.from(await download.arrayBuffer())).toEqual(bytes);
    const part = await archive.fetch(`/frames/${id}/download/`, {
      headers: { Range: 'bytes=10-99' },
    });
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(10, 100));
    const preview = await archive.fetch(`/frames/${id}/preview/`);
    expect([preview.status, preview.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^image\//),
    ]);
    const zip = await archive.fetch('/frames/zip/', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ frame_ids: [Number(id)] }),
    });
    expect(Buffer.from(await zip.arrayBuffer()).includes(bytes)).toBe(true);
    expect((await archive.fetch(`/frames/${id}/headers/`)).status).toBe(200);
  }
  expect(await archive.check()).toEqual([]);
  expect(await stateOf(outside)).toEqual(before);
});

test('begun again it passes over what is there; a dry run finds the same and changes nothing', async () => {
  await put(outside, FILES);
  const dry = await adopt(outside, '--dry-run');
  expect(dry.results.at(-1)?.counts).toEqual(COUNTS);
  expect((await archive.json<{ count: number }>('/frames/')).count).toBe(0);
  await adopt(join(outside, 'night1'));
  const again = await adopt(join(outside, 'night1'));
  expect([again.status, again.results.at(-1)?.counts]).toEqual([0, { 'already-there': 1 }]);
  const refused = await archive.run(['adopt', outside]);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringMatching(/contains the adopted/),
  ]);
});

test('a folder in the tree of the archive keeps its paths; names clash as they do when they are uploaded', async () => {
  await archive.upload(pyobsFrame({ FNAME: 'm31_001.fits' }, { seed: 9 }), 'm31_001.fits');
  await put(join(archive.dataDir, 'archive', 'old'), {
    'a/m31_001.fits': FILES['night2/m31_001.fits'],
    'b/m31_001.fits': pyobsFrame({ FILTER: 'R' }, { seed: 10 }),
  });
  const { status, results } = await adopt(join(archive.dataDir, 'archive', 'old'));
  expect(status).toBe(0);
  expect(
    results.slice(0, -1).map(({ status: what, key, basename }) => [what, key, basename]),
  ).toEqual([['adopted', 'old/a/m31_001.fits', 'm31_001-20260302T200000.000']]);
  expect(results.at(-1)?.counts).toEqual({ adopted: 1, 'new-version': 1 });
  expect(await archive.check()).toEqual([]);
});

test('after a reindex all of it is there again, from the same folder; without it nothing is begun', async () => {
  await put(outside, FILES);
  await adopt(outside);
  await archive.stop();
  const path = join(archive.dataDir, 'platevault.sqlite');
  const rows = async () => {
    const catalog = openCatalog(`sqlite:${path}`);
    const dump = await dumpRows(catalog);
    await catalog.close();
    return dump;
  };
  const before = await rows();
  for (const end of ['', '-wal', '-shm']) await rm(path + end, { force: true });
  const done = await archive.run(['reindex']);
  expect(done.stdout).toMatch(/3 frames that the journal knows and 0 files/);
  expect(await rows()).toEqual(before);
  await rm(outside, { recursive: true });
  const refused = await archive.run(['reindex']);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(AWAY)]);
  expect(await rows()).toEqual(before);
});

test('what an adopted tree has lost, or must not get, is told in plain words', async () => {
  await put(outside, {
    'm.fits': FILES['night1/m31_001.fits'],
    'n.fits': OTHER,
  });
  await adopt(outside);
  // A header that would lead an upload into the adopted tree.
  const answer = await archive.upload(pyobsFrame({ SITEID: '@adopted1' }, { seed: 20 }), 'x.fits');
  expect(answer.created).toBe(0);
  expect(await readdir(outside)).toEqual(['m.fits', 'n.fits']);
  await rm(join(outside, 'm.fits'));
  expect(await archive.check()).toEqual([expect.stringMatching(/^missing: @adopted1\/m.fits/)]);
  const gone = await archive.fetch(`/frames/${await idOf('m')}/download/`);
  expect(gone.status).toBe(404);
  // It can only be put back where it was: what is sent is neither taken for there, nor lost.
  const again = await send(FILES['night1/m31_001.fits']);
  expect(again.status).toBe(200);
  expect(await again.text()).toMatch(/"status":"refused".* is kept in quarantine/);
  const kept = join(archive.dataDir, 'quarantine');
  const bytes = await Promise.all((await readdir(kept)).map((name) => readFile(join(kept, name))));
  expect(bytes).toContainEqual(FILES['night1/m31_001.fits']);
});

test('a tree whose disk is away is neither lost nor taken for there, by any way that leads to it', async () => {
  await put(outside, { 'a/m31.fits': FILES['night1/m31_001.fits'], 'b/n.fits': OTHER });
  await adopt(outside);
  const id = await idOf('n');
  const dataDir = { DATA_DIR: archive.dataDir };
  const place = await mkdtemp(join(tmpdir(), 'platevault-place-'));
  const kept = (what: string) => runProgram(['backup', what, '--from', place], dataDir);
  await rename(outside, `${outside}.away`);
  try {
    // What lies below the mount point is none of the files of the tree.
    await put(outside, { 'README.txt': 'Nothing is mounted here.' });
    for (const answer of [
      await archive.fetch(`/frames/${id}/download/`),
      await archive.fetch(`/frames/${id}/preview/?width=77`),
      await archive.fetch(`/frames/zip/?frame_ids=${id}`),
      await send(OTHER),
    ]) {
      expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([
        503,
        '30',
        expect.stringMatching(AWAY),
      ]);
    }
    const ready = await archive.fetch('/ready/');
    expect([ready.status, await ready.text()]).toEqual([
      200,
      expect.stringMatching(/"store","state":"warn","text":"The disk of @adopted1 is away/),
    ]);
    expect(await (await archive.fetch('/metrics/')).text()).toContain('platevault_parts_away 1\n');
    expect((await archive.run(['doctor'])).stdout).toMatch(AWAY);
    const backup = await runProgram(['backup', place, '--json'], dataDir);
    const away = [{ part: '@adopted1', files: 2 }];
    expect([backup.status, JSON.parse(backup.stdout)]).toMatchObject([4, { lost: [], away }]);
    expect((await kept('list')).stdout).toMatch(/\t2 not reached \(@adopted1 was away\)\n$/);
    const { status, stdout } = await kept('verify');
    const told = /^away: @adopted1: .*2 files of it are not in this .*not lost.*\n$/;
    expect([status, stdout]).toEqual([1, expect.stringMatching(told)]);
    await archive.stop();
    await archive.restart();
    expect(archive.output()).toMatch(AWAY);
    await archive.stop();
    for (const [status, { stderr }] of [
      [3, await archive.run(['check'])],
      [1, await archive.run(['adopt', outside])],
      [1, await archive.run(['reindex'])],
    ] as const) {
      expect([status, stderr.trim().split('\n')]).toEqual([status, [expect.stringMatching(AWAY)]]);
    }
    expect(await readdir(outside)).toEqual(['README.txt']);
  } finally {
    await rm(outside, { recursive: true, force: true });
    // As after another mount: the same files, in a folder that is another one to the system.
    await cp(`${outside}.away`, outside, { recursive: true, preserveTimestamps: true });
    await rm(`${outside}.away`, { recursive: true, force: true });
  }
  await archive.restart();
  const download = await archive.fetch(`/frames/${id}/download/`);
  expect(Buffer.from(await download.arrayBuffer())).toEqual(OTHER);
  expect((await send(OTHER)).status).toBe(200);
  expect((await archive.json<{ count: number }>('/frames/')).count).toBe(2);
  expect(await archive.check()).toEqual([]);
  // The next back-up has all of it.
  expect((await runProgram(['backup', place], dataDir)).status).toBe(0);
  expect(await kept('verify')).toMatchObject({ status: 0, stdout: '' });
  await rm(place, { recursive: true });
}, 120_000);

test('what was deleted is not taken in again as long as it can come back', async () => {
  await put(outside, { 'm.fits': FILES['night1/m31_001.fits'], 'n.fits': OTHER });
  await adopt(outside);
  const id = await idOf('m');
  await archive.fetch(`/frames/${id}/`, { method: 'DELETE' });
  for (const args of [['--dry-run'], []]) {
    const { status, results } = await adopt(outside, ...args);
    expect(results.slice(0, -1)).toMatchObject([
      { status: 'in-trash', text: expect.stringContaining(`trash restore ${id}`) as string },
    ]);
    expect([status, results.at(-1)?.counts]).toEqual([0, { 'in-trash': 1, 'already-there': 1 }]);
  }
  expect((await archive.run(['trash', 'restore', id])).status).toBe(0);
  await archive.fetch(`/frames/${id}/`, { method: 'DELETE' });
  const gone = await archive.run(['trash', 'purge', id]);
  expect(gone.stdout).toMatch(/@adopted1\/m.fits: A file in an adopted tree stays where it is/);
  expect((await adopt(outside)).results.at(-1)?.counts).toEqual({ adopted: 1, 'already-there': 1 });
});

test('files that were changed since, links and what is no file are told, in a dry run as well', async () => {
  const [first, second, third] = [20, 21, 22].map((seed) =>
    pyobsFrame({ FNAME: `s${String(seed)}.fits` }, { seed }),
  ) as [Buffer, Buffer, Buffer];
  await put(outside, { 's20.fits': first, 's21.fits': second, 's22.fits': third });
  await adopt(outside);
  const other = Buffer.from(second);
  other[other.length - 3000] = 1 + (other[other.length - 3000] ?? 0);
  // By one byte, its length and its time kept; and by its length.
  await put(outside, { 's21.fits': other, 's22.fits': third.subarray(0, 2880) });
  await symlink(join(outside, 's20.fits'), join(outside, 'link.fits'));
  await symlink(outside, join(outside, 'round'));
  execFileSync('mkfifo', [join(outside, 'pipe.fits')]);
  for (const args of [['--dry-run'], []]) {
    const { status, results } = await adopt(outside, ...args);
    expect(results.slice(0, -1).map((each) => [each.status, each.key, each.text])).toEqual([
      ['passed-over', '@adopted1/link.fits', expect.stringMatching(/symbolic link/)],
      ['passed-over', '@adopted1/pipe.fits', expect.stringMatching(/pipe/)],
      ['passed-over', '@adopted1/round', expect.stringMatching(/symbolic link/)],
      ['changed', '@adopted1/s21.fits', expect.stringMatching(/SHA-256 is another.*new version/)],
      ['changed', '@adopted1/s22.fits', expect.stringMatching(/2880 bytes instead of .*Put the/)],
    ]);
    expect([status, results.at(-1)?.counts]).toEqual([
      1,
      { 'already-there': 1, changed: 2, 'passed-over': 3 },
    ]);
  }
  await rename(join(outside, 's21.fits'), join(outside, 's21~2.fits'));
  await put(outside, { 's21.fits': second, 's22.fits': third });
  const mended = await adopt(outside);
  expect([mended.status, mended.results.at(-1)?.counts]).toEqual([
    0,
    { 'already-there': 3, 'new-version': 1, 'passed-over': 3 },
  ]);
  expect(await archive.check()).toEqual([]);
});

test('a wrong folder is refused with a sentence', async () => {
  for (const [folder, words] of [
    [join(outside, 'nothing'), /There is no folder/],
    [dirname(archive.dataDir), /contains the archive itself/],
  ] as const) {
    const { status, stderr } = await archive.run(['adopt', folder]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(words)]);
  }
  expect((await archive.run(['adopt'])).status).toBe(2);
});

test('while the disk of an adopted tree is away, the audit reads the rest', async () => {
  const rolling = await startArchive({ AUDIT_DAYS: '0.00005' }); // a round in 4.3 s
  try {
    await put(outside, { 'm.fits': FILES['night1/m31_001.fits'] });
    await rolling.run(['adopt', outside]);
    await rename(outside, `${outside}-away`);
    await mkdir(outside);
    const file = pyobsFrame({ FNAME: 'here.fits' }, { seed: 31 });
    expect((await rolling.upload(file, 'here.fits')).created).toBe(1);
    const catalog = openCatalog(`sqlite:${join(rolling.dataDir, 'platevault.sqlite')}`);
    try {
      const end = performance.now() + 30_000;
      for (let read = 0; read === 0 && performance.now() < end;) {
        const rows: { key: string }[] = await catalog
          .read('versions')
          .where('check_result', 'ok')
          .where('key', 'like', '%here.fits')
          .select('key');
        read = rows.length;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const told: unknown[] = await catalog.read('versions').orderBy('id').select('check_result');
      expect(told[1]).toEqual({ check_result: 'ok' });
      expect(['ok', null]).toContain((told[0] as { check_result: unknown }).check_result);
    } finally {
      await catalog.close();
    }
  } finally {
    await rm(`${outside}-away`, { recursive: true, force: true });
    await rolling.close();
  }
}, 60_000);
