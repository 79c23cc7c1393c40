import { existsSync } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openCatalog } from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;
let seed = 0;

beforeAll(async () => {
  archive = await startArchive();
});

afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

interface Trash {
  count: number;
  size: number;
  results: { id: number; basename: string; versions: number; deleted_by: string; reason: string }[];
}

type Json = Record<string, unknown>;

/** Stores a frame of its own and gives its id and bytes. */
async function store(name: string, cards: Record<string, string | number> = {}) {
  seed += 1;
  const bytes = pyobsFrame({ FNAME: `${name}.fits`, ...cards }, { seed });
  const { files } = await archive.upload(bytes, `${name}.fits`);
  expect(files[0]).toMatchObject({ status: 'stored' });
  return { id: files[0]!.id!, bytes };
}

const list = (): Promise<Trash> => archive.json<Trash>('/trash/');
const trashed = async (id: number): Promise<Trash['results'][number] | undefined> =>
  (await list()).results.find((item) => item.id === id);
const restore = (id: number): Promise<Response> =>
  archive.fetch(`/trash/${id}/restore/`, { method: 'POST' });
const remove = (id: number, reason = ''): Promise<Response> =>
  archive.fetch(`/frames/${id}/?reason=${encodeURIComponent(reason)}`, { method: 'DELETE' });

const treePath = (name: string): string =>
  join(archive.dataDir, 'archive/hill/2026-03-01', `${name}.fits`);
const shelfPath = (id: number, name: string): string =>
  join(archive.dataDir, `archive/.platevault/trash/${id}/hill/2026-03-01`, `${name}.fits`);

/** Answers that hold signed addresses differ by the hour alone. */
const frame = (id: number): Promise<Json> => archive.json<Json>(`/frames/${id}/`);

test('a deleted frame leaves lists and tree, and comes back exactly as it was', async () => {
  const bias = await store('trash-bias', { IMAGETYP: 'bias', EXPTIME: 0 });
  const { id, bytes } = await store('trash-1', { L1BIAS: 'trash-bias', AIRMASS: 1.25 });
  await archive.fetch(`/frames/${id}/corrections/`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ FILTER: 'R' }),
  });
  const before = await frame(id);
  const headers = await archive.json<Json>(`/frames/${id}/headers/?hdu=all`);
  const counts = await archive.json<Json>('/frames/?limit=0');

  const gone = await remove(id, 'a test exposure');
  expect([gone.status, await gone.text()]).toEqual([204, '']);
  expect((await archive.fetch(`/frames/${id}/`)).status).toBe(404);
  expect(await archive.json('/frames/?limit=0')).toMatchObject({ count: Number(counts.count) - 1 });
  expect(await archive.json('/frames/?basename=trash-1')).toMatchObject({ count: 0 });
  expect(await archive.json('/frames/?header.AIRMASS=1.25')).toMatchObject({ count: 0 });
  expect([existsSync(treePath('trash-1')), existsSync(shelfPath(id, 'trash-1'))]).toEqual([
    false,
    true,
  ]);
  expect(await trashed(id)).toMatchObject({
    basename: 'trash-1',
    versions: 1,
    deleted_by: 'admin',
    reason: 'a test exposure',
  });
  expect(await archive.check()).toEqual([]);

  const back = await restore(id);
  expect([back.status, await back.json()]).toMatchObject([200, { id, basename: 'trash-1' }]);
  expect(await frame(id)).toEqual(before);
  expect(before).toMatchObject({ FILTER: 'R', related_frames: [bias.id] });
  expect(await archive.json(`/frames/${id}/headers/?hdu=all`)).toEqual(headers);
  expect(await archive.json('/frames/?header.FILTER=R&basename=trash-1')).toMatchObject({
    count: 1,
  });
  const file = await archive.fetch(`/frames/${id}/download/`);
  expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
  expect(await trashed(id)).toBeUndefined();
  expect([existsSync(treePath('trash-1')), existsSync(dirname(shelfPath(id, 'x')))]).toEqual([
    true,
    false,
  ]);
  expect((await restore(id)).status).toBe(404);
});

