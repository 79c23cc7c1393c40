import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { addToken, addUser } from '../support/logins.js';
import { dumpRows } from '../support/rows.js';

type Json = Record<string, unknown>;

let archive: TestArchive;
let writer: string;
let reader: string;

async function store(name: string): Promise<number> {
  const answer = await archive.upload(pyobsFrame({ FNAME: `${name}.fits` }), `${name}.fits`);
  return Number(answer.files[0]?.id);
}

function send(method: string, path: string, body?: object, token = writer): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return archive.fetch(path, {
    method,
    token,
    ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
  });
}

async function names(query: string): Promise<unknown[]> {
  const { results } = await archive.json<{ results: Json[] }>(`/frames/?sort=id&${query}`);
  return results.map(({ basename }) => basename);
}

beforeAll(async () => {
  archive = await startArchive();
  await addUser(archive, 'wanda', 'writer');
  await addUser(archive, 'rita', 'user');
  writer = await addToken(archive, 'wanda', { scope: 'upload' });
  reader = await addToken(archive, 'rita', { scope: 'read' });
});
afterAll(() => archive.close());

test('a frame is flagged, flagged otherwise and not at all: who said so and when stays known', async () => {
  const id = await store('flag-1');
  expect((await send('PUT', `/frames/${id}/flag/`, { flag: 'Doubtful' })).status).toBe(200);
  expect((await send('PUT', `/frames/${id}/flag/`, { flag: 'bad' })).status).toBe(200);
  expect((await send('PUT', `/frames/${id}/flag/`, { flag: 'bad' })).status).toBe(200);
  expect(await archive.json(`/frames/${id}/`)).toMatchObject({ flag: 'bad', tags: [] });
  const marks = await archive.json<Json>(`/frames/${id}/marks/`);
  expect(marks.flag).toMatchObject({ flag: 'bad', by: 'wanda' });
  expect(marks.history).toMatchObject([
    { flag: 'doubtful', set: true, by: 'wanda' },
    { flag: 'bad', set: true, by: 'wanda' },
  ]);
  const withdrawn = await send('DELETE', `/frames/${id}/flag/`);
  expect(await withdrawn.json()).toMatchObject({ flag: null });
  const audit = await archive.json<{ results: Json[] }>(
    `/audit/?subject=frame:${id}&action=frame.flagged`,
  );
  expect(audit.results).toMatchObject([
    { actor: 'wanda', old: { flag: 'bad' }, detail: { flag: null } },
    { old: { flag: 'doubtful' }, detail: { flag: 'bad' } },
    { old: { flag: null }, detail: { flag: 'doubtful' } },
  ]);
});

test('tags are one word for everyone, however they are typed', async () => {
  const id = await store('tag-1');
  await send('PUT', `/frames/${id}/tags/Super%20%20Nova/`);
  await send('PUT', `/frames/${id}/tags/super%20nova/`);
  await send('PUT', `/frames/${id}/tags/blue/`);
  expect(await archive.json(`/frames/${id}/`)).toMatchObject({ tags: ['blue', 'super nova'] });
  const answer = await send('DELETE', `/frames/${id}/tags/BLUE/`);
  const marks = (await answer.json()) as Json;
  expect(marks.tags).toMatchObject([{ tag: 'super nova', by: 'wanda' }]);
  expect(marks.history).toHaveLength(3);
});

test('what is no flag or tag is refused by name, and changes nothing', async () => {
  const id = await store('odd-1');
  for (const [method, path, body, text] of [
    ['PUT', 'flag', { flag: 'superb' }, /flag.*good, doubtful or bad/],
    ['PUT', 'flag', {}, /flag/],
    ['PUT', `tags/${'x'.repeat(51)}`, undefined, /51 characters/],
    ['PUT', 'tags/a%2Cb', undefined, /commas/],
    ['PUT', 'tags/none', undefined, /none/],
  ] as const) {
    const answer = await send(method, `/frames/${id}/${path}/`, body);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(text)]);
  }
  expect(await archive.json(`/frames/${id}/marks/`)).toMatchObject({ flag: null, history: [] });
  expect((await send('PUT', '/frames/99999/flag/', { flag: 'bad' })).status).toBe(404);
  expect((await send('PUT', `/frames/${id}/flag/`, { flag: 'bad' }, reader)).status).toBe(403);
  expect((await send('PUT', `/frames/${id}/tags/x/`, undefined, '')).status).toBe(401);
});

