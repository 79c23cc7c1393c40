/** What `platevault check` and the rolling audit find, and what they leave alone. */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { cp, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findKeptByKey, listDeeds } from '../../src/catalog/index.js';
import { loadConfig } from '../../src/config/index.js';
import { AppError } from '../../src/lib/errors.js';
import { eachAsideFault, openAside } from '../../src/keeping/aside.js';
import { examineTwice } from '../../src/keeping/examine.js';
import { auditState } from '../../src/keeping/index.js';
import { openFsStore } from '../../src/store/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import {
  PROJECT_DIR,
  runProgram,
  startArchive,
  type CommandResult,
  type TestArchive,
} from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';

let archive: TestArchive;
/** A copy of the archive as it was, for each test that spoils it. */
let folder: string;

const KEY = 'hill/2026-03-01/c1.fits';

beforeAll(async () => {
  archive = await startArchive({ AUDIT_DAYS: '0' });
  for (const [index, name] of ['c1', 'c2', 'c3', 'c4'].entries()) {
    const file = pyobsFrame({ FNAME: `${name}.fits` }, { seed: index + 1 });
    expect((await archive.upload(file, `${name}.fits`)).created).toBe(1);
  }
  // With a checksum that was wrong from the start.
  const wrong = pyobsFrame({ FNAME: 'sum.fits', CHECKSUM: 'abcdabcdabcdabcd', DATASUM: '12' });
  expect((await archive.upload(wrong, 'sum.fits')).created).toBe(1);
  await archive.upload(Buffer.from('no FITS'), 'refused.fits');
  await archive.stop();
}, 60_000);
afterAll(() => archive.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-check-'));
  await cp(archive.dataDir, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tree = (key: string): string => join(folder, 'archive', key);
const check = (args: readonly string[] = [], settings = {}): Promise<CommandResult> =>
  runProgram(['check', ...args], { DATA_DIR: folder, ...settings });
const lines = (result: CommandResult): string[] =>
  result.stdout.split('\n').filter((line) => line !== '');

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

test('an archive without differences: status 0 and nothing said; what was odd is a note', async () => {
  const result = await check(['--read-data']);
  expect([result.status, result.stdout, result.stderr]).toEqual([0, '', '']);
  const noted = await check(['--read-data', '--notes', '--json']);
  expect(noted.status).toBe(0);
  expect(lines(noted).map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      kind: 'note',
      key: 'hill/2026-03-01/sum.fits',
      text: expect.stringMatching(
        /checksum of HDU \d does not fit, and did not fit when/,
      ) as string,
    },
  ]);
});

test('a missing file, a wrong size, changed bytes, a file of nobody: each is told, and stays', async () => {
  unlinkSync(tree(KEY));
  appendFileSync(tree('hill/2026-03-01/c2.fits'), 'x');
  flipByte(tree('hill/2026-03-01/c3.fits'), 4000);
  writeFileSync(tree('hill/stray.fits'), 'stray');
  const old = new Date(Date.now() - 7_200_000);
  writeFileSync(tree('.incoming/old.part'), 'half');
  await utimes(tree('.incoming/old.part'), old, old);
  const quick = await check();
  expect([quick.status, lines(quick).map((line) => line.split(': ').slice(0, 2))]).toEqual([
    1,
    [
      ['missing', KEY],
      ['size', 'hill/2026-03-01/c2.fits'],
      ['unknown-file', 'hill/stray.fits'],
      ['leftover', 'old.part'],
    ],
  ]);
  const thorough = await check(['--read-data', '--json']);
  expect(thorough.status).toBe(1);
  const kinds = lines(thorough).map((line) => (JSON.parse(line) as { kind: string }).kind);
  expect(kinds.sort()).toEqual(['content', 'leftover', 'missing', 'size', 'unknown-file']);
  expect(readFileSync(tree('hill/stray.fits'), 'utf8')).toBe('stray');
  expect(existsSync(tree('.incoming/old.part'))).toBe(true);
}, 60_000);

test('a file in the trash that no deleted frame refers to is told, and stays', async () => {
  const strays = ['7/hill/stray.fits', 'stray.fits'].map((name) => `.platevault/trash/${name}`);
  mkdirSync(dirname(tree(String(strays[0]))), { recursive: true });
  for (const stray of strays) writeFileSync(tree(stray), 'stray');
  const { status, ...result } = await check();
  expect([status, lines({ status, ...result }).sort()]).toEqual([
    1,
    [
      'unknown-file: trash/7/hill/stray.fits: No deleted frame refers to this file in the trash.',
      'unknown-file: trash/stray.fits: No deleted frame refers to this file in the trash.',
    ],
  ]);
  expect(strays.every((stray) => existsSync(tree(stray)))).toBe(true);
});

