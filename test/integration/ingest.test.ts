import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFits } from '../fixtures/make-fits.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

interface FrameShape {
  id: number;
  basename: string;
  night: string | null;
  SITEID: string;
  DATE_OBS: string | null;
  version: number;
  related_frames: number[];
}

interface VersionSet {
  version_set: { url: string; md5: string }[];
}

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({
    SITE_ID: 'roof',
    SITE_LONGITUDE: '-70',
    MAX_UPLOAD_BYTES: '2000000',
  });
});
afterAll(() => archive.close());
afterEach(async () => {
  expect(await archive.check()).toEqual([]);
});

const tree = (path: string): string => join(archive.dataDir, 'archive', path);
const frame = (id: number | null | undefined) => archive.json<FrameShape>(`/frames/${String(id)}/`);

async function downloadOf(id: number | null | undefined): Promise<Buffer> {
  const response = await archive.fetch(`/frames/${String(id)}/download/`);
  return Buffer.from(await response.arrayBuffer());
}

function md5Of(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

test('a frame is filed by its headers and comes back byte for byte', async () => {
  const file = pyobsFrame({ FNAME: 'first.fits' });
  const answer = await archive.upload(file, 'whatever.fits');
  expect(answer).toMatchObject({
    created: 1,
    filenames: ['first'],
    files: [
      { name: 'whatever.fits', basename: 'first', version: 1, status: 'stored', error: null },
    ],
  });
  expect(answer.errors).toBeUndefined();
  expect((await downloadOf(answer.files[0]?.id)).equals(file)).toBe(true);
  expect((await readFile(tree('hill/2026-03-01/first.fits'))).equals(file)).toBe(true);
});

test('the same bytes again are a success that changes nothing, also under another name', async () => {
  const file = pyobsFrame({ FNAME: 'twice.fits' });
  const first = await archive.upload(file, 'twice.fits');
  const again = await archive.upload(file, 'other-name.fits');
  expect(again).toMatchObject({
    created: 1,
    filenames: ['twice'],
    files: [{ status: 'already-there', version: 1 }],
  });
  expect(again.files[0]?.id).toBe(first.files[0]?.id);
});

test('other bytes of the same exposure are its next version; the first stays where it is', async () => {
  const first = pyobsFrame({ FNAME: 'versions.fits' }, { seed: 1 });
  const second = pyobsFrame({ FNAME: 'versions.fits' }, { seed: 2 });
  const id = (await archive.upload(first, 'versions.fits')).files[0]?.id;
  expect(await archive.upload(second, 'versions.fits')).toMatchObject({
    created: 1,
    files: [{ id, version: 2, status: 'new-version', basename: 'versions' }],
  });
  expect((await downloadOf(id)).equals(second)).toBe(true);
  expect((await readFile(tree('hill/2026-03-01/versions.fits'))).equals(first)).toBe(true);
  expect((await readFile(tree('hill/2026-03-01/versions~2.fits'))).equals(second)).toBe(true);
  expect(await frame(id)).toMatchObject({ version: 2 });
  // In lists both are told, each with an address of its own that needs no token.
  const third = pyobsFrame({ FNAME: 'versions.fits' }, { seed: 3 });
  await archive.upload(third, 'versions.fits');
  await archive.fetch(`/frames/${String(id)}/versions/2/restore/`, { method: 'POST' });
  const path = '/frames/?basename_exact=versions&include_related_frames=';
  for (const query of [`${path}true`, `${path}false`]) {
    const { results } = await archive.json<{ results: VersionSet[] }>(query);
    const files = results[0]?.version_set ?? [];
    const words = files.map(({ url }) => url.match(/download/g)?.length);
    expect(words).toEqual([1, 1, 1]);
    const bytes = await Promise.all(
      files.map(async ({ url }) => Buffer.from(await (await fetch(url)).arrayBuffer())),
    );
    expect(bytes.map((each) => each.equals(second))).toEqual([true, false, false]);
    expect(bytes[1]?.equals(third)).toBe(true);
    expect(bytes[2]?.equals(first)).toBe(true);
    expect(files.map(({ md5 }) => md5)).toEqual(bytes.map(md5Of));
  }
});

test('the same name from another night is a frame of its own, and the answer says so', async () => {
  const tonight = makeFits({ cards: { 'DATE-OBS': '2026-03-01T02:03:04', INSTRUME: 'SBIG' } });
  const tomorrow = makeFits({ cards: { 'DATE-OBS': '2026-03-02T02:03:04.5', INSTRUME: 'SBIG' } });
  const first = await archive.upload(tonight, 'M31_001.fits');
  const second = await archive.upload(tomorrow, 'M31_001.fits');
  expect(first.filenames).toEqual(['M31_001']);
  expect(second.files[0]).toMatchObject({ status: 'stored', version: 1 });
  expect(second.files[0]?.id).not.toBe(first.files[0]?.id);
  expect(second.filenames[0]).toMatch(/^M31_001.+20260302/);
  expect(second.files[0]?.warnings.join()).toMatch(/M31_001/);
  // The same exposure once more, with other bytes, finds its own frame again.
  const repeat = makeFits({
    cards: { 'DATE-OBS': '2026-03-02T02:03:04.5', INSTRUME: 'SBIG' },
    seed: 9,
  });
  const third = await archive.upload(repeat, 'M31_001.fits');
  expect(third.files[0]).toMatchObject({
    id: second.files[0]?.id,
    version: 2,
    status: 'new-version',
  });
});

test('a dot inside a name stays: m31.001 and m31.002 are two frames', async () => {
  const names = ['m31.001.fits', 'm31.002.fits'];
  const ids = [];
  for (const [seed, FNAME] of names.entries()) {
    ids.push(
      (await archive.upload(pyobsFrame({ FNAME }, { seed: 50 + seed }), FNAME)).files[0]?.id,
    );
  }
  expect(new Set(ids).size).toBe(2);
  expect((await frame(ids[1])).basename).toBe('m31.002');
});

test('a site without SITEID and DAY-OBS is filed by the settings and the night at its longitude', async () => {
  // 03:00 UTC at 70° west is 22:20 local time: the night before.
  const file = makeFits({ cards: { 'DATE-OBS': '2026-05-10T03:00:00', IMAGETYP: 'Light Frame' } });
  const answer = await archive.upload(file, 'light.fit');
  expect(await frame(answer.files[0]?.id)).toMatchObject({ night: '2026-05-09', SITEID: 'roof' });
  expect(existsSync(tree('roof/2026-05-09/light.fit'))).toBe(true);
});

test('a frame without any date is stored as undated', async () => {
  const answer = await archive.upload(makeFits({ seed: 77 }), 'plain.fits');
  expect(await frame(answer.files[0]?.id)).toMatchObject({ night: null, DATE_OBS: null });
  expect(existsSync(tree('roof/undated/plain.fits'))).toBe(true);
});

test('good and bad files of one request are judged one by one', async () => {
  const form = new FormData();
  form.append('file1', new Blob([new Uint8Array(pyobsFrame({ FNAME: 'good.fits' }))]), 'good.fits');
  form.append('file1', new Blob([new Uint8Array(pyobsFrame({ FNAME: 'twin.fits' }))]), 'twin.fits');
  form.append('file2', new Blob([new Uint8Array(pyobsFrame({ 'DATE-OBS': null }))]), 'bad.fits');
  form.append('csrfmiddlewaretoken', 'not looked at');
  const answer = await archive.json('/frames/create/', { method: 'POST', body: form });
  expect(answer).toMatchObject({
    created: 2,
    filenames: ['good', 'twin'],
    errors: ['Could not find DATE-OBS in FITS header.'],
  });
});

describe('what is refused, with a reason and a place in quarantine', () => {
  const cut = pyobsFrame({ FNAME: 'cut.fits' }, { width: 200, height: 200 }).subarray(0, 40_000);
  const cases: [string, Buffer, RegExp][] = [
    ['an empty file', Buffer.alloc(0), /empty/i],
    ['text', Buffer.from('this is not a FITS file\n'.repeat(200)), /not FITS/i],
    ['an HTML page', Buffer.from('<!DOCTYPE html><html>404</html>'), /HTML/i],
    ['a truncated file', cut, /too early|ends|missing/i],
    ['an unreadable date', pyobsFrame({ 'DATE-OBS': 'yesterday' }), /DATE-OBS/],
    [
      'a site that climbs out',
      pyobsFrame({ SITEID: '../../etc' }),
      /escapes ARCHIVE_ROOT: '\.\.\/\.\.\/etc/,
    ],
    ['an absolute site', pyobsFrame({ SITEID: '/etc' }), /escapes ARCHIVE_ROOT/],
    ['a name with a backslash', pyobsFrame({ FNAME: 'a\\b.fits' }), /Invalid filename/],
  ];
  test.each(cases)('%s', async (name, content, reason) => {
    const answer = await archive.upload(content, `${name}.fits`);
    expect(answer).toMatchObject({
      created: 0,
      filenames: [],
      files: [{ status: 'refused', id: null }],
    });
    expect(answer.errors?.join()).toMatch(reason);
    const kept = await readdir(join(archive.dataDir, 'quarantine'));
    expect(kept.includes(answer.files[0]?.sha256 ?? '')).toBe(content.length > 0);
  });

  test('a file larger than allowed is answered 413 after it has been read', async () => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(3_000_000)]), 'large.fits');
    const response = await archive.fetch('/frames/create/', { method: 'POST', body: form });
    expect(response.status).toBe(413);
    expect(((await response.json()) as { detail: string }).detail).toMatch(/larger than 2000000/);
  });
});

