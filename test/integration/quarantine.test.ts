import { existsSync } from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { openCatalog } from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

// A keyword in the path of frames that nothing stands in for: what lacks it is refused.
const SETTINGS = { PATH_FORMATTER: '{SITEID}/{CAMERA}/{DAY-OBS}/' };

let archive: TestArchive;
let seed = 0;

beforeAll(async () => {
  archive = await startArchive(SETTINGS);
});

afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

type Json = Record<string, unknown>;
interface List {
  count: number;
  size: number;
  results: (Json & { id: number; name: string; code: string; sha256: string })[];
}

function lacking(name: string, cards: Record<string, string | number | null> = {}): Buffer {
  seed += 1;
  return pyobsFrame({ FNAME: `${name}.fits`, OBJECT: name, ...cards }, { seed });
}

const list = (query = ''): Promise<List> => archive.json<List>(`/quarantine/?${query}`);

/** Uploads what is refused. @returns its number in quarantine */
async function refuse(bytes: Buffer, name: string): Promise<number> {
  const answer = await archive.upload(bytes, name);
  expect([answer.created, answer.files[0]!.status]).toEqual([0, 'refused']);
  const hash = sha256(bytes);
  return (await list()).results.find((item) => item.sha256 === hash)!.id;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function post(path: string, body: unknown, token?: string): Promise<Response> {
  return archive.fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    ...(token === undefined ? {} : { token }),
  });
}

async function retry(id: number, body: unknown): Promise<Json> {
  const answer = await post(`/quarantine/${id}/retry/`, body);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Json;
}

const kept = (bytes: Buffer): boolean =>
  existsSync(join(archive.dataDir, 'quarantine', sha256(bytes)));

test('a refused file is listed with its reason, its headers and the keyword that stands in the way', async () => {
  const bytes = lacking('lacks-1');
  const id = await refuse(bytes, 'lacks-1.fits');
  const item = (await list('code=header_missing')).results.find((each) => each.id === id);
  expect(item).toMatchObject({
    name: 'lacks-1.fits',
    code: 'header_missing',
    keyword: 'CAMERA',
    is_mendable: true,
    attempts: 0,
    size: bytes.length,
  });
  expect((await list('keyword=camera')).results.map((each) => each.id)).toContain(id);
  expect((await list('code=fits_invalid')).results.map((each) => each.id)).not.toContain(id);
  const shown = await archive.json<{
    hdus: { cards: Json[] }[];
    findings: Json[];
    profiles: Json[];
    problem: string | null;
  }>(`/quarantine/${id}/`);
  expect(shown.problem).toBeNull();
  expect(shown.hdus[1]!.cards).toContainEqual(
    expect.objectContaining({ key: 'OBJECT', value: 'lacks-1' }),
  );
  expect(shown.profiles.map(({ name }) => name)).toContain('pyobs');
  const file = await archive.fetch(`/quarantine/${id}/download/`);
  expect(file.headers.get('content-type')).toBe('application/octet-stream');
  expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
  const part = await archive.fetch(`/quarantine/${id}/download/`, {
    headers: { Range: 'bytes=-5' },
  });
  expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 5]);
});

test('with the value that was missing it is stored: path, facts and search go by it, the bytes do not change', async () => {
  const bytes = lacking('mend-1');
  const id = await refuse(bytes, 'mend-1.fits');
  const { size } = await list();
  const result = await retry(id, { overrides: { camera: 'red', FILTER: 'R', GAIN: 2 } });
  expect(result).toMatchObject({ status: 'stored', basename: 'mend-1', quarantine_id: id });
  const frameId = Number(result.id);
  expect(existsSync(join(archive.dataDir, 'archive/hill/red/2026-03-01/mend-1.fits'))).toBe(true);
  expect(await archive.json(`/frames/${frameId}/`)).toMatchObject({
    FILTER: 'R',
    OBJECT: 'mend-1',
  });
  expect(await archive.json('/frames/?header.CAMERA=red&header.GAIN=2')).toMatchObject({
    count: 1,
  });
  const file = await archive.fetch(`/frames/${frameId}/download/`);
  expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
  const headers = await archive.json<{ data: Json; corrections: Json[] }>(
    `/frames/${frameId}/headers/`,
  );
  expect(headers.data).toMatchObject({ FILTER: 'V' });
  expect(
    headers.corrections.map(({ keyword, value, original, by }) => [keyword, value, original, by]),
  ).toEqual([
    ['CAMERA', 'red', null, 'admin'],
    ['FILTER', 'R', 'V', 'admin'],
    ['GAIN', 2, null, 'admin'],
  ]);
  expect((await archive.fetch(`/quarantine/${id}/`)).status).toBe(404);
  expect([kept(bytes), (await list()).size]).toEqual([false, size - bytes.length]);
  const { results } = await archive.json<{ results: Json[] }>(`/audit/?subject=quarantine:${id}`);
  expect(results.map(({ action }) => action)).toEqual(['quarantine.fixed', 'upload.refused']);
  expect(results[0]).toMatchObject({ detail: { frameId }, old: { code: 'header_missing' } });
  expect(await archive.check()).toEqual([]);
});

