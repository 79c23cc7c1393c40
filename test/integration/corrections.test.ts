import { join } from 'node:path';
import { readdir } from 'node:fs/promises';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;
let seed = 0;
let writer = '';
let uploader = '';
let reader = '';

beforeAll(async () => {
  archive = await startArchive();
  const password = 'long enough for wanda\n';
  const added = await archive.run(
    ['user', 'add', 'wanda', '--role', 'writer', '--password-stdin'],
    password,
  );
  expect(added.status).toBe(0);
  const token = async (scope: string): Promise<string> =>
    (await archive.run(['token', 'add', 'wanda', '--scope', scope])).stdout.trim();
  [writer, uploader, reader] = [await token('admin'), await token('upload'), await token('read')];
});

afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

type Json = Record<string, unknown>;
type Cards = Record<string, string | number | null>;

async function store(name: string, cards: Cards = {}, token?: string) {
  seed += 1;
  const bytes = pyobsFrame({ FNAME: `${name}.fits`, ...cards }, { seed });
  const { files } = await archive.upload(bytes, `${name}.fits`, token);
  expect(files[0]).toMatchObject({ status: 'stored' });
  return { id: files[0]!.id!, bytes };
}

function send(path: string, method: string, body: unknown, token = writer): Promise<Response> {
  return archive.fetch(path, {
    method,
    token,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const correct = (id: number, body: unknown, method = 'PATCH'): Promise<Response> =>
  send(`/frames/${id}/corrections/`, method, body);
const frame = (id: number): Promise<Json> => archive.json<Json>(`/frames/${id}/`);
const count = async (query: string): Promise<unknown> =>
  (await archive.json<Json>(`/frames/?${query}`)).count;

describe('corrections', () => {
  test('lists, searches, counts and the frame follow the corrected values; file and headers do not', async () => {
    const { id, bytes } = await store('correct-1', { OBJECT: 'M 13', FILTER: 'B', GAIN: 1 });
    const answer = await correct(id, {
      object: 'M 92',
      FILTER: 'R',
      'TEL-RA': 259.28,
      'TEL-DEC': 43.136,
      GAIN: 1.5,
      OBSERVER: 'wanda',
      'DATE-OBS': '2026-03-02T21:00:00',
      'DAY-OBS': '2026-03-02',
    });
    expect(answer.status).toBe(200);
    const told = (await answer.json()) as { results: Json[] };
    expect(told.results.find(({ keyword }) => keyword === 'FILTER')).toMatchObject({
      value: 'R',
      original: 'B',
      by: 'wanda',
    });
    expect(await frame(id)).toMatchObject({
      basename: 'correct-1',
      OBJECT: 'M 92',
      FILTER: 'R',
      night: '2026-03-02',
      DATE_OBS: '2026-03-02T21:00:00Z',
      TEL_RA: 259.28,
    });
    expect(await count('OBJECT=M 92&FILTER=R&night=2026-03-02')).toBe(1);
    expect(await count('OBJECT=M 13')).toBe(0);
    expect(await count('RA=259.28&DEC=43.136&radius=0.1')).toBe(1);
    expect(await count('header.GAIN=1.5')).toBe(1);
    expect(await count('header.GAIN=1&basename=correct-1')).toBe(0);
    expect(await count('header.OBSERVER=wanda')).toBe(1);
    const aggregate = await archive.json<{ filters: string[] }>(
      '/frames/aggregate/?night=2026-03-02',
    );
    expect(aggregate.filters).toEqual(['R']);

    const headers = await archive.json<{ data: Json; corrections: Json[] }>(
      `/frames/${id}/headers/`,
    );
    expect(headers.data).toMatchObject({ OBJECT: 'M 13', FILTER: 'B', GAIN: 1 });
    expect(headers.corrections).toContainEqual(
      expect.objectContaining({ keyword: 'OBSERVER', value: 'wanda', original: null }),
    );
    const file = await archive.fetch(`/frames/${id}/download/`);
    expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
    // The same bytes are still the same frame, where they were.
    const again = await archive.upload(bytes, 'correct-1.fits');
    expect(again.files[0]).toMatchObject({ status: 'already-there', id });
    expect(await archive.check()).toEqual([]);
  });

  test('PUT says all of them, null takes a keyword as absent, an empty PUT goes back to the file', async () => {
    const { id } = await store('correct-2', { FILTER: 'B', OBJECT: 'M 3' });
    const before = await frame(id);
    await correct(id, { FILTER: null, OBJECT: 'M 5' });
    expect(await frame(id)).toMatchObject({ FILTER: null, OBJECT: 'M 5' });
    expect(await count('header.FILTER=B&basename=correct-2')).toBe(0);
    await correct(id, { OBJECT: 'M 4' }, 'PUT');
    expect(await frame(id)).toMatchObject({ FILTER: 'B', OBJECT: 'M 4' });
    await correct(id, {}, 'PUT');
    expect(await frame(id)).toEqual(before);
    expect(await archive.json(`/frames/${id}/corrections/`)).toMatchObject({ results: [] });
    expect(await count('header.FILTER=B&basename=correct-2')).toBe(1);
    expect(await archive.json(`/frames/${id}/headers/`)).not.toHaveProperty('corrections');
  });

  test('the log tells who changed what, and from which value', async () => {
    const { id } = await store('correct-3', { FILTER: 'B' });
    await correct(id, { FILTER: 'R' });
    await correct(id, { FILTER: 'I' });
    await correct(id, { FILTER: 'I' });
    const { results } = await archive.json<{ results: Json[] }>(
      `/audit/?subject=frame:${id}&action=frame.corrected`,
    );
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({
      actor: 'wanda',
      old: { corrections: { FILTER: 'R' } },
      detail: { corrections: { FILTER: 'I' } },
    });
    expect(results[1]).toMatchObject({ old: { corrections: {} } });
  });

  test('a value that no frame can have is refused by name, and nothing is changed', async () => {
    const { id } = await store('correct-4');
    const before = await frame(id);
    const cases: readonly (readonly [unknown, number, RegExp])[] = [
      [{ 'DATE-OBS': 'yesterday' }, 400, /DATE-OBS.*'yesterday'/],
      [{ 'DATE-OBS': null }, 400, /DATE-OBS/],
      [{ NAXIS1: 5 }, 400, /NAXIS1 describes the bytes of the file/],
      [{ 'A/B': 1 }, 400, /A\/B is not a keyword/],
      [{ FILTER: { deep: 1 } }, 400, /FILTER needs a text, a number/],
      [{ FILTER: 'x'.repeat(501) }, 400, /FILTER has a text of more than 500/],
      [{ FILTER: 'a\u0000b' }, 400, /FILTER has a text with characters/],
      [{ FILTER: 'R', filter: 'B' }, 400, /FILTER is given twice/],
      [['FILTER', 'R'], 400, /JSON object/],
    ];
    for (const [body, status, words] of cases) {
      const answer = await correct(id, body);
      expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), status]);
      expect(String(((await answer.json()) as Json).detail)).toMatch(words);
    }
    const profile = await send(`/frames/${id}/corrections/?profile=nonsense`, 'PATCH', {});
    expect([profile.status, await profile.json()]).toMatchObject([
      400,
      { detail: expect.stringMatching(/no profile 'nonsense': there are .*pyobs/) as string },
    ]);
    const form = await archive.fetch(`/frames/${id}/corrections/`, {
      method: 'PATCH',
      body: new URLSearchParams({ FILTER: 'R' }),
    });
    expect(form.status).toBe(415);
    expect(await frame(id)).toEqual(before);
  });

  test('a chosen profile holds until it is taken back', async () => {
    const { id } = await store('correct-5');
    const before = await frame(id);
    const { profile } = before;
    const profiles = (await archive.json<{ results: Json[] }>('/quarantine/')).results;
    expect(profiles).toEqual([]);
    const other = profile === 'lco' ? 'pyobs' : 'lco';
    const chosen = await send(`/frames/${id}/corrections/?profile=${other}`, 'PATCH', {});
    expect(await chosen.json()).toMatchObject({ profile: other, chosen_profile: other });
    await correct(id, { OBJECT: 'M 2' });
    expect(await frame(id)).toMatchObject({ profile: other, OBJECT: 'M 2' });
    await send(`/frames/${id}/corrections/?profile=`, 'PUT', {});
    expect(await frame(id)).toEqual(before);
  });

  test('many frames at once: each is told, one that cannot be does not spoil the others', async () => {
    const [one, two] = [await store('many-1'), await store('many-2')];
    const answer = await send('/frames/corrections/', 'POST', {
      ids: [one.id, 999999, two.id],
      corrections: { OBJECT: 'Cluster' },
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      {
        corrected: 2,
        failed: 1,
        results: [
          { id: one.id, error: null },
          { id: 999999, code: 'not_found' },
          { id: two.id, error: null },
        ],
      },
    ]);
    expect(await count('OBJECT=Cluster')).toBe(2);
    expect((await send('/frames/corrections/', 'POST', { ids: 'all' })).status).toBe(400);
    expect((await send('/frames/corrections/', 'POST', {})).status).toBe(400);
  });

  test('a further version of a corrected frame is read under the corrections as well', async () => {
    const { id } = await store('correct-6', { OBJECT: 'wrong' });
    await correct(id, { OBJECT: 'right' });
    const bytes = pyobsFrame(
      { FNAME: 'correct-6.fits', OBJECT: 'wrong', GAIN: 9.25 },
      { seed: 500 },
    );
    const { files } = await archive.upload(bytes, 'correct-6.fits');
    expect(files[0]).toMatchObject({ status: 'new-version', id, version: 2 });
    expect(await frame(id)).toMatchObject({ version: 2, OBJECT: 'right' });
    expect(await count('header.GAIN=9.25')).toBe(1);
    expect(await count('header.OBJECT=right&basename=correct-6')).toBe(1);
    expect(await count('header.OBJECT=wrong')).toBe(0);
  });

  test('only writers may, with a token for more than uploads; readers see', async () => {
    const { id } = await store('correct-7');
    const path = `/frames/${id}/corrections/`;
    expect((await send(path, 'PATCH', { OBJECT: 'x' }, '')).status).toBe(401);
    expect((await send(path, 'PATCH', { OBJECT: 'x' }, reader)).status).toBe(403);
    expect((await send(path, 'PUT', { OBJECT: 'x' }, uploader)).status).toBe(403);
    expect((await send('/frames/corrections/', 'POST', { ids: [id] }, reader)).status).toBe(403);
    expect((await archive.fetch(path, { token: reader })).status).toBe(200);
    expect((await archive.fetch(path, { token: '' })).status).toBe(401);
    expect((await correct(999999, { OBJECT: 'x' })).status).toBe(404);
  });

  test('corrections made at the same time are all kept', async () => {
    const { id } = await store('correct-8');
    const keywords = ['OBSERVER', 'GAIN', 'AIRMASS', 'OBJECT', 'FILTER', 'FOCUS'];
    const answers = await Promise.all(keywords.map((keyword) => correct(id, { [keyword]: 3 })));
    const done = answers.filter(({ status }) => status === 200).length;
    const { results } = await archive.json<{ results: Json[] }>(path(id));
    expect(results).toHaveLength(done);
    // Who was in the way of too many others is told to try again.
    expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true);
  });
  const path = (id: number): string => `/frames/${id}/corrections/`;

  test('they are there after a restart', async () => {
    const { id } = await store('correct-9');
    await correct(id, { OBJECT: 'kept', FILTER: null });
    const before = await archive.json(path(id));
    await archive.stop('SIGKILL');
    await archive.restart();
    expect(await archive.json(path(id))).toEqual(before);
    expect(await frame(id)).toMatchObject({ OBJECT: 'kept', FILTER: null });
  });
});

