import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type CreateAnswer, type TestArchive } from '../support/archive.js';

const HIDDEN = '2090-01-01T00:00:00';
const PAST = '2026-03-01T00:00:00';

let archive: TestArchive;
let seed = 0;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  archive = await startArchive({ ANONYMOUS: 'public' });
  for (const name of ['wanda', 'willi']) {
    const args = ['user', 'add', name, '--role', 'writer', '--password-stdin'];
    expect(await archive.run(args, 'a long enough password\n')).toMatchObject({ status: 0 });
    tokens[name] = await tokenOf(name, 'admin');
  }
  tokens.pipeline = await tokenOf('admin', 'upload');
});

afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

const tokenOf = async (name: string, scope: string): Promise<string> =>
  (await archive.run(['token', 'add', name, '--scope', scope])).stdout.trim();

type Json = Record<string, unknown>;
type FileAnswer = CreateAnswer['files'][0];

function bytesOf(name: string, cards: Record<string, string | number | null> = {}): Buffer {
  seed += 1;
  return pyobsFrame({ FNAME: `${name}.fits`, L1PUBDAT: HIDDEN, ...cards }, { seed });
}

async function send(bytes: Buffer, name: string, by: string): Promise<FileAnswer> {
  const { files } = await archive.upload(bytes, `${name}.fits`, tokens[by]);
  return files[0]!;
}

async function ask(path: string, method: string, body: unknown, by: string): Promise<Response> {
  return archive.fetch(path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    ...(by === 'admin' ? {} : { token: tokens[by] ?? '' }),
  });
}

const statusForVisitor = async (id: number | null): Promise<number> =>
  (await archive.fetch(`/frames/${id ?? 0}/`, { token: '' })).status;

async function quarantined(name: string): Promise<Json & { id: number }> {
  const { results } = await archive.json<{ results: (Json & { id: number })[] }>('/quarantine/');
  return results.find((item) => item.name === `${name}.fits`)!;
}

test('a version of a frame that another account uploaded is refused, kept, and changes nothing', async () => {
  const first = await send(bytesOf('own-1'), 'own-1', 'wanda');
  const published = bytesOf('own-1', { L1PUBDAT: PAST });
  for (const by of ['willi', 'pipeline']) {
    const answer = await send(published, 'own-1', by);
    expect(answer).toMatchObject({ status: 'refused', id: null });
    expect(answer.error).toMatch(/'own-1' was uploaded by another account/);
  }
  expect(await archive.json(`/frames/${first.id}/`)).toMatchObject({ version: 1 });
  expect(await statusForVisitor(first.id)).not.toBe(200);
  const item = await quarantined('own-1');
  expect(item).toMatchObject({ code: 'forbidden', is_mendable: true });
  expect(item.reason).toMatch(/another account/);

  // Neither who sent it nor the owner makes it a version, the latter perhaps by trying all again.
  for (const by of ['willi', 'wanda']) {
    const retried = await ask(`/quarantine/${item.id}/retry/`, 'POST', {}, by);
    expect(await retried.json()).toMatchObject({ status: 'refused', code: 'forbidden' });
  }
  const byAdmin = await ask(`/quarantine/${item.id}/retry/`, 'POST', {}, 'admin');
  expect(await byAdmin.json()).toMatchObject({ status: 'new-version', id: first.id, version: 2 });
  expect(await statusForVisitor(first.id)).toBe(200);
});

test('the same account sends further versions, and so does an admin; the operator mends any', async () => {
  const { id } = await send(bytesOf('own-2'), 'own-2', 'wanda');
  const again = await send(bytesOf('own-2'), 'own-2', 'wanda');
  expect(again).toMatchObject({ status: 'new-version', id, version: 2 });
  const refused = await send(bytesOf('own-2'), 'own-2', 'willi');
  expect(refused.status).toBe('refused');
  const item = await quarantined('own-2');
  const retried = await archive.run(['quarantine', 'retry', String(item.id)]);
  expect(retried).toMatchObject({ status: 0 });
  const { files } = await archive.upload(bytesOf('own-2'), 'own-2.fits');
  expect(files[0]).toMatchObject({ status: 'new-version', id, version: 4 });
});

test('the same name from another night is a frame of its own, whoever sends it', async () => {
  await send(bytesOf('own-3'), 'own-3', 'wanda');
  const other = bytesOf('own-3', { 'DATE-OBS': '2026-03-09T22:00:00', 'DAY-OBS': '2026-03-09' });
  expect(await send(other, 'own-3', 'willi')).toMatchObject({ status: 'stored' });
});

test('a writer sets header values of others right, but not those that say who sees the frame', async () => {
  const { id } = await send(bytesOf('own-4', { PROPID: 'alpha' }), 'own-4', 'wanda');
  const path = `/frames/${id}/corrections/`;
  expect((await ask(path, 'PATCH', { OBJECT: 'M 92' }, 'willi')).status).toBe(200);
  for (const values of [{ L1PUBDAT: PAST }, { L1PUBDAT: null }, { PROPID: 'beta' }]) {
    const answer = await ask(path, 'PATCH', values, 'willi');
    expect([values, answer.status]).toEqual([values, 403]);
    expect(await answer.text()).toMatch(/who may see 'own-4'/);
  }
  const many = { ids: [id], corrections: { L1PUBDAT: PAST } };
  const answer = await ask('/frames/corrections/', 'POST', many, 'willi');
  expect(await answer.json()).toMatchObject({ corrected: 0, failed: 1 });
  expect(await statusForVisitor(id)).not.toBe(200);
  expect((await ask(path, 'PATCH', { L1PUBDAT: PAST }, 'wanda')).status).toBe(200);
  expect(await statusForVisitor(id)).toBe(200);
});

test('a former version that others saw is not brought back by a writer who did not upload it', async () => {
  const { id } = await send(bytesOf('own-5', { L1PUBDAT: PAST }), 'own-5', 'wanda');
  await send(bytesOf('own-5'), 'own-5', 'wanda');
  expect(await statusForVisitor(id)).not.toBe(200);
  const path = `/frames/${id}/versions/1/restore/`;
  expect((await ask(path, 'POST', {}, 'willi')).status).toBe(403);
  expect(await statusForVisitor(id)).not.toBe(200);
  expect((await ask(path, 'POST', {}, 'wanda')).status).toBeLessThan(300);
  expect(await statusForVisitor(id)).toBe(200);
});
