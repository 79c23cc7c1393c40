import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../src/lib/errors.js';
import { openFsStore } from '../../src/store/index.js';
import { makeFits } from '../fixtures/make-fits.js';
import { pyobsFrame } from '../fixtures/night.js';
import { runProgram, startArchive, type TestArchive } from '../support/archive.js';
import { createMounts, testWithMounts, type Mounts } from '../support/mounts.js';

const withMounts = testWithMounts('full, read-only and vanished disks');

let mounts: Mounts;
let archive: TestArchive | undefined;

beforeEach(() => {
  mounts = createMounts();
});
afterEach(async () => {
  await archive?.close();
  archive = undefined;
  mounts.close();
});

interface Told {
  status: number;
  retry: string | null;
  text: string;
}

async function ask(path: string, init?: RequestInit): Promise<Told> {
  const response = await archive!.fetch(path, init);
  const retry = response.headers.get('retry-after');
  return { status: response.status, retry, text: await response.text() };
}

/** The server lives, is not ready, and names what is in the way. */
async function expectLiveOnly(): Promise<void> {
  expect((await ask('/health/')).status).toBe(200);
  const { status, retry, text } = await ask('/ready/');
  expect([status, retry, text]).toEqual([
    503,
    '30',
    expect.stringMatching(/"name":"store","state":"fail"/),
  ]);
}

function send(name: string, content: Buffer): Promise<Told> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(content)]), name);
  return ask('/frames/create/', { method: 'POST', body: form });
}

const frame = (name: string, size = 60): Buffer =>
  pyobsFrame({ FNAME: `${name}.fits` }, { width: size, height: size, seed: name.length });

/** Fills a disk to its last block, also while others write on it. */
function fill(disk: string): string {
  const path = join(disk, 'filler');
  const file = openSync(path, 'w');
  try {
    for (const block = Buffer.alloc(4096); ;) writeSync(file, block);
  } catch (error) {
    if (systemCode(error) !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
  return path;
}

/** Free bytes of a disk. */
function roomOf(disk: string): number {
  const { bavail, bsize } = statfsSync(disk);
  return bavail * bsize;
}

withMounts(
  'a full disk is 507, leaves nothing behind, lets read, and is over when there is room',
  async () => {
    const disk = mounts.disk('disk', 6);
    archive = await startArchive({ ARCHIVE_ROOT: join(disk, 'archive') });
    expect((await send('kept.fits', frame('kept'))).status).toBe(200);
    const room = roomOf(disk);
    const large = await send('large.fits', makeFits({ width: 2000, height: 2000 }));
    expect([large.status, large.text]).toEqual([507, expect.stringMatching(/disk .* is full/)]);
    // The answer may come before the system has the room of the broken upload back.
    while (roomOf(disk) < room - 65_536) await new Promise((resolve) => setTimeout(resolve, 20));
    const filler = fill(disk);
    for (const size of [60, 500]) {
      expect((await send('a.fits', frame('a', size))).status).toBe(507);
    }
    expect(await readdir(join(disk, 'archive/.incoming'))).toEqual([]);
    expect(await readdir(join(disk, 'archive/hill/2026-03-01'))).toEqual(['kept.fits']);
    expect((await ask('/frames/')).status).toBe(200);
    expect((await ask('/frames/1/download/')).status).toBe(200);
    unlinkSync(filler);
    expect((await send('a.fits', frame('a', 500))).status).toBe(200);
    await archive.stop();
    expect(await archive.check()).toEqual([]);
  },
);

withMounts(
  'on one full disk for everything frames can still be deleted: uploads leave room for that',
  async () => {
    const disk = mounts.disk('disk', 12);
    mkdirSync(join(disk, 'data'));
    archive = await startArchive({
      ARCHIVE_ROOT: join(disk, 'archive'),
      DATABASE_URL: `sqlite:${join(disk, 'data/catalogue.sqlite')}`,
    });
    const answers: number[] = [];
    while (answers.length < 100 && answers.at(-1) !== 507) {
      const name = `n${String(answers.length)}`;
      answers.push((await send(`${name}.fits`, frame(name, 400))).status);
    }
    expect(answers).toEqual([...Array<number>(answers.length - 1).fill(200), 507]);
    expect(answers.length).toBeGreaterThan(3);
    const gone = await ask('/frames/1/', { method: 'DELETE' });
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await ask('/frames/1/')).status).toBe(404);
    await archive.stop();
    expect(await archive.check()).toEqual([]);
  },
);