test('whoever stops reading along gets no stack, and the status is the usual one', async () => {
  for (const key of ['c1', 'c2', 'c3']) unlinkSync(tree(`hill/2026-03-01/${key}.fits`));
  const program = join(PROJECT_DIR, 'bin/platevault.cjs');
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: folder };
  const child = spawn(process.execPath, [program, 'check', '--json'], { env });
  child.stdout.destroy();
  const told: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => told.push(chunk));
  const status = await new Promise((resolve) => child.once('close', resolve));
  expect([status, Buffer.concat(told).toString()]).toEqual([1, '']);
});

test('damage is told from a checksum that was wrong before: the SHA-256 decides', async () => {
  flipByte(tree('hill/2026-03-01/sum.fits'), 5000);
  const result = await check(['--read-data']);
  expect([result.status, lines(result)]).toEqual([
    1,
    [expect.stringMatching(/^content: .*sum\.fits: .*have changed.*HDU \d says the same/)],
  ]);
});

test('rows that refer to nothing, counts that are wrong and a damaged index are found', async () => {
  await withCatalog({ dataDir: folder }, async ({ write }) => {
    await write.raw('pragma foreign_keys = off');
    await write('relations').insert({ frame_id: 999, keyword: 'L1BIAS', name: 'x' });
    await write('cube').update({ frames: 77 }).limit(1);
  });
  const result = await check();
  expect(result.status).toBe(1);
  expect(result.stdout).toMatch(/^database: catalogue: Row \d+ of relations refers to/m);
  expect(result.stdout).toMatch(/^wrong-count: catalogue: 1 rows of the cube/m);
});

test('a refused file that has gone from quarantine is missed, one that cannot be read is told', async () => {
  const row = await withCatalog({ dataDir: folder }, ({ read }) =>
    read<{ file: string }>('quarantine').first('file'),
  );
  const file = String(row?.file);
  const path = join(folder, 'quarantine', file);
  unlinkSync(path);
  const gone = await check();
  expect([gone.status, lines(gone)]).toEqual([
    1,
    [`missing: quarantine/${file}: A file in quarantine is missing.`],
  ]);
  symlinkSync(path, path);
  writeFileSync(tree('hill/stray.fits'), 'stray');
  const unread = await check();
  expect([unread.status, lines(unread)]).toEqual([
    1,
    [
      'unknown-file: hill/stray.fits: No frame refers to this file.',
      `unreadable: quarantine/${file}: A file in quarantine cannot be read (ELOOP).`,
    ],
  ]);
});

