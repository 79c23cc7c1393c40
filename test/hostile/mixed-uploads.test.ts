import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type CreateAnswer, type TestArchive } from '../support/archive.js';
import { until } from '../support/measuring.js';
import { part } from './multiparts.js';

const MOST = 20_000;

let archive: TestArchive;
let serial = 0;

beforeAll(async () => {
  archive = await startArchive({ MAX_UPLOAD_BYTES: String(MOST), MAX_REQUEST_BYTES: '200000' });
});
// A client that sends too much is answered at once, and what has come of it is put away meanwhile.
afterEach(() =>
  until(async () => (await readdir(join(archive.dataDir, 'archive/.incoming'))).length === 0),
);
afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

function frame(options: { width?: number } = {}): Buffer {
  serial += 1;
  return pyobsFrame({ FNAME: `m${serial}.fits` }, { ...options, seed: serial });
}

const head = (name: string, more = ''): string =>
  `Content-Disposition: form-data; name="file"; filename="${name}"${more}`;

async function post(parts: readonly Buffer[], headers: Readonly<Record<string, string>> = {}) {
  const body = new Uint8Array(Buffer.concat([...parts, Buffer.from('--b--\r\n')]));
  const response = await archive.fetch('/frames/create/', {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=b', ...headers },
    body,
  });
  return { status: response.status, answer: (await response.json()) as CreateAnswer };
}

test('a file that is too large is refused, and spoils none of the others', async () => {
  const { status, answer } = await post([
    part(head('a.fits'), frame()),
    part(head('large.fits'), frame({ width: 900 })),
    part(head('b.fits'), frame()),
  ]);
  expect(status).toBe(200);
  expect(answer.created).toBe(2);
  expect(answer.files.map((file) => file.status)).toEqual(['stored', 'failed', 'stored']);
  expect(answer.files[1]).toMatchObject({ name: 'large.fits', id: null });
  expect(answer.errors).toEqual([expect.stringMatching(/larger than 20000 bytes/)]);
});

test('a file without a name is told beside those that are stored; alone it is 400', async () => {
  const octets = 'Content-Type: application/octet-stream';
  const nameless = part(`Content-Disposition: form-data; name="f"\r\n${octets}`, frame());
  const both = await post([nameless, part(head('c.fits'), frame())]);
  expect(both.status).toBe(200);
  expect(both.answer).toMatchObject({ created: 1, errors: [expect.stringMatching(/no name/)] });
  const alone = await post([nameless]);
  expect([alone.status, alone.answer]).toMatchObject([400, { detail: /no name/ }]);
});

test('a form in which no file was chosen holds no file, and is no fault', async () => {
  const empty = part(
    'Content-Disposition: form-data; name="f"; filename=""\r\nContent-Type: application/octet-stream',
    '',
  );
  const { status, answer } = await post([empty]);
  expect([status, answer]).toEqual([200, { created: 0, filenames: [], files: [] }]);
});

const digest = (algorithm: string, bytes: Uint8Array, form: 'hex' | 'base64'): string =>
  createHash(algorithm).update(bytes).digest(form);

test.each([
  ['X-Checksum-SHA256', 'sha256', 'hex'],
  ['X-Checksum-SHA256', 'sha256', 'base64'],
  ['Content-MD5', 'md5', 'hex'],
  ['Content-MD5', 'md5', 'base64'],
] as const)('%s in %s and %s is compared with the bytes', async (header, algorithm, form) => {
  const [first, second, third] = [frame(), frame(), frame()];
  const ofRequest = await post([part(head('d.fits'), first)], {
    [header]: digest(algorithm, first, form),
  });
  expect(ofRequest).toMatchObject({ status: 200, answer: { created: 1 } });
  const parts = await post([
    part(`${head('e.fits')}\r\n${header}: ${digest(algorithm, second, form)}`, second),
    part(`${head('f.fits')}\r\n${header}: ${digest(algorithm, second, form)}`, third),
  ]);
  expect(parts.status).toBe(200);
  expect(parts.answer.files.map((file) => file.status)).toEqual(['stored', 'failed']);
  expect(parts.answer.errors).toEqual([expect.stringContaining(header)]);
  const wrong = await post([part(head('f.fits'), third)], {
    [header]: digest(algorithm, first, form),
  });
  expect([wrong.status, JSON.stringify(wrong.answer)]).toEqual([
    400,
    expect.stringContaining(header),
  ]);
});

test('Content-MD5 may be that of the whole body, as its standard has it', async () => {
  const parts = [part(head('g.fits'), frame()), part(head('h.fits'), frame())];
  const body = Buffer.concat([...parts, Buffer.from('--b--\r\n')]);
  const right = await post(parts, { 'Content-MD5': digest('md5', body, 'base64') });
  expect(right).toMatchObject({ status: 200, answer: { created: 2 } });
  const others = [part(head('i.fits'), frame()), part(head('j.fits'), frame())];
  const wrong = await post(others, { 'Content-MD5': digest('md5', body, 'base64') });
  expect(wrong.status).toBe(400);
});

test('a request that says it is too large, or turns out to be, is refused', async () => {
  const before = await archive.json<{ count: number }>('/frames/?limit=0');
  const large = Array.from({ length: 20 }, () => part(head('k.fits'), frame({ width: 300 })));
  expect((await post(large)).status).toBe(413);
  const response = await archive.fetch('/frames/create/', {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    body: new Blob(large.map((bytes) => new Uint8Array(bytes))).stream(),
    duplex: 'half',
  });
  expect(response.status).toBe(413);
  const after = await archive.json<{ count: number }>('/frames/?limit=0');
  expect(after.count).toBe(before.count);
});

test('bytes that are no form are not taken for nothing', async () => {
  for (const type of ['image/fits', 'application/octet-stream', 'multipart/mixed; boundary=b']) {
    const response = await archive.fetch('/frames/create/', {
      method: 'POST',
      headers: { 'Content-Type': type },
      body: new Uint8Array(frame()),
    });
    expect([type, response.status]).toEqual([type, 415]);
  }
});
