/** Lists as caches and walkers see them: entity tags, pages by cursor. */
import { makeFits } from '../fixtures/make-fits.js';
import type { TestArchive } from '../support/archive.js';
import { startNight } from '../support/night.js';

let archive: TestArchive;

beforeAll(async () => {
  ({ archive } = await startNight());
});
afterAll(() => archive.close());

/** fetch sends `Cache-Control: no-cache` beside a condition unless it is told otherwise. */
const NO_RELOAD = { 'Cache-Control': 'max-age=0' };

async function ask(path: string, etag?: string): Promise<Response> {
  const condition = etag === undefined ? {} : { 'If-None-Match': etag };
  return archive.fetch(path, {
    headers: { Accept: 'application/json', ...NO_RELOAD, ...condition },
  });
}

async function tagOf(path: string): Promise<string> {
  const answer = await ask(path);
  await answer.arrayBuffer();
  return answer.headers.get('etag') ?? '';
}

describe('entity tags', () => {
  test.each(['/frames/?RLEVEL=0', '/frames/aggregate/?RLEVEL=0'])(
    '%s is not sent again until the catalogue changes',
    async (path) => {
      const tag = await tagOf(path);
      expect(tag).toMatch(/^W\/"/);
      const again = await ask(path, tag);
      expect([again.status, await again.text()]).toEqual([304, '']);
      const name = `tag-${path.length}.fits`;
      const answer = await archive.upload(
        makeFits({
          cards: [
            ['DATE-OBS', '2026-03-02T01:00:00'],
            ['OBJECT', name],
          ],
        }),
        name,
      );
      expect(answer.created).toBe(1);
      const changed = await ask(path, tag);
      expect(changed.status).toBe(200);
      expect(changed.headers.get('etag')).not.toBe(tag);
    },
  );

  test('are of one address, one query and one viewer', async () => {
    const made = await archive.run(
      ['user', 'add', 'reader', '--role', 'user', '--password-stdin'],
      'a password\n',
    );
    expect(made.status).toBe(0);
    const token = (await archive.run(['token', 'add', 'reader'])).stdout.trim();
    const tags = [
      await tagOf('/frames/'),
      await tagOf('/frames/?limit=2'),
      await tagOf('/frames/aggregate/'),
    ];
    const other = await archive.fetch('/frames/', { token, headers: NO_RELOAD });
    await other.arrayBuffer();
    expect(new Set([...tags, other.headers.get('etag')]).size).toBe(4);
  });

  test('the use of a token or of a page changes none', async () => {
    const tag = await tagOf('/frames/');
    await (
      await archive.fetch('/accounts/login/', { token: '', headers: { Accept: 'text/html' } })
    ).text();
    expect((await ask('/frames/', tag)).status).toBe(304);
  });
});

test('what depends on the clock has no tag, and a wrong question is not answered by one', async () => {
  expect(await tagOf('/frames/?public=false')).toBe('');
  expect((await ask('/frames/?RLEVEL=x', '*')).status).toBe(400);
  expect((await ask('/frames/?ordering=constructor')).status).toBe(200);
});

interface CursorPage {
  next: string | null;
  previous: string | null;
  results: { id: number }[];
}

describe('pages by cursor', () => {
  const START = '/frames/?pagination_style=cursor&limit=3&sort=EXPTIME&order=desc';
  const pathOf = (url: string): string =>
    url.slice(archive.url.length - (archive.url.endsWith('/') ? 1 : 0));

  test('lead through the same list as pages by number, forth and back', async () => {
    const all = await archive.json<{ count: number; results: { id: number }[] }>(
      '/frames/?sort=EXPTIME&order=desc&limit=1000',
    );
    const forth: CursorPage[] = [await archive.json<CursorPage>(START)];
    for (let next = forth[0]?.next; next; next = forth.at(-1)?.next) {
      forth.push(await archive.json<CursorPage>(pathOf(next)));
      expect(forth.length).toBeLessThanOrEqual(all.count);
    }
    const ids = all.results.map(({ id }) => id);
    expect(forth.flatMap(({ results }) => results.map(({ id }) => id))).toEqual(ids);
    expect(forth[0]).not.toHaveProperty('count');
    expect(forth[0]?.previous).toBeNull();
    const back = await archive.json<CursorPage>(pathOf(forth.at(-1)?.previous ?? ''));
    expect(back.results).toEqual(forth.at(-2)?.results);
  });

  test('a damaged cursor, or one of another list, is not found', async () => {
    const { next } = await archive.json<CursorPage>(START);
    const wrongList = pathOf(next ?? '').replace('sort=EXPTIME', 'sort=basename');
    for (const path of ['/frames/?pagination_style=cursor&cursor=x!', wrongList]) {
      const answer = await ask(path);
      expect([answer.status, await answer.json()]).toMatchObject([
        404,
        { detail: 'Invalid cursor' },
      ]);
    }
  });
});

test('a table of all that match: names in the first line, values as in JSON, and as many as are asked for', async () => {
  const table = await archive.fetch('/frames/?format=csv&sort=basename&order=asc');
  expect(table.headers.get('content-type')).toMatch(/^text\/csv/);
  expect(table.headers.get('content-disposition')).toBe('attachment; filename="frames.csv"');
  const [head = '', ...lines] = (await table.text()).trimEnd().split('\r\n');
  const { count, results } = await archive.json<{
    count: number;
    results: Record<string, string | number | null>[];
  }>('/frames/?sort=basename&order=asc');
  expect(lines).toHaveLength(count);
  const columns = head.split(',');
  for (const name of ['basename', 'EXPTIME', 'TEL_DEC', 'sha256'] as const) {
    const at = columns.indexOf(name);
    expect(lines.map((line) => line.split(',')[at])).toEqual(
      results.map((frame) => String(frame[name] ?? '')),
    );
  }
  expect(columns).toEqual(expect.arrayContaining(['quality.fwhm', 'findings', 'flag']));
  const some = await (await archive.fetch('/frames/?format=csv&limit=2&IMAGETYPE=object')).text();
  expect(some.trimEnd().split('\r\n')).toHaveLength(3);
  const none = await (await archive.fetch('/frames/?format=csv&night=1999-01-01')).text();
  expect(none).toBe(`${head}\r\n`);
  for (const wrong of ['format=csv&offset=5', 'format=xml', 'format=csv&limit=some']) {
    expect((await archive.fetch(`/frames/?${wrong}`)).status).toBe(400);
  }
});
