/** What `check`, `doctor` and the start find wrong with the journal in the tree, and what mends it. */
import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/index.js';
import { checkArchive, openToLook } from '../../src/keeping/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { remember, startArchive, type Remembered, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { dumpRows } from '../support/rows.js';

let archive: TestArchive;
/** The archive as it was, for each test that spoils it. */
let whole: Remembered;

beforeAll(async () => {
  archive = await startArchive({ AUDIT_DAYS: '0' });
  for (const [at, name] of ['a', 'b', 'c', 'd'].entries()) {
    const file = pyobsFrame({ FNAME: `${name}.fits` }, { seed: at + 1 });
    expect((await archive.upload(file, `${name}.fits`)).created).toBe(1);
  }
  await archive.fetch('/frames/4/', { method: 'DELETE' });
  await archive.stop();
  expect(await archive.check()).toEqual([]);
  whole = await remember(archive);
}, 120_000);
afterAll(async () => {
  await archive.close();
  await whole.forget();
});

afterEach(() => whole.restore());

const folder = (name = ''): string => join(archive.dataDir, 'archive/.platevault/journal', name);
const first = (): string => folder('000001.ndjson');

/** What a quick check finds. */
async function check(): Promise<string[]> {
  const { config } = loadConfig({ DATA_DIR: archive.dataDir }, join(archive.dataDir, 'no-config'));
  const looked = await openToLook(config);
  const limits = { maxExpandedBytes: 1e6, maxExpansionRatio: 100, tempDir: archive.dataDir };
  const found: string[] = [];
  try {
    const options = { readData: false, jobs: 1, limits };
    for await (const each of checkArchive({ ...looked, record: undefined }, options)) {
      if (each.kind !== 'note') found.push(`${each.kind}: ${each.text}`);
    }
  } finally {
    await looked.close();
  }
  return found;
}

async function doctor(): Promise<{ level: string; text: string; advice: string }> {
  const { stdout } = await archive.run(['doctor', '--json']);
  const all = stdout.split('\n').filter((line) => line.includes('"topic":"journal"'));
  return JSON.parse(String(all[0])) as { level: string; text: string; advice: string };
}

