import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  claimJob,
  countJobs,
  delayJob,
  findFrames,
  finishJob,
  getFrame,
  insertFrame,
  insertJob,
  inTransaction,
  listFrames,
  migrate,
  openCatalog,
  uniqueViolation,
  type Catalog,
  type FrameFacts,
  type NewFrame,
  type Viewer,
} from '../../src/catalog/index.js';
import { ORDINARY } from '../fixtures/catalog-frames.js';
import { NOBODY, PUBLIC, USER } from '../support/catalog.js';

/** What the catalogue promises, on each kind of database. */
const KINDS: Readonly<Record<string, (folder: string) => Catalog>> = {
  SQLite: (folder) => openCatalog(`sqlite:${join(folder, 'catalog.sqlite')}`),
};

const FACTS: FrameFacts = {
  ...ORDINARY,
  dateObsMs: 1_772_395_200_123,
  requestNumber: '007',
  width: 10,
  height: 10,
  airmass: 1.2,
  ccdTempC: -20,
  warnings: ['odd'],
};

function frame(name: string, changes: Partial<FrameFacts> = {}, sha256 = name): NewFrame {
  return {
    basename: name,
    facts: { ...FACTS, ...changes },
    version: {
      key: `hill/${sha256}.fits`,
      extension: '.fits',
      container: 'plain',
      sizeBytes: 2 ** 40,
      sha256,
      md5: 'm',
      crc32: 2 ** 32 - 1,
      original: null,
      uploadName: `${name}.fits`,
      uploadedBy: null,
    },
    hdus: [
      {
        hdu: 0,
        name: '',
        kind: 'image',
        bitpix: 16,
        checksum: 'absent',
        axes: [10, 10],
        cards: [{ keyword: 'A', kind: 'integer', value: 1, comment: 'c' }],
      },
    ],
  };
}

describe.each(Object.entries(KINDS))('%s', (_name, open) => {
  let folder: string;
  let catalog: Catalog;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'platevault-catalog-'));
    catalog = open(folder);
    await migrate(catalog);
  });
  afterEach(async () => {
    await catalog.close();
    await rm(folder, { recursive: true, force: true });
  });

  const add = async (each: NewFrame, of?: { frameId: number; number: number }) =>
    (await inTransaction(catalog, (tx) => insertFrame(tx, each, of))).frameId;
  const list = async (viewer: Viewer) =>
    (
      await listFrames(
        catalog,
        {
          conditions: [],
          order: { column: 'frames.date_obs_ms', descending: true },
          limit: 10,
          offset: 0,
        },
        viewer,
      )
    ).items;

  test('a frame comes back as it was put in, numbers beyond 32 bits included', async () => {
    const id = await add(frame('m31'));
    const found = await getFrame(catalog, id, USER);
    const { relations, ...facts } = FACTS;
    expect(relations).toEqual([]);
    expect(found).toMatchObject({ ...facts, id, basename: 'm31' });
    expect(found.version).toMatchObject({
      number: 1,
      sizeBytes: 2 ** 40,
      crc32: 2 ** 32 - 1,
      frameId: id,
    });
  });

  test('migrating twice changes nothing; a newer database is refused', async () => {
    await migrate(catalog);
    await catalog.write('migrations').insert({ id: 99, name: '0099_future', applied_ms: 1 });
    await expect(migrate(catalog)).rejects.toMatchObject({ code: 'database_version' });
  });

  test('undated frames stand last in both directions, ties by id', async () => {
    await add(frame('undated', { dateObsMs: null }));
    await add(frame('early', { dateObsMs: 1 }));
    await add(frame('late-b', { dateObsMs: 5 }));
    await add(frame('late-a', { dateObsMs: 5 }));
    expect((await list(USER)).map((each) => each.basename)).toEqual([
      'late-b',
      'late-a',
      'early',
      'undated',
    ]);
  });

  test('who asks decides what is there', async () => {
    const secret = await add(frame('secret', { publicDateMs: Date.now() + 1e6 }));
    const open_ = await add(frame('open', { publicDateMs: Date.now() - 1e6 }));
    expect((await list(USER)).length).toBe(2);
    expect((await list(PUBLIC)).map((each) => each.id)).toEqual([open_]);
    expect(await list(NOBODY)).toEqual([]);
    await expect(getFrame(catalog, secret, PUBLIC)).rejects.toMatchObject({ code: 'not_found' });
    expect(await findFrames(catalog, [secret, open_, 999], PUBLIC)).toHaveLength(1);
    const relations = [{ key: 'L1RAW', name: 'secret' }];
    const naming = await add(frame('naming', { publicDateMs: 1, relations }));
    expect((await getFrame(catalog, naming, USER)).relatedIds).toEqual([secret]);
    expect((await getFrame(catalog, naming, PUBLIC)).relatedIds).toEqual([]);
  });

  test('a next version replaces facts and relations, and the former version stays', async () => {
    await add(frame('flat'));
    const id = await add(frame('m31', { relations: [{ key: 'L1BIAS', name: 'bias' }] }));
    await add(
      frame('m31', { object: 'M 32', relations: [{ key: 'L1FLAT', name: 'flat' }] }, 'other'),
      { frameId: id, number: 2 },
    );
    const found = await getFrame(catalog, id, USER);
    expect([found.object, found.version.number, found.relatedIds]).toEqual(['M 32', 2, [1]]);
    expect(await catalog.read('versions').where({ frame_id: id })).toHaveLength(2);
  });

  test('the same bytes, key or name twice is a violation that names what', async () => {
    await add(frame('m31'));
    const twin = add(frame('m32', {}, 'm31'));
    await expect(twin).rejects.toThrow();
    const error: unknown = await twin.catch((reason: unknown) => reason);
    expect(uniqueViolation(error)).toMatch(/^versions\./);
    expect(await list(USER)).toHaveLength(1);
  });

  test('a job is worked on by one, comes back after its lease, and can be put off', async () => {
    await inTransaction(catalog, (tx) => insertJob(tx, 'preview', { versionId: 1 }));
    const job = await claimJob(catalog, 60_000);
    expect(job).toMatchObject({ kind: 'preview', payload: { versionId: 1 }, attempts: 1 });
    expect(await claimJob(catalog, 60_000)).toBeUndefined();
    await delayJob(catalog, Number(job?.id), -1, 'try again');
    expect(await claimJob(catalog, -1)).toMatchObject({ attempts: 2 });
    expect(await claimJob(catalog, 60_000)).toMatchObject({ attempts: 3 });
    await finishJob(catalog, Number(job?.id));
    expect(await countJobs(catalog)).toBe(0);
  });

  test('it is crowded while somebody waits for a connection to read with, and only then', async () => {
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    expect(catalog.isCrowded()).toBe(false);
    const ids: number[] = [];
    const reading: Promise<unknown>[] = [];
    // As many as are let in stay until the door is opened, and one more has to wait for them.
    while (!catalog.isCrowded() && reading.length < 100) {
      const inside = catalog.read.transaction(async () => {
        ids.push(ids.length);
        await left;
      });
      reading.push(inside);
      await setTimeout(20);
    }
    expect(ids).toHaveLength(reading.length - 1);
    leave();
    await Promise.all(reading);
    expect(ids).toHaveLength(reading.length);
    expect(catalog.isCrowded()).toBe(false);
  });
});
