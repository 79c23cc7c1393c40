import {
  checkCube,
  insertFramesInBulk,
  migrate,
  requireSchema,
  type Catalog,
  type NewFrame,
} from '../../src/catalog/index.js';
import { randomFrames } from '../fixtures/random-frames.js';
import { startCatalog, type TestCatalog } from '../support/catalog.js';
import { dumpRows } from '../support/rows.js';

/** More than one transaction of the bulk path: then indices are made at the end. */
const MANY = 10_500;

let opened: TestCatalog[] = [];

async function start(): Promise<Catalog> {
  const started = await startCatalog();
  opened.push(started);
  return started.catalog;
}

afterEach(async () => {
  for (const each of opened) await each.close();
  opened = [];
});

async function schemaOf({ read }: Catalog): Promise<unknown[]> {
  const rows: unknown[] = await read('sqlite_master').orderBy('name').select('type', 'name', 'sql');
  return rows;
}

/** Rows but for the times at which they were written. */
async function rowsOf(catalog: Catalog): Promise<Readonly<Record<string, string[]>>> {
  const dump = await dumpRows(catalog);
  const timeless = (text: string): string => text.replace(/"(created|updated)_ms":\d+/g, '');
  return Object.fromEntries(
    Object.entries(dump).map(([table, rows]) => [table, rows.map(timeless)]),
  );
}

test('very many frames in an empty catalogue are the same as in two goes, in the same schema', async () => {
  const frames = randomFrames(MANY, 23);
  const [atOnce, inParts] = [await start(), await start()];
  const schema = await schemaOf(atOnce);
  expect(await insertFramesInBulk(atOnce, frames)).toBe(MANY);
  await insertFramesInBulk(inParts, frames.slice(0, 100));
  await insertFramesInBulk(inParts, frames.slice(100));
  expect(await schemaOf(atOnce)).toEqual(schema);
  expect(await checkCube(atOnce)).toEqual([]);
  expect(await rowsOf(atOnce)).toEqual(await rowsOf(inParts));
  const found: unknown = await atOnce.read.raw(
    "select count(*) as n from frame_names where frame_names match '0001'",
  );
  expect(found).toEqual([{ n: frames.filter(({ basename }) => basename.includes('0001')).length }]);
}, 60_000);

test('a load that was broken off leaves a catalogue that nobody takes for whole', async () => {
  const catalog = await start();
  function* breakingOff(): Generator<NewFrame> {
    yield* randomFrames(MANY, 29);
    throw new Error('the power is gone');
  }
  await expect(insertFramesInBulk(catalog, breakingOff())).rejects.toThrow('the power is gone');
  await expect(migrate(catalog)).rejects.toThrow(/was broken off/);
  await expect(requireSchema(catalog)).rejects.toThrow(/was broken off/);
}, 60_000);

test('two frames with one name are refused at the end of a load', async () => {
  const catalog = await start();
  const frames = randomFrames(MANY, 31);
  const [first] = frames;
  const twice = first === undefined ? frames : [...frames, { ...first }];
  await expect(insertFramesInBulk(catalog, twice)).rejects.toThrow(/UNIQUE/);
  await expect(migrate(catalog)).rejects.toThrow(/was broken off/);
}, 60_000);