test('a try that fails leaves the file where it is, with the new reason and what was tried', async () => {
  const bytes = lacking('again-1', { 'DATE-OBS': 'last night' });
  const id = await refuse(bytes, 'again-1.fits');
  expect((await list()).results.find((item) => item.id === id)).toMatchObject({
    code: 'header_invalid',
    keyword: 'DATE-OBS',
  });
  expect(await retry(id, { overrides: { 'DATE-OBS': '2026-03-01T22:00:00' } })).toMatchObject({
    status: 'refused',
    id: null,
    code: 'header_missing',
  });
  expect(kept(bytes)).toBe(true);
  // Who tries again has not sent it.
  const { results } = await archive.json<{ results: Json[] }>(`/audit/?subject=quarantine:${id}`);
  expect(results.map(({ action }) => action)).toEqual(['quarantine.retried', 'upload.refused']);
  expect(await archive.json(`/quarantine/${id}/`)).toMatchObject({
    attempts: 1,
    code: 'header_missing',
    keyword: 'CAMERA',
    overrides: { 'DATE-OBS': '2026-03-01T22:00:00' },
  });
  // What is given stands alone; what is not given is as in the last try.
  expect(await retry(id, { overrides: { CAMERA: 'red' } })).toMatchObject({
    code: 'header_invalid',
  });
  expect(await retry(id, {})).toMatchObject({ code: 'header_invalid' });
  const both = { 'DATE-OBS': '2026-03-01T22:00:00', CAMERA: 'red' };
  expect(await retry(id, { overrides: both, profile: 'pyobs' })).toMatchObject({
    status: 'stored',
  });
  expect(kept(bytes)).toBe(false);
});

test('values that cannot be set are refused by name, before anything is tried', async () => {
  const id = await refuse(lacking('bad-1'), 'bad-1.fits');
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ overrides: { NAXIS: 3 } }, /NAXIS describes the bytes/],
    [{ overrides: [1] }, /Header values are expected as an object/],
    [{ overrides: { CAMERA: [1] } }, /CAMERA needs a text/],
    [{ profile: 7 }, /profile is expected to be a text/],
    [{ profile: 'nonsense' }, /no profile 'nonsense'/],
  ];
  for (const [body, words] of cases) {
    const answer = await post(`/quarantine/${id}/retry/`, body);
    expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), 400]);
    expect(String(((await answer.json()) as Json).detail)).toMatch(words);
  }
  expect(await archive.json(`/quarantine/${id}/`)).toMatchObject({ attempts: 0 });
});

test('what is no FITS file says that no header value helps', async () => {
  const bytes = Buffer.from('SIMPLE  = nothing that anybody could read as a header');
  const id = await refuse(bytes, 'broken.fits');
  expect(await archive.json(`/quarantine/${id}/`)).toMatchObject({
    is_mendable: false,
    problem: expect.any(String) as string,
  });
  const cut = lacking('cut-1').subarray(0, 4000);
  const cutId = await refuse(cut, 'cut-1.fits');
  const shown = await archive.json<{ hdus: { cards: Json[] }[] }>(`/quarantine/${cutId}/`);
  expect(shown).toMatchObject({ is_mendable: false, code: 'fits_truncated' });
  expect(shown.hdus[0]!.cards).toContainEqual(expect.objectContaining({ key: 'SIMPLE' }));
  const gone = await archive.fetch(`/quarantine/${cutId}/`, { method: 'DELETE' });
  expect(gone.status).toBe(204);
  expect([kept(cut), (await archive.fetch(`/quarantine/${cutId}/`)).status]).toEqual([false, 404]);
  const log = await archive.json<{ results: Json[] }>(`/audit/?subject=quarantine:${cutId}`);
  expect(log.results[0]).toMatchObject({ action: 'quarantine.discarded', actor: 'admin' });
});

