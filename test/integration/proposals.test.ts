import {
  findUser,
  insertOwners,
  insertUser,
  insertUserRecords,
  inTransaction,
  OPERATOR,
  readUnjournaled,
  updateUser,
  type UserChange,
} from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { startCatalog, withCatalog } from '../support/catalog.js';
import { addToken, addUser, logIn } from '../support/logins.js';

/** Accounts that are held to proposals, from the command that makes them to what they get to see. */
const PASSWORD = 'a long enough password';
const HIDDEN = { L1PUBDAT: '2099-01-01T00:00:00' };

let archive: TestArchive;
let seed = 0;
const tokens: Record<string, string> = {};
const frames: Record<string, number> = {};

type Json = Record<string, unknown>;

beforeAll(async () => {
  archive = await startArchive();
  await addAccount('ana', 'writer', ['--proposals', 'PROP-A, PROP-B']);
  await addUser(archive, 'bob', 'writer');
  tokens.bob = await addToken(archive, 'bob');
  await addAccount('eve', 'user', ['--sees', 'proposals']);
  frames.a = await send('of-a', 'bob', { PROPID: 'PROP-A', SITEID: 'site-a', FILTER: 'Fa' });
  frames.c = await send('of-c', 'bob', { PROPID: 'PROP-C', SITEID: 'site-c', FILTER: 'Fc' });
  frames.own = await send('by-ana', 'ana', { PROPID: 'PROP-C' });
  frames.public = await send('public', 'bob', { L1PUBDAT: '2026-03-02T00:00:00' });
});
afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

async function addAccount(name: string, role: string, more: readonly string[]): Promise<void> {
  const args = ['user', 'add', name, '--role', role, ...more, '--password-stdin'];
  expect(await archive.run(args, `${PASSWORD}\n`)).toMatchObject({ status: 0 });
  tokens[name] = await addToken(archive, name);
}

async function send(name: string, by: string, cards: Record<string, string>): Promise<number> {
  seed += 1;
  const file = pyobsFrame({ FNAME: `${name}.fits`, ...HIDDEN, ...cards }, { seed });
  const { files } = await archive.upload(file, `${name}.fits`, tokens[by]);
  return Number(files[0]?.id);
}

const ask = (path: string, by: string, init: RequestInit = {}): Promise<Response> =>
  archive.fetch(path, { ...init, token: tokens[by] ?? '' });

async function json<T = Json>(path: string, by: string): Promise<T> {
  return (await (await ask(path, by)).json()) as T;
}

const change = (path: string, method: string, body: unknown, by: string): Promise<Response> =>
  ask(path, by, {
    method,
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });

async function namesFor(by: string, query = ''): Promise<unknown[]> {
  type List = { count: number; results: { basename: string }[] };
  const { count, results } = await json<List>(`/frames/?${query}`, by);
  expect(count).toBe(results.length);
  return results.map(({ basename }) => basename).sort();
}

const set = (name: string, ...args: string[]) => archive.run(['user', 'set', name, ...args]);

/** As the command does, but quicker. */
async function hold(name: string, change: UserChange): Promise<void> {
  await withCatalog(archive, async (catalog) => {
    const { id } = (await findUser(catalog, name)) ?? { id: 0 };
    await updateUser(catalog, id, change, OPERATOR);
  });
}
const heldTo = (...proposals: string[]): UserChange => ({ sight: { seesAll: false, proposals } });

test('an account with proposals sees theirs, its own uploads and what is public; others see all', async () => {
  expect(await namesFor('ana')).toEqual(['by-ana', 'of-a', 'public']);
  expect(await namesFor('bob')).toEqual(['by-ana', 'of-a', 'of-c', 'public']);
  expect(await namesFor('eve')).toEqual(['public']);
  expect(await namesFor('ana', 'PROPID=PROP-C')).toEqual(['by-ana']);
  expect(await namesFor('ana', 'basename=of-')).toEqual(['of-a']);
  const choices = JSON.stringify(await json('/frames/aggregate/', 'ana'));
  expect(choices).toContain('site-a');
  expect(choices).not.toMatch(/site-c|Fc/);
});