describe('versions', () => {
  test('every version is listed, downloads with ranges and tags, and a former one can be shown again', async () => {
    const { id, bytes } = await store('version-1', { OBJECT: 'first' }, uploader);
    const next = pyobsFrame({ FNAME: 'version-1.fits', OBJECT: 'second' }, { seed: 600 });
    await archive.upload(next, 'again.fits');
    const { count: total, results } = await archive.json<{ count: number; results: Json[] }>(
      `/frames/${id}/versions/`,
    );
    expect(total).toBe(2);
    expect(results).toMatchObject([
      {
        number: 1,
        is_current: false,
        by: 'wanda',
        upload_name: 'version-1.fits',
        size: bytes.length,
      },
      { number: 2, is_current: true, by: 'admin', upload_name: 'again.fits', size: next.length },
    ]);
    const { version_set: set } = (await frame(id)) as { version_set: Json[] };
    expect(results[1]).toMatchObject({ id: set[0]!.id, key: set[0]!.key, md5: set[0]!.md5 });

    const whole = await archive.fetch(`/frames/${id}/versions/1/download/`);
    expect(whole.headers.get('content-disposition')).toBe('attachment; filename="version-1.fits"');
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const part = await archive.fetch(`/frames/${id}/versions/1/download/`, {
      headers: { Range: 'bytes=2880-2889', 'If-Range': whole.headers.get('etag') ?? '' },
    });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(2880, 2890))).toBe(true);

    expect(await frame(id)).toMatchObject({ version: 2, OBJECT: 'second' });
    expect(await count('OBJECT=first')).toBe(0);
    const back = await archive.fetch(`/frames/${id}/versions/1/restore/`, {
      method: 'POST',
      token: writer,
    });
    expect(back.status).toBe(200);
    expect(await frame(id)).toMatchObject({ version: 1, OBJECT: 'first', size: bytes.length });
    expect(await count('OBJECT=first&header.OBJECT=first')).toBe(1);
    const shown = await archive.fetch(`/frames/${id}/download/`);
    expect(Buffer.from(await shown.arrayBuffer()).equals(bytes)).toBe(true);
    expect(await archive.json(`/frames/${id}/headers/`)).toMatchObject({
      data: { OBJECT: 'first' },
    });
    // Nothing is lost by it, and the next one is the third.
    const third = pyobsFrame({ FNAME: 'version-1.fits', OBJECT: 'third' }, { seed: 601 });
    expect((await archive.upload(third, 'version-1.fits')).files[0]).toMatchObject({ version: 3 });
    expect(await archive.json(`/frames/${id}/versions/`)).toMatchObject({ count: 3 });
    expect(await archive.check()).toEqual([]);
  });

  test('the signed address of a version opens that version and nothing else', async () => {
    const { id, bytes } = await store('version-2');
    await archive.upload(pyobsFrame({ FNAME: 'version-2.fits' }, { seed: 610 }), 'version-2.fits');
    const { results } = await archive.json<{ results: { url: string }[] }>(
      `/frames/${id}/versions/`,
    );
    const url = results[0]!.url;
    expect(url.match(/download/g)).toHaveLength(1);
    const file = await archive.fetch(url, { token: '' });
    expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
    for (const other of [
      url.replace('/versions/1/', '/versions/2/'),
      url.replace(`/frames/${id}/`, '/frames/1/'),
      url.replace('/versions/1/download/', '/download/'),
      url.replace('download', 'restore'),
    ]) {
      const method = other.includes('restore') ? 'POST' : 'GET';
      expect([other, (await archive.fetch(other, { token: '', method })).status]).toEqual([
        other,
        401,
      ]);
    }
  });

  test('what is not there is not found, and readers restore nothing', async () => {
    const { id } = await store('version-3');
    const restore = (number: string, token: string): Promise<Response> =>
      archive.fetch(`/frames/${id}/versions/${number}/restore/`, { method: 'POST', token });
    expect((await restore('7', writer)).status).toBe(404);
    expect((await restore('x', writer)).status).toBe(404);
    expect((await restore('1', reader)).status).toBe(403);
    expect((await restore('1', uploader)).status).toBe(403);
    expect((await restore('1', '')).status).toBe(401);
    expect((await restore('1', writer)).status).toBe(200);
    expect((await archive.fetch(`/frames/${id}/versions/7/download/`)).status).toBe(404);
    expect((await archive.fetch(`/frames/${id}/versions/`, { token: '' })).status).toBe(401);
  });
});