withMounts(
  'a full disk of the catalogue is 507, the file does not stay, and it is over when there is room',
  async () => {
    const disk = mounts.disk('catalogue', 8);
    const root = mounts.folder('archive');
    archive = await startArchive({
      ARCHIVE_ROOT: root,
      DATABASE_URL: `sqlite:${join(disk, 'catalogue.sqlite')}`,
    });
    expect((await send('first.fits', frame('first'))).status).toBe(200);
    const filler = fill(disk);
    const kept = ['first.fits'];
    let last: Told = { status: 200, retry: null, text: '' };
    // The log of changes may have room left for some.
    for (let serial = 0; last.status === 200 && serial < 200; serial += 1) {
      const name = `f${String(serial).padStart(3, '0')}`;
      last = await send(`${name}.fits`, frame(name));
      if (last.status === 200) kept.push(`${name}.fits`);
    }
    expect([last.status, last.text]).toEqual([507, expect.stringMatching(/catalogue is full/)]);
    expect(readdirSync(join(root, 'hill/2026-03-01')).sort()).toEqual(kept.sort());
    expect(readdirSync(join(root, '.incoming'))).toEqual([]);
    expect((await ask('/frames/')).status).toBe(200);
    unlinkSync(filler);
    expect((await send('last.fits', frame('last'))).status).toBe(200);
    await archive.stop();
    expect(await archive.check()).toEqual([]);
  },
);

withMounts(
  'a root that can only be read is 503 to writers, and no obstacle to readers',
  async () => {
    const root = mounts.folder('archive');
    archive = await startArchive({ ARCHIVE_ROOT: root });
    expect((await send('a.fits', frame('a'))).status).toBe(200);
    mounts.bind(root, root, { readOnly: true });
    for (const told of [
      await send('b.fits', frame('b')),
      await ask('/frames/1/', { method: 'DELETE' }),
    ]) {
      expect([told.status, told.retry, told.text]).toEqual([
        503,
        '30',
        expect.stringMatching(/can only be read/),
      ]);
    }
    await expectLiveOnly();
    expect((await ask('/frames/1/download/')).status).toBe(200);
    await archive.stop();
    const env = { DATA_DIR: archive.dataDir, ARCHIVE_ROOT: root, PORT: '0', LOG: 'off' };
    const start = await runProgram(['serve'], env);
    expect([start.status, start.stderr]).toEqual([1, expect.stringMatching(/can only be read/)]);
    mounts.unmount(root);
    await archive.restart();
    expect((await send('b.fits', frame('b'))).status).toBe(200);
    expect(await archive.check()).toEqual([]);
  },
);

withMounts(
  'a disk that vanishes is 503 in all that needs it, nothing is made in its place, and back it works again',
  async () => {
    const disk = mounts.folder('disk');
    const root = mounts.folder('mountpoint');
    mounts.bind(disk, root);
    archive = await startArchive({ ARCHIVE_ROOT: root });
    expect((await send('a.fits', frame('a'))).status).toBe(200);
    mounts.unmount(root);
    for (const told of [
      await send('b.fits', frame('b')),
      await ask('/frames/1/', { method: 'DELETE' }),
      await ask('/frames/1/download/'),
      await ask('/frames/1/preview/?width=300'),
      await ask('/frames/zip/?SITEID=hill'),
    ]) {
      expect([told.status, told.retry, told.text]).toEqual([
        503,
        '30',
        expect.stringMatching(/not there.*mounted/),
      ]);
    }
    await expectLiveOnly();
    expect((await ask('/frames/1/')).status).toBe(200);
    expect(readdirSync(root)).toEqual([]);
    await archive.stop();
    const env = { DATA_DIR: archive.dataDir, ARCHIVE_ROOT: root, PORT: '0', LOG: 'off' };
    for (const command of [['serve'], ['user', 'list']]) {
      const start = await runProgram(command, env);
      expect([start.status, start.stderr]).toEqual([1, expect.stringMatching(/Mount its disk/)]);
    }
    expect(readdirSync(root)).toEqual([]);
    mounts.bind(disk, root);
    await archive.restart();
    expect((await send('b.fits', frame('b'))).status).toBe(200);
    mounts.unmount(root);
    expect((await send('c.fits', frame('c'))).status).toBe(503);
    mounts.bind(disk, root);
    expect((await ask('/ready/')).status).toBe(200);
    expect((await send('c.fits', frame('c'))).status).toBe(200);
    expect((await ask('/frames/1/', { method: 'DELETE' })).status).toBe(204);
    await archive.stop();
    expect(await archive.check()).toEqual([]);
  },
);