test('the list page and its panels tell of no other frame either', async () => {
  const { cookies } = await logIn(archive, 'ana', PASSWORD);
  const page = async (path: string): Promise<string> => {
    const headers = { Cookie: cookies, Accept: 'text/html' };
    return (await fetch(`${archive.url}${path}`, { headers })).text();
  };
  const list = await page('/frames/');
  expect(list).toMatch(/of-a/);
  expect(list).not.toMatch(/of-c|site-c|Fc\b/);
  const frame = await page(`/frames/${frames.a}/`);
  expect(frame).toMatch(/of-a/);
  expect(frame).not.toMatch(/of-c/);
});

test('the profile says whose frames one is shown, as clients of the OCS archive read it', async () => {
  const profile = (by: string): Promise<Json> => json('/profile/', by);
  expect(await profile('ana')).toEqual({
    username: 'ana',
    profile: { proposals: ['PROP-A', 'PROP-B'] },
    is_staff: false,
  });
  expect(await profile('eve')).toMatchObject({ profile: { proposals: [] } });
  expect(await profile('bob')).toMatchObject({ profile: { proposals: ['PROP-A', 'PROP-C'] } });
  expect(await profile('')).toEqual({ username: '', profile: {}, is_staff: false });
  expect(await archive.json('/profile/')).toMatchObject({ username: 'admin', is_staff: true });
});

test('a change of proposals holds from the next request on, and no kept answer outlives it', async () => {
  const before = await ask('/frames/', 'eve');
  expect(before.headers.get('etag')).toBeNull();
  const { status, stdout } = await set('eve', '--proposals', 'PROP-C');
  expect([status, stdout.includes('the proposals PROP-C and own uploads')]).toEqual([0, true]);
  expect(await namesFor('eve')).toEqual(['by-ana', 'of-c', 'public']);
  await hold('eve', { sight: { seesAll: true, proposals: [] } });
  const all = await ask('/frames/', 'eve');
  const tag = all.headers.get('etag') ?? '';
  expect(tag).not.toBe('');
  // Without the second, Node's fetch asks for an answer that nobody has kept.
  const headers = { 'If-None-Match': tag, 'Cache-Control': 'max-age=0' };
  expect((await ask('/frames/', 'eve', { headers })).status).toBe(304);
  await set('eve', '--sees', 'proposals', '--proposals', '');
  expect((await ask('/frames/', 'eve', { headers })).status).toBe(200);
  expect(await namesFor('eve')).toEqual(['public']);
  const listed = await archive.run(['user', 'list', '--json']);
  const eve = listed.stdout.split('\n').find((line) => line.includes('"eve"')) ?? '{}';
  expect(JSON.parse(eve)).toMatchObject({ seesAll: false, proposals: [] });
  const log = await archive.json<{ results: Json[] }>('/audit/?subject=user:eve&limit=1');
  expect(log.results[0]).toMatchObject({ action: 'user.changed', actor: 'operator' });
});

test('what cannot be meant is refused, and says why', async () => {
  const attempts = [
    [2, '--proposals or --sees', 'eve'],
    [2, 'all, proposals', 'eve', '--sees', 'some'],
    [2, '200 characters', 'eve', '--proposals', 'x'.repeat(201)],
    [1, 'no user', 'nobody', '--sees', 'all'],
  ] as const;
  await Promise.all(
    attempts.map(async ([status, words, name, ...args]) => {
      const told = await set(name, ...args);
      expect([args, told.status, told.stderr]).toEqual([
        args,
        status,
        expect.stringContaining(words),
      ]);
    }),
  );
  expect(await namesFor('eve')).toEqual(['public']);
});

