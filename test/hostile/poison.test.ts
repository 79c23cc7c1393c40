import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startArchive, type CreateAnswer, type TestArchive } from '../support/archive.js';
import { openBrowser, openContext, withChromium } from '../support/browser.js';
import { signIn } from '../support/pages.js';
import { part } from './multiparts.js';
import { CELLS, poisonedFrames, poisonedTable, SHELL_NAME } from './poison.js';

/** Pages that the crawl looks at; enough for one of each kind. */
const MAX_PAGES = 60;

let archive: TestArchive;
const ids = new Map<string, number>();

beforeAll(async () => {
  archive = await startArchive({ LOG: 'on', SITE_NAME: 'Test Hill' });
  for (const { name, bytes } of poisonedFrames()) await keep(name, bytes);
  await keep('table.fits', poisonedTable());
}, 60_000);
afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

async function keep(name: string, bytes: Buffer): Promise<void> {
  const head = `Content-Disposition: form-data; name="file"; filename="${name}"`;
  const body = Buffer.concat([part(head, bytes), Buffer.from('--b--\r\n')]);
  const answer = await archive.json<CreateAnswer>('/frames/create/', {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    body: new Uint8Array(body),
  });
  const [file] = answer.files;
  if (typeof file?.id === 'number') ids.set(file.basename ?? '', file.id);
}

test('frames with poison in their headers are kept, word for word', async () => {
  expect(ids.size).toBe(11);
  const frame = await archive.json<{ basename: string }>(`/frames/${String(ids.get(SHELL_NAME))}/`);
  expect(frame.basename).toBe(SHELL_NAME);
});

