import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STEPS, type Step } from '../../src/ingest/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

interface List {
  results: { id: number; basename: string }[];
}

/** From here on the frame is in the archive, though nobody has been told. */
const COMMITTED: readonly Step[] = ['committed', 'settled', 'cleared'];
const OF_REFUSALS: readonly Step[] = ['refused', 'quarantined'];

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ COMPRESS: 'rice' });
  await archive.upload(frame('first'), 'first.fits');
  await archive.stop();
});
afterAll(() => archive.close());

const frame = (name: string, seed = 1): Buffer =>
  pyobsFrame({ FNAME: `${name}.fits` }, { seed, width: 200, height: 150 });

/** Names of all files below a folder of the archive, but for those of the archive itself. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(archive.dataDir, 'archive', folder), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.parentPath.includes('.platevault'))
    .map(({ name }) => name)
    .sort();
}

/** The archive as it is found after a restart: rows, files, and that each row can be downloaded. */
async function listed(): Promise<string[]> {
  const { results } = await archive.json<List>('/frames/?limit=1000&sort=id');
  for (const { id } of results) {
    expect((await archive.fetch(`/frames/${String(id)}/download/`)).status).toBe(200);
  }
  return results.map(({ basename }) => basename);
}

test('kill -9 at every step of storing: whole or not there, nothing left over, and it can be sent again', async () => {
  const expected = ['first'];
  const stepFile = join(archive.dataDir, 'step');
  await archive.restart(stepFile);
  for (const [index, step] of STEPS.entries()) {
    const name = `killed-${step}`;
    const isBad = OF_REFUSALS.includes(step);
    const file = isBad ? frame(name, index).subarray(0, 9000) : frame(name, index);
    archive.prepare(stepFile);
    await writeFile(stepFile, step);
    const answer = await archive.upload(file, `${name}.fits`).catch(() => undefined);
    expect([step, answer]).toEqual([step, undefined]);
    await archive.stop('SIGKILL'); // it is dead already; this waits for it
    await rm(stepFile);

    const began = performance.now();
    await archive.restart();
    expect([step, performance.now() - began < 10_000]).toEqual([step, true]);
    if (COMMITTED.includes(step)) expected.push(name);
    expect([step, await listed()]).toEqual([step, expected]);
    const files = await filesBelow('');
    expect([step, files]).toEqual([step, expected.map((each) => `${each}.fits.fz`).sort()]);

    const again = await archive.upload(file, `${name}.fits`);
    const status = isBad ? 'refused' : COMMITTED.includes(step) ? 'already-there' : 'stored';
    expect([step, again.files[0]?.status]).toEqual([step, status]);
    if (status === 'stored') expected.push(name);
    expect([step, await listed()]).toEqual([step, expected]);
  }
  await archive.stop();
  expect(await archive.check()).toEqual([]);
}, 240_000);
