import { createDeedLog, createLogins, createSigner } from '../../../src/auth/index.js';
import {
  findUser,
  insertUser,
  listDeeds,
  OPERATOR,
  pruneDeeds,
  recordDeed,
  type Deed,
} from '../../../src/catalog/index.js';
import { startCatalog, type TestCatalog } from '../../support/catalog.js';

const SILENT = { warn: () => undefined };
const NOW = Date.UTC(2026, 2, 1, 20);

let store: TestCatalog;
let nowMs = NOW;

beforeEach(async () => {
  nowMs = NOW;
  store = await startCatalog();
});
afterEach(() => store.close());

const from = (address: string) => ({ userId: null, username: '', address });
const refused = (subject: string): Deed => ({
  action: 'access.refused',
  subject,
  outcome: 'refused',
  detail: { status: 401 },
});
const lines = async () =>
  (await listDeeds(store.catalog, { limit: 10_000 })).map(({ actor, subject, detail, atMs }) => [
    actor.address,
    subject,
    (detail as { count?: number } | undefined)?.count ?? 1,
    atMs - NOW,
  ]);

test('what is repeated within a minute is two lines: the first, and how many followed', async () => {
  const deeds = createDeedLog(store.catalog, SILENT, () => nowMs);
  for (let count = 0; count < 1000; count += 1) {
    deeds.note(from('192.0.2.1'), refused('GET /frames/'));
    nowMs += 10;
  }
  await deeds.flush();
  expect(await lines()).toEqual([['192.0.2.1', 'GET /frames/', 1, 0]]);
  await deeds.close();
  expect(await lines()).toEqual([
    ['192.0.2.1', 'GET /frames/', 999, 9990],
    ['192.0.2.1', 'GET /frames/', 1, 0],
  ]);
});

test('after the minute it is told anew', async () => {
  const deeds = createDeedLog(store.catalog, SILENT, () => nowMs);
  for (const atMs of [0, 30_000, 60_000, 61_000]) {
    nowMs = NOW + atMs;
    deeds.note(from('192.0.2.1'), refused('GET /frames/'));
  }
  await deeds.close();
  expect((await lines()).reverse()).toEqual([
    ['192.0.2.1', 'GET /frames/', 1, 0],
    ['192.0.2.1', 'GET /frames/', 1, 30_000],
    ['192.0.2.1', 'GET /frames/', 1, 60_000],
    ['192.0.2.1', 'GET /frames/', 1, 61_000],
  ]);
});

