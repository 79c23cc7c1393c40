import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type CreateAnswer, type TestArchive } from '../support/archive.js';
import { logIn } from '../support/logins.js';

const HIDDEN = '2090-01-01T00:00:00';
const PASSWORD = 'a long enough password';
const PAST = '2026-03-01T00:00:00';

let archive: TestArchive;
let seed = 0;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  archive = await startArchive({ ANONYMOUS: 'public' });
  for (const name of ['wanda', 'willi']) {
    const args = ['user', 'add', name, '--role', 'writer', '--password-stdin'];
    expect(await archive.run(args, `${PASSWORD}\n`)).toMatchObject({ status: 0 });
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

test('whoever brought the first version decides, also when an admin has let in one of others', async () => {
  const { id } = await send(bytesOf('own-6'), 'own-6', 'wanda');
  await send(bytesOf('own-6', { L1PUBDAT: PAST }), 'own-6', 'willi');
  const item = await quarantined('own-6');
  const letIn = await ask(`/quarantine/${item.id}/retry/`, 'POST', {}, 'admin');
  expect(await letIn.json()).toMatchObject({ status: 'new-version', id, version: 2 });
  const path = `/frames/${id}/corrections/`;
  expect((await ask(path, 'PATCH', { PROPID: 'beta' }, 'willi')).status).toBe(403);
  expect((await ask(`/frames/${id}/versions/1/restore/`, 'POST', {}, 'willi')).status).toBe(403);
  expect(await send(bytesOf('own-6'), 'own-6', 'willi')).toMatchObject({ status: 'refused' });
  expect((await ask(path, 'PATCH', { L1PUBDAT: HIDDEN }, 'wanda')).status).toBe(200);
  expect(await statusForVisitor(id)).not.toBe(200);
  const next = await send(bytesOf('own-6'), 'own-6', 'wanda');
  expect(next).toMatchObject({ status: 'new-version', id, version: 3 });
});

test('a refused file of others is mended by a writer, but not with other words on who may see it', async () => {
  const day = { 'DATE-OBS': '2026-03-01T21:00:00' };
  const unread = { 'DATE-OBS': 'never', PROJECT: 'alpha', PROPID: 'beta' };
  const sent = await send(bytesOf('own-7', unread), 'own-7', 'wanda');
  expect([sent.status, sent.error]).toEqual(['refused', expect.stringContaining('DATE-OBS')]);
  const { id } = await quarantined('own-7');
  const mends = [
    { overrides: { ...day, L1PUBDAT: PAST } },
    { overrides: { ...day, PROJECT: 'gamma' } },
    { overrides: { L1PUBDAT: PAST } },
    { overrides: day, profile: 'lco' },
  ];
  for (const mend of mends) {
    const answer = await ask(`/quarantine/${id}/retry/`, 'POST', mend, 'willi');
    expect([mend, answer.status]).toEqual([mend, 403]);
    expect(await answer.text()).toMatch(/changes who may see 'own-7.fits'/);
    const many = await ask('/quarantine/retry/', 'POST', { ids: [id], ...mend }, 'willi');
    const { stored, results } = (await many.json()) as { stored: number; results: Json[] };
    expect([many.status, stored]).toEqual([200, 0]);
    expect(results[0]).toMatchObject({ quarantine_id: id, status: 'refused', code: 'forbidden' });
  }
  const { cookies, csrf } = await logIn(archive, 'willi', PASSWORD);
  const fields = { ids: String(id), keyword: 'L1PUBDAT', value: PAST, csrfmiddlewaretoken: csrf };
  const page = await fetch(`${archive.url}/quarantine/`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { Cookie: cookies, Accept: 'text/html' },
  });
  expect([page.status, await page.text()]).toEqual([403, expect.stringContaining('who may see')]);
  // Nor is any of it laid by for the next one who tries.
  expect(await quarantined('own-7')).toMatchObject({ attempts: 0, overrides: {}, profile: null });
  const mended = await ask(`/quarantine/${id}/retry/`, 'POST', { overrides: day }, 'willi');
  const frame = (await mended.json()) as { id: number };
  expect(frame).toMatchObject({ status: 'stored' });
  expect(await archive.json(`/frames/${frame.id}/`)).toMatchObject({ PROPID: 'alpha' });
  expect(await statusForVisitor(frame.id)).not.toBe(200);

  await send(bytesOf('own-8', unread), 'own-8', 'wanda');
  const own = `/quarantine/${(await quarantined('own-8')).id}/retry/`;
  const published = await ask(own, 'POST', { overrides: { ...day, L1PUBDAT: PAST } }, 'wanda');
  expect(await published.json()).toMatchObject({ status: 'stored' });
});

test('the name of a frame in the trash stays with who brought it, unless an admin decides', async () => {
  const { id } = await send(bytesOf('own-9'), 'own-9', 'wanda');
  const remove = () => ask(`/frames/${id}/`, 'DELETE', undefined, 'willi');
  expect((await remove()).status).toBe(204);
  const refused = await send(bytesOf('own-9', { L1PUBDAT: PAST }), 'own-9', 'willi');
  expect([refused.status, refused.error]).toEqual([
    'refused',
    expect.stringMatching(/in the trash/),
  ]);
  const item = await quarantined('own-9');
  expect(item.code).toBe('forbidden');
  const retry = (by: string) => ask(`/quarantine/${item.id}/retry/`, 'POST', {}, by);
  for (const by of ['willi', 'wanda']) {
    expect(await (await retry(by)).json()).toMatchObject({ code: 'forbidden' });
  }
  expect((await ask(`/trash/${id}/restore/`, 'POST', {}, 'wanda')).status).toBe(200);
  expect((await remove()).status).toBe(204);
  expect(await (await retry('admin')).json()).toMatchObject({ status: 'stored' });

  const mine = await send(bytesOf('own-10'), 'own-10', 'wanda');
  expect((await ask(`/frames/${mine.id}/`, 'DELETE', undefined, 'willi')).status).toBe(204);
  const again = await send(bytesOf('own-10'), 'own-10', 'wanda');
  expect(again).toMatchObject({ status: 'stored', basename: 'own-10' });
});
