import {
  checkCube,
  deleteFrame,
  findFrames,
  getFrame,
  insertFrame,
  insertHdus,
  insertRecord,
  insertUser,
  inTransaction,
  listHeaders,
  listVisibleSteps,
  OPERATOR,
  readRecord,
  reviseFrame,
  type NewFrame,
  type StoredHdu,
} from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { dumpRows } from '../support/rows.js';
import { startCatalog, USER, type TestCatalog } from '../support/catalog.js';

let test_: TestCatalog;
beforeEach(async () => {
  test_ = await startCatalog();
});
afterEach(() => test_.close());

const HDU: StoredHdu = {
  hdu: 0,
  name: '',
  kind: 'image',
  bitpix: 16,
  checksum: 'ok',
  axes: [4, 3],
  cards: [{ keyword: 'AIRMASS', kind: 'real', value: 1.25, comment: '' }],
};

/** A frame of two versions with corrections and notes, and all rows it has. */
async function storeRich(): Promise<{ id: number; first: NewFrame; second: NewFrame }> {
  const { catalog } = test_;
  const userId = await insertUser(
    catalog,
    { username: 'Anna', passwordHash: 'x', role: 'writer' },
    OPERATOR,
  );
  const plain = catalogFrame('m31', { relations: [{ key: 'L1BIAS', name: 'bias' }] });
  const first = { ...plain, version: { ...plain.version, uploadedBy: userId }, hdus: [HDU] };
  const original = { sizeBytes: 9000, sha256: 'f'.repeat(64), md5: 'f'.repeat(32) };
  const second: NewFrame = {
    ...first,
    facts: { ...first.facts, filter: 'R' },
    version: { ...plain.version, key: 'rows/m31~2.fits.fz', sha256: 'e'.repeat(64), original },
  };
  const id = await inTransaction(catalog, async (tx) => {
    await insertFrame(tx, catalogFrame('before'), undefined);
    const { frameId } = await insertFrame(tx, first, undefined);
    await insertFrame(tx, second, { frameId, number: 2 });
    await tx('notes').insert([
      { subject: `frame:${frameId}`, text: 'satellite', made_by: 'anna', made_ms: 7 },
      { subject: 'night:2026-03-01', text: 'windy', made_by: 'anna', made_ms: 8 },
    ]);
    const corrections = new Map([
      ['FILTER', 'R'],
      ['OBJECT', null],
    ]);
    const { facts } = second;
    const wrong = new Map<string, string | number>([
      ['FILTER', 'B'],
      ['GAIN', 2],
    ]);
    await reviseFrame(tx, frameId, { facts, corrections: wrong, why: 'misread' }, USER);
    await reviseFrame(tx, frameId, { facts, corrections, chosenProfile: 'lco' }, USER);
    return frameId;
  });
  return { id, first, second };
}

test('the record of a frame holds all that its files do not say', async () => {
  const { id } = await storeRich();
  const record = await readRecord(test_.catalog.read, id);
  expect(record).toMatchObject({
    id,
    basename: 'm31',
    chosenProfile: 'lco',
    corrections: [
      { keyword: 'FILTER', value: 'R', by: 'u' },
      { keyword: 'OBJECT', value: null, by: 'u' },
    ],
    formerCorrections: [
      { keyword: 'GAIN', value: 2, by: 'u', why: 'misread' },
      { keyword: 'GAIN', by: 'u' },
      { keyword: 'FILTER', value: 'B', by: 'u', why: 'misread' },
    ],
    notes: [{ text: 'satellite', by: 'anna', atMs: 7 }],
    versions: [
      { number: 1, key: 'rows/m31.fits', uploadedBy: 'Anna', original: null },
      { number: 2, key: 'rows/m31~2.fits.fz', uploadedBy: null, original: { sizeBytes: 9000 } },
    ],
  });
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  await expect(readRecord(test_.catalog.read, 99)).rejects.toMatchObject({ code: 'not_found' });
});

test('a frame that is removed and written back has the same rows, ids and times as before', async () => {
  const { catalog } = test_;
  const { id, first, second } = await storeRich();
  const before = await dumpRows(test_.catalog);
  const record = await readRecord(catalog.read, id);
  await inTransaction(catalog, (tx) => deleteFrame(tx, id));
  expect(await dumpRows(test_.catalog)).not.toEqual(before);
  await inTransaction(catalog, async (tx) => {
    await insertRecord(tx, record, second.facts, second.hdus);
    await insertHdus(tx, Number(record.versions[0]?.id), first.hdus);
  });
  const after = await dumpRows(test_.catalog);
  expect(after).toEqual(before);
  expect(await readRecord(catalog.read, id)).toEqual(record);
  expect(await checkCube(catalog)).toEqual([]);
  const shown = await getFrame(catalog, id, USER);
  expect([shown.version.number, shown.filter]).toEqual([2, 'R']);
  expect(await listHeaders(catalog, shown.version)).toEqual([HDU]);
  expect(await findFrames(catalog, [id], USER)).toHaveLength(1);
});

test('a record of an older program, without former corrections, is written back as it is', async () => {
  const { catalog } = test_;
  const { id, second } = await storeRich();
  const { formerCorrections, ...old } = await readRecord(catalog.read, id);
  expect(formerCorrections).toHaveLength(3);
  await inTransaction(catalog, async (tx) => {
    await deleteFrame(tx, id);
    await insertRecord(tx, old, second.facts, second.hdus);
  });
  expect(await readRecord(catalog.read, id)).toEqual(old);
  const steps = await listVisibleSteps(catalog, { id, proposal: null }, USER);
  expect(steps.map(({ keyword, from, to }) => [keyword, from, to])).toEqual([
    ['FILTER', undefined, 'R'],
    ['OBJECT', undefined, null],
  ]);
});

test('a frame cannot be written back while it, or its name, is there', async () => {
  const { catalog } = test_;
  const { id, second } = await storeRich();
  const record = await readRecord(catalog.read, id);
  const before = await dumpRows(test_.catalog);
  const twice = inTransaction(catalog, (tx) =>
    insertRecord(tx, { ...record, id: 77 }, second.facts, second.hdus),
  );
  await expect(twice).rejects.toThrow(/UNIQUE/);
  expect(await dumpRows(test_.catalog)).toEqual(before);
});

test('the id of a frame that was written back is not given to the next one', async () => {
  const { catalog } = test_;
  const { id, second } = await storeRich();
  const record = await readRecord(catalog.read, id);
  await inTransaction(catalog, (tx) => deleteFrame(tx, id));
  const next = await inTransaction(catalog, async (tx) => {
    await insertRecord(tx, { ...record, id: 500 }, second.facts, second.hdus);
    return insertFrame(tx, catalogFrame('next'), undefined);
  });
  expect(next.frameId).toBe(501);
});
