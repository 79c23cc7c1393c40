import { jest } from '@jest/globals';
import {
  findUser,
  inTransaction,
  markMany,
  setFlag,
  undoRun,
  type Catalog,
  type MarkRun,
  type Viewer,
} from '../../src/catalog/index.js';
import { ARCHIVE_VIEWER } from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { addUser, logIn } from '../support/logins.js';

type Json = Record<string, unknown>;

let archive: TestArchive;
let ids: number[];
let headers: Record<string, string>;

beforeAll(async () => {
  archive = await startArchive();
  ids = [];
  for (const name of ['undo-1', 'undo-2', 'undo-3']) {
    const answer = await archive.upload(pyobsFrame({ FNAME: `${name}.fits` }), `${name}.fits`);
    ids.push(Number(answer.files[0]?.id));
  }
  const password = await addUser(archive, 'wanda', 'writer');
  const { cookies, csrf } = await logIn(archive, 'wanda', password);
  headers = { Cookie: cookies, 'X-CSRFToken': csrf, Accept: 'text/html' };
});
afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

/** Sends a form of the list. @returns status, text, and the address that it leads to */
async function send(path: string, fields: readonly (readonly [string, string])[]) {
  const body = new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value]));
  const url = `${archive.url}${path}`;
  const response = await fetch(url, { method: 'POST', redirect: 'manual', headers, body });
  const to = new URL(response.headers.get('location') ?? '/', archive.url);
  return { status: response.status, text: await response.text(), to };
}

function mark(some: readonly number[], name: string, value: string) {
  const frames = some.map((id) => ['frame_ids[]', String(id)] as const);
  return send('/frames/mark/', [...frames, [name, value], ['back', '/frames/?sort=basename']]);
}

const undo = (run: string) =>
  send('/frames/undo/', [
    ['run', run],
    ['back', '/frames/?sort=basename'],
  ]);

function flags(): Promise<unknown[]> {
  return Promise.all(ids.map(async (id) => (await archive.json<Json>(`/frames/${id}/`)).flag));
}

test('what was said of many frames is taken back by the page: each has its former flag again', async () => {
  await mark([ids[0]!], 'flag', 'good');
  await mark([ids[1]!], 'flag', 'bad');
  const { to } = await mark(ids, 'flag', 'bad');
  expect(to.searchParams.get('done')).toBe('flag:bad:3');
  const page = await fetch(to, { headers });
  const run = to.searchParams.get('undo')!;
  expect(await page.text()).toContain(`name="run" value="${run}">Undo</button>`);
  const undone = await undo(run);
  expect([undone.status, undone.to.search]).toEqual([
    303,
    '?sort=basename&done=undone%3Aas+before%3A2',
  ]);
  expect(await flags()).toEqual(['good', 'bad', null]);
  const { history } = await archive.json<Json>(`/frames/${ids[2]}/marks/`);
  expect(history).toMatchObject([
    { flag: 'bad', set: true, by: 'wanda' },
    { flag: 'bad', set: false, by: 'wanda' },
  ]);
  const log = await archive.json<{ results: Json[] }>(
    `/audit/?subject=frame:${ids[0]}&action=frame.flagged`,
  );
  expect(log.results[0]).toMatchObject({
    actor: 'wanda',
    old: { flag: 'bad' },
    detail: { flag: 'good' },
  });
});

test('flags that were taken back come back, and a tag stays where it was before', async () => {
  const none = await mark(ids, 'flag', 'none');
  expect(await flags()).toEqual([null, null, null]);
  await undo(none.to.searchParams.get('undo')!);
  expect(await flags()).toEqual(['good', 'bad', null]);
  await mark([ids[0]!], 'tag', 'comet: 67P');
  const tagged = await mark(ids, 'tag', 'comet: 67P');
  expect((await undo(tagged.to.searchParams.get('undo')!)).status).toBe(303);
  const tags = await Promise.all(
    ids.map(async (id) => (await archive.json<Json>(`/frames/${id}/`)).tags),
  );
  expect(tags).toEqual([['comet: 67p'], [], []]);
});

test('where one of the frames was marked otherwise since, nothing is undone and it is said by whom', async () => {
  const before = await flags();
  const { to } = await mark(ids, 'flag', 'doubtful');
  await archive.fetch(`/frames/${ids[1]}/flag/`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: '{"flag":"good"}',
  });
  const answer = await undo(to.searchParams.get('undo')!);
  expect(answer.status).toBe(410);
  expect(answer.text).toContain(
    '1 of the 3 frames was marked otherwise since, by admin. Nothing was undone',
  );
  expect(await flags()).toEqual(['doubtful', 'good', 'doubtful']);
  expect(before).toEqual(['good', 'bad', null]);
});

test('neither a second time, nor without a deed, nor that of another person is anything undone', async () => {
  const { to } = await mark(ids, 'flag', 'bad');
  const run = to.searchParams.get('undo')!;
  expect((await undo(run)).status).toBe(303);
  const after = await flags();
  expect((await undo(run)).status).toBe(410);
  expect((await undo('1-2-3')).status).toBe(400);
  const again = await mark(ids, 'flag', 'bad');
  const [atMs, firstId, lastId, marks] = again.to.searchParams.get('undo')!.split('-').map(Number);
  const theirs: MarkRun = { atMs: atMs!, firstId: firstId!, lastId: lastId!, marks: marks! };
  await withCatalog(archive, async (catalog) => {
    const stranger = { ...(await wanda(catalog)), username: 'somebody' };
    await expect(undoRun(catalog, theirs, stranger)).rejects.toMatchObject({ code: 'gone' });
  });
  expect(await flags()).toEqual(['bad', 'bad', 'bad']);
  expect((await undo(again.to.searchParams.get('undo')!)).status).toBe(303);
  expect(await flags()).toEqual(after);
});

test('marks of frames that are deleted, or of long ago, are not undone at one go', async () => {
  await withCatalog(archive, async (catalog) => {
    const by = await wanda(catalog);
    const run = await markMany(catalog, ids, { kind: 'flag', flag: 'good' }, by);
    const soon = jest.spyOn(Date, 'now').mockReturnValue(run!.atMs + 3_600_001);
    try {
      await expect(undoRun(catalog, run!, by)).rejects.toThrow('more than an hour ago');
    } finally {
      soon.mockRestore();
    }
    expect(await flags()).toEqual(['good', 'good', 'good']);
    await expect(markMany(catalog, ids, { kind: 'flag', flag: 'good' }, by)).resolves.toBe(
      undefined,
    );
    await inTransaction(catalog, (tx) => setFlag(tx, ids[0]!, 'bad', by));
    expect(await flags()).toEqual(['bad', 'good', 'good']);
  });
  const { to } = await mark(ids, 'flag', 'doubtful');
  expect((await archive.fetch(`/frames/${ids[2]}/delete/`, { method: 'POST' })).status).toBe(200);
  const answer = await undo(to.searchParams.get('undo')!);
  expect(answer.status).toBe(410);
  expect(answer.text).toContain('1 of the 3 frames is not there any more');
});

async function wanda(catalog: Catalog): Promise<Viewer> {
  const user = await findUser(catalog, 'wanda');
  return { ...ARCHIVE_VIEWER, role: 'writer', userId: user!.id, username: 'wanda' };
}