test('a traversal in FNAME is reduced to its last part', async () => {
  const answer = await archive.upload(pyobsFrame({ FNAME: '../../evil.fits' }), 'x.fits');
  expect(answer.filenames).toEqual(['evil']);
  expect(existsSync(tree('hill/2026-03-01/evil.fits'))).toBe(true);
});

test('relations are kept by name and resolve when the frame arrives', async () => {
  const reduced = pyobsFrame({
    FNAME: 'red.fits',
    RLEVEL: 1,
    L1BIAS: 'late-bias',
    L1RAW: 'late-raw.fits',
  });
  const id = (await archive.upload(reduced, 'red.fits')).files[0]?.id;
  expect((await frame(id)).related_frames).toEqual([]);
  const raw = await archive.upload(
    pyobsFrame({ FNAME: 'late-raw.fits' }, { seed: 3 }),
    'late-raw.fits',
  );
  const bias = await archive.upload(
    pyobsFrame({ FNAME: 'late-bias.fits', IMAGETYP: 'bias' }),
    'late-bias.fits',
  );
  const ids = [raw.files[0]?.id, bias.files[0]?.id];
  expect((await frame(id)).related_frames).toEqual(ids);
});

test('many clients with one name at once: every file is safe, no two share a place', async () => {
  const files = Array.from({ length: 12 }, (_, seed) =>
    pyobsFrame({ FNAME: 'race.fits' }, { seed: 100 + seed }),
  );
  const answers = await Promise.all(
    [...files, ...files].map((file) => archive.upload(file, 'race.fits')),
  );
  expect(answers.every((answer) => answer.created === 1)).toBe(true);
  const ids = new Set(answers.map((answer) => answer.files[0]?.id));
  expect(ids.size).toBe(1);
  const stored = answers.filter((answer) => answer.files[0]?.status !== 'already-there');
  expect(stored).toHaveLength(12);
  expect(await frame([...ids][0])).toMatchObject({ version: 12 });
});