test('the users page sets what an account sees', async () => {
  const { cookies, csrf } = await logIn(archive, 'admin', archive.adminPassword);
  const id = await withCatalog(archive, async (catalog) => (await findUser(catalog, 'eve'))?.id);
  type Fields = Record<string, string | readonly string[]>;
  const submit = async (path: string, fields: Fields): Promise<number> => {
    const sent = Object.entries({ ...fields, csrfmiddlewaretoken: csrf });
    const body = new URLSearchParams(
      sent.flatMap(([name, values]) =>
        [values].flat().map((value): [string, string] => [name, value]),
      ),
    );
    const headers = { Cookie: cookies, Accept: 'text/html' };
    const asked = { method: 'POST', body, headers, redirect: 'manual' } as const;
    return (await fetch(`${archive.url}${path}`, asked)).status;
  };
  const sight = { sees: 'proposals', proposals: 'PROP-A' };
  expect(await submit(`/admin/users/${id}/sees/`, sight)).toBe(303);
  expect(await namesFor('eve')).toEqual(['of-a', 'public']);
  const twice = { sees: 'proposals', proposals: ['P', 'Q'] };
  expect(await submit(`/admin/users/${id}/sees/`, { sees: 'proposals' })).toBe(303);
  expect(await submit(`/admin/users/${id}/sees/`, {})).toBe(303);
  expect(await submit(`/admin/users/${id}/sees/`, twice)).toBe(400);
  expect(await submit(`/admin/users/${id}/sees/`, { sees: 'nothing', proposals: '' })).toBe(400);
  expect(await namesFor('eve')).toEqual(['of-a', 'public']);
  expect(await submit('/admin/users/', { username: 'dan', role: 'user', proposals: 'P' })).toBe(
    200,
  );
  const dan = await withCatalog(archive, (catalog) => findUser(catalog, 'dan'));
  expect(dan).toMatchObject({ seesAll: false, proposals: ['P'] });
  const page = await fetch(`${archive.url}/admin/users/`, {
    headers: { Cookie: cookies, Accept: 'text/html' },
  });
  expect(await page.text()).toContain('value="PROP-A, PROP-B"');
});

test('a signed address opens what its maker may see now, and nothing once the account is disabled', async () => {
  await addUser(archive, 'flo', 'user', { seesAll: false, proposals: ['PROP-A'] });
  tokens.flo = await addToken(archive, 'flo');
  const { url } = await json<{ url: string }>(`/frames/${frames.a}/`, 'flo');
  const { results } = await json<{ results: { url: string }[] }>(
    `/frames/${frames.a}/versions/`,
    'flo',
  );
  const script = await (await ask('/frames/zip/?format=script&PROPID=PROP-A', 'flo')).text();
  const scripted = /http:\/\/[^'"\s]+\/frames\/\d+\/download\/[^'"\s]+/.exec(script)?.[0] ?? '';
  const urls = [url, results[0]?.url ?? '', scripted];
  const statuses = (): Promise<number[]> =>
    Promise.all(urls.map(async (each) => (await fetch(each)).status));
  expect(await statuses()).toEqual([200, 200, 200]);
  await hold('flo', heldTo('PROP-B'));
  expect(await statuses()).toEqual([404, 404, 404]);
  await hold('flo', heldTo('PROP-A'));
  expect(await statuses()).toEqual([200, 200, 200]);
  await hold('flo', { disabled: true });
  expect(await statuses()).toEqual([401, 401, 401]);
});

test('what one does not see one cannot change, one by one or many at once', async () => {
  const before = await json(`/frames/${frames.c}/`, 'bob');
  const all = Object.values(frames);
  const body = { ids: all, corrections: { NOTE: 'by ana' } };
  const many = await change('/frames/corrections/', 'POST', body, 'ana');
  const { results } = (await many.json()) as { results: { id: number; code: string | null }[] };
  const refused = results.filter(({ code }) => code === 'not_found').map(({ id }) => id);
  expect(refused).toEqual([frames.c]);
  expect((await change(`/frames/${frames.c}/notes/`, 'POST', { text: 'x' }, 'ana')).status).toBe(
    404,
  );
  expect((await ask(`/frames/${frames.c}/`, 'ana', { method: 'DELETE' })).status).toBe(404);
  expect((await change('/frames/zip/', 'POST', { frame_ids: all }, 'ana')).status).toBe(404);
  expect({ ...(await json(`/frames/${frames.c}/`, 'bob')), url: '' }).toEqual({
    ...before,
    url: '',
  });
});

test('what is seen only because it is public is not theirs to delete', async () => {
  const answer = await ask(`/frames/${frames.public}/`, 'ana', { method: 'DELETE' });
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringMatching(/is public/)]);
  const { cookies, csrf } = await logIn(archive, 'ana', PASSWORD);
  const page = await fetch(`${archive.url}/frames/${frames.public}/delete/`, {
    method: 'POST',
    body: new URLSearchParams({ csrfmiddlewaretoken: csrf }),
    headers: { Cookie: cookies, Accept: 'text/html' },
    redirect: 'manual',
  });
  expect(page.status).toBe(403);
  expect((await ask(`/frames/${frames.public}/`, 'bob')).status).toBe(200);
});

