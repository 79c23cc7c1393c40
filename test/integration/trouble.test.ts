import { readFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCatalog } from '../../src/catalog/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { runProgram, startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive();
});
afterAll(() => archive.close());

const tree = (path: string): string => join(archive.dataDir, 'archive', path);

/** Status and text of an upload, whatever they are. */
async function send(target: TestArchive, content: Buffer, name: string) {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(content)]), name);
  const response = await target.fetch('/frames/create/', { method: 'POST', body: form });
  return {
    status: response.status,
    retry: response.headers.get('retry-after'),
    text: await response.text(),
  };
}

/** What was found when the file of a frame was last looked at. */
async function checkResult(frameId: number | null | undefined): Promise<unknown> {
  const catalog = openCatalog(`sqlite:${join(archive.dataDir, 'platevault.sqlite')}`);
  try {
    const row: { check_result: unknown } | undefined = await catalog
      .read('versions')
      .where({ frame_id: frameId })
      .first('check_result');
    return row?.check_result;
  } finally {
    await catalog.close();
  }
}

test('a second server on the same archive is refused, and the first one goes on receiving', async () => {
  const file = pyobsFrame({ FNAME: 'slow.fits' }, { width: 400, height: 400 });
  const head = '--b\r\nContent-Disposition: form-data; name="f"; filename="slow.fits"\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--b--\r\n')]);
  const answer = new Promise<string>((resolve, reject) => {
    const request = http.request(
      `${archive.url}/frames/create/`,
      {
        method: 'POST',
        headers: {
          Authorization: `Token ${archive.adminToken}`,
          'Content-Type': 'multipart/form-data; boundary=b',
          'Content-Length': body.length,
        },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve(text);
        });
      },
    );
    request.on('error', reject);
    request.write(body.subarray(0, 100_000));
    const env = { DATA_DIR: archive.dataDir, PORT: '0', LOG: 'off' };
    runProgram(['serve'], env).then((second) => {
      expect([second.status, second.stderr]).toEqual([
        1,
        expect.stringMatching(/Another server is at work/),
      ]);
      request.end(body.subarray(100_000));
    }, reject);
  });
  expect(JSON.parse(await answer)).toMatchObject({ created: 1, filenames: ['slow'] });
});

test('known bytes are acknowledged only if they are really there; else they are put back', async () => {
  const file = pyobsFrame({ FNAME: 'lost.fits' });
  const id = (await archive.upload(file, 'lost.fits')).files[0]?.id;
  for (const damage of [
    unlinkSync,
    (path: string) => {
      truncateSync(path, 100);
    },
  ]) {
    damage(tree('hill/2026-03-01/lost.fits'));
    const again = await archive.upload(file, 'lost.fits');
    expect(again.files[0]).toMatchObject({ id, status: 'already-there' });
    expect(again.files[0]?.warnings.join()).toMatch(/put back/);
    const download = await archive.fetch(`/frames/${String(id)}/download/`);
    expect(Buffer.from(await download.arrayBuffer()).equals(file)).toBe(true);
  }
  expect(await archive.check()).toEqual([]);
});

test('bits that rot: the audit names the frame, the same bytes again put it back', async () => {
  const file = pyobsFrame({ FNAME: 'rotten.fits' });
  const id = (await archive.upload(file, 'rotten.fits')).files[0]?.id;
  const path = tree('hill/2026-03-01/rotten.fits');
  const rotten = Buffer.from(file);
  rotten.writeUInt8(rotten.readUInt8(4000) ^ 0x10, 4000);
  writeFileSync(path, rotten);
  expect(await archive.check()).toHaveLength(1);
  expect(await checkResult(id)).toBe('content');
  const again = await archive.upload(file, 'rotten.fits');
  expect(again.files[0]).toMatchObject({ id, status: 'already-there' });
  expect(again.files[0]?.warnings.join()).toMatch(/put back/);
  expect(readFileSync(path).equals(file)).toBe(true);
  expect(await checkResult(id)).toBe('ok');
  expect((await archive.upload(file, 'rotten.fits')).files[0]?.warnings).toEqual([]);
  expect(await archive.check()).toEqual([]);
});

test('a stored file that has lost its end does not pass for the frame', async () => {
  const id = (await archive.upload(pyobsFrame({ FNAME: 'short.fits', OBJECT: 'short' }), 'x.fits'))
    .files[0]?.id;
  truncateSync(tree('hill/2026-03-01/short.fits'), 3000);
  const download = await archive.fetch(`/frames/${String(id)}/download/`);
  expect([download.status, await download.text()]).toEqual([
    500,
    expect.stringContaining('damaged'),
  ]);
  const zip = await archive.fetch('/frames/zip/?OBJECT=short');
  expect(Buffer.from(await zip.arrayBuffer()).toString('latin1')).toContain('MISSING.txt');
  expect(await archive.check()).toHaveLength(1);
  // In the trash it stays as it is; for good it goes with the rest.
  await archive.fetch(`/frames/${String(id)}/delete/`, { method: 'DELETE' });
  expect((await archive.run(['trash', 'purge', String(id)])).status).toBe(0);
});