test('a flood of different addresses and paths is a bounded number of lines, and none of it is uncounted', async () => {
  const deeds = createDeedLog(store.catalog, SILENT, () => nowMs);
  const total = 50_000;
  for (let count = 0; count < total; count += 1) {
    deeds.note(from(`192.0.${count % 40}.${count % 250}`), refused(`GET /frames/${count}/`));
  }
  await deeds.close();
  const found = await lines();
  expect(found.length).toBeLessThan(1300);
  expect(found.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(total);
});

test('a network of IPv6 addresses is one place, and its line says so', async () => {
  const deeds = createDeedLog(store.catalog, SILENT, () => nowMs);
  for (let count = 1; count <= 500; count += 1) {
    deeds.note(from(`2001:db8:0:1::${count.toString(16)}`), refused('GET /frames/'));
  }
  deeds.note(from('2001:db8:0:2::1'), refused('GET /frames/'));
  for (let count = 0; count < 100; count += 1) {
    deeds.note(from(`2001:db8:0:3::${count}`), refused(`GET /frames/${count}/`));
  }
  await deeds.close();
  const found = await lines();
  expect(found.filter(([, subject]) => subject === 'GET /frames/')).toEqual([
    ['2001:db8:0:1::/64', 'GET /frames/', 499, 0],
    ['2001:db8:0:2::1', 'GET /frames/', 1, 0],
    ['2001:db8:0:1::1', 'GET /frames/', 1, 0],
  ]);
  expect(found.filter(([, subject]) => subject === 'more')).toEqual([
    ['2001:db8:0:3::/64', 'more', 79, 0],
    ['2001:db8:0:3::/64', 'more', 1, 0],
  ]);
});

test('no flood of visitors or of reading pushes out what an account was refused to change', async () => {
  const deeds = createDeedLog(store.catalog, SILENT, () => nowMs);
  const ana = { userId: 7, username: 'ana', address: '192.0.2.1' };
  for (let count = 0; count < 5000; count += 1) {
    deeds.note(from(`192.0.${count % 40}.1`), refused(`GET /frames/${count}/`));
    deeds.note(from(`192.0.${count % 40}.1`), refused(`DELETE /frames/${count}/`), true);
  }
  for (let count = 1; count <= 50; count += 1) {
    deeds.note(ana, refused(`GET /frames/${count}/`));
    deeds.note({ ...ana, address: `198.51.100.${count}` }, refused(`PUT /frames/${count}/`), true);
  }
  deeds.note(ana, refused('DELETE /frames/1/'), true);
  await deeds.close();
  const found = await listDeeds(store.catalog, { limit: 10_000 });
  const ours = found.filter(({ actor }) => actor.username === 'ana').reverse();
  expect(ours.every(({ actor }) => actor.userId === 7)).toBe(true);
  const subjects = ours.map(({ subject }) => subject);
  expect(subjects.filter((subject) => subject.startsWith('PUT'))).toHaveLength(50);
  expect(subjects).toContain('DELETE /frames/1/');
  expect(subjects.filter((subject) => subject.startsWith('GET'))).toHaveLength(20);
  const more = ours.filter(({ subject }) => subject === 'more');
  expect(more.map(({ detail }) => (detail as { count?: number } | undefined)?.count)).toEqual([
    undefined,
    29,
  ]);
});

test('accounts cannot fill the log either, however many they are and wherever they come from', async () => {
  const deeds = createDeedLog(store.catalog, SILENT, () => nowMs);
  const total = 20_000;
  for (let count = 0; count < total; count += 1) {
    const name = count % 1000;
    const actor = { userId: name + 1, username: `u${name}`, address: `192.0.2.${count % 250}` };
    deeds.note(actor, refused(`DELETE /frames/${count}/`), count % 2 === 0);
  }
  await deeds.close();
  const found = await lines();
  expect(found.length).toBeLessThan(2500);
  expect(found.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(total);
});

test('who signed in and out stands there whatever is refused at the same address', async () => {
  const deeds = createDeedLog(store.catalog, SILENT, () => nowMs);
  const kept = { username: 'ana', passwordHash: 'none', role: 'user' } as const;
  await insertUser(store.catalog, kept, OPERATOR);
  const ana = (await findUser(store.catalog, 'ana'))!;
  const logins = createLogins(store.catalog, deeds, createSigner('not a secret here'));
  for (let count = 0; count < 1000; count += 1) {
    deeds.note(from('192.0.2.1'), refused(`GET /frames/${count}/`));
  }
  const actor = { userId: ana.id, username: 'ana', address: '192.0.2.1' };
  for (const how of ['page', 'page', 'token'] as const) {
    await logins.noteDone(ana, '192.0.2.1', how);
  }
  await logins.noteEnded(actor);
  await deeds.close();
  const found = await listDeeds(store.catalog, { limit: 10_000 });
  const ours = found.filter(({ action }) => action.startsWith('login.'));
  expect(ours.map((line) => [line.actor, line.action, line.detail]).reverse()).toEqual([
    [actor, 'login.done', { how: 'page' }],
    [actor, 'login.done', { how: 'page' }],
    [actor, 'login.done', { how: 'token' }],
    [actor, 'login.ended', { where: 'here' }],
  ]);
});

test('lines that cannot be written wait until they can', async () => {
  const deeds = createDeedLog(store.catalog, SILENT, () => nowMs);
  await store.catalog.write.raw('alter table audit rename to away');
  deeds.note(from('192.0.2.1'), refused('GET /frames/'));
  await deeds.flush();
  await store.catalog.write.raw('alter table away rename to audit');
  await deeds.close();
  expect(await lines()).toEqual([['192.0.2.1', 'GET /frames/', 1, 0]]);
});

test('the database itself refuses to change or remove a line, until retention lets the old ones go', async () => {
  const { write } = store.catalog;
  const old = NOW - 100 * 86_400_000;
  for (const atMs of [old, NOW])
    await recordDeed(write, from('192.0.2.1'), refused(`at ${atMs}`), atMs);
  await expect(write('audit').update({ actor: 'somebody else' })).rejects.toThrow(/append-only/);
  await expect(write('audit').delete()).rejects.toThrow(/append-only/);
  await expect(write('audit').where({ at_ms: old }).delete()).rejects.toThrow(/append-only/);
  expect(await lines()).toHaveLength(2);

  expect(await pruneDeeds(store.catalog, NOW - 50 * 86_400_000)).toBe(1);
  const left = await listDeeds(store.catalog, { limit: 10 });
  expect(left.map(({ action, subject }) => [action, subject])).toEqual([
    ['log.pruned', 'log'],
    ['access.refused', `at ${NOW}`],
  ]);
  await expect(write('audit').where({ at_ms: NOW }).delete()).rejects.toThrow(/append-only/);
  expect(await pruneDeeds(store.catalog, NOW - 50 * 86_400_000)).toBe(0);
});
