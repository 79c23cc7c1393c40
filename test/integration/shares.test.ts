/** Selections under a link: who may make one, what it opens, and how it ends. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { addToken, addUser } from '../support/logins.js';

const run = promisify(execFile);
const PAGE = { Accept: 'text/html' };

let archive: TestArchive;
let ids: number[];
let user: string;
let held: string;

beforeAll(async () => {
  archive = await startArchive({ SITE_NAME: 'Test Hill' });
  await addUser(archive, 'ines', 'user');
  await addUser(archive, 'guest', 'user', { seesAll: false, proposals: ['P-1'] });
  user = await addToken(archive, 'ines');
  held = await addToken(archive, 'guest');
  ids = [];
  for (const seed of [1, 2, 3, 4, 5]) {
    const cards = { FNAME: `s-${seed}.fits`, OBJECT: 'M 31', PROPID: seed < 5 ? 'P-1' : 'P-2' };
    const file = pyobsFrame({ ...cards, 'DATE-OBS': `2026-03-01T20:0${seed}:00` }, { seed });
    ids.push(Number((await archive.upload(file, `s-${seed}.fits`)).files[0]?.id));
  }
});
afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

function post(path: string, form: Record<string, string>, token = user): Promise<Response> {
  const body = new URLSearchParams(form);
  return archive.fetch(path, { method: 'POST', headers: PAGE, body, token, redirect: 'manual' });
}

/** Shares frames and gives the path of the link. */
async function share(some: readonly number[], token = user, title = 'For Anna'): Promise<string> {
  const answer = await post('/shares/', { ids: some.join(','), title, days: '7' }, token);
  const link = /href="http:\/\/[^/"]+(\/s\/[0-9a-f]{40}\/)"/.exec(await answer.text())?.[1];
  expect([answer.status, typeof link]).toEqual([200, 'string']);
  return link ?? '';
}

/** Without any account. */
function open(path: string, headers: Record<string, string> = PAGE): Promise<Response> {
  return archive.fetch(path, { token: '', headers, redirect: 'manual' });
}

/** Members of a zip that is stored without compression, by name. */
function unzip(zip: Buffer): Map<string, Buffer> {
  const end = zip.lastIndexOf('PK\x05\x06');
  const members = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [size, name] = [zip.readUInt32LE(at + 24), zip.readUInt16LE(at + 28)];
    const local = zip.readUInt32LE(at + 42);
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    members.set(zip.toString('utf8', at + 46, at + 46 + name), zip.subarray(data, data + size));
    at += 46 + name + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return members;
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

test('a share shows its frames without an account, and nothing else of the archive is open', async () => {
  const link = await share(ids.slice(0, 2));
  const page = await open(link);
  const text = await page.text();
  expect(page.status).toBe(200);
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  expect(text).toContain('For Anna');
  expect(text).toContain('Shared by ines');
  expect([text.includes('s-1.fits'), text.includes('s-3.fits')]).toEqual([true, false]);
  const picture = await open(`${link}files/1/preview/`);
  expect(picture.headers.get('content-type')).toMatch(/^image\//);
  const whole = await bytesOf(await archive.fetch(`/frames/${ids[1]}/download/`));
  expect((await bytesOf(await open(`${link}files/2/`))).equals(whole)).toBe(true);
  expect((await open(`${link}files/3/`)).status).toBe(404);
  expect((await open(`/frames/${ids[0]}/download/`, {})).status).toBe(401);
  expect((await open('/frames/', {})).status).toBe(401);
});

test('its zip has a README and sums that sha256sum takes, and a broken one goes on', async () => {
  const link = await share(ids.slice(0, 3), user, 'Andromeda, für Anna/2');
  const answer = await open(`${link}zip/`);
  const etag = answer.headers.get('etag') ?? '';
  const zip = await bytesOf(answer);
  const members = unzip(zip);
  const folder = await mkdtemp(join(tmpdir(), 'platevault-share-'));
  try {
    for (const [name, bytes] of members) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), bytes);
    }
    const inside = dirname([...members.keys()][0] ?? '');
    expect(inside).toMatch(/^share-\d+-Andromeda-fu-r-Anna-2$/);
    const cwd = join(folder, inside);
    const { stdout } = await run('sha256sum', ['--strict', '-c', 'SHA256SUMS'], { cwd });
    expect(stdout).toBe('s-1.fits: OK\ns-2.fits: OK\ns-3.fits: OK\n');
    const readme = members.get(`${inside}/README.txt`)?.toString() ?? '';
    expect(readme).toContain('Shared by ines, Test Hill');
    expect(await (await open(`${link}README.txt`)).text()).toBe(readme);
    const sums = members.get(`${inside}/SHA256SUMS`)?.toString();
    expect(await (await open(`${link}SHA256SUMS`)).text()).toBe(sums);
  } finally {
    await rm(folder, { recursive: true });
  }
  const rest = await open(`${link}zip/`, { Range: 'bytes=1000-', 'If-Range': etag });
  expect(rest.status).toBe(206);
  expect((await bytesOf(rest)).equals(zip.subarray(1000))).toBe(true);
});

