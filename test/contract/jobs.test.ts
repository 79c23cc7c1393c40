import {
  claimJob,
  insertJob,
  inTransaction,
  noteTime,
  pullJobs,
  shiftJobs,
} from '../../src/catalog/index.js';
import { startCatalog, type TestCatalog } from '../support/catalog.js';

const DAY = 86_400_000;

let opened: TestCatalog;

beforeEach(async () => {
  opened = await startCatalog();
  await inTransaction(opened.catalog, (tx) => insertJob(tx, 'preview', { n: 1 }));
});
afterEach(() => opened.close());

test('a job that is taken is not due until its lease ends, also if the clock is set meanwhile', async () => {
  const { catalog } = opened;
  expect(await claimJob(catalog, 60_000)).toMatchObject({ payload: { n: 1 }, attempts: 1 });
  expect(await claimJob(catalog, 60_000)).toBeUndefined();
  await shiftJobs(catalog, -120_000); // as if the clock had been set back by two minutes
  expect(await claimJob(catalog, 60_000)).toMatchObject({ attempts: 2 });
});

test('a clock that was set back while nothing ran holds no job up for ever', async () => {
  const { catalog } = opened;
  await shiftJobs(catalog, 400 * DAY);
  expect(await claimJob(catalog, 60_000)).toBeUndefined();
  await pullJobs(catalog, DAY);
  expect(await claimJob(catalog, 60_000)).toMatchObject({ payload: { n: 1 } });
});

test('a delay that is none too long stays as it is', async () => {
  const { catalog } = opened;
  await shiftJobs(catalog, DAY / 2);
  await pullJobs(catalog, DAY);
  expect(await claimJob(catalog, 60_000)).toBeUndefined();
});

test('the archive knows when it was last at work', async () => {
  const { catalog } = opened;
  const before = Date.now();
  expect(await noteTime(catalog)).toBeUndefined();
  expect(await noteTime(catalog)).toBeGreaterThanOrEqual(before);
});
