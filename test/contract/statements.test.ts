/** Connections that keep what they have prepared: nobody may notice but by the clock. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openCatalog } from '../../src/catalog/index.js';
import { startCatalog, type TestCatalog } from '../support/catalog.js';

let opened: TestCatalog;

beforeEach(async () => {
  opened = await startCatalog(false);
  await opened.catalog.write.raw('create table t (id integer primary key, word text unique)');
});
afterEach(() => opened.close());

test('the same query gives each time what is asked for then', async () => {
  const { write, read } = opened.catalog;
  for (const word of ['a', 'b', 'c']) {
    expect(await write('t').insert({ word })).toHaveLength(1);
    expect(await read('t').where({ word }).first('word')).toEqual({ word });
  }
  expect(await write('t').where('id', '>', 1).update({ word: null })).toBe(2);
  expect(await write('t').where('id', '>', 1).update({ word: null })).toBe(2);
  expect(await write('t').where({ id: 9 }).delete()).toBe(0);
  expect(await read('t').whereNull('word').count({ n: '*' })).toEqual([{ n: 2 }]);
});

test('queries that are asked at the same time on one connection do not mix', async () => {
  const answers = await opened.catalog.read.transaction((tx) =>
    Promise.all([1, 2, 3, 4].map((n) => tx.raw<{ n: number }[]>('select ? as n', [n]))),
  );
  expect(answers).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }], [{ n: 4 }]]);
});

test('the number of a limit is not looked at to plan by, which would prepare the query each time', async () => {
  const { read } = opened.catalog;
  const told: string[] = [];
  await read.transaction(async (tx) => {
    const { client } = tx as unknown as { client: { acquireConnection(): Promise<Traced> } };
    (await client.acquireConnection()).on('trace', (sql) => told.push(sql));
    for (const limit of [1, 2]) await tx('t').orderBy('id').limit(limit).offset(1).select('id');
  });
  expect(told.filter((sql) => sql.startsWith('select'))).toEqual([
    'select `id` from `t` order by `id` asc limit +1 offset 1',
    'select `id` from `t` order by `id` asc limit +2 offset 1',
  ]);
});

/** A connection that tells what it runs. */
interface Traced {
  on(event: 'trace', told: (sql: string) => void): void;
}

test('a query that fails says so each time, and the connection goes on', async () => {
  const { write, read } = opened.catalog;
  await write('t').insert({ word: 'a' });
  for (let time = 0; time < 3; time += 1) {
    await expect(write('t').insert({ word: 'a' })).rejects.toThrow(/UNIQUE constraint failed/);
    await expect(read('nowhere').select('id')).rejects.toThrow(/no such table: nowhere/);
    await expect(read.raw('select from')).rejects.toThrow(/syntax error/);
  }
  await write('t').insert({ word: 'b' });
  expect(await read('t').orderBy('id').pluck('word')).toEqual(['a', 'b']);
});

test('a table that changes is seen as it is', async () => {
  const { write, read } = opened.catalog;
  await write('t').insert({ word: 'a' });
  expect(await read('t').first()).toEqual({ id: 1, word: 'a' });
  await write.raw('alter table t add column more integer default 7');
  expect(await read('t').first()).toEqual({ id: 1, word: 'a', more: 7 });
});

test('when all is closed nothing is left open, whatever was asked', async () => {
  const path = join(opened.folder, 'other.sqlite');
  const catalog = openCatalog(`sqlite:${path}`);
  await catalog.write.raw('create table t (id integer primary key)');
  // More than a connection keeps, and one that is too long to be kept.
  const filler = 'x'.repeat(10_000);
  for (let n = 0; n < 250; n += 1) {
    await catalog.write.raw(`insert into t (id) select ${n} where '${filler}' <> ''`);
    await catalog.read.raw(`select ${n} as n from t where '${filler}' <> ''`);
  }
  for (const n of [1, 2]) {
    const long = `select 1 as n from t where id = ? and '${'x'.repeat(400_000)}' <> ''`;
    expect(await catalog.read.raw(long, [n])).toEqual([{ n: 1 }]);
  }
  await expect(catalog.write('t').insert({ id: 1 })).rejects.toThrow(/UNIQUE/);
  await catalog.close();
  // The last connection that is closed folds the log into the database, and removes it.
  expect(existsSync(`${path}-wal`)).toBe(false);
});
