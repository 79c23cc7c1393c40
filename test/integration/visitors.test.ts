import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { addToken, addUser } from '../support/logins.js';

/** What visitors, caches and hostile bodies get of what people say about frames. */
let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive();
});

afterAll(() => archive.close());

type Json = Record<string, unknown>;

async function store(name: string): Promise<number> {
  const { files } = await archive.upload(pyobsFrame({ FNAME: `${name}.fits` }), `${name}.fits`);
  return files[0]!.id!;
}

test('visitors see the shown version alone, and no names of people', async () => {
  const open = await startArchive({ ANONYMOUS: 'public' });
  await addUser(open, 'wanda', 'writer');
  const token = await addToken(open, 'wanda');
  const past = { L1PUBDAT: '2026-03-02T00:00:00' };
  const first = pyobsFrame({ FNAME: 'visited.fits', OBJECT: 'first', ...past }, { seed: 600 });
  const id = (await open.upload(first, 'visited.fits', token)).files[0]!.id!;
  const next = pyobsFrame({ FNAME: 'visited.fits', OBJECT: 'second', ...past }, { seed: 601 });
  await open.upload(next, 'again-by-another.fits');
  const corrected = await open.fetch(`/frames/${id}/corrections/`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: '{"OBJECT":"third","NOTTHERE":"new"}',
    token,
  });
  expect(corrected.status).toBe(200);

  const ask = (address: string) => open.fetch(`/frames/${id}/${address}`, { token: '' });
  const versions = (await (await ask('versions/')).json()) as { results: Json[] };
  expect(versions).toMatchObject({
    count: 1,
    results: [{ number: 2, is_current: true, by: null, upload_name: null }],
  });
  expect(versions.results).toHaveLength(1);
  expect((await ask('versions/1/download/')).status).toBe(404);
  expect((await ask('versions/2/download/')).status).toBe(200);
  for (const address of ['corrections/', 'headers/']) {
    const text = await (await ask(address)).text();
    expect(text).toContain('"by":null');
    expect(text).not.toContain('wanda');
  }
  const page = await open.fetch(`/frames/${id}/`, {
    token: '',
    headers: { Accept: 'text/html' },
  });
  const html = await page.text();
  expect([page.status, html]).toEqual([200, expect.stringContaining('set to third, ')]);
  expect(html).not.toMatch(/wanda|versions\/1\//);

  const known = await open.json<{ results: Json[] }>(`/frames/${id}/versions/`);
  expect(known.results.map(({ by }) => by)).toEqual(['wanda', 'admin']);
  const signed = await fetch(String(known.results[0]!.url));
  expect(signed.status).toBe(200);
  await open.close();
});

test('what a frame says of itself is kept by no shared cache, what is removed by none', async () => {
  const id = await store('not-cached');
  const below = [
    '',
    'headers/',
    'versions/',
    'notes/',
    'related/',
    'corrections/',
    'calibrations/',
  ];
  for (const address of below) {
    const { status, headers } = await archive.fetch(`/frames/${id}/${address}`);
    const told = [address, status, headers.get('cache-control')];
    expect(told).toEqual([address, 200, 'private, no-cache']);
  }
  for (const address of ['/trash/', '/quarantine/']) {
    const { headers } = await archive.fetch(address);
    expect([address, headers.get('cache-control')]).toEqual([address, 'no-store']);
  }
});

test('JSON that is nested without end is refused before anything is built from it', async () => {
  const id = await store('nested');
  const answer = await archive.fetch(`/frames/${id}/notes/`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: `{"text":${'['.repeat(100)}${']'.repeat(100)}}`,
  });
  expect([answer.status, await answer.text()]).toEqual([
    400,
    expect.stringContaining('nested more than'),
  ]);
});
