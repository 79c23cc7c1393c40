import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pyobsFrame } from '../fixtures/night.js';
import { PROJECT_DIR, startArchive } from '../support/archive.js';
import { testWith } from '../support/programs.js';

const run = promisify(execFile);

const programs = ['bash', 'curl', 'wget', 'unzip', 'cmp'];
const tested = testWith(programs, 'the tour of the README');

tested('the tour of the README works as it is written', async () => {
  const readme = await readFile(join(PROJECT_DIR, 'README.md'), 'utf8');
  const tour = /<!-- tour[^>]*-->\s*```sh\n([\s\S]*?)```/.exec(readme)?.[1];
  if (tour === undefined) throw new Error('the README has no tour');
  const archive = await startArchive();
  const folder = await mkdtemp(join(tmpdir(), 'platevault-tour-'));
  try {
    const frame = join(folder, 'm31.fits');
    await writeFile(frame, pyobsFrame({ FNAME: 'm31.fits' }));
    const { PATH, HOME } = process.env;
    const env = {
      PATH,
      HOME,
      TMPDIR: folder,
      PLATEVAULT_URL: archive.url,
      DATA_DIR: archive.dataDir,
      FRAME: frame,
    };
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', tour], {
      cwd: PROJECT_DIR,
      env,
    });
    expect(stdout).toContain('"created":1,"filenames":["m31"]');
    // Two lists, three searches, one page of a cursor that has no count.
    expect(stdout.match(/"count":1,/g)).toHaveLength(5);
    expect(stdout).toContain('{"next":null,"previous":null,"results":[{"id":1,');
    expect(stdout).toContain('"openapi":"3.1.0"');
    expect(stdout).toMatch(/platevault-\d{8}-1\/m31\.fits/);
  } finally {
    await archive.close();
    await rm(folder, { recursive: true, force: true });
  }
});