test('an upload that breaks off leaves nothing behind', async () => {
  const control = new AbortController();
  const body = new ReadableStream({
    start(stream) {
      const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="f.fits"\r\n\r\n';
      stream.enqueue(Buffer.concat([Buffer.from(head), Buffer.alloc(500_000)]));
      setTimeout(() => {
        control.abort();
      }, 100);
    },
  });
  const init = {
    method: 'POST',
    body,
    duplex: 'half',
    signal: control.signal,
    headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
  } as RequestInit;
  await expect(archive.fetch('/frames/create/', init)).rejects.toThrow();
  const spool = join(archive.dataDir, 'archive/.incoming');
  for (let wait = 0; wait < 50 && (await readdir(spool)).length > 0; wait += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(await readdir(spool)).toEqual([]);
});

test('a file left by a crash between file and row is taken over when its bytes come again', async () => {
  const file = pyobsFrame({ FNAME: 'orphan.fits' });
  await mkdir(tree('hill/2026-03-01'), { recursive: true });
  await writeFile(tree('hill/2026-03-01/orphan.fits'), file);
  expect(await archive.check()).toHaveLength(1);
  const answer = await archive.upload(file, 'orphan.fits');
  expect(answer.files[0]).toMatchObject({ status: 'stored', version: 1 });
});

test('deleting removes row and file; a file that is gone already is no obstacle', async () => {
  const answer = await archive.upload(pyobsFrame({ FNAME: 'gone.fits' }), 'gone.fits');
  const id = answer.files[0]?.id;
  const response = await archive.fetch(`/frames/${String(id)}/delete/`, { method: 'DELETE' });
  expect([response.status, await response.text()]).toEqual([200, '']);
  expect(existsSync(tree('hill/2026-03-01/gone.fits'))).toBe(false);
  expect((await archive.fetch(`/frames/${String(id)}/`)).status).toBe(404);
});

test('a header of tens of thousands of cards is told as a short one is', async () => {
  const words = Array.from({ length: 20_000 }, (_, at): [string, number] => {
    return [`K${(at * 7919) % 10_000}`, at]; // each twice
  });
  const long = makeFits({ cards: [['DATE-OBS', '2026-04-01T00:00:00'], ...words] });
  const id = (await archive.upload(long, 'long-header.fits')).files[0]?.id;
  const address = `/frames/${String(id)}/headers/`;
  type Entry = { key: string; value: unknown };
  type Told = { results: Entry[]; data: Record<string, unknown>; hdus: { cards: Entry[] }[] };
  const { results, data } = await archive.json<Told>(address);
  const own = results.filter(({ key }) => /^K\d/.test(key));
  expect(own).toHaveLength(20_000);
  const sorted = [...words].sort(([a, i], [b, j]) => (a === b ? i - j : a < b ? -1 : 1));
  expect(own.map(({ key, value }) => [key, value])).toEqual(sorted);
  expect(Object.keys(data)).toHaveLength(new Set(results.map(({ key }) => key)).size);
  expect(data.K7919).toBe(1);
  const one = await archive.json<Told>(`${address}?hdu=0`);
  expect(one.results).toEqual(results);
  expect(one.data).toEqual(data);
  const all = await archive.json<Told>(`${address}?hdu=all`);
  expect(all.hdus).toEqual(one.hdus);
  const cards = all.hdus[0]?.cards.filter(({ key }) => /^K\d/.test(key)) ?? [];
  expect(cards.map(({ key, value }) => [key, value])).toEqual(words);
});