test('what is theirs they may delete and bring back; of the trash of others nothing is seen', async () => {
  const other = await send('other', 'bob', { PROPID: 'PROP-C' });
  const mine = await send('mine', 'ana', { PROPID: 'PROP-C' });
  const ofA = await send('also-of-a', 'bob', { PROPID: 'PROP-A' });
  for (const [id, by] of [
    [other, 'bob'],
    [mine, 'ana'],
    [ofA, 'ana'],
  ] as const) {
    expect((await ask(`/frames/${id}/`, by, { method: 'DELETE' })).status).toBe(204);
  }
  type Trash = { count: number; results: { id: number }[] };
  const trashFor = async (by: string): Promise<number[]> => {
    const { count, results } = await json<Trash>('/trash/', by);
    expect(count).toBe(results.length);
    return results.map(({ id }) => id).sort((a, b) => a - b);
  };
  expect(await trashFor('ana')).toEqual([mine, ofA]);
  expect(await trashFor('bob')).toEqual([other, mine, ofA]);
  const { cookies, csrf } = await logIn(archive, 'ana', PASSWORD);
  const form = new URLSearchParams({ ids: String(other), csrfmiddlewaretoken: csrf });
  const headers = { Cookie: cookies, Accept: 'text/html' };
  const page = await fetch(`${archive.url}/trash/`, { method: 'POST', body: form, headers });
  expect([page.status, await page.text()]).toEqual([
    409,
    expect.stringContaining('not in the trash'),
  ]);
  const restore = (id: number, by: string) => ask(`/trash/${id}/restore/`, by, { method: 'POST' });
  expect((await restore(other, 'ana')).status).toBe(404);
  expect(await trashFor('bob')).toEqual([other, mine, ofA]);
  for (const id of [mine, ofA]) expect((await restore(id, 'ana')).status).toBe(200);
  expect((await restore(other, 'bob')).status).toBe(200);
  expect(await trashFor('bob')).toEqual([]);
});

test('of refused files an account held to proposals sees those that it sent', async () => {
  await archive.upload(Buffer.from('by ana'), 'refused-ana.fits', tokens.ana);
  await archive.upload(Buffer.from('by bob'), 'refused-bob.fits', tokens.bob);
  type Waiting = { count: number; results: { id: number; name: string }[] };
  const waitingFor = async (by: string): Promise<string[]> => {
    const { count, results } = await json<Waiting>('/quarantine/', by);
    expect(count).toBe(results.length);
    return results.map(({ name }) => name).sort();
  };
  expect(await waitingFor('ana')).toEqual(['refused-ana.fits']);
  expect(await waitingFor('bob')).toEqual(['refused-ana.fits', 'refused-bob.fits']);
  const { results } = await json<Waiting>('/quarantine/', 'bob');
  const ids = results.map(({ id }) => id);
  const both = await change('/quarantine/discard/', 'POST', { ids }, 'ana');
  expect(both.status).toBe(404);
  expect(await waitingFor('bob')).toHaveLength(2);
  const { cookies } = await logIn(archive, 'ana', PASSWORD);
  for (const path of ['/quarantine/', '/upload/']) {
    const headers = { Cookie: cookies, Accept: 'text/html' };
    const page = await (await fetch(`${archive.url}${path}`, { headers })).text();
    expect(page).toContain('refused-ana.fits');
    expect(page).not.toContain('refused-bob.fits');
  }
});

