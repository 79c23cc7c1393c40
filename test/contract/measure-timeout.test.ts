/** What becomes of frames that the machine was too busy to measure. */
import {
  insertFrame,
  inTransaction,
  listUnmeasured,
  type Catalog,
  type Unmeasured,
} from '../../src/catalog/index.js';
import { AppError } from '../../src/lib/errors.js';
import { measureFrame, type MeasureParts } from '../../src/measuring/index.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { startCatalog, type TestCatalog } from '../support/catalog.js';

let kept: TestCatalog;
let catalog: Catalog;

beforeEach(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  await inTransaction(catalog, (tx) => insertFrame(tx, catalogFrame('slow'), undefined));
});
afterEach(() => kept.close());

/** The frame, whenever it is due: nobody waits for hours here. */
async function waiting(): Promise<Unmeasured | undefined> {
  await catalog.write('measure_queue').update({ due_ms: 0 });
  return (await listUnmeasured(catalog, 1))[0];
}

/** Tries until it is given up. @returns how often, and for how long it was put off each time */
async function tryWith(reason: string): Promise<{ tries: number; minutes: number[] }> {
  const parts = {
    catalog,
    store: { localPath: () => Promise.resolve('/nowhere') },
    pool: { run: () => Promise.reject(new AppError('busy', 'Not done after 30 s.', { reason })) },
    reader: { skyFindings: () => Promise.resolve([]) },
    limits: { maxExpandedBytes: 1, maxExpansionRatio: 1, tempDir: '/nowhere' },
    maxPixels: 1e9,
    rules: { headers: {} },
  } as unknown as MeasureParts;
  const minutes: number[] = [];
  for (let tries = 0; ; tries += 1) {
    const frame = await waiting();
    if (frame === undefined || tries > 50) return { tries, minutes };
    const begun = Date.now();
    await measureFrame(parts, frame);
    const row: { due_ms: number } | undefined = await catalog.read('measure_queue').first('due_ms');
    if (row !== undefined) minutes.push(Math.round((row.due_ms - begun) / 60_000));
  }
}

test('one that had too little time is tried again for hours, less and less often, and not for ever', async () => {
  const { tries, minutes } = await tryWith('timeout');
  expect(tries).toBe(12);
  expect(minutes.slice(0, 4)).toEqual([1, 4, 16, 60]);
  expect(minutes.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(6 * 60);
  const finding: { text: string } | undefined = await catalog.read('findings').first('text');
  expect(finding?.text).toBe('The pixels could not be measured: Not done after 30 s.');
});

test('one that ends the worker is given up after a few tries', async () => {
  expect((await tryWith('crash')).tries).toBe(4);
});
