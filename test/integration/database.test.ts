import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openCatalog } from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import {
  runProgram,
  startArchive,
  type CommandResult,
  type TestArchive,
} from '../support/archive.js';

let archive: TestArchive;
let path: string;
let copy: string;

beforeAll(async () => {
  archive = await startArchive();
  for (let serial = 1; serial <= 20; serial += 1) {
    const FNAME = `db-${String(serial)}.fits`;
    await archive.upload(pyobsFrame({ FNAME }, { seed: serial }), FNAME);
  }
  await archive.stop();
  path = join(archive.dataDir, 'platevault.sqlite');
  copy = join(archive.dataDir, 'copy.sqlite');
  copyFileSync(path, copy);
});
afterAll(() => archive.close());
afterEach(async () => {
  for (const end of ['', '-wal', '-shm']) await rm(`${path}${end}`, { force: true });
  copyFileSync(copy, path);
});

const serve = (): Promise<CommandResult> =>
  runProgram(['serve'], { DATA_DIR: archive.dataDir, PORT: '0', LOG: 'off' });

/** Overwrites pages, as a failing disk does. */
function spoil(from: number, pages: number): void {
  const file = openSync(path, 'r+');
  for (let page = from; page < from + pages; page += 1) {
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
  }
  closeSync(file);
}

const FAULTS: readonly (readonly [string, () => void, RegExp])[] = [
  [
    'is no database',
    () => {
      writeFileSync(path, 'not a database at all\n'.repeat(500));
    },
    /not an SQLite/,
  ],
  [
    'has lost its end',
    () => {
      truncateSync(path, 8 * 4096);
    },
    /has 32768 bytes instead of/,
  ],
  [
    'has a spoilt first page',
    () => {
      spoil(0, 1);
    },
    /not an SQLite/,
  ],
  [
    'has spoilt pages',
    () => {
      spoil(2, 60);
    },
    /is damaged/,
  ],
  [
    'has spoilt pages at its end',
    () => {
      spoil(Math.floor(statSync(path).size / 4096) - 30, 30);
    },
    /is damaged/,
  ],
];

test.each(FAULTS)(
  'a catalogue that %s stops the start, and it is said what to do',
  async (_name, damage, reason) => {
    damage();
    const before = statSync(path).size;
    const result = await serve();
    expect([result.status, result.stderr]).toEqual([1, expect.stringMatching(reason)]);
    expect(result.stderr).toMatch(/platevault restore.*platevault reindex/);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.stderr + result.stdout).not.toMatch(/Acquire connection|select \*|- SQLITE/);
    expect(statSync(path).size).toBe(before);
  },
);

test.each([['user', 'list'], ['check'], ['backup', 'place'], ['reindex']])(
  'a catalogue with spoilt pages: `%s %s` tells it in words of ours',
  async (...args) => {
    spoil(1, 60);
    const { stdout, stderr } = await runProgram(args, { DATA_DIR: archive.dataDir });
    expect(stdout + stderr).not.toBe('');
    expect(stdout + stderr).not.toMatch(/Acquire connection|select|SQLITE_CORRUPT:/);
  },
);

test('a lost catalogue is not replaced by an empty one beside a tree of frames', async () => {
  for (const isEmpty of [true, false]) {
    if (isEmpty) writeFileSync(path, '');
    else await rm(path);
    const result = await serve();
    expect([result.status, result.stderr]).toEqual([
      1,
      expect.stringMatching(/catalogue is new.*platevault reindex.*platevault restore/),
    ]);
  }
});

test('a start that is refused leaves nothing behind where nothing was: no catalogue, no key, no folder', async () => {
  const fresh = join(archive.dataDir, 'fresh');
  const refused = async (ARCHIVE_ROOT: string): Promise<string> => {
    const env = { DATA_DIR: join(fresh, 'data'), ARCHIVE_ROOT, PORT: '0', LOG: 'off' };
    const { status, stderr } = await runProgram(['serve'], env);
    expect([status, existsSync(fresh)]).toEqual([1, false]);
    return stderr;
  };
  expect(await refused(join(archive.dataDir, 'archive'))).toMatch(/catalogue is new, but/);
  expect(await refused(join(copy, 'root'))).toMatch(/root of the archive cannot be used/);
  const other = await startArchive();
  try {
    expect(await refused(join(other.dataDir, 'archive'))).toMatch(/Another server is at work/);
  } finally {
    await other.close();
  }
});

test('a folder in the place of the catalogue is told in one sentence, by every command', async () => {
  await rm(path);
  mkdirSync(path);
  try {
    for (const command of ['serve', 'check', 'reindex', 'log']) {
      const env = { DATA_DIR: archive.dataDir, PORT: '0', LOG: 'off' };
      const { status, stdout, stderr } = await runProgram([command], env);
      expect([command, status, stdout]).toEqual([command, command === 'check' ? 3 : 1, '']);
      expect(stderr).toMatch(/^DATABASE_URL leads to .*, which is a folder.*\n$/);
    }
  } finally {
    await rm(path, { recursive: true });
  }
});

test('the tree of another archive is not taken for that of the catalogue', async () => {
  const other = await startArchive();
  await other.stop();
  try {
    const ARCHIVE_ROOT = join(other.dataDir, 'archive');
    const result = await runProgram(['serve'], {
      DATA_DIR: archive.dataDir,
      ARCHIVE_ROOT,
      PORT: '0',
    });
    expect([result.status, result.stderr]).toEqual([
      1,
      expect.stringMatching(/holds another archive/),
    ]);
  } finally {
    await other.close();
  }
});

test('a root without a marker gets one if the frames of the catalogue are in it', async () => {
  const marker = join(archive.dataDir, 'archive/.platevault/archive.json');
  await rm(marker);
  await archive.restart();
  expect(existsSync(marker)).toBe(true);
  await archive.stop();
});

test('a locked catalogue stops the start, and it is said who is in the way', async () => {
  const catalog = openCatalog(`sqlite:${path}`);
  try {
    await catalog.write.raw('begin immediate');
    const result = await serve();
    expect([result.status, result.stderr]).toEqual([
      1,
      expect.stringMatching(/keeps the catalogue .* locked/),
    ]);
  } finally {
    await catalog.write.raw('rollback');
    await catalog.close();
  }
});
