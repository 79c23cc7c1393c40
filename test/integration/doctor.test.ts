import { chmod, open, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { runProgram, startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';

interface Finding {
  readonly topic: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly text: string;
  readonly advice: string;
}

let archive: TestArchive;
beforeEach(async () => {
  archive = await startArchive({ BACKUP_TARGET: '' });
  await archive.upload(pyobsFrame({ FNAME: 'doctor.fits' }), 'doctor.fits');
});
afterEach(async () => {
  await archive.close();
});

async function examine(
  settings: Readonly<Record<string, string>> = {},
): Promise<{ status: number | null; findings: Finding[]; of: (topic: string) => Finding[] }> {
  const env = { DATA_DIR: archive.dataDir, ...settings };
  const { status, stdout } = await runProgram(['doctor', '--json'], env);
  const findings = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Finding);
  return { status, findings, of: (topic) => findings.filter((each) => each.topic === topic) };
}

const failed = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ level }) => level === 'fail');

test('beside a running server all is well, or only warnings; each of those says what to do', async () => {
  const { status, findings, of } = await examine({ HTTP_ROOT: archive.url });
  expect(failed(findings)).toEqual([]);
  expect(status).toBe(0);
  expect(of('server')[0]?.text).toMatch(/is at work/);
  expect(of('address')).toMatchObject([{ level: 'ok' }]);
  for (const { level, advice } of findings) expect(advice === '').toBe(level === 'ok');
  expect(await archive.check()).toEqual([]);
  await archive.stop();
  expect((await examine()).of('server')[0]?.text).toMatch(/No server/);
  await archive.restart();
});

test('a damaged catalogue is told, with the commands that help, and the rest is looked at', async () => {
  await archive.stop();
  const path = join(archive.dataDir, 'platevault.sqlite');
  await rm(`${path}-wal`, { force: true });
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(8192, 0x5a), 0, 8192, 4096);
  await file.close();
  const pages = await examine();
  expect(pages.status).toBe(1);
  expect(failed(pages.of('database'))).toHaveLength(1);
  expect(pages.of('database')[0]?.advice).toMatch(/platevault restore.*platevault reindex/);
  expect(pages.of('root').every(({ level }) => level === 'ok')).toBe(true);
  await writeFile(path, 'this is no database, and never was one, whatever its name says');
  const { status, of } = await examine();
  expect(status).toBe(1);
  expect(of('database')[0]?.advice).toMatch(/reindex/);
});

test('a catalogue that is lost beside a tree of frames is not taken for a new archive', async () => {
  await archive.stop();
  const path = join(archive.dataDir, 'platevault.sqlite');
  await writeFile(path, '');
  const lost = { level: 'fail', advice: expect.stringMatching(/reindex`.*restore`/) as string };
  expect((await examine()).of('database')).toMatchObject([lost]);
  await rm(path);
  expect((await examine()).of('database')).toMatchObject([lost]);
  await rm(join(archive.dataDir, 'archive/hill'), { recursive: true });
  expect((await examine()).of('database')[0]?.advice).toMatch(/^Start the server once/);
});

test('a root that is away, or another one, fails', async () => {
  const root = join(archive.dataDir, 'archive');
  await rename(root, `${root}-away`);
  expect(failed((await examine()).of('root'))[0]?.text).toMatch(/is not there/);
  await rename(`${root}-away`, root);
  await rename(join(root, '.platevault/archive.json'), join(root, '.platevault/gone'));
  expect(failed((await examine()).of('root'))[0]?.text).toMatch(/no marker/);
  await rename(join(root, '.platevault/gone'), join(root, '.platevault/archive.json'));
  expect(failed((await examine()).findings)).toEqual([]);
});

test('a key that others can read, or that is empty, is told', async () => {
  const key = join(archive.dataDir, 'secret.key');
  await chmod(key, 0o644);
  expect((await examine()).of('key')).toMatchObject([
    { level: 'warn', advice: `chmod 600 ${key}` },
  ]);
  await writeFile(key, '');
  const { status, of } = await examine();
  expect([status, of('key')[0]?.level]).toEqual([1, 'fail']);
});