describe('notes', () => {
  test('are written by writers, read by all users, and stay after a restart', async () => {
    const { id } = await store('note-1');
    const path = `/frames/${id}/notes/`;
    const made = await send(path, 'POST', { text: ' Satellite\r\nupper left ' });
    expect([made.status, await made.json()]).toMatchObject([
      201,
      { text: 'Satellite\nupper left', by: 'wanda' },
    ]);
    expect((await send(path, 'POST', { text: 'second' }, uploader)).status).toBe(201);
    expect((await send(path, 'POST', { text: 'x' }, reader)).status).toBe(403);
    for (const text of [' ', 5, 'x'.repeat(4001), 'a\u0007', 'a\u202eb', '\ud800'])
      expect((await send(path, 'POST', { text })).status).toBe(400);
    expect((await send('/frames/999999/notes/', 'POST', { text: 'x' })).status).toBe(404);
    await archive.stop('SIGKILL');
    await archive.restart();
    const { results } = await archive.json<{ results: Json[] }>(path, { token: reader });
    expect(results.map(({ text }) => text)).toEqual(['Satellite\nupper left', 'second']);
  });
});

test('frames that are packed keep their headers when they are corrected, and through the trash', async () => {
  const own = await startArchive({ COMPRESS: 'rice' });
  try {
    const bytes = pyobsFrame({ FNAME: 'packed.fits', OBJECT: 'a' }, { width: 200, height: 200 });
    const id = (await own.upload(bytes, 'packed.fits')).files[0]!.id!;
    const before = await own.json<Json>(`/frames/${id}/`);
    expect(before.original).not.toBeNull();
    const put = (body: unknown): Promise<Response> =>
      own.fetch(`/frames/${id}/corrections/`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await put({ OBJECT: 'b' })).status).toBe(200);
    expect(await own.json(`/frames/${id}/`)).toMatchObject({ OBJECT: 'b' });
    expect((await put({})).status).toBe(200);
    expect(await own.json(`/frames/${id}/`)).toEqual(before);
    await own.fetch(`/frames/${id}/`, { method: 'DELETE' });
    expect((await own.fetch(`/trash/${id}/restore/`, { method: 'POST' })).status).toBe(200);
    expect(await own.json(`/frames/${id}/`)).toEqual(before);
    expect(await readdir(join(own.dataDir, 'archive/.incoming'))).toEqual([]);
    expect(await own.check()).toEqual([]);
  } finally {
    await own.close();
  }
});
