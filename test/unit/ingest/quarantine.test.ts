import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  inTransaction,
  insertFrame,
  listQuarantined,
  OPERATOR,
  type KnownBytes,
} from '../../../src/catalog/index.js';
import { loadConfig } from '../../../src/config/index.js';
import { sweepQuarantine } from '../../../src/ingest/index.js';
import { createQuarantine } from '../../../src/ingest/quarantine.js';
import { alreadyThere } from '../../../src/ingest/results.js';
import { openFsStore, type Store } from '../../../src/store/index.js';
import { catalogFrame } from '../../fixtures/catalog-frames.js';
import { startCatalog, type TestCatalog } from '../../support/catalog.js';

const SHA256 = 'f'.repeat(64);
const BYTES = Buffer.alloc(2880);

let own: TestCatalog;
let store: Store;
let frameId: number;
let copy: string;

beforeEach(async () => {
  own = await startCatalog();
  await mkdir(join(own.folder, 'archive'));
  await mkdir(join(own.folder, 'quarantine'));
  store = await openFsStore(join(own.folder, 'archive'));
  const frame = catalogFrame('mended');
  const version = { ...frame.version, sha256: SHA256 };
  const made = await inTransaction(own.catalog, (tx) =>
    insertFrame(tx, { ...frame, version }, undefined),
  );
  frameId = made.frameId;
  copy = join(own.folder, 'quarantine', SHA256);
  await writeFile(copy, BYTES);
});
afterEach(() => own.close());

const parts = () => {
  const { config } = loadConfig({ DATA_DIR: own.folder }, own.folder);
  return { catalog: own.catalog, config, store };
};

async function putStored(): Promise<void> {
  const path = join(store.spoolDir, 'stored.part');
  await writeFile(path, BYTES);
  await store.put('rows/mended.fits', path);
}

function release(): Promise<void> {
  const sums = { sizeBytes: BYTES.length, sha256: SHA256, md5: '', crc32: 0 };
  const file = { path: '', uploadName: 'mended.fits', uploadedBy: null, ...sums };
  const known = { frameId, basename: 'mended', version: 1, currentVersion: 1 } as KnownBytes;
  return createQuarantine(parts()).release(file, alreadyThere(file, known), OPERATOR);
}

test('a refused file is let go of only if what was stored of it is in its place', async () => {
  await expect(release()).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(existsSync(copy)).toBe(true);
  const [item] = await listQuarantined(own.catalog, {}, OPERATOR);
  expect(item).toMatchObject({ file: SHA256, uploadName: 'mended.fits' });
  await putStored();
  await release();
  expect([existsSync(copy), await listQuarantined(own.catalog, {}, OPERATOR)]).toEqual([false, []]);
});

test('the same holds for one that a process which died had no time to let go of', async () => {
  expect(await sweepQuarantine(parts())).toBe(1);
  expect([existsSync(copy), await listQuarantined(own.catalog, {}, OPERATOR)]).toMatchObject([
    true,
    [{ file: SHA256 }],
  ]);
  await putStored();
  await release();
  await writeFile(copy, BYTES);
  expect(await sweepQuarantine(parts())).toBe(1);
  expect([existsSync(copy), await listQuarantined(own.catalog, {}, OPERATOR)]).toEqual([false, []]);
});
