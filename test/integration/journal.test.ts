import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive();
});
afterAll(() => archive.close());

const folder = (): string => join(archive.dataDir, 'archive', '.platevault', 'journal');

interface Line {
  readonly epoch: number;
  readonly seq: number;
  readonly subject: string;
  readonly kind: string;
  readonly record?: { readonly basename: string; readonly versions: readonly { key: string }[] };
  readonly users?: readonly object[];
}

async function lines(): Promise<Line[]> {
  const names = (await readdir(folder())).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder(), name), 'utf8')));
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** The newest line of a subject; waits as long as the journal may lag. */
async function newest(subject: string, kind: string): Promise<Line | undefined> {
  for (let waited = 0; waited < 8_000; waited += 200) {
    const found = (await lines().catch(() => [])).filter((line) => line.subject === subject).at(-1);
    if (found?.kind === kind) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return undefined;
}

test('what happens to a frame stands in the journal a moment later, as the state it led to', async () => {
  const id = (await archive.upload(pyobsFrame({ FNAME: 'a.fits' }), 'a.fits')).files[0]?.id;
  const subject = `frame:${String(id)}`;
  const line = await newest(subject, 'frame');
  expect(line?.record).toMatchObject({
    id,
    basename: 'a',
    createdMs: expect.any(Number) as number,
    versions: [
      {
        number: 1,
        key: 'hill/2026-03-01/a.fits',
        uploadName: 'a.fits',
        uploadedBy: 'admin',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    ],
  });
  await archive.fetch(`/frames/${String(id)}/`, { method: 'DELETE' });
  const trashed = await newest(subject, 'trash');
  expect(trashed).toMatchObject({ record: { basename: 'a' }, row: { trashed_by: 'admin' } });
});

test('accounts are named in it, and nothing that is secret', async () => {
  await archive.run(
    ['user', 'add', 'anna', '--role', 'writer', '--password-stdin'],
    'correct horse\n',
  );
  for (let waited = 0; waited < 8_000; waited += 200) {
    const users = (await lines()).filter((line) => line.kind === 'users').at(-1)?.users ?? [];
    if (users.length > 1) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const last = (await lines()).filter((line) => line.kind === 'users').at(-1);
  expect(last?.users).toEqual([
    expect.objectContaining({ username: 'admin', role: 'admin', disabled: false }),
    expect.objectContaining({ username: 'anna', role: 'writer', disabled: false }),
  ]);
  const names = new Set(last?.users?.flatMap((user) => Object.keys(user)));
  expect(names).toEqual(new Set(['id', 'username', 'role', 'disabled', 'createdMs']));
  const text = JSON.stringify(await lines());
  expect(text).not.toMatch(/scrypt|password|token/i);
});

test('a server that is told to stop writes down what the journal has not been told', async () => {
  for (let at = 0; at < 5; at += 1) {
    await archive.upload(pyobsFrame({ FNAME: `s${at}.fits` }, { seed: at }), `s${at}.fits`);
  }
  await archive.stop();
  const names = (await lines()).map((line) => line.record?.basename);
  expect(names).toEqual(expect.arrayContaining(['s0', 's1', 's2', 's3', 's4']));
  await archive.restart();
});

test('a line that a crash tore off swallows none of those that come after it', async () => {
  const [name] = (await readdir(folder())).sort().slice(-1);
  const path = join(folder(), String(name));
  await appendFile(path, '{"epoch":1,"seq":7,"subj');
  const id = (await archive.upload(pyobsFrame({ FNAME: 'after.fits' }), 'after.fits')).files[0]?.id;
  await archive.stop();
  const last = (await readFile(path, 'utf8')).split('\n');
  expect(last).toContain('{"epoch":1,"seq":7,"subj');
  expect(last.some((line) => line.includes(`"subject":"frame:${String(id)}"`))).toBe(true);
  await archive.restart();
});

test('it is small, and its numbers go up', async () => {
  const all = (await lines().catch(() => [])) as Line[];
  const whole = all.filter((line) => typeof line.seq === 'number');
  for (const [at, line] of whole.entries()) {
    const before = whole[at - 1];
    if (before?.epoch === line.epoch) expect(line.seq).toBeGreaterThan(before.seq);
  }
  const sizes = await Promise.all(
    (await readdir(folder())).map(async (name) => (await stat(join(folder(), name))).size),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(30_000);
});