test('a reading that is broken off, as when the server ends, finds nothing', async () => {
  const store = await openFsStore(join(folder, 'archive'));
  await withCatalog({ dataDir: folder }, async (catalog) => {
    const version = await findKeptByKey(catalog, KEY);
    if (version === undefined) throw new Error('there is no such file');
    const onRead = (): Promise<void> => wait(1000, undefined, { signal: AbortSignal.abort() });
    const examined = examineTwice({ catalog, store }, version, { readData: true, onRead });
    await expect(examined).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test('a file that is moved to the trash while it is looked for is found', async () => {
  const store = await openFsStore(join(folder, 'archive'));
  const moving = {
    ...store,
    localPath: async (key: string): Promise<string> => {
      await store.shelf.put(key, 7);
      return store.localPath(key);
    },
  };
  const { config } = loadConfig({ DATA_DIR: folder }, '/nowhere');
  const found = await openAside(
    { store: moving, config },
    { area: 'trash', key: KEY, frameId: 7, sizeBytes: 0, sha256: '', isMoved: false },
  );
  expect(found).toBeDefined();
  await found?.close();
  expect([existsSync(tree(KEY)), existsSync(tree(`.platevault/trash/7/${KEY}`))]).toEqual([
    false,
    true,
  ]);
});

test('an archive that goes while its trash is looked at ends the look', async () => {
  const own = await startArchive({ AUDIT_DAYS: '0' });
  try {
    const { files } = await own.upload(pyobsFrame({ FNAME: 'd.fits' }), 'd.fits');
    await own.fetch(`/frames/${String(files[0]?.id)}/delete/`, { method: 'DELETE' });
    await own.stop();
    const root = join(own.dataDir, 'archive');
    rmSync(join(root, '.platevault/trash'), { recursive: true });
    const store = await openFsStore(root);
    const gone = new AppError('store_unavailable', 'The root has gone.');
    const away = { ...store, localPath: () => Promise.reject(gone) };
    const { config } = loadConfig({ DATA_DIR: own.dataDir }, '/nowhere');
    const look = (from: typeof store): Promise<unknown[]> =>
      withCatalog(own, async (catalog) => {
        const faults: unknown[] = [];
        for await (const fault of eachAsideFault({ catalog, config, store: from }, true)) {
          faults.push(fault);
        }
        return faults;
      });
    expect(await look(store)).toMatchObject([{ kind: 'missing' }]);
    await expect(look(away)).rejects.toBe(gone);
  } finally {
    await own.close();
  }
});

test('shares are told apart, and all of them are everything; readings are written down', async () => {
  const checked = (): Promise<number> =>
    withCatalog({ dataDir: folder }, async ({ read }) => {
      const rows: unknown[] = await read('versions').whereNotNull('checked_ms');
      return rows.length;
    });
  expect((await check(['--read-data', '--no-record'])).status).toBe(0);
  expect(await checked()).toBe(0);
  const counts: number[] = [];
  for (const share of ['1/3', '2/3', '3/3']) {
    expect((await check(['--read-data', '--subset', share])).status).toBe(0);
    counts.push(await checked());
  }
  expect(counts).toEqual([2, 4, 5].map(() => expect.any(Number) as number));
  expect(counts[0]).toBeLessThan(3);
  expect(counts[2]).toBe(5);
  for (const wrong of ['0/3', '4/3', 'x', '1/0']) {
    expect([wrong, (await check(['--subset', wrong])).status]).toEqual([wrong, 2]);
  }
});

test('what cannot be finished is status 3: a root that has gone, a catalogue that is damaged', async () => {
  const gone = await check([], { ARCHIVE_ROOT: join(folder, 'elsewhere') });
  expect([gone.status, gone.stderr]).toEqual([3, expect.stringMatching(/marker file/)]);
  writeFileSync(join(folder, 'platevault.sqlite'), Buffer.alloc(40_000, 'x'));
  const damaged = await check();
  expect([damaged.status, damaged.stdout]).toEqual([3, '']);
  expect(damaged.stderr).not.toBe('');
});

test('beside a server that receives and deletes, nothing is reported that comes or goes', async () => {
  const busy = await startArchive({ AUDIT_DAYS: '0' });
  try {
    let isRunning = true;
    let serial = 0;
    const client = async (): Promise<void> => {
      while (isRunning) {
        const name = `b${String((serial += 1))}.fits`;
        const file = pyobsFrame({ FNAME: name }, { seed: serial });
        const { files } = await busy.upload(file, name);
        const id = String(files[0]?.id);
        if (serial % 2 === 0) await busy.fetch(`/frames/${id}/delete/`, { method: 'DELETE' });
      }
    };
    const clients = [client(), client()];
    for (let round = 0; round < 3; round += 1) expect(await busy.check()).toEqual([]);
    isRunning = false;
    await Promise.all(clients);
    expect(serial).toBeGreaterThan(20);
    expect(await busy.check()).toEqual([]);
  } finally {
    await busy.close();
  }
}, 60_000);

test('the audit reads everything once, finds damage by itself and tells; a clock that jumped does not stop it', async () => {
  const rolling = await startArchive({ AUDIT_DAYS: '0.00005' }); // a round in 4.3 s
  folder = rolling.dataDir;
  try {
    for (const name of ['r1', 'r2', 'r3']) {
      await rolling.upload(pyobsFrame({ FNAME: `${name}.fits` }, { seed: 9 }), `${name}.fits`);
    }
    const { config } = loadConfig({ AUDIT_DAYS: '0.00005' }, '/nowhere');
    const state = () => withCatalog({ dataDir: folder }, (catalog) => auditState(catalog, config));
    const until = async (isReached: () => Promise<boolean>): Promise<void> => {
      const end = performance.now() + 30_000;
      while (!(await isReached())) {
        if (performance.now() > end) throw new Error('the audit does not come so far');
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    await until(async () => (await state()).neverRead === 0);
    expect(await state()).toMatchObject({ isOn: true, files: 3, findings: [] });
    flipByte(tree('hill/2026-03-01/r2.fits'), 3000);
    // Readings and a round that seem to lie in the future.
    await withCatalog({ dataDir: folder }, async ({ write }) => {
      await write('versions').update({ checked_ms: Date.now() + 1e11 });
      await write('counters')
        .where({ name: 'audit_round_ms' })
        .update({ value: Date.now() + 1e11 });
    });
    await until(async () => (await state()).findings.length > 0);
    expect((await state()).findings).toMatchObject([{ basename: 'r2', result: 'content' }]);
    const deeds = (action: string) =>
      withCatalog({ dataDir: folder }, (catalog) => listDeeds(catalog, { action, limit: 10 }));
    expect((await deeds('audit.found')).length).toBeGreaterThan(0);
    await until(async () => (await deeds('audit.finished')).length > 0);
    expect((await deeds('audit.finished'))[0]).toMatchObject({ subject: 'archive' });
  } finally {
    await rolling.close();
  }
}, 90_000);
