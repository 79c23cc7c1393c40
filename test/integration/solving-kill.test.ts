import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeFits } from '../fixtures/make-fits.js';
import { pyobsCards } from '../fixtures/night.js';
import { PROJECT_DIR, startArchive } from '../support/archive.js';
import { fakeSolver, readCalls } from '../support/solving.js';

const GUARD = join(PROJECT_DIR, 'dist/solving/guard.js');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-solving-kill-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function until(isSo: () => boolean | Promise<boolean>, most = 20_000): Promise<void> {
  const end = performance.now() + most;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('It did not come to that in time.');
    await setTimeout(50);
  }
}

/** False also of a process that has ended and that nobody has asked for its status. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return stat !== '' && !/^\d+ \(.*\) Z/.test(stat);
}

test('a server that is killed leaves no solver running, and no folder of it once it has started again', async () => {
  const log = join(folder, 'calls');
  const archive = await startArchive({ ...fakeSolver(log), SOLVER_TIMEOUT_SEC: '300' });
  try {
    const work = join(archive.dataDir, 'solving');
    const cards = pyobsCards({ OBJECT: 'hang', FNAME: 'hang.fits' });
    await archive.upload(makeFits({ cards }), 'hang.fits');
    const calls = async (): Promise<number[]> =>
      (await readCalls(log).catch(() => [])).map(({ pid }) => pid);
    await until(async () => (await calls()).length === 2);
    const pids = await calls();
    expect(await Promise.all(pids.map(isAlive))).toEqual([true, true]);
    expect(await readdir(work)).toHaveLength(1);

    await archive.stop('SIGKILL');
    await until(async () => !(await Promise.all(pids.map(isAlive))).includes(true), 5_000);
    expect(await readdir(work)).toHaveLength(1);

    await archive.restart();
    await until(async () => (await readdir(work)).length === 0);
  } finally {
    await archive.close();
  }
}, 60_000);

test('what guards a solver ends it after its time, even if the server only hangs', async () => {
  const guard = spawn(process.execPath, [GUARD, '600', 'sleep', '60'], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
  });
  const began = performance.now();
  const [, signal] = (await once(guard, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  expect(performance.now() - began).toBeLessThan(10_000);
}, 20_000);

test.each([
  [['sh', '-c', 'exit 3'], 3, null, ''],
  [['sh', '-c', 'kill -TERM $$'], null, 'SIGTERM', ''],
  [['/no/such/solver'], 127, null, 'ENOENT'],
] as const)(
  'of %j its end is told',
  async (words, status, signal, absence) => {
    const guard = spawn(process.execPath, [GUARD, '30000', ...words], {
      detached: true,
      stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
    });
    let said = '';
    guard.stdio[3]?.on('data', (bytes: Buffer) => (said += bytes.toString()));
    expect(await once(guard, 'close')).toEqual([status, signal]);
    expect(said).toBe(absence);
  },
  20_000,
);