withMounts(
  'a disk below the root that vanishes is 503 for its site alone: nothing is filed under its mount point',
  async () => {
    const disk = mounts.disk('hilltop', 8);
    const root = mounts.folder('archive');
    archive = await startArchive({ ARCHIVE_ROOT: root });
    const [site, place] = [mounts.folder('archive/hill'), join(root, 'hill/2026-03-01')];
    mounts.bind(disk, site);
    expect((await send('a.fits', frame('a'))).status).toBe(200);
    expect((await send('gone.fits', frame('gone'))).status).toBe(200);
    expect(readdirSync(join(disk, '2026-03-01')).sort()).toEqual(['a.fits', 'gone.fits']);
    expect(JSON.parse(readFileSync(join(root, '.platevault/disks.json'), 'utf8'))).toEqual([
      'hill',
    ]);
    await archive.stop();
    await archive.restart();
    mounts.unmount(site);
    for (const told of [
      await send('b.fits', frame('b')),
      await send('a.fits', frame('a')),
      await ask('/frames/1/download/'),
      await ask('/frames/1/preview/?width=77'),
      await ask('/frames/zip/?SITEID=hill'),
    ]) {
      expect([told.status, told.retry, told.text]).toEqual([
        503,
        '30',
        expect.stringMatching(/disk of hill is away/),
      ]);
    }
    expect(readdirSync(site)).toEqual([]);
    const valley = pyobsFrame({ SITEID: 'valley', FNAME: 'v.fits' }, { seed: 7 });
    expect((await send('v.fits', valley)).status).toBe(200);
    expect((await ask('/frames/2/', { method: 'DELETE' })).status).toBe(204);
    await archive.stop();
    for (const [command, status] of [
      ['check', 3],
      ['reindex', 1],
    ] as const) {
      const done = await archive.run([command]);
      expect([done.status, done.stderr.trim().split('\n')]).toEqual([
        status,
        [expect.stringMatching(/disk of hill is away/)],
      ]);
    }
    mounts.bind(disk, site);
    await archive.restart();
    // What was deleted meanwhile is put aside now.
    expect(readdirSync(join(disk, '2026-03-01'))).toEqual(['a.fits']);
    expect((await ask('/frames/1/download/')).status).toBe(200);
    expect((await send('b.fits', frame('b'))).status).toBe(200);
    expect(existsSync(join(place, 'b.fits'))).toBe(true);
    await archive.stop();
    expect(await archive.check()).toEqual([]);
  },
);

withMounts(
  'what a crash left on a disk below the root waits until it is back; one that is given up is none any more',
  async () => {
    const disk = mounts.disk('hilltop', 2);
    const root = mounts.folder('archive');
    const site = mounts.folder('archive/hill');
    const store = await openFsStore(root);
    const spool = (name: string): string => {
      const path = join(store.spoolDir, name);
      writeFileSync(path, 'frame');
      return path;
    };
    const sha256 = createHash('sha256').update('frame').digest('hex');
    const nobody = (): Promise<boolean> => Promise.resolve(false);
    mounts.bind(disk, site);
    const path = spool('a.part');
    await store.intend([{ key: 'hill/a.fits', path, sha256 }]);
    await store.put('hill/a.fits', path);
    mounts.unmount(site);
    expect(await store.sweep(nobody)).toEqual({ unfinished: 0, orphans: 0 });
    expect(readdirSync(store.spoolDir)).toHaveLength(1);
    mounts.bind(disk, site);
    expect(await store.sweep(nobody)).toEqual({ unfinished: 0, orphans: 1 });
    expect([readdirSync(site), readdirSync(store.spoolDir)]).toEqual([[], []]);
    mounts.unmount(site);
    await expect(store.put('hill/b.fits', spool('b.part'))).rejects.toThrow(/take it out of/);
    await expect(store.remove('hill/a.fits')).rejects.toThrow(/disk of hill is away/);
    writeFileSync(join(root, '.platevault/disks.json'), '[]');
    await store.put('hill/b.fits', spool('c.part'));
    expect(readdirSync(site)).toEqual(['b.fits']);
  },
);