test('the name of a download is one header, and is the name of the frame', async () => {
  for (const [basename, id] of ids) {
    for (const what of ['download/', 'catalog/', 'cutout/?width=2&height=2', 'funpack/']) {
      const response = await archive.fetch(`/frames/${id}/${what}`);
      await response.arrayBuffer().catch(() => undefined);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('content-security-policy')).toMatch(
        /default-src 'none'.*sandbox/,
      );
      if (what !== 'download/') continue;
      const disposition = response.headers.get('content-disposition') ?? '';
      expect(disposition).toMatch(
        /^attachment; filename="[ !#-$&-[\]-~]*"(?:; filename\*=UTF-8''[\w.!#$&+^`|~%-]+)?$/,
      );
      const given = /filename\*=UTF-8''(.*)$/.exec(disposition)?.[1];
      if (given !== undefined) expect(decodeURIComponent(given)).toBe(`${basename}.fits`);
    }
  }
});

test('a spreadsheet runs nothing of a catalogue, and numbers stay numbers', async () => {
  const response = await archive.fetch(`/frames/${String(ids.get('table'))}/catalog/`);
  expect(response.headers.get('content-type')).toMatch(/comma-separated-values/);
  const text = await response.text();
  const lines = text.split('\n').map((line) => line.trim());
  expect(lines[0]).toBe("'=cmd(),FLUX");
  for (const line of lines) expect(line).not.toMatch(/^["]?[\t\r]*[=+\-@]/);
  expect(text.match(/,-1\.5\r?$/gm)).toHaveLength(CELLS.length);
});

test('a script of downloads runs nothing of what it fetches', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'platevault-script-'));
  try {
    const response = await archive.fetch('/frames/zip/?format=script');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; /);
    const script = await response.text();
    execFileSync('sh', ['-s'], { input: script, cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    const found = readdirSync(folder, { recursive: true }).map(String);
    expect(found.filter((path) => /pwned$/.test(path))).toEqual([]);
    const files = found.filter((path) => path.endsWith('.fits'));
    expect(files).toHaveLength(ids.size);
    expect(existsSync(join(folder, files[0]?.split('/')[0] ?? '', `${SHELL_NAME}.fits`))).toBe(
      true,
    );
    const windows = await (await archive.fetch('/frames/zip/?format=script-windows')).text();
    for (const line of windows.split('\r\n').filter((each) => each.startsWith('Get-Frame '))) {
      // Four words, each but the length in quotes within which a quote is doubled: nothing is run.
      expect(line).toMatch(/^Get-Frame \d+(?: '(?:[^'\u2018-\u201b]|['\u2018-\u201b]{2})*'){3}$/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('lines of the log stay lines, and tell a terminal nothing', async () => {
  await archive.fetch('/frames/%0d%0a%1b%5b2J%e2%80%ae/');
  await keep('a%0D%0A{%22level%22:%22error%22}\u202e.fits', Buffer.from('x'));
  const lines = archive
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) {
    expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
  }
  expect(archive.output()).not.toContain(archive.adminToken);
});

test('what one asks for is not told again as code', async () => {
  const poison = encodeURIComponent(`"><script>alert(1)</script>`);
  for (const path of [`/frames/?OBJECT=${poison}`, `/frames/?night=${poison}`, `/x${poison}`]) {
    const response = await archive.fetch(path, { headers: { Accept: 'text/html' } });
    expect([path, await response.text()]).toEqual([path, expect.not.stringContaining('<script>a')]);
    expect(response.headers.get('content-security-policy')).not.toMatch(/unsafe|\*/);
  }
});

test('browsers are told to use TLS only where it is used', async () => {
  const plain = await archive.fetch('/health/');
  expect(plain.headers.get('strict-transport-security')).toBeNull();
  for (const name of ['permissions-policy', 'referrer-policy', 'cross-origin-resource-policy']) {
    expect([name, plain.headers.get(name)]).toEqual([name, expect.any(String)]);
  }
  expect(plain.headers.get('x-powered-by')).toBeNull();
  const behind = await startArchive({ TRUST_PROXY: 'true' });
  try {
    const tls = await behind.fetch('/health/', { headers: { 'X-Forwarded-Proto': 'https' } });
    expect(tls.headers.get('strict-transport-security')).toMatch(/^max-age=\d{8}/);
  } finally {
    await behind.close();
  }
});

withChromium('in a browser', () => {
  test('no page runs any of it, or even tries to', async () => {
    const browser = await openBrowser();
    try {
      const { context, complaints } = await openContext(browser, archive.url);
      await context.addInitScript(
        "addEventListener('securitypolicyviolation', (e) => console.error('POLICY ' + e.violatedDirective + ' ' + e.blockedURI))",
      );
      const page = await context.newPage();
      page.on('dialog', (dialog) => {
        complaints.push(`dialog ${dialog.message()}`);
        void dialog.dismiss();
      });
      await signIn(page, archive, '/frames/');
      const queue = ['/frames/', '/upload/', '/account/', '/admin/users/', '/docs/api/', '/keys/'];
      queue.push(...[...ids.values()].flatMap((id) => [`/frames/${id}/`, `/frames/${id}/delete/`]));
      const kinds = new Map<string, number>();
      const seen = new Set(queue);
      for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
        await page.goto(path, { waitUntil: 'load' });
        expect([path, await page.title()]).toEqual([
          path,
          expect.not.stringMatching(/^(?:pwned|1)$/),
        ]);
        expect([path, await page.locator('img[onerror], [onmouseover]').count()]).toEqual([
          path,
          0,
        ]);
        expect([path, await page.locator('a[href^="javascript:"]').count()]).toEqual([path, 0]);
        const links: string[] = await page.evaluate(
          // Links of drawings tell theirs as an object.
          "[...document.querySelectorAll('a[href]')].map((a) => new URL(a.getAttribute('href'), location).href)",
        );
        for (const link of links) {
          const { origin, pathname, search } = new URL(link);
          // One page of each kind and poison: a few of those that differ only in their query.
          const kind = pathname.replace(/\d+/g, '1');
          const count = kinds.get(kind) ?? 0;
          const isPage =
            origin === archive.url && !/\/(?:download|zip|logout|preview)/.test(pathname);
          const isFile = /format=|\/(?:static|funpack|cutout|catalog|verify|headers|openapi)/.test(
            pathname + search,
          );
          if (
            !isPage ||
            isFile ||
            count > 2 ||
            seen.size > MAX_PAGES ||
            seen.has(pathname + search)
          )
            continue;
          kinds.set(kind, count + 1);
          seen.add(pathname + search);
          queue.push(pathname + search);
        }
      }
      process.stdout.write(`poison: ${seen.size} pages looked at\n`);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 120_000);
});