test('lists are filtered by flag and tag, and by their absence', async () => {
  const [a, b] = [await store('list-a'), await store('list-b')];
  await store('list-c');
  await send('PUT', `/frames/${a}/flag/`, { flag: 'good' });
  await send('PUT', `/frames/${b}/flag/`, { flag: 'doubtful' });
  await send('PUT', `/frames/${b}/tags/comet/`);
  const of = (query: string): Promise<unknown[]> => names(`basename=list-&${query}`);
  expect(await of('flag=good')).toEqual(['list-a']);
  expect(await of('flag=good,doubtful')).toEqual(['list-a', 'list-b']);
  expect(await of('flag!=good')).toEqual(['list-b', 'list-c']);
  expect(await of('flag=none')).toEqual(['list-c']);
  expect(await of('flag=none,good')).toEqual(['list-a', 'list-c']);
  expect(await of('flag!=none')).toEqual(['list-a', 'list-b']);
  expect(await of('tag=Comet')).toEqual(['list-b']);
  expect(await of('tag=none')).toEqual(['list-a', 'list-c']);
  expect(await of('tag!=comet')).toEqual(['list-a', 'list-c']);
  expect((await archive.fetch('/frames/?flag=splendid')).status).toBe(400);
});

test('flags, tags and their history come back from the trash', async () => {
  const id = await store('trash-1');
  await send('PUT', `/frames/${id}/flag/`, { flag: 'good' });
  await send('PUT', `/frames/${id}/tags/comet/`);
  const before = await archive.json(`/frames/${id}/marks/`);
  expect((await send('DELETE', `/frames/${id}/`, undefined, archive.adminToken)).status).toBe(204);
  const back = await send('POST', `/trash/${id}/restore/`, undefined, archive.adminToken);
  expect(back.status).toBe(200);
  expect(await archive.json(`/frames/${id}/marks/`)).toEqual(before);
  expect(await names('flag=good&tag=comet')).toContain('trash-1');
});

test('notes are written about nights, by those who may, and read by accounts alone', async () => {
  const path = '/nights/2026-03-01/notes/';
  const written = await send('POST', path, { text: 'Clouds from 02:10.' });
  expect(written.status).toBe(201);
  const notes = await archive.json<Json>(path, { token: reader });
  expect(notes).toMatchObject({ count: 1, results: [{ text: 'Clouds from 02:10.', by: 'wanda' }] });
  expect((await send('POST', path, { text: ' ' })).status).toBe(400);
  expect((await send('POST', path, { text: 'x' }, reader)).status).toBe(403);
  expect((await archive.fetch(path, { token: '' })).status).toBe(401);
  expect((await archive.fetch('/nights/2026-02-30/notes/')).status).toBe(404);
});

test('a catalogue that was lost comes back with every flag, tag, note and their history', async () => {
  const [id, gone] = [await store('lost-1'), await store('lost-2')];
  await send('PUT', `/frames/${id}/flag/`, { flag: 'doubtful' });
  await send('PUT', `/frames/${id}/flag/`, { flag: 'good' });
  await send('PUT', `/frames/${id}/tags/comet/`);
  await send('PUT', `/frames/${id}/tags/blue%20moon/`);
  await send('DELETE', `/frames/${id}/tags/comet/`);
  await send('POST', `/frames/${id}/notes/`, { text: 'A tail.' });
  await send('PUT', `/frames/${gone}/flag/`, { flag: 'bad' });
  await send('DELETE', `/frames/${gone}/`, undefined, archive.adminToken);
  await archive.stop();
  const before = await withCatalog(archive, dumpRows);
  for (const end of ['', '-wal', '-shm']) {
    await rm(join(archive.dataDir, `platevault.sqlite${end}`), { force: true });
  }
  expect((await archive.run(['reindex'])).stderr).toBe('');
  const after = await withCatalog(archive, dumpRows);
  for (const table of ['marks', 'flags', 'tags', 'notes']) {
    expect([table, after[table]]).toEqual([table, before[table]]);
  }
  expect(after.marks?.filter((text) => text.includes(`"frame_id":${id},`))).toHaveLength(5);
  expect(after.notes?.some((text) => text.includes('night:2026-03-01'))).toBe(true);
  // What was in the trash has kept its flag.
  expect((await archive.run(['trash', 'restore', String(gone)])).status).toBe(0);
  const flags = (await withCatalog(archive, dumpRows)).flags ?? [];
  expect(flags.some((text) => text.includes(`"frame_id":${gone},"flag":"bad"`))).toBe(true);
});