test('its script fetches the files by the link alone', async () => {
  const link = await share(ids.slice(0, 2));
  const folder = await mkdtemp(join(tmpdir(), 'platevault-share-'));
  try {
    await writeFile(join(folder, 'get.sh'), await (await open(`${link}script/`)).text());
    await run('sh', ['get.sh'], { cwd: folder });
    const { stdout } = await run('sh', ['-c', 'cd share-* && ls'], { cwd: folder });
    expect(stdout).toBe('s-1.fits\ns-2.fits\n');
  } finally {
    await rm(folder, { recursive: true });
  }
  expect((await open(`${link}script/?format=perl`)).status).toBe(400);
});

test('only frames that one sees can be shared, and none is frozen if one of them is not', async () => {
  const form = { ids: ids.join(','), title: 'All', days: '7' };
  const refused = await post('/shares/', form, held);
  expect(refused.status).toBe(404);
  expect(await refused.text()).toContain('1 of 5 frames are not there');
  const mine = await archive.fetch('/shares/', { headers: PAGE, token: held });
  expect(await mine.text()).toContain('Nothing is shared');
  const list = await archive.fetch('/shares/new/?target=M31', { headers: PAGE, token: held });
  expect(await list.text()).toContain('Share 4 frames');
});

test('a frame that is deleted is told, and the others stay; so is one that the sharer may not see any more', async () => {
  const link = await share(ids.slice(1, 4), held);
  const gone = ids[1] ?? 0;
  expect((await archive.fetch(`/frames/${gone}/delete/`, { method: 'DELETE' })).status).toBe(200);
  const text = await (await open(link)).text();
  expect(text).toContain('One frame is not here any more');
  expect(text).toContain('deleted from the archive since');
  expect((await open(`${link}files/1/`)).status).toBe(410);
  const zip = unzip(await bytesOf(await open(`${link}zip/`)));
  expect([...zip.keys()].map((name) => name.replace(/.*\//, ''))).toEqual([
    's-3.fits',
    's-4.fits',
    'README.txt',
    'SHA256SUMS',
  ]);
  expect(await (await open(`${link}README.txt`)).text()).toContain('s-2.fits: deleted');
  await withCatalog(archive, async ({ write }) => {
    await write('user_proposals').update({ proposal: 'P-9' });
  });
  expect((await open(`${link}files/2/`)).status).toBe(410);
  expect(await (await open(link)).text()).toContain('no longer open to the person who shared it');
  expect((await open(`${link}zip/`)).status).toBe(410);
});

test('a share ends at its time, when it is ended, and with its account; a wrong link says so kindly', async () => {
  const [late, ended] = [await share([ids[0] ?? 0]), await share([ids[0] ?? 0])];
  await withCatalog(archive, async ({ write }) => {
    const last = write('shares').max('id');
    await write('shares')
      .where('id', '=', write.raw('? - 1', [last]))
      .update({ expires_ms: Date.now() - 1 });
  });
  const expired = await open(late);
  expect([expired.status, (await expired.text()).includes('This share ended on')]).toEqual([
    410,
    true,
  ]);
  expect((await open(`${late}zip/`)).status).toBe(410);

  const row = await withCatalog(archive, ({ read }) => read('shares').max({ id: 'id' }).first());
  const id = String((row as { id: number }).id);
  // Not one's own.
  expect((await post(`/shares/${id}/revoke/`, {}, held)).status).toBe(404);
  expect((await open(ended)).status).toBe(200);
  expect((await post(`/shares/${id}/revoke/`, {})).status).toBe(303);
  expect((await open(ended)).status).toBe(410);

  const unknown = await open(`/s/${'0'.repeat(40)}/`);
  expect([unknown.status, (await unknown.text()).includes('Copy the whole link')]).toEqual([
    404,
    true,
  ]);
  expect((await open(`/s/${'x'.repeat(50)}/zip/`)).status).toBe(404);

  const last = await share([ids[0] ?? 0]);
  await withCatalog(archive, ({ write }) =>
    write('users').where({ username: 'ines' }).update({ disabled: true }),
  );
  expect((await open(last)).status).toBe(410);
  await withCatalog(archive, ({ write }) =>
    write('users').where({ username: 'ines' }).update({ disabled: false }),
  );
});

test('a form with a fault shares nothing and keeps what was written; visitors are sent to the log-in', async () => {
  const one = String(ids[0]);
  const answer = await post('/shares/', { ids: one, title: 'Keep me', days: '8' });
  const text = await answer.text();
  expect([answer.status, text.includes('Keep me'), text.includes('Choose how long')]).toEqual([
    400,
    true,
    true,
  ]);
  expect((await post('/shares/', { ids: one, title: ' ', days: '7' })).status).toBe(400);
  const visitor = await open('/shares/new/?ids=1');
  expect([visitor.status, visitor.headers.get('location')]).toEqual([
    302,
    expect.stringContaining('/accounts/login/'),
  ]);
  const log = await archive.json<{ results: { action: string }[] }>('/audit/?limit=500');
  const actions = new Set(log.results.map(({ action }) => action));
  expect([...actions]).toEqual(
    expect.arrayContaining(['share.made', 'share.revoked', 'share.fetched']),
  );
});
