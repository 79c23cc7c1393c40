import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { COMMANDS } from '../../src/cli/index.js';
import { PROJECT_DIR, runProgram, startArchive } from '../support/archive.js';

const exec = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runProgram(args, { DATA_DIR: join(folder, 'data'), ...env });

test('help names every command; each explains its options and exit statuses', async () => {
  const help = await run(['--help']);
  expect(help.status).toBe(0);
  for (const [name, command] of Object.entries(COMMANDS)) {
    expect(help.stdout).toContain(command.usage);
    expect([name, Object.keys(command.exits).sort()[0]]).toEqual([name, '0']);
  }
  const one = await run(['check', '--help']);
  expect(one.stdout).toMatch(/--read-data[\s\S]*1 {2}differences found/);
});

test('what is not understood is said on standard error, with status 2', async () => {
  const unknown = await run(['fly']);
  expect([unknown.status, unknown.stdout]).toEqual([2, '']);
  expect(unknown.stderr).toMatch(/There is no command 'fly'/);
  const option = await run(['check', '--fast']);
  expect([option.status, option.stdout]).toEqual([2, '']);
  expect(option.stderr).toMatch(/--fast/);
  const twice = await run(['solve', '--frame', '79', '--frame', '80']);
  expect([twice.status, twice.stdout]).toEqual([2, '']);
  expect(twice.stderr).toMatch(/'--frame' can be given once only/);
});

test('config prints the effective values, secrets masked; bad ones stop it with all problems', async () => {
  const good = await run(['config'], { PORT: '1234', ADMIN_PASSWORD: 'hush hush' });
  expect(good.status).toBe(0);
  expect(good.stdout).toMatch(/^PORT +1234 +\(environment\)$/m);
  expect(good.stdout).not.toContain('hush');
  for (const command of ['config', 'serve']) {
    const bad = await run([command], {
      PORT: 'x',
      ANONYMOUS: 'all',
      PATH_FORMATTER: '{SITEID|nonsense}',
    });
    expect(bad.status).toBe(1);
    expect(bad.stderr).toMatch(/PORT[\s\S]*ANONYMOUS/);
  }
  const template = await run(['serve'], { PATH_FORMATTER: '{SITEID|nonsense}', PORT: '0' });
  expect([template.status, template.stderr]).toEqual([1, expect.stringContaining('nonsense')]);
});

test('npx finds the command in a checkout', async () => {
  const { stdout } = await exec('npx', ['platevault', '--help'], { cwd: PROJECT_DIR });
  expect(stdout).toMatch(/^Usage: platevault/);
});

test('a port in use is an error that says so', async () => {
  const archive = await startArchive();
  try {
    const second = await run(['serve'], {
      PORT: String(archive.port),
      DATA_DIR: join(folder, 'second'),
    });
    expect([second.status, second.stderr]).toEqual([
      1,
      expect.stringContaining('the port is in use'),
    ]);
  } finally {
    await archive.close();
  }
});

test('the threads of the pool follow the setting', async () => {
  const threads = async (size: string): Promise<number> => {
    const archive = await startArchive({ UV_THREADPOOL_SIZE: size });
    try {
      // Enough at once that every thread of the pool gets something to do.
      await Promise.all(Array.from({ length: 60 }, () => archive.json('/frames/')));
      return readdirSync(`/proc/${String(archive.process.pid)}/task`).length;
    } finally {
      await archive.close();
    }
  };
  expect((await threads('24')) - (await threads('4'))).toBe(20);
});

test('SIGTERM ends the server cleanly, and the database with it', async () => {
  const archive = await startArchive();
  try {
    await archive.stop('SIGTERM');
    expect(archive.process.exitCode).toBe(0);
    expect(readdirSync(archive.dataDir).filter((name) => name.endsWith('-wal'))).toEqual([]);
  } finally {
    await archive.close();
  }
});
