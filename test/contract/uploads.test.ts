/** What an account has sent, in the portions in which it did. */
import {
  insertFrame,
  insertUser,
  inTransaction,
  listUploads,
  noteRefusal,
  OPERATOR,
  recordDeed,
  type Catalog,
} from '../../src/catalog/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { startCatalog, type TestCatalog } from '../support/catalog.js';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 15, 12);

let kept: TestCatalog;
let catalog: Catalog;
let userId: number;

beforeEach(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  userId = await insertUser(
    catalog,
    { username: 'ines', passwordHash: 'x', role: 'writer' },
    OPERATOR,
  );
});
afterEach(() => kept.close());

/** Stores a frame as if it had come at an instant. */
async function store(name: string, atMs: number, by: number | null = userId): Promise<number> {
  const frame = catalogFrame(name);
  const version = { ...frame.version, uploadedBy: by, sizeBytes: 100 };
  const { frameId, versionId } = await inTransaction(catalog, (tx) =>
    insertFrame(tx, { ...frame, version }, undefined),
  );
  await catalog.write('versions').where({ id: versionId }).update({ created_ms: atMs });
  return frameId;
}

const refuse = (atMs: number) =>
  recordDeed(
    catalog.write,
    { ...OPERATOR, userId },
    { action: 'upload.refused', subject: 'file:abc', outcome: 'refused' },
    atMs,
  );

test('files within half an hour of each other are one upload; those of others are left out', async () => {
  const first = await store('a', NOON);
  const last = await store('b', NOON + 20 * MINUTE);
  await refuse(NOON + 45 * MINUTE);
  await store('c', NOON + 76 * MINUTE);
  await store('d', NOON + 77 * MINUTE, null);
  expect(await listUploads(catalog, userId, { limit: 10 })).toEqual([
    expect.objectContaining({ fromMs: NOON + 76 * MINUTE, stored: 1, refused: 0 }),
    {
      fromMs: NOON,
      untilMs: NOON + 45 * MINUTE,
      stored: 2,
      sizeBytes: 200,
      ids: { first, last, count: 2 },
      refused: 1,
      waiting: 0,
    },
  ]);
});

test('a page ends where the next one begins', async () => {
  for (const hour of [0, 1, 2, 3, 4]) await store(`h${hour}`, NOON + hour * 60 * MINUTE);
  const page = await listUploads(catalog, userId, { limit: 2 });
  const beforeMs = page.at(-1)?.fromMs ?? 0;
  const next = await listUploads(catalog, userId, { limit: 9, beforeMs });
  const hours = [...page, ...next].map(({ fromMs }) => (fromMs - NOON) / (60 * MINUTE));
  expect(hours).toEqual([4, 3, 2, 1, 0]);
});

test('what was refused and is in quarantine still is told to wait', async () => {
  const item = {
    uploadName: 'x.fits',
    file: 'f',
    sizeBytes: 1,
    sha256: 'f'.repeat(64),
    night: null,
  };
  const why = { code: 'header_missing', reason: 'No.', keyword: null, attempt: null };
  const by = { ...OPERATOR, userId };
  await noteRefusal(catalog, { ...item, ...why, uploadedBy: userId }, by, true);
  await refuse(Date.now());
  const [batch] = await listUploads(catalog, userId, { limit: 1 });
  expect(batch).toMatchObject({ stored: 0, ids: null, refused: 2, waiting: 1 });
});