test('many at once: by number, or all that were refused for the same', async () => {
  const before = (await list('code=header_missing')).results.map(({ id }) => id);
  await post('/quarantine/discard/', { ids: before });
  const ids: number[] = [];
  for (const name of ['bulk-1', 'bulk-2', 'bulk-3']) {
    ids.push(await refuse(lacking(name), `${name}.fits`));
  }
  const broken = await refuse(Buffer.from('not a file of stars'), 'bulk-4.fits');
  const some = await post('/quarantine/retry/', {
    ids: [ids[0], broken],
    overrides: { CAMERA: 'b' },
  });
  expect(await some.json()).toMatchObject({
    count: 2,
    stored: 1,
    results: [
      { quarantine_id: ids[0], status: 'stored' },
      { quarantine_id: broken, status: 'refused' },
    ],
  });
  const rest = await post('/quarantine/retry/', {
    code: 'header_missing',
    overrides: { CAMERA: 'b' },
  });
  expect(await rest.json()).toMatchObject({ count: 2, stored: 2 });
  expect(await list('code=header_missing')).toMatchObject({ count: 0 });
  expect((await post('/quarantine/retry/', {})).status).toBe(400);
  expect((await post('/quarantine/retry/', { ids: [999999] })).status).toBe(404);
  const thrown = await post('/quarantine/discard/', { ids: [broken] });
  expect(await thrown.json()).toEqual({ discarded: 1, ids: [broken] });
  expect((await post('/quarantine/discard/', {})).status).toBe(400);
});

test('the same bytes again are one item, and once they are stored they are known', async () => {
  const bytes = lacking('meanwhile-1');
  const id = await refuse(bytes, 'meanwhile-1.fits');
  // Sent again as it is: still refused, and still one item.
  expect(await refuse(bytes, 'meanwhile-1.fits')).toBe(id);
  expect(await archive.json(`/quarantine/${id}/`)).toMatchObject({ attempts: 0 });
  const stored = await retry(id, { overrides: { CAMERA: 'c' } });
  expect(stored).toMatchObject({ status: 'stored' });
  expect((await archive.upload(bytes, 'meanwhile-1.fits')).files[0]).toMatchObject({
    status: 'already-there',
    id: stored.id,
  });
  expect((await list()).results.every((item) => item.id !== id)).toBe(true);
});

test('a frame stays that of who sent it, whoever mends it; the log tells of both', async () => {
  const made = await archive.run(
    ['user', 'add', 'wilma', '--role', 'writer', '--password-stdin'],
    'long enough for wilma\n',
  );
  expect(made).toMatchObject({ status: 0 });
  const token = (await archive.run(['token', 'add', 'wilma', '--scope', 'upload'])).stdout.trim();
  const ids: number[] = [];
  for (const name of ['sent-1', 'sent-2']) {
    const bytes = lacking(name);
    const hash = sha256(bytes);
    expect((await archive.upload(bytes, `${name}.fits`, token)).files[0]?.status).toBe('refused');
    ids.push((await list()).results.find((item) => item.sha256 === hash)!.id);
  }
  const [byAdmin = 0, byCommand = 0] = ids;
  expect(await retry(byAdmin, { overrides: { CAMERA: 'g' } })).toMatchObject({ status: 'stored' });
  const command = ['quarantine', 'retry', String(byCommand), '--set', 'CAMERA=g'];
  expect(await archive.run(command)).toMatchObject({ status: 0 });
  const catalog = openCatalog(`sqlite:${join(archive.dataDir, 'platevault.sqlite')}`);
  try {
    const rows: { username: string }[] = await catalog
      .read('versions')
      .join('users', 'users.id', 'versions.uploaded_by')
      .whereIn('upload_name', ['sent-1.fits', 'sent-2.fits'])
      .select('users.username');
    expect(rows.map(({ username }) => username)).toEqual(['wilma', 'wilma']);
  } finally {
    await catalog.close();
  }
  const { results } = await archive.json<{ results: Json[] }>(
    `/audit/?subject=quarantine:${byAdmin}`,
  );
  expect(results.map(({ actor }) => actor)).toEqual(['admin', 'wilma']);
});

test('only writers see and mend refused files, and only with the right token throw them away', async () => {
  const id = await refuse(lacking('rights-1'), 'rights-1.fits');
  const added = await archive.run(
    ['user', 'add', 'ulla', '--role', 'user', '--password-stdin'],
    'long enough for ulla\n',
  );
  expect(added.status).toBe(0);
  const token = async (user: string, scope: string): Promise<string> =>
    (await archive.run(['token', 'add', user, '--scope', scope])).stdout.trim();
  const [user, reader, uploader] = [
    await token('ulla', 'admin'),
    await token('admin', 'read'),
    await token('admin', 'upload'),
  ];
  const asked: readonly (readonly [string, string])[] = [
    ['GET', '/quarantine/'],
    ['GET', `/quarantine/${id}/`],
    ['GET', `/quarantine/${id}/download/`],
    ['POST', `/quarantine/${id}/retry/`],
    ['POST', '/quarantine/retry/'],
    ['POST', '/quarantine/discard/'],
    ['DELETE', `/quarantine/${id}/`],
  ];
  for (const [method, path] of asked) {
    const statuses = await Promise.all(
      ['', user, reader].map(
        async (by) => (await archive.fetch(path, { method, token: by })).status,
      ),
    );
    expect([method, path, statuses]).toEqual([method, path, [401, 403, 403]]);
  }
  expect((await archive.fetch('/quarantine/', { token: uploader })).status).toBe(200);
  const discard = await archive.fetch(`/quarantine/${id}/`, { method: 'DELETE', token: uploader });
  expect(discard.status).toBe(403);
  const mended = await post(`/quarantine/${id}/retry/`, { overrides: { CAMERA: 'd' } }, uploader);
  expect(await mended.json()).toMatchObject({ status: 'stored' });
});