test('both dialects answer a deletion as before, and both go to the trash', async () => {
  const [one, two] = [await store('dialect-1'), await store('dialect-2')];
  const old = await archive.fetch(`/frames/${one.id}/delete/`, { method: 'DELETE' });
  expect([old.status, await old.text()]).toEqual([200, '']);
  expect((await remove(two.id)).status).toBe(204);
  expect((await remove(two.id)).status).toBe(404);
  expect([await trashed(one.id), await trashed(two.id)]).toMatchObject([
    { basename: 'dialect-1' },
    { basename: 'dialect-2' },
  ]);
});

test('all versions of a frame go and come back together, with the one that was shown', async () => {
  const { id } = await store('versions-1', { OBJECT: 'first' });
  const second = pyobsFrame({ FNAME: 'versions-1.fits', OBJECT: 'second' }, { seed: 901 });
  expect((await archive.upload(second, 'versions-1.fits')).files[0]!.status).toBe('new-version');
  const shown = await archive.fetch(`/frames/${id}/versions/1/restore/`, { method: 'POST' });
  expect(shown.status).toBe(200);
  const versions = await archive.json<{ results: Json[] }>(`/frames/${id}/versions/`);
  await remove(id);
  expect(await trashed(id)).toMatchObject({ versions: 2 });
  expect((await restore(id)).status).toBe(200);
  expect(await archive.json(`/frames/${id}/versions/`)).toEqual(versions);
  expect(await frame(id)).toMatchObject({ version: 1, OBJECT: 'first' });
  // The headers of the other one came back as well.
  expect(
    (await archive.fetch(`/frames/${id}/versions/2/restore/`, { method: 'POST' })).status,
  ).toBe(200);
  expect(await frame(id)).toMatchObject({ version: 2, OBJECT: 'second' });
  expect(await archive.json(`/frames/${id}/headers/`)).toMatchObject({
    data: { OBJECT: 'second' },
  });
});

test('the same bytes are a new frame while the old one is in the trash, which then cannot come back', async () => {
  const { id, bytes } = await store('again-1');
  await remove(id);
  const { files } = await archive.upload(bytes, 'again-1.fits');
  expect(files[0]).toMatchObject({ status: 'stored', basename: 'again-1' });
  const twin = files[0]!.id!;
  expect(twin).not.toBe(id);
  const refused = await restore(id);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({
    detail: `Another frame is called 'again-1' now: frame ${twin}. Delete that one first.`,
  });
  expect(await frame(twin)).toMatchObject({ basename: 'again-1' });
  // Under another name it is the bytes that are taken.
  const other = await archive.upload(
    pyobsFrame({ FNAME: 'again-2.fits' }, { seed: 77 }),
    'again-2.fits',
  );
  const otherId = other.files[0]!.id!;
  await remove(otherId);
  const renamed = pyobsFrame({ FNAME: 'again-2.fits' }, { seed: 77 });
  await archive.upload(renamed, 'again-2.fits');
  await remove(twin);
  expect((await restore(id)).status).toBe(200);
  expect((await restore(twin)).status).toBe(409);
});

