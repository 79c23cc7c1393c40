/** `kill -9` at every step of a new version, of deleting, of bringing back, of removing for good. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STEPS, type Step } from '../../src/ingest/index.js';
import { TRASH_STEPS, type TrashStep } from '../../src/keeping/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;
let stepFile: string;
let serial = 0;

beforeAll(async () => {
  archive = await startArchive({ AUDIT_DAYS: '0' });
  stepFile = join(archive.dataDir, 'step');
  await archive.stop();
  await archive.restart(stepFile);
}, 30_000);
afterAll(() => archive.close());

/** Frames that are to be in the lists, by id: bytes of each version. */
const listed = new Map<number, Buffer[]>();
/** Those that are to be in the trash. */
const trashed = new Map<number, Buffer[]>();

/** Stores a frame with two versions. */
async function store(name: string): Promise<number> {
  const versions: Buffer[] = [];
  let id = 0;
  for (const OBJECT of ['first', 'second']) {
    const bytes = pyobsFrame({ FNAME: `${name}.fits`, OBJECT }, { seed: (serial += 1) });
    id = Number((await archive.upload(bytes, `${name}.fits`)).files[0]?.id);
    versions.push(bytes);
  }
  listed.set(id, versions);
  return id;
}

/** Does what a server dies of, at a step, and starts the next one. */
async function dieAt(step: Step | TrashStep, request: () => Promise<unknown>): Promise<void> {
  archive.prepare(stepFile);
  await writeFile(stepFile, step);
  const answer = await request().catch(() => 'died');
  expect([step, answer]).toEqual([step, 'died']);
  await archive.stop('SIGKILL'); // it is dead already; this waits for it
  await rm(stepFile);
  await archive.restart();
}

interface List {
  readonly results: readonly { readonly id: number }[];
}

const ids = async (path: string): Promise<number[]> =>
  (await archive.json<List>(path)).results.map(({ id }) => id).sort((a, b) => a - b);

const sorted = (frames: ReadonlyMap<number, unknown>): number[] =>
  [...frames.keys()].sort((a, b) => a - b);

/** Number of files in the tree, and on the shelves of the trash. */
async function countFiles(folder: string): Promise<number> {
  const path = join(archive.dataDir, 'archive', folder);
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).length;
}

const versionsOf = (frames: ReadonlyMap<number, readonly Buffer[]>): number =>
  [...frames.values()].reduce((sum, versions) => sum + versions.length, 0);

/** Rows and files are those that they should be, and each version of a listed frame can be had. */
async function expectWhole(step: string, id: number): Promise<void> {
  expect([step, await ids('/frames/?limit=1000')]).toEqual([step, sorted(listed)]);
  expect([step, await ids('/trash/?limit=1000')]).toEqual([step, sorted(trashed)]);
  const files = [await countFiles('hill'), await countFiles('.platevault/trash')];
  expect([step, ...files]).toEqual([step, versionsOf(listed), versionsOf(trashed)]);
  expect([step, await countFiles('.incoming')]).toEqual([step, 0]);
  for (const [index, bytes] of (listed.get(id) ?? []).entries()) {
    const path = `/frames/${id}/versions/${index + 1}/download/`;
    const answer = Buffer.from(await (await archive.fetch(path)).arrayBuffer());
    expect([step, path, answer.equals(bytes)]).toEqual([step, path, true]);
  }
}

const remove = (id: number) => archive.fetch(`/frames/${id}/`, { method: 'DELETE' });
const restore = (id: number) => archive.fetch(`/trash/${id}/restore/`, { method: 'POST' });
const purge = (id: number) => archive.fetch(`/trash/${id}/`, { method: 'DELETE' });

/** A frame changes its place, in what is expected. */
function move(id: number, from: Map<number, Buffer[]>, to?: Map<number, Buffer[]>): void {
  to?.set(id, from.get(id) ?? []);
  from.delete(id);
}

test('of a frame that is deleted all is in the lists or all is in the trash, and the rest of it can be done', async () => {
  for (const step of TRASH_STEPS.delete) {
    const id = await store(`deleted-${step}`);
    await dieAt(step, () => remove(id));
    if (step !== 'trashed') move(id, listed, trashed);
    await expectWhole(step, id);
    expect([step, (await remove(id)).status]).toEqual([step, step === 'trashed' ? 204 : 404]);
    if (step === 'trashed') move(id, listed, trashed);
    expect([step, (await restore(id)).status]).toEqual([step, 200]);
    move(id, trashed, listed);
    await expectWhole(step, id);
  }
}, 180_000);

test('of a frame that is brought back all is in the trash or all is in the lists, and the rest of it can be done', async () => {
  for (const step of TRASH_STEPS.restore) {
    const id = await store(`restored-${step}`);
    await remove(id);
    move(id, listed, trashed);
    await dieAt(step, () => restore(id));
    if (step === 'in-lists') move(id, trashed, listed);
    await expectWhole(step, id);
    if (step === 'in-lists') continue;
    expect([step, (await restore(id)).status]).toEqual([step, 200]);
    move(id, trashed, listed);
    await expectWhole(step, id);
  }
}, 180_000);

test('a frame that is removed for good is in the trash as a whole, or nowhere', async () => {
  for (const step of TRASH_STEPS.purge) {
    const id = await store(`purged-${step}`);
    await remove(id);
    move(id, listed, trashed);
    await dieAt(step, () => purge(id));
    if (step !== 'purged') move(id, trashed);
    await expectWhole(step, id);
    expect([step, (await purge(id)).status]).toEqual([step, step === 'purged' ? 204 : 404]);
    trashed.delete(id);
    await expectWhole(step, id);
  }
}, 180_000);

/** From here on the version is in the archive. */
const COMMITTED: readonly Step[] = ['committed', 'settled', 'cleared'];
/** Not those of refusals and of packing. */
const OF_VERSIONS = STEPS.filter((step) => !['packed', 'refused', 'quarantined'].includes(step));

test('a new version is there as a whole or not at all, and the former one in any case', async () => {
  const id = await store('versions');
  const versions = listed.get(id) ?? [];
  for (const step of OF_VERSIONS) {
    // The folder is there: nobody makes it any more, so that a new night is needed for that step.
    if (step === 'foldered') continue;
    const bytes = pyobsFrame({ FNAME: 'versions.fits', OBJECT: step }, { seed: (serial += 1) });
    const send = () => archive.upload(bytes, 'versions.fits');
    await dieAt(step, send);
    if (COMMITTED.includes(step)) versions.push(bytes);
    await expectWhole(step, id);
    const { files } = await send();
    const status = COMMITTED.includes(step) ? 'already-there' : 'new-version';
    expect([step, files[0]?.status]).toEqual([step, status]);
    if (status === 'new-version') versions.push(bytes);
  }
  await expectWhole('all', id);
}, 180_000);

test('after all of that nothing is left over, and the catalogue agrees with files and journal', async () => {
  await archive.stop();
  expect(await archive.check()).toEqual([]);
});
