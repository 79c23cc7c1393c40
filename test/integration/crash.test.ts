import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openCatalog } from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

const KILLS = 100;
const CLIENTS = 4;
/** A kill comes after so many acknowledgements, and then so much time, at most; whichever machine. */
const LONGEST_ACKS = 4;
const LONGEST_MS = 60;
/** Whatever happens, it comes. */
const PATIENCE_MS = 3_000;
const SEED = 20260301;

interface List {
  count: number;
  results: { id: number; basename: string }[];
}

/** What the clients were told. */
interface Told {
  readonly stored: Map<string, Buffer>;
  readonly deleted: Set<string>;
}

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive();
});
afterAll(() => archive.close());

/** Numbers in [0, 1), the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Uploads one frame after the other, deletes every fifth again; goes on through all restarts. */
async function runClient(number: number, told: Told, isOver: () => boolean): Promise<void> {
  for (let serial = 1; !isOver(); serial += 1) {
    const name = `crash-${number}-${String(serial).padStart(5, '0')}`;
    const large = serial % 7 === 0 ? 600 : 60;
    const size = { seed: serial * CLIENTS + number, width: large, height: large };
    const file = pyobsFrame({ FNAME: `${name}.fits` }, size);
    // A request that dies with the server was not acknowledged: its frame may be there or not.
    const answer = await archive.upload(file, `${name}.fits`).catch(() => undefined);
    if (answer?.created === 1) {
      if (serial % 5 !== 0) told.stored.set(name, file);
      else await remove(Number(answer.files[0]?.id), name, told);
    }
    if (answer === undefined) await pause(20);
  }
}

async function remove(id: number, name: string, told: Told): Promise<void> {
  const response = await archive
    .fetch(`/frames/${String(id)}/`, { method: 'DELETE' })
    .catch(() => undefined);
  if (response?.ok === true) told.deleted.add(name);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for further frames to be acknowledged. */
async function acknowledgements({ stored }: Told, count: number): Promise<void> {
  const before = stored.size;
  const began = performance.now();
  while (stored.size < before + count && performance.now() - began < PATIENCE_MS) await pause(5);
}

/** What SQLite itself finds wrong in the database. */
async function faults(): Promise<unknown[]> {
  const catalog = openCatalog(`sqlite:${join(archive.dataDir, 'platevault.sqlite')}`);
  try {
    return [
      ...(await catalog.read.raw<{ integrity_check: string }[]>('pragma integrity_check')),
      ...(await catalog.read.raw<object[]>('pragma foreign_key_check')),
    ];
  } finally {
    await catalog.close();
  }
}

/** Files below the root that no frame can have: spool, and whatever is neither frame nor our own. */
const spooled = (): Promise<string[]> => readdir(join(archive.dataDir, 'archive/.incoming'));

async function listAll(): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let offset = 0; ; offset += 1000) {
    const page = await archive.json<List>(`/frames/?limit=1000&sort=id&offset=${offset}`);
    for (const { basename, id } of page.results) found.set(basename, id);
    if (page.results.length === 0) return found;
  }
}

test('100 times kill -9 at random moments under 4 uploaders: what was acknowledged is there, whole; nothing is left over', async () => {
  const random = createRandom(SEED);
  const told: Told = { stored: new Map(), deleted: new Set() };
  const stepFile = join(archive.dataDir, 'no-step');
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    runClient(index, told, () => isOver),
  );
  let slowest = 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    archive.prepare(stepFile);
    await acknowledgements(told, Math.floor(random() * (LONGEST_ACKS + 1)));
    await pause(random() * LONGEST_MS);
    await archive.stop('SIGKILL');
    if (kill === KILLS) isOver = true;
    expect([kill, await faults()]).toEqual([kill, [{ integrity_check: 'ok' }]]);
    const began = performance.now();
    await archive.restart();
    slowest = Math.max(slowest, performance.now() - began);
  }
  await Promise.all(clients);
  expect(slowest).toBeLessThan(10_000);
  expect(await spooled()).toEqual([]);

  const listed = await listAll();
  expect(told.stored.size).toBeGreaterThan(KILLS);
  for (const [name, file] of told.stored) {
    const response = await archive.fetch(`/frames/${String(listed.get(name))}/download/`);
    expect([name, response.status]).toEqual([name, 200]);
    expect(Buffer.from(await response.arrayBuffer()).equals(file)).toBe(true);
  }
  expect([...told.deleted].filter((name) => listed.has(name))).toEqual([]);
  await archive.stop();
  expect(await archive.check()).toEqual([]);
  process.stdout.write(
    `kill -9: ${KILLS} times, ${told.stored.size} acknowledged, ${told.deleted.size} deleted, ` +
      `${listed.size} listed, slowest start ${Math.round(slowest)} ms\n`,
  );
}, 600_000);