/** Waits until there is a journal, and nothing wrong with it. */
async function untilWritten(): Promise<void> {
  const began = performance.now();
  while (!existsSync(first()) || (await check()).length > 0) {
    expect(performance.now() - began).toBeLessThan(20_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Writes the journal with some of its lines changed or, with undefined, left out. */
async function edit(change: (line: string) => string | undefined): Promise<void> {
  const lines = (await readFile(first(), 'utf8')).split('\n').filter((line) => line !== '');
  const left = lines.flatMap((line) => change(line) ?? []);
  expect(left).not.toEqual(lines);
  await writeFile(first(), left.map((line) => `${line}\n`).join(''));
}

/** A lost catalogue, made anew from the tree, is row by row what it was. */
async function expectRebuildable(): Promise<void> {
  const dump = async () => {
    const rows = await withCatalog(archive, dumpRows);
    // What its files tell again is not kept of a deleted frame.
    const trash = rows.trash?.map((row) => row.replace(/"content":(?:null|".*?(?<!\\)"),/, ''));
    return { ...rows, trash };
  };
  const before = await dump();
  for (const end of ['', '-wal', '-shm']) {
    await rm(join(archive.dataDir, `platevault.sqlite${end}`), { force: true });
  }
  await archive.run(['reindex']);
  expect(await dump()).toEqual(before);
}

test('a frame, a deleted one, or an account that it does not tell as it is: each is a difference', async () => {
  await edit((line) => (line.includes('"subject":"frame:2"') ? undefined : line));
  const told = await archive.run(['check', '--json']);
  expect([told.status, told.stdout]).toEqual([1, expect.stringContaining('"kind":"journal"')]);
  expect(await check()).toEqual([
    expect.stringMatching(/^journal: .* damaged .*: it has \d+ bytes, and \d+ were written/),
    expect.stringMatching(/^journal: It does not tell of frame:2 \('b'\)\. `platevault journal/),
  ]);
  await edit((line) =>
    line.replace(/("subject":"frame:3".*"sha256":")(\w)/, (_, start: string, digit: string) =>
      [start, digit === '0' ? '1' : '0'].join(''),
    ),
  );
  await edit((line) => (/"subject":"frame:4","kind":"trash"/.test(line) ? undefined : line));
  await edit((line) => line.replace('"username":"admin"', '"username":"someone"'));
  const found = (await check()).slice(1);
  expect(found).toEqual([
    expect.stringMatching(/does not tell of frame:2/),
    expect.stringMatching(/tells of frame:3 \('c'\) otherwise than it is/),
    expect.stringMatching(/frame:4/),
    expect.stringMatching(/tells of users otherwise/),
  ]);
});

test('a frame that it tells of and that has gone for good is a difference', async () => {
  const before = await readFile(first(), 'utf8');
  expect((await archive.run(['trash', 'purge', '4'])).status).toBe(0);
  await archive.restart();
  while (!(await readFile(first(), 'utf8')).includes('"kind":"gone"')) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await archive.stop();
  expect(await check()).toEqual([]);
  await writeFile(first(), before.padEnd((await readFile(first(), 'utf8')).length - 1, ' ') + '\n');
  expect(await check()).toEqual([
    expect.stringMatching(/^journal: The line at byte \d+ cannot be read/),
    expect.stringMatching(/^journal: It tells of frame:4, which is not there any more/),
  ]);
});

test('a damaged line is one even if others have made up for it; one that a crash tore off is a note', async () => {
  await appendFile(first(), '{"epoch":1,"seq":7,"subj\n');
  expect(await check()).toEqual([]);
  const noted = await archive.run(['check', '--notes']);
  expect([noted.status, noted.stdout]).toEqual([
    0,
    expect.stringMatching(/^note: journal\/000001\.ndjson: The line at byte \d+ breaks off\.$/m),
  ]);
  await appendFile(first(), 'x"epoch":1,"seq":7}\n');
  expect(await check()).toEqual([
    expect.stringMatching(/^journal: The line at byte \d+ cannot be read: it is damaged/),
  ]);
  const rebuilt = await archive.run(['journal', 'rebuild', '--json']);
  const { oldFiles } = JSON.parse(rebuilt.stdout) as { oldFiles: string };
  expect([rebuilt.status, existsSync(join(oldFiles, '000001.ndjson'))]).toEqual([0, true]);
  expect(await readdir(folder())).toEqual(['000002.ndjson']);
  expect(await check()).toEqual([]);
  await expectRebuildable();
});

test('a journal that has gone is told by check, by doctor and at the start, and the server makes it anew', async () => {
  await archive.run(['trash', 'purge', '4']);
  await archive.restart();
  await archive.stop();
  await rename(folder(), folder('../away'));
  expect(await check()).toEqual([expect.stringMatching(/^journal: The journal .* is missing/)]);
  expect(await doctor()).toMatchObject({
    level: 'fail',
    text: expect.stringMatching(/is missing/) as string,
    advice: expect.stringContaining('platevault journal rebuild') as string,
  });
  await archive.restart();
  expect(archive.output()).toMatch(/^The journal of the archive is missing/m);
  await untilWritten();
  // Also under a server that runs.
  await rm(folder(), { recursive: true });
  await untilWritten();
  await archive.stop();
  expect(await doctor()).toMatchObject({ level: 'ok' });
  await expectRebuildable();
  // No id of a frame that has gone for good is given again.
  await archive.run(['user', 'passwd', 'admin', '--password-stdin'], 'a new password\n');
  await archive.run(['user', 'enable', 'admin']);
  const token = (await archive.run(['token', 'add', 'admin', '--scope', 'admin'])).stdout.trim();
  await archive.restart();
  const file = pyobsFrame({ FNAME: 'e.fits' }, { seed: 77 });
  expect((await archive.upload(file, 'e.fits', token)).files[0]?.id).toBe(5);
}, 120_000);

test('one that was cut off is told by doctor and at the start, until it is written anew', async () => {
  const { length } = await readFile(first());
  await truncate(first(), length - 200);
  expect(await doctor()).toMatchObject({
    level: 'fail',
    text: expect.stringMatching(/is damaged .* bytes, and \d+ were written/) as string,
  });
  await archive.restart();
  expect(archive.output()).toMatch(/^The journal of the archive is damaged/m);
  // What it goes on with does not make up for it.
  await archive.upload(pyobsFrame({ FNAME: 'f.fits' }, { seed: 78 }), 'f.fits');
  await archive.stop();
  expect(await doctor()).toMatchObject({ level: 'fail' });
  const rebuilt = await archive.run(['journal', 'rebuild']);
  expect([rebuilt.status, rebuilt.stderr]).toEqual([0, '']);
  expect(await check()).toEqual([]);
  expect(await doctor()).toMatchObject({ level: 'ok' });
});

test('beside a server that receives and deletes it can be written anew, and nothing is lost from it', async () => {
  await archive.restart();
  let serial = 0;
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      const name = `w${String((serial += 1))}.fits`;
      const { files } = await archive.upload(pyobsFrame({ FNAME: name }, { seed: serial }), name);
      if (serial % 3 === 0) {
        await archive.fetch(`/frames/${String(files[0]?.id)}/`, { method: 'DELETE' });
      }
    }
  };
  const clients = [client(), client()];
  for (let round = 0; round < 2; round += 1) {
    const { status, stderr } = await archive.run(['journal', 'rebuild']);
    expect([status, stderr]).toEqual([0, '']);
    expect(await check()).toEqual([]);
  }
  isOver = true;
  await Promise.all(clients);
  await archive.stop();
  expect(serial).toBeGreaterThan(10);
  expect(await archive.check()).toEqual([]);
  await expectRebuildable();
}, 120_000);