test('what was said while a frame was hidden is not for those to whom it is only public', async () => {
  const id = await send('was-hidden', 'bob', { PROPID: 'PROP-C' });
  const notes = `/frames/${id}/notes/`;
  await change(notes, 'POST', { text: 'said by bob' }, 'bob');
  const corrections = { OBJECT: 'M 1', L1PUBDAT: '2026-03-02T00:00:00' };
  expect((await change(`/frames/${id}/corrections/`, 'PATCH', corrections, 'bob')).status).toBe(
    200,
  );
  expect((await change(notes, 'POST', { text: 'said by ana' }, 'ana')).status).toBe(201);

  type Said = { results: { text?: string; by: string | null }[] };
  const textsFor = async (by: string): Promise<unknown[]> =>
    (await json<Said>(notes, by)).results.map(({ text }) => text);
  const namesOf = async (by: string): Promise<unknown[]> => {
    const { results } = await json<Said>(`/frames/${id}/corrections/`, by);
    return [...new Set(results.map((each) => each.by))];
  };
  expect(await textsFor('ana')).toEqual(['said by ana']);
  expect(await namesOf('ana')).toEqual([null]);
  const { cookies } = await logIn(archive, 'ana', PASSWORD);
  const page = await archive.fetch(`/frames/${id}/`, {
    token: '',
    headers: { Cookie: cookies, Accept: 'text/html' },
  });
  const html = await page.text();
  expect(html).toContain('said by ana');
  expect(html).toContain('set to M 1');
  expect(html).not.toMatch(/said by bob|set to M 1 by/);

  await hold('ana', heldTo('PROP-A', 'PROP-B', 'PROP-C'));
  expect(await textsFor('ana')).toEqual(['said by bob', 'said by ana']);
  expect(await namesOf('ana')).toEqual(['bob']);
  await hold('ana', heldTo('PROP-A', 'PROP-B'));
  expect(await textsFor('bob')).toEqual(['said by bob', 'said by ana']);
});

test('who sends the bytes of a hidden frame is told that they are there, and not which frame it is', async () => {
  const file = pyobsFrame({ FNAME: 'twice.fits', ...HIDDEN, PROPID: 'PROP-C' }, { seed: 77 });
  const first = await archive.upload(file, 'twice.fits', tokens.bob);
  expect(first.files[0]).toMatchObject({ status: 'stored' });
  const again = await archive.upload(file, 'twice.fits', tokens.ana);
  expect(again).toMatchObject({ created: 1, filenames: ['twice'] });
  expect(again.files[0]).toMatchObject({ status: 'already-there', id: null, version: null });
  const own = await archive.upload(file, 'twice.fits', tokens.bob);
  const id = first.files[0]?.id ?? 0;
  expect(own.files[0]).toMatchObject({ status: 'already-there', id, version: 1 });
});

test('the journal brings an account back with what it was shown, not with more', async () => {
  const [old, anew] = await Promise.all([startCatalog(), startCatalog()]);
  const account = { passwordHash: 'x', role: 'user' } as const;
  const sight = { seesAll: false, proposals: ['A'] };
  const id = await insertUser(old.catalog, { ...account, username: 'ana', sight }, OPERATOR);
  await insertUser(old.catalog, { ...account, username: 'bob' }, OPERATOR);
  const told = (await readUnjournaled(old.catalog, 1000)).last ?? 0;
  await updateUser(old.catalog, id, { sight: { ...sight, proposals: ['A', 'B'] } }, OPERATOR);
  const { entries, last } = await readUnjournaled(old.catalog, 1000);
  expect(last).toBeGreaterThan(told);
  const states = entries.flatMap(({ state }) => (state.kind === 'users' ? state.users : []));
  await inTransaction(anew.catalog, async (tx) => {
    await insertUserRecords(tx, states);
    // Of whom only frames know, nobody knows what they were shown.
    await insertOwners(tx, ['cid']);
  });
  expect(await findUser(anew.catalog, 'cid')).toMatchObject({ seesAll: false, proposals: [] });
  expect(await findUser(anew.catalog, 'ana')).toMatchObject({
    seesAll: false,
    proposals: ['A', 'B'],
    disabled: true,
  });
  expect(await findUser(anew.catalog, 'bob')).toMatchObject({ seesAll: true, proposals: [] });
  await Promise.all([old.close(), anew.close()]);
});