test('a file that has vanished from quarantine is told as such; what a crash has left is put right', async () => {
  const [lost, stray] = [lacking('lost-1'), lacking('stray-1')];
  const id = await refuse(lost, 'lost-1.fits');
  const strayId = await refuse(stray, 'stray-1.fits');
  const folder = join(archive.dataDir, 'quarantine');
  await rename(join(folder, sha256(lost)), join(archive.dataDir, 'lost'));
  const answer = await post(`/quarantine/${id}/retry/`, { overrides: { CAMERA: 'e' } });
  expect([answer.status, await answer.json()]).toMatchObject([
    500,
    { detail: "The file of 'lost-1.fits' is missing or has changed." },
  ]);
  await rename(join(archive.dataDir, 'lost'), join(folder, sha256(lost)));
  expect(await retry(id, { overrides: { CAMERA: 'e' } })).toMatchObject({ status: 'stored' });

  // Stored, but the process died before it let go of the file; and a file without a row.
  await writeFile(join(folder, sha256(lost)), lost);
  const forgotten = lacking('forgotten-1');
  await writeFile(join(folder, sha256(forgotten)), forgotten);
  await archive.stop('SIGKILL');
  await archive.restart();
  expect(kept(lost)).toBe(false);
  const found = (await list()).results.find((item) => item.sha256 === sha256(forgotten));
  expect(await retry(Number(found?.id), { overrides: { CAMERA: 'f' } })).toMatchObject({
    status: 'stored',
    basename: 'forgotten-1',
  });
  expect(await archive.json(`/quarantine/${strayId}/`)).toMatchObject({ name: 'stray-1.fits' });
  expect(await readdir(join(archive.dataDir, 'archive/.incoming'))).toEqual([]);
});

test('quarantine holds so many files and bytes, the newest; what goes is told in the log', async () => {
  const own = await startArchive({ ...SETTINGS, QUARANTINE_FILES: '2' });
  try {
    for (const name of ['one', 'two', 'three']) await own.upload(lacking(name), `${name}.fits`);
    const { results } = await own.json<List>('/quarantine/');
    expect(results.map(({ name }) => name)).toEqual(['three.fits', 'two.fits']);
    expect(await readdir(join(own.dataDir, 'quarantine'))).toHaveLength(2);
    const log = await own.json<{ results: Json[] }>('/audit/?action=quarantine.discarded');
    expect(log.results).toMatchObject([{ actor: 'archive', old: { uploadName: 'one.fits' } }]);
  } finally {
    await own.close();
    await rm(own.dataDir, { recursive: true, force: true });
  }
});

test('the commands list, mend and throw away refused files beside a running server', async () => {
  const [mended, thrown] = [
    await refuse(lacking('cli-1'), 'cli-1.fits'),
    await refuse(lacking('cli-2'), 'cli-2.fits'),
  ];
  const listed = await archive.run(['quarantine', 'list', '--code', 'header_missing', '--json']);
  const rows = listed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);
  expect(rows[0]).toMatchObject({ id: thrown, uploadName: 'cli-2.fits', code: 'header_missing' });
  const retry = ['quarantine', 'retry', String(mended)];
  expect(await archive.run([...retry, '--set', 'GAIN=2'])).toEqual({
    status: 1,
    stdout: 'refused: Could not find CAMERA in FITS header.\n',
    stderr: '',
  });
  expect((await archive.run([...retry, '--set', 'NAXIS=2'])).status).toBe(2);
  const stored = await archive.run([...retry, '--set', 'CAMERA=g', '--set', 'FILTER=']);
  expect(stored).toEqual({ status: 0, stdout: 'stored: cli-1\n', stderr: '' });
  expect(await archive.json('/frames/?basename=cli-1')).toMatchObject({
    count: 1,
    results: [{ FILTER: null }],
  });
  expect((await archive.run(['quarantine', 'discard', String(thrown)])).status).toBe(0);
  const again = await archive.run(['quarantine', 'discard', String(thrown)]);
  expect([again.status, again.stderr]).toEqual([1, `There is no file ${thrown} in quarantine.\n`]);
});
