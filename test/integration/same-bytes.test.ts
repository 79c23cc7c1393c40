/** The same bytes under two names: an acknowledgement as ever, and something that a person should know. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';

interface Told {
  readonly findings: readonly { code: string; level: string; text: string }[];
}

let archive: TestArchive;
beforeAll(async () => {
  archive = await startArchive({ ANONYMOUS: 'public' });
});
afterAll(() => archive.close());

async function send(bytes: Buffer, name: string): Promise<{ id: number; status: unknown }> {
  const [file] = (await archive.upload(bytes, name)).files;
  expect(file?.warnings).toEqual([]);
  return { id: Number(file?.id), status: file?.status };
}

async function saidOf(id: number): Promise<string[]> {
  const { findings } = await archive.json<Told>(`/frames/${id}/`);
  return findings.filter(({ code }) => code === 'same-bytes').map(({ text }) => text);
}

/** What a catalogue keeps of other names, and says of them. */
function keptOf(id: number): Promise<{ names: string[]; texts: string[] }> {
  return withCatalog(archive, async ({ read }) => ({
    names: await read('other_names').where({ frame_id: id }).pluck('name'),
    texts: await read('findings').where({ frame_id: id, source: 'names' }).pluck('text'),
  }));
}

const TIME = String.raw`on \d{4}-\d\d-\d\d at \d\d:\d\d UTC`;

test('bytes that come under another name are there already, and the frame tells both names', async () => {
  const bytes = pyobsFrame({ FNAME: 'twin-a.fits' });
  const first = await send(bytes, 'twin-a.fits');
  expect(first.status).toBe('stored');
  expect(await send(bytes, 'twin-b.fits')).toEqual({ ...first, status: 'already-there' });
  // Once more changes nothing, nor do its own name and another extension.
  await send(bytes, 'twin-b.fits');
  await send(bytes, 'twin-a.fit');
  expect(await saidOf(first.id)).toEqual([
    expect.stringMatching(
      `^The same bytes came under 2 names: first as 'twin-a.fits', then as 'twin-b.fits' ${TIME}.$`,
    ),
  ]);
  const path = `/frames/${first.id}/versions/`;
  const { other_names: names } = await archive.json<{ other_names: object[] }>(path);
  expect(names).toMatchObject([{ name: 'twin-b.fits', by: 'admin' }]);
  const page = await archive.fetch(`/frames/${first.id}/`, { headers: { Accept: 'text/html' } });
  expect(await page.text()).toContain('Again as <span class="mono">twin-b.fits</span> by admin');
  // It is found, and the night tells it.
  const found = await archive.json<{ results: object[] }>('/frames/?finding=same-bytes');
  expect(found.results).toMatchObject([{ id: first.id }]);
  const { night } = await archive.json<{ night: string }>(`/frames/${first.id}/`);
  const told = await archive.json<{ findings: object[] }>(`/nights/${night}/`);
  expect(JSON.stringify(told.findings)).toContain('twin-b.fits');
});

test('a frame that was given a name of its own is not called otherwise by who sends it again', async () => {
  const first = pyobsFrame({ FNAME: 'shot-1.fits' });
  const next = pyobsFrame({ FNAME: 'shot-1.fits', 'DATE-OBS': '2026-03-02T21:00:00.000' });
  await archive.upload(first, 'shot-1.fits');
  const [other] = (await archive.upload(next, 'shot-1.fits')).files;
  expect(other?.status).toBe('stored');
  await send(next, 'shot-1.fits');
  expect(await saidOf(Number(other?.id))).toEqual([]);
});

test('many names are told in a few words, and outlive the catalogue and the trash', async () => {
  const bytes = pyobsFrame({ FNAME: 'many.fits' });
  const { id } = await send(bytes, 'many.fits');
  for (let number = 1; number <= 24; number += 1) await send(bytes, `name-${number}.fits`);
  const before = await saidOf(id);
  expect(before).toEqual([
    expect.stringMatching(
      `^The same bytes came under 21 names: first as 'many.fits', then as 'name-1.fits' ${TIME}, as 'name-2.fits' ${TIME}, as 'name-3.fits' ${TIME}, and 17 more.$`,
    ),
  ]);
  const deleted = await archive.fetch(`/frames/${id}/`, {
    method: 'DELETE',
    token: archive.adminToken,
  });
  expect(deleted.status).toBe(204);
  await archive.stop();
  for (const end of ['', '-wal', '-shm']) {
    await rm(join(archive.dataDir, `platevault.sqlite${end}`), { force: true });
  }
  expect((await archive.run(['reindex'])).stderr).toBe('');
  expect(await keptOf(1)).toEqual({
    names: ['twin-b.fits'],
    texts: [expect.stringContaining('twin-b.fits')],
  });
  expect((await archive.run(['trash', 'restore', String(id)])).status).toBe(0);
  const after = await keptOf(id);
  expect(after.names).toHaveLength(20);
  expect(after.texts).toEqual(before);
});