test('only an admin removes for good; then files and frame are gone', async () => {
  const { id } = await store('purge-1');
  await remove(id);
  const made = await archive.run(
    ['user', 'add', 'wanda', '--role', 'writer', '--password-stdin'],
    'long enough for wanda\n',
  );
  expect(made.status).toBe(0);
  const token = async (scope: string): Promise<string> =>
    (await archive.run(['token', 'add', 'wanda', '--scope', scope])).stdout.trim();
  const [writer, reader, uploader] = [
    await token('admin'),
    await token('read'),
    await token('upload'),
  ];
  const purge = (by?: string): Promise<Response> =>
    archive.fetch(`/trash/${id}/`, {
      method: 'DELETE',
      ...(by === undefined ? {} : { token: by }),
    });
  expect((await purge('')).status).toBe(401);
  expect((await purge(writer)).status).toBe(403);
  expect((await archive.fetch('/trash/', { token: '' })).status).toBe(401);
  expect((await archive.fetch('/trash/', { token: reader })).status).toBe(403);
  expect((await archive.fetch('/trash/', { token: uploader })).status).toBe(403);
  expect((await archive.fetch('/trash/', { token: writer })).status).toBe(200);
  expect(existsSync(shelfPath(id, 'purge-1'))).toBe(true);
  expect((await purge()).status).toBe(204);
  expect((await purge()).status).toBe(404);
  expect(existsSync(join(archive.dataDir, `archive/.platevault/trash/${id}`))).toBe(false);
  expect((await restore(id)).status).toBe(404);
  const { results } = await archive.json<{ results: Json[] }>(`/audit/?subject=frame:${id}`);
  expect(results.map(({ action }) => action).slice(0, 2)).toEqual([
    'frame.purged',
    'frame.trashed',
  ]);
});

test('what has lain in the trash for TRASH_DAYS is removed in the background, nothing else', async () => {
  const own = await startArchive({ TRASH_DAYS: '1' });
  try {
    const ids: number[] = [];
    for (const name of ['old', 'young']) {
      const bytes = pyobsFrame({ FNAME: `${name}.fits` }, { seed: name.length });
      const id = (await own.upload(bytes, `${name}.fits`)).files[0]!.id!;
      expect((await own.fetch(`/frames/${id}/`, { method: 'DELETE' })).status).toBe(204);
      ids.push(id);
    }
    await own.stop();
    await inCatalog(own, (db) =>
      db('trash')
        .where({ frame_id: ids[0] })
        .update({ trashed_ms: Date.now() - 86_400_001 }),
    );
    await own.restart();
    const { results } = await own.json<Trash>('/trash/');
    expect(results.map(({ id }) => id)).toEqual([ids[1]]);
    expect(await readdir(join(own.dataDir, 'archive/.platevault/trash'))).toEqual([String(ids[1])]);
    expect(await own.check()).toEqual([]);
  } finally {
    await own.close();
  }
});

/** Changes the catalogue of an archive whose server is stopped. */
async function inCatalog(
  { dataDir }: TestArchive,
  work: (db: ReturnType<typeof openCatalog>['write']) => PromiseLike<unknown>,
): Promise<void> {
  const catalog = openCatalog(`sqlite:${join(dataDir, 'platevault.sqlite')}`);
  try {
    await work(catalog.write);
  } finally {
    await catalog.close();
  }
}

