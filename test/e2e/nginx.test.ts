import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFits } from '../fixtures/make-fits.js';
import { PROJECT_DIR, startArchive } from '../support/archive.js';
import type { CreateAnswer, TestArchive } from '../support/archive.js';
import { startNginx, withNginx } from '../support/nginx.js';
import type { Proxy } from '../support/nginx.js';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

withNginx('behind the shipped nginx.conf', () => {
  let archive: TestArchive;
  let proxy: Proxy;
  const fits = makeFits({
    width: 1200,
    height: 1100,
    cards: {
      'DATE-OBS': '2026-03-01T02:03:04',
      SITEID: 'nx',
      INSTRUME: 'cam1',
      OBJECT: 'M 51',
      IMAGETYP: 'object',
      EXPTIME: 10,
    },
  });
  let created: CreateAnswer['files'][number];

  /** A plain request: fetch would unpack bodies and hide headers. */
  function ask(
    base: string,
    path: string,
    options: {
      method?: string;
      headers?: Record<string, string>;
      body?: readonly Uint8Array[];
    } = {},
  ): Promise<Answer> {
    const { method = 'GET', headers = {}, body = [] } = options;
    const authorization = { Authorization: `Token ${archive.adminToken}` };
    return new Promise((resolve, reject) => {
      const req = request(new URL(path, base), {
        method,
        headers: { ...authorization, ...headers },
      });
      req.once('error', reject);
      req.once('response', (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.once('error', reject);
        res.once('end', () => {
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            body: Buffer.concat(chunks),
          });
        });
      });
      for (const part of body) req.write(part);
      req.end();
    });
  }

  const download = (): string => `frames/${created.id ?? 0}/download/`;

  function uploadBody(content: Uint8Array, name: string) {
    const head = `--edge\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;
    return {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=edge' },
      body: [Buffer.from(head), content, Buffer.from('\r\n--edge--\r\n')],
    };
  }

  beforeAll(async () => {
    archive = await startArchive({ TRUST_PROXY: 'true', X_ACCEL_PREFIX: '/protected/' });
    proxy = await startNginx(archive);
  });

  afterAll(async () => {
    await (proxy as Proxy | undefined)?.stop();
    await (archive as TestArchive | undefined)?.close();
  });

  test('takes an upload of several megabytes, also in chunks of unknown length', async () => {
    const answer = await ask(proxy.url, 'frames/create/', uploadBody(fits, 'behind.nginx.fits'));
    expect(answer.status).toBe(200);
    const parsed = JSON.parse(answer.body.toString()) as CreateAnswer;
    expect(parsed).toMatchObject({ created: 1, files: [{ status: 'stored' }] });
    created = parsed.files[0]!;
    expect(proxy.log()).not.toContain('buffered to a temporary file');
  });

  test('passes an upload on before it has ended', async () => {
    const url = new URL('frames/create/', proxy.url);
    const { headers } = uploadBody(fits, 'slow.fits');
    // Bad credentials are refused by the archive while the body is still on its way.
    const status = await new Promise<number>((resolve, reject) => {
      const req = request(url, {
        method: 'POST',
        headers: { ...headers, Authorization: 'Token wrong', 'Content-Length': '50000000' },
      });
      req.once('error', reject);
      req.once('response', (res) => {
        resolve(res.statusCode ?? 0);
        res.resume();
        req.off('error', reject).on('error', () => undefined);
        req.destroy();
      });
      req.write(Buffer.alloc(100_000));
    });
    expect(status).toBe(401);
  });

  test('gives back the same bytes, by X-Accel-Redirect, with the headers of the archive', async () => {
    const direct = await ask(archive.url, download());
    expect(direct.headers['x-accel-redirect']).toMatch(/^\/protected\//);
    expect(direct.body).toHaveLength(0);

    const answer = await ask(proxy.url, download());
    expect(answer.status).toBe(200);
    expect(Buffer.compare(answer.body, Buffer.from(fits))).toBe(0);
    expect(answer.headers['x-accel-redirect']).toBeUndefined();
    expect(answer.headers.server).toBe('nginx');
    expect(answer.headers['accept-ranges']).toBe('bytes');
    expect(answer.headers['content-length']).toBe(String(fits.length));
    for (const name of [
      'etag',
      'last-modified',
      'content-disposition',
      'content-type',
      'cache-control',
    ]) {
      expect([name, answer.headers[name]]).toEqual([name, direct.headers[name]]);
    }
    expect(answer.headers.etag).toBe(`"${created.sha256}"`);
    expect(answer.headers['content-disposition']).toContain('behind.nginx.fits');
  });

  test.each([
    ['bytes=2880-5759', 2880, 5760],
    ['bytes=0-0', 0, 1],
    ['bytes=-100', -100, undefined],
  ])('answers %s with exactly those bytes', async (range, start, end) => {
    const answer = await ask(proxy.url, download(), { headers: { Range: range } });
    expect(answer.status).toBe(206);
    expect(Buffer.compare(answer.body, Buffer.from(fits).subarray(start, end))).toBe(0);
    expect(answer.headers['content-range']).toMatch(new RegExp(`/${fits.length}$`));
  });

  test('resumes by If-Range only while the file is the same', async () => {
    const range = { Range: 'bytes=10-19' };
    const same = { ...range, 'If-Range': `"${created.sha256}"` };
    const other = { ...range, 'If-Range': '"something else"' };
    expect((await ask(proxy.url, download(), { headers: same })).status).toBe(206);
    expect((await ask(proxy.url, download(), { headers: other })).status).toBe(200);
  });

  test('says 304 for what the client has, and 416 beyond the end', async () => {
    const known = { 'If-None-Match': `"${created.sha256}"` };
    expect((await ask(proxy.url, download(), { headers: known })).status).toBe(304);
    const beyond = { Range: `bytes=${fits.length}-` };
    expect((await ask(proxy.url, download(), { headers: beyond })).status).toBe(416);
  });

  test('does not open the tree of files to anybody, nor a frame to strangers', async () => {
    const direct = await ask(archive.url, download());
    const path = String(direct.headers['x-accel-redirect']).slice(1);
    expect((await ask(proxy.url, path)).status).toBe(404);
    expect((await ask(proxy.url, 'protected/')).status).toBe(404);
    const nobody = await fetch(new URL(download(), proxy.url));
    expect(nobody.status).toBe(401);
    await nobody.arrayBuffer();
  });

  test('streams a zip that unpacks to the frame', async () => {
    for (const path of ['frames/zip/?SITE=nx', 'frames/zip?SITE=nx']) {
      const answer = await ask(proxy.url, path);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toContain('application/zip');
      const file = join(proxy.folder, 'some.zip');
      writeFileSync(file, answer.body);
      const unpacked = spawnSync('unzip', ['-p', file, '*behind.nginx.fits'], { maxBuffer: 1e8 });
      if (unpacked.error === undefined) {
        expect(Buffer.compare(unpacked.stdout, Buffer.from(fits))).toBe(0);
      } else {
        // Without unzip: entries are stored as they are, so the frame is in there in one piece.
        expect(answer.body.includes(fits)).toBe(true);
      }
    }
  });

  test('lets the archive know the address that the client used', async () => {
    const list = await ask(proxy.url, 'frames/?SITE=nx', {
      headers: { Host: 'archive.example.org', 'X-Forwarded-Proto': 'https' },
    });
    const page = JSON.parse(list.body.toString()) as { results: { url: string }[] };
    expect(page.results[0]?.url).toMatch(
      /^https:\/\/archive\.example\.org\/frames\/\d+\/download\//,
    );
    const plain = await ask(proxy.url, 'frames/?SITE=nx');
    const { results } = JSON.parse(plain.body.toString()) as typeof page;
    expect(results[0]?.url.startsWith(`${proxy.url}frames/`)).toBe(true);
    const signed = await fetch(results[0]!.url); // carries its own permission
    expect(Buffer.compare(Buffer.from(await signed.arrayBuffer()), Buffer.from(fits))).toBe(0);
  });

  test('serves static files itself, for long when their address has a hash', async () => {
    const sheet = readdirSync(join(PROJECT_DIR, 'public/css')).find((name) =>
      name.endsWith('.css'),
    );
    const address = `static/css/${sheet ?? ''}`;
    const hashed = await ask(proxy.url, `${address}?v=0123456789ab`);
    expect(hashed.status).toBe(200);
    expect(hashed.headers['cache-control']).toContain('immutable');
    expect(hashed.headers['content-type']).toContain('text/css');
    expect(hashed.headers.server).toBe('nginx');
    const bare = await ask(proxy.url, address);
    expect(bare.headers['cache-control']).toBe('public, max-age=300');
    expect((await ask(proxy.url, 'static/no-such-file.css')).status).toBe(404);
    expect((await ask(proxy.url, 'static/../package.json')).status).not.toBe(200);
  });

  test('compresses lists for clients that ask, and never frames', async () => {
    const headers = { 'Accept-Encoding': 'gzip' };
    const list = await ask(proxy.url, 'frames/?SITE=nx', { headers });
    expect(list.headers['content-encoding']).toBe('gzip');
    const frame = await ask(proxy.url, download(), { headers });
    expect(frame.headers['content-encoding']).toBeUndefined();
  });

  test('writes down what was asked without what stands behind the question mark', async () => {
    const list = await ask(proxy.url, 'frames/?SITE=nx');
    const { results } = JSON.parse(list.body.toString()) as { results: { url: string }[] };
    const signed = new URL(results[0]!.url);
    expect(signed.search).toMatch(/sig=/);
    const answer = await fetch(signed, { headers: { Referer: `${proxy.url}?from=sig%3Dsecret` } });
    await answer.arrayBuffer();
    const read = (): string => readFileSync(join(proxy.folder, 'access.log'), 'utf8');
    const line = `"GET ${signed.pathname} HTTP/1.1" 200`;
    for (let waits = 0; waits < 100 && !read().includes(line); waits += 1) await delay(20);
    expect(read()).toContain(line);
    expect(read()).not.toMatch(/sig=|sig%3D|[?]/);
  });

  test('finds nothing to complain of in its log', () => {
    expect(proxy.log()).not.toMatch(/\[(?:crit|alert|emerg)\]/);
  });
});
