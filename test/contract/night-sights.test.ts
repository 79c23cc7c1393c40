/** What is told of nights is kept until something about one of their frames changes, and no longer. */
import {
  conditionsKey,
  deleteFrame,
  insertFrame,
  inTransaction,
  openCatalog,
  parseConditions,
  readNightStates,
  saveFindings,
  saveMeasures,
  setFlag,
  type Catalog,
} from '../../src/catalog/index.js';
import { createSights } from '../../src/nights/sights.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { SKY } from '../fixtures/measures.js';
import { ADMIN, PUBLIC, startCatalog, type TestCatalog } from '../support/catalog.js';

const [FIRST, SECOND] = ['2026-03-01', '2026-03-02'];
let kept: TestCatalog;
let catalog: Catalog;
let first: Made;
let second: Made;
beforeEach(async () => {
  kept = await startCatalog();
  ({ catalog } = kept);
  first = await take(FIRST, 'a');
  second = await take(SECOND, 'b');
});
afterEach(() => kept.close());

interface Made {
  readonly frameId: number;
  readonly versionId: number;
}

function take(night: string, name: string): Promise<Made> {
  const facts = { night, dateObsMs: Date.parse(`${night}T20:00:00Z`) };
  return inTransaction(catalog, (tx) => insertFrame(tx, catalogFrame(name, facts), undefined));
}

/** Which of the two nights are in another state after something was done. */
async function movedBy(work: () => Promise<unknown>): Promise<string[]> {
  const nights = [FIRST, SECOND];
  const before = await readNightStates(catalog, nights);
  await work();
  const after = await readNightStates(catalog, nights);
  return nights.filter((_, at) => before[at] !== after[at]);
}

const finding = (level: 'note' | 'warning') =>
  ({ code: 'clouds', level, text: 'Clouds.' }) as const;

test('whatever changes what is told of a frame moves its night, and no other', async () => {
  const { frameId } = first;
  const measured = { ...first, imageKind: 'object' as const, settings: new Map(), findings: [] };
  const works: Readonly<Record<string, () => Promise<unknown>>> = {
    came: () => take(FIRST, 'c'),
    measured: () => saveMeasures(catalog, { ...measured, measures: SKY }),
    'measured anew': () => saveMeasures(catalog, { ...measured, measures: { ...SKY, fwhmPx: 4 } }),
    flagged: () => inTransaction(catalog, (tx) => setFlag(tx, frameId, 'bad', ADMIN, Date.now())),
    unflagged: () => inTransaction(catalog, (tx) => setFlag(tx, frameId, null, ADMIN, Date.now())),
    doubted: () => saveFindings(catalog, frameId, 'usual', [finding('warning')]),
    'no longer doubted': () => saveFindings(catalog, frameId, 'usual', []),
    renamed: () => catalog.write('frames').where({ id: frameId }).update({ object: 'M 33' }),
    deleted: () => inTransaction(catalog, (tx) => deleteFrame(tx, frameId)),
  };
  for (const [name, work] of Object.entries(works)) {
    expect([name, await movedBy(work)]).toEqual([name, [FIRST]]);
  }
});

test('a frame that goes to another night moves both; a note about one moves none', async () => {
  const { frameId } = first;
  expect(await movedBy(() => saveFindings(catalog, frameId, 'usual', [finding('note')]))).toEqual(
    [],
  );
  const night: { id: number } | undefined = await catalog
    .read('nights')
    .where({ night: SECOND })
    .first('id');
  const move = () =>
    catalog
      .write('frames')
      .where({ id: frameId })
      .update({ night_id: night?.id ?? 0 });
  expect(await movedBy(move)).toEqual([FIRST, SECOND]);
});

test('nights that nobody touched are not read again, those that were are, by whomever', async () => {
  const sights = createSights({ catalog });
  const read = () => sights.read([FIRST, SECOND], [], ADMIN);
  const [before, other] = await read();
  expect(before?.exposures.map(({ id }) => id)).toEqual([first.frameId]);
  expect((await read())[0]).toBe(before);

  // As by a command that runs beside the server.
  const beside = openCatalog(`sqlite:${kept.folder}/catalog.sqlite`);
  try {
    await inTransaction(beside, (tx) => setFlag(tx, first.frameId, 'bad', ADMIN, Date.now()));
  } finally {
    await beside.close();
  }
  const [after, same] = await read();
  expect(after?.exposures.map(({ flag }) => flag)).toEqual(['bad']);
  expect(same).toBe(other);
});

test('many who ask at once share one reading, each gets its nights in order', async () => {
  const sights = createSights({ catalog });
  const [all, turned, one] = await Promise.all([
    sights.read([FIRST, SECOND], [], ADMIN),
    sights.read([SECOND, FIRST], [], ADMIN),
    sights.read(['2026-03-09', SECOND], [], ADMIN),
  ]);
  expect(all.map(({ exposures }) => exposures[0]?.id)).toEqual([first.frameId, second.frameId]);
  expect(turned).toEqual([all[1], all[0]]);
  expect(one).toEqual([{ exposures: [], targets: [], siteIds: [], leading: [] }, all[1]]);
});

test('a reading that fails is not kept', async () => {
  const sights = createSights({ catalog });
  await catalog.write.raw('alter table measures rename to hidden');
  await expect(sights.read([FIRST], [], ADMIN)).rejects.toThrow();
  await catalog.write.raw('alter table hidden rename to measures');
  expect((await sights.read([FIRST], [], ADMIN))[0]?.exposures).toHaveLength(1);
});

test('what is asked for by more than facets, nights, objects and dates is read each time', async () => {
  const conditionsOf = (query: string) =>
    parseConditions(
      new Map([...new URLSearchParams(query)].map(([name, value]) => [name, [value]])),
    );
  const cameras = conditionsOf('INSTRUMENT=cam1');
  expect(conditionsKey(catalog, cameras)).toBe(
    conditionsKey(catalog, conditionsOf('INSTRUMENT=cam1')),
  );
  expect(conditionsKey(catalog, cameras)).not.toBe(
    conditionsKey(catalog, conditionsOf('INSTRUMENT=cam2')),
  );
  expect(conditionsKey(catalog, conditionsOf('header.GAIN=1'))).toBeUndefined();
  expect(conditionsKey(catalog, conditionsOf('flag=bad'))).toBeUndefined();

  const sights = createSights({ catalog });
  const [before] = await sights.read([FIRST], cameras, ADMIN);
  expect((await sights.read([FIRST], cameras, ADMIN))[0]).toBe(before);
  expect(
    (await sights.read([FIRST], conditionsOf('INSTRUMENT=cam2'), ADMIN))[0]?.exposures,
  ).toEqual([]);
  // Of those who do not see everything nothing is kept, and they are given nothing that was.
  expect((await sights.read([FIRST], [], { ...PUBLIC, seesPublic: false }))[0]?.exposures).toEqual(
    [],
  );
});