test('settings that are unknown, or do not go together, are told', async () => {
  const unknown = await examine({ PLATEVAULT_NONSENSE: '1', PORT: 'x' });
  expect(unknown.status).toBe(1);
  expect(unknown.findings.map(({ topic, level }) => `${topic} ${level}`)).toEqual([
    'settings fail',
    'settings fail',
  ]);
  const odd = await examine({
    HTTP_ROOT: 'https://127.0.0.1:9/downloads/',
    ANONYMOUS: 'public',
    SECRET_KEY: 'sixteen letters!',
    UV_THREADPOOL_SIZE: '4',
    BACKUP_TARGET: join(archive.dataDir, 'backups'),
  });
  const told = odd
    .of('settings')
    .map(({ text }) => text)
    .join('\n');
  for (const name of [
    'word download',
    'TRUST_PROXY',
    'ANONYMOUS',
    'SECRET_KEY',
    'UV_THREADPOOL_SIZE',
    'BACKUP_TARGET',
  ])
    expect(told).toContain(name);
  expect(odd.of('address')).toMatchObject([{ level: 'warn' }]);
  expect(odd.status).toBe(0);
});

test('an address that leads to something else is a warning', async () => {
  const other = createServer((_req, res) => res.end('hello'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  try {
    const { status, of } = await examine({ HTTP_ROOT: `http://127.0.0.1:${port}/` });
    expect(of('address')).toMatchObject([
      { level: 'warn', text: expect.stringMatching(/not as/) as string },
    ]);
    expect(status).toBe(0);
  } finally {
    other.close();
  }
});

test('the serving process is asked what links begin with, and whether it believes forwarded headers', async () => {
  const PORT = String(archive.port);
  const texts = async (settings: Readonly<Record<string, string>>): Promise<string[]> =>
    (await examine({ PORT, ...settings })).of('proxy').map(({ level, text }) => `${level} ${text}`);
  expect(await texts({})).toEqual([
    `ok Links begin as the client calls the archive; from here with http://127.0.0.1:${PORT}/.`,
    'ok No X-Forwarded header is believed, whoever sends it.',
  ]);
  // It was started with other settings than those that are looked at now.
  expect(await texts({ HTTP_ROOT: 'https://plates.example/', TRUST_PROXY: 'true' })).toEqual([
    expect.stringMatching(
      /^warn Links begin with .*, and HTTP_ROOT is https:\/\/plates\.example\//,
    ),
    expect.stringMatching(/^ok X-Forwarded headers from this machine are not believed/),
  ]);
  expect((await examine({ PORT: '9' })).of('proxy')).toMatchObject([
    { level: 'warn', text: expect.stringContaining('127.0.0.1:9') as string },
  ]);
  const trusting = await startArchive({ TRUST_PROXY: 'loopback' });
  try {
    const other = { PORT: String(trusting.port), DATA_DIR: trusting.dataDir };
    expect((await texts({ ...other, TRUST_PROXY: 'loopback' }))[1]).toMatch(/^ok .* are believed/);
    expect((await texts(other))[1]).toMatch(/^warn The server believes/);
  } finally {
    await trusting.close();
  }
}, 60_000);

test('what the catalogue tells: damaged files and failed back-ups fail, failed work and dates ahead warn', async () => {
  await archive.stop(); // else it would read the file again, and do the work
  await withCatalog(archive, async (catalog) => {
    await catalog.write('versions').update({ check_result: 'content', checked_ms: Date.now() });
    await catalog.write('frames').update({ date_obs_ms: Date.now() + 10 * 86_400_000 });
    await catalog.write('jobs').insert({
      kind: 'preview',
      payload: '{"versionId":0}',
      attempts: 3,
      due_ms: Date.now() + 3_600_000,
      created_ms: Date.now(),
      error: 'it went wrong',
    });
    await catalog.write('backups').insert({
      name: '',
      target: '/mnt/backup',
      started_ms: Date.now() - 1000,
      ended_ms: Date.now(),
      state: 'failed',
      error: 'the disk is full',
    });
  });
  const { status, of } = await examine({ BACKUP_TARGET: '/mnt/backup' });
  expect(status).toBe(1);
  expect(of('audit')).toMatchObject([{ level: 'fail' }]);
  expect(of('back-up')).toMatchObject([
    { level: 'fail', text: expect.stringContaining('full') as string },
  ]);
  expect(of('work')).toMatchObject([{ level: 'warn' }]);
  expect(of('clock')).toMatchObject([{ level: 'warn' }]);
});