test('a root that has gone is 503 and not made anew; back again, the same upload succeeds', async () => {
  const file = pyobsFrame({ FNAME: 'mount.fits' });
  renameSync(tree(''), `${tree('')}.away`);
  try {
    const answer = await send(archive, file, 'mount.fits');
    expect([answer.status, answer.retry]).toEqual([503, '30']);
    // It lives, and is not ready: whoever starts it again for that makes it worse.
    expect((await archive.fetch('/health/')).status).toBe(200);
    expect((await archive.fetch('/ready/')).status).toBe(503);
    expect(await readdir(archive.dataDir)).not.toContain('archive');
  } finally {
    renameSync(`${tree('')}.away`, tree(''));
  }
  expect((await send(archive, file, 'mount.fits')).status).toBe(200);
});

test('a folder that would have to be a file is a refusal of that frame, not of the others', async () => {
  await archive.upload(pyobsFrame({ SITEID: 's', FNAME: 'p.fits' }), 'p.fits');
  const form = new FormData();
  const bad = pyobsFrame({ SITEID: 's/2026-03-01/p.fits/deep', FNAME: 'q.fits' });
  for (const [name, file] of [
    ['q.fits', bad],
    ['r.fits', pyobsFrame({ FNAME: 'r.fits' })],
  ] as const) {
    form.append(name, new Blob([new Uint8Array(file)]), name);
  }
  const answer = await archive.json('/frames/create/', { method: 'POST', body: form });
  expect(answer).toMatchObject({
    created: 1,
    filenames: ['r'],
    files: [{ status: 'refused' }, { status: 'stored' }],
  });
});

test('a locked catalogue: uploads get 503 before clients give up, and nothing is lost or left', async () => {
  const catalog = openCatalog(`sqlite:${join(archive.dataDir, 'platevault.sqlite')}`);
  const file = pyobsFrame({ FNAME: 'locked.fits' });
  const began = Date.now();
  try {
    await catalog.write.raw('begin immediate');
    const answers = await Promise.all([
      send(archive, file, 'a.fits'),
      send(archive, pyobsFrame({ FNAME: 'l2.fits' }), 'b.fits'),
    ]);
    expect(Date.now() - began).toBeLessThan(30_000);
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect((await archive.fetch('/frames/')).status).toBe(200);
    const command = await archive.run(['token', 'add', 'admin']);
    expect([command.status, command.stderr]).toEqual([
      1,
      expect.stringMatching(/catalogue is busy/),
    ]);
  } finally {
    await catalog.write.raw('rollback');
    await catalog.close();
  }
  expect((await send(archive, file, 'a.fits')).status).toBe(200);
  expect(await archive.check()).toEqual([]);
});

test('a key file that is not a key stops the start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'platevault-key-'));
  try {
    writeFileSync(join(folder, 'secret.key'), '');
    const result = await runProgram(['serve'], { DATA_DIR: folder, PORT: '0', LOG: 'off' });
    expect([result.status, result.stderr]).toEqual([1, expect.stringContaining('secret.key')]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('check does not make an archive where there is none', async () => {
  const folder = join(tmpdir(), 'platevault-nowhere');
  const result = await runProgram(['check'], { DATA_DIR: folder });
  expect([result.status, result.stderr]).toEqual([1, `There is no archive in ${folder}.\n`]);
});

test('odd requests are answered, not stumbled over', async () => {
  const host = await archive.fetch('/frames/?limit=1').then(
    () =>
      new Promise<number | undefined>((resolve) => {
        const headers = { Host: 'a"b<c>/x', Authorization: `Token ${archive.adminToken}` };
        http.get(`${archive.url}/frames/?limit=1`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
      }),
  );
  expect(host).toBe(400);
  const odd = await archive.fetch('/frames/zip/', {
    method: 'POST',
    body: JSON.stringify({ frame_ids: [{ toString: 1 }] }),
    headers: { 'Content-Type': 'application/json' },
  });
  expect(odd.status).toBe(400);
  await archive.upload(pyobsFrame({ FNAME: 'any.fits' }), 'any.fits');
  expect((await archive.fetch('/frames/zip/', { method: 'HEAD' })).status).toBe(200);
  const page = { headers: { Accept: 'text/html' } };
  const list = await archive.fetch('/frames/?night=foo&IMAGETYPE=object', page);
  expect([list.status, await list.text()]).toEqual([
    400,
    expect.stringMatching(/was left out[\s\S]*Type object/),
  ]);
  expect((await archive.fetch('/upload/', page)).status).toBe(200);
  for (const night of ['20260101', '2026-1-2', '02/01/26']) {
    expect([night, (await archive.fetch(`/frames/?night=${night}`)).status]).toEqual([night, 400]);
  }
});