describe('a process that died half-way', () => {
  test('between the rows and the files of a deletion: the files are moved at the next start', async () => {
    const { id } = await store('crash-1');
    await remove(id);
    await archive.stop('SIGKILL');
    await mkdir(dirname(treePath('crash-1')), { recursive: true });
    await rename(shelfPath(id, 'crash-1'), treePath('crash-1'));
    await inCatalog(archive, (db) =>
      db('trash').where({ frame_id: id }).update({ moved_ms: null }),
    );
    await archive.restart();
    expect([existsSync(treePath('crash-1')), existsSync(shelfPath(id, 'crash-1'))]).toEqual([
      false,
      true,
    ]);
    expect((await restore(id)).status).toBe(200);
  });

  test('between the files and the rows of a restore: it is done again, by whichever way comes first', async () => {
    const { id, bytes } = await store('crash-2');
    await remove(id);
    await mkdir(dirname(treePath('crash-2')), { recursive: true });
    await rename(shelfPath(id, 'crash-2'), treePath('crash-2'));
    expect((await restore(id)).status).toBe(200);
    const file = await archive.fetch(`/frames/${id}/download/`);
    expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('between the decision to purge and the files: they go at the next start, and never come back', async () => {
    const { id } = await store('crash-3');
    await remove(id);
    await archive.stop('SIGKILL');
    await inCatalog(archive, (db) =>
      db('trash').where({ frame_id: id }).update({ purged_ms: Date.now() }),
    );
    await archive.restart();
    expect(existsSync(join(archive.dataDir, `archive/.platevault/trash/${id}`))).toBe(false);
    expect(await trashed(id)).toBeUndefined();
    expect((await restore(id)).status).toBe(404);
  });

  test('a file that was uploaded again before it was moved stays with its new frame', async () => {
    const { id, bytes } = await store('crash-4');
    await remove(id);
    const twin = (await archive.upload(bytes, 'crash-4.fits')).files[0]!.id!;
    await archive.stop('SIGKILL');
    await inCatalog(archive, (db) =>
      db('trash').where({ frame_id: id }).update({ moved_ms: null }),
    );
    await archive.restart();
    const file = await archive.fetch(`/frames/${twin}/download/`);
    expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
  });
});

test('a frame of which only the record is known comes back by reading its files', async () => {
  const { id } = await store('record-1', { GAIN: 2.5 });
  const before = await frame(id);
  const headers = await archive.json<Json>(`/frames/${id}/headers/?hdu=all`);
  await remove(id);
  await archive.stop();
  await inCatalog(archive, (db) => db('trash').where({ frame_id: id }).update({ content: null }));
  await archive.restart();
  expect((await restore(id)).status).toBe(200);
  // Other server, other port: addresses differ.
  expect({ ...(await frame(id)), url: '', version_set: [] }).toEqual({
    ...before,
    url: '',
    version_set: [],
  });
  expect(await archive.json(`/frames/${id}/headers/?hdu=all`)).toEqual(headers);
});

test('a frame whose file is gone cannot come back, and says so; it stays in the trash', async () => {
  const { id } = await store('lost-1');
  await remove(id);
  const away = join(archive.dataDir, 'away.fits');
  await rename(shelfPath(id, 'lost-1'), away);
  const answer = await restore(id);
  expect([answer.status, await answer.json()]).toMatchObject([
    500,
    { detail: "Frame 'lost-1' cannot come back: its file is missing." },
  ]);
  await mkdir(dirname(shelfPath(id, 'lost-1')), { recursive: true });
  await rename(away, shelfPath(id, 'lost-1'));
  expect((await restore(id)).status).toBe(200);
});

test('the commands list, restore, purge and empty the trash beside a running server', async () => {
  const [one, two] = [await store('cli-1'), await store('cli-2')];
  await remove(one.id);
  await remove(two.id, 'out of focus');
  const listed = await archive.run(['trash', 'list', '--json']);
  const rows = listed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);
  expect(rows[0]).toMatchObject({
    id: two.id,
    basename: 'cli-2',
    by: 'admin',
    reason: 'out of focus',
  });
  const back = await archive.run(['trash', 'restore', String(one.id), '999999']);
  expect([back.status, back.stdout, back.stderr]).toEqual([
    1,
    'cli-1 is back.\n',
    'Frame 999999 is not in the trash.\n',
  ]);
  expect((await archive.fetch(`/frames/${one.id}/download/`)).status).toBe(200);
  expect((await archive.run(['trash', 'restore', 'cli-2'])).status).toBe(2);
  expect((await archive.run(['trash', 'purge', String(two.id)])).status).toBe(0);
  expect(await trashed(two.id)).toBeUndefined();
  const asked = await archive.run(['trash', 'empty']);
  expect([asked.status, (await list()).count > 0]).toEqual([2, true]);
  expect((await archive.run(['trash', 'empty', '--yes'])).status).toBe(0);
  expect(await list()).toMatchObject({ count: 0, size: 0 });
  const shelves = join(archive.dataDir, 'archive/.platevault/trash');
  expect(existsSync(shelves) ? await readdir(shelves) : []).toEqual([]);
});
