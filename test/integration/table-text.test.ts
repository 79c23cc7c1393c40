/** Tables as CSV and JSON, as they are sent. */
import { makeFits } from '../fixtures/make-fits.js';
import { card, rawTable } from '../fixtures/make-table.js';
import { startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;
beforeAll(async () => {
  archive = await startArchive();
}, 60_000);
afterAll(() => archive.close());

/** Stores a frame with a catalogue whose rows all point at the same place of its heap. */
async function storeTable(start: number, rows: number): Promise<number> {
  const descriptor = Buffer.alloc(8);
  descriptor.writeInt32BE(5000, 0);
  descriptor.writeInt32BE(start, 4);
  const table = rawTable({
    forms: ['1PE(5000)'],
    rows: new Array<Buffer>(rows).fill(descriptor),
    cards: [card('EXTNAME', "'CAT'")],
    heap: Buffer.alloc(20_000, 0x41),
  });
  const frame = makeFits({
    cards: [
      ['OBJECT', `rows ${start} ${rows}`],
      ['DATE-OBS', '2026-03-01T20:00:00'],
      ['INSTRUME', 'cam1'],
    ],
  });
  const name = `rows-${start}-${rows}.fits`;
  const { files } = await archive.upload(Buffer.concat([frame, table.subarray(2880)]), name);
  expect(files[0]?.error).toBeNull();
  return files[0]?.id ?? 0;
}

test('long cells come to the last row', async () => {
  const id = await storeTable(0, 200);
  const answer = await archive.fetch(`/frames/${id}/catalog/`);
  expect(answer.status).toBe(200);
  const lines = (await answer.text()).split('\n');
  expect(lines).toHaveLength(202);
  expect(lines[200]?.split(' ')).toHaveLength(5000);
  const json = await archive.json<{ rows: object[] }>(`/frames/${id}/catalog/?format=json`);
  expect(json.rows).toHaveLength(200);
});

test('a table whose first rows cannot be read is an error, not an answer cut off', async () => {
  const id = await storeTable(1_000_000, 10);
  const answer = await archive.fetch(`/frames/${id}/catalog/`);
  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toContain('json');
  expect(await answer.text()).toContain('out of its heap');
});
