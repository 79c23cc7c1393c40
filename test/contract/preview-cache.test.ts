import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../src/lib/errors.js';
import { createPreviews, DEFAULT_OPTIONS, type RenderPool } from '../../src/preview/index.js';

/** Previews over a pool that only counts: the picture is the width and the path as text. */
type Run = RenderPool['run'];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'previews-'));
});
afterEach(() => rm(folder, { recursive: true }));

const picture = (text: string) => ({
  bytes: Buffer.from(text),
  contentType: 'image/png',
  width: 1,
  height: 1,
});

function open(options: { maxBytes?: number; run?: Run } = {}) {
  const calls: Parameters<Run>[] = [];
  const pool: RenderPool = {
    run(...args) {
      calls.push(args);
      const answer = Promise.resolve(picture(`${args[1].path} ${args[1].width}`));
      return options.run === undefined ? answer : options.run(...args);
    },
  };
  const { maxBytes = 1e6 } = options;
  const limits = { maxExpandedBytes: 1e6, maxExpansionRatio: 500, tempDir: folder };
  return { calls, previews: createPreviews({ directory: folder, maxBytes, pool, limits }) };
}

const source = (name: string) => ({ path: `/data/${name}.fits`, sha256: name });
const text = ({ bytes }: { bytes: Uint8Array }) => Buffer.from(bytes).toString();

async function files(): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
}

test('a picture is drawn once for the same content and options, also after a restart', async () => {
  const first = open();
  const drawn = await first.previews.get(source('a'), DEFAULT_OPTIONS);
  const again = await first.previews.get({ path: '/moved', sha256: 'a' }, { ...DEFAULT_OPTIONS });
  expect(text(drawn)).toBe('/data/a.fits 200');
  expect(again).toEqual({ ...drawn, bytes: again.bytes });
  expect(text(again)).toBe(text(drawn));
  expect(first.calls).toHaveLength(1);
  expect(drawn.etag).toBe(first.previews.etag(source('a'), DEFAULT_OPTIONS));
  expect(drawn.etag).toMatch(/^"[0-9a-f]{32}"$/);

  const second = open();
  expect(text(await second.previews.get(source('a'), DEFAULT_OPTIONS))).toBe(text(drawn));
  expect(second.calls).toHaveLength(0);
});

test('each option and each content has a picture of its own', () => {
  const { previews } = open();
  const variants = [
    {},
    { width: 201 },
    { stretch: 'log' },
    { limits: { kind: 'zscale' } },
    { limits: { kind: 'percentile', low: 4, high: 95 } },
    { colour: 'heat' },
    { invert: true },
    { format: 'webp' },
    { hdu: 0 },
    { plane: 0 },
    { low: 0 },
    { high: 0 },
  ] as const;
  const tags = variants.map((each) => previews.etag(source('a'), { ...DEFAULT_OPTIONS, ...each }));
  tags.push(previews.etag(source('b'), DEFAULT_OPTIONS));
  expect(new Set(tags).size).toBe(variants.length + 1);
});

test('the same picture asked for by many at once is drawn once', async () => {
  const { previews, calls } = open();
  const all = Array.from({ length: 20 }, () => previews.get(source('a'), DEFAULT_OPTIONS));
  expect(new Set((await Promise.all(all)).map(text)).size).toBe(1);
  expect(calls).toHaveLength(1);
});

test('one who gives up does not stop the others; when all do, the drawing is stopped', async () => {
  let stopped: AbortSignal | undefined;
  let finish: (drawn: ReturnType<typeof picture>) => void = () => undefined;
  let begin: (value: undefined) => void = () => undefined;
  const begun = new Promise<undefined>((resolve) => (begin = resolve));
  const { previews } = open({
    run: (_task, _input, options) => {
      stopped = options?.signal;
      begin(undefined);
      return new Promise((resolve) => (finish = resolve));
    },
  });
  const [one, two] = [new AbortController(), new AbortController()];
  const first = previews.get(source('a'), DEFAULT_OPTIONS, { signal: one.signal });
  const second = previews.get(source('a'), DEFAULT_OPTIONS, { signal: two.signal });
  await begun;
  one.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  expect(stopped?.aborted).toBe(false);
  two.abort(new Error('left too'));
  await expect(second).rejects.toThrow('left too');
  expect(stopped?.aborted).toBe(true);
  finish(picture('late'));
  await previews.close();
});

test('the cache stays within its bound and lets the longest unused go', async () => {
  const { previews, calls } = open({ maxBytes: 2000 });
  const get = (name: string) => previews.get(source(name), DEFAULT_OPTIONS);
  await get('old');
  await get('kept');
  const long = new Date(Date.now() - 1e7);
  for (const path of await files()) await utimes(path, long, long);
  await get('kept'); // a hit: used just now
  expect(calls).toHaveLength(2);
  for (let i = 0; i < 30; i += 1) {
    await get(`new${i}`);
    if (i === 8) {
      await get('kept');
      expect(calls).toHaveLength(11);
    }
    let total = 0;
    for (const path of await files()) total += (await stat(path)).size;
    expect(total).toBeLessThanOrEqual(2000);
  }
  const before = calls.length;
  await get('old');
  expect(calls).toHaveLength(before + 1);
});

test('a bound of 0 keeps nothing, and the pictures still come', async () => {
  const { previews, calls } = open({ maxBytes: 0 });
  await previews.get(source('a'), DEFAULT_OPTIONS);
  await previews.get(source('a'), DEFAULT_OPTIONS);
  expect(calls).toHaveLength(2);
  expect(await files()).toEqual([]);
});

test('a damaged file in the cache is drawn anew and replaced', async () => {
  const { previews, calls } = open();
  await previews.get(source('a'), DEFAULT_OPTIONS);
  const [path = ''] = await files();
  const whole = await readFile(path);
  for (const length of [0, 5, 20, whole.length - 1]) {
    await writeFile(path, whole.subarray(0, length));
    const drawn = await previews.get(source('a'), DEFAULT_OPTIONS);
    expect(text(drawn)).toBe('/data/a.fits 200');
  }
  expect(calls).toHaveLength(5);
  expect(await files()).toEqual([path]);
});

test('a folder that cannot be written does not keep the picture from its reader', async () => {
  const { previews } = open();
  await writeFile(join(folder, previews.etag(source('a'), DEFAULT_OPTIONS).slice(1, 3)), '');
  expect(text(await previews.get(source('a'), DEFAULT_OPTIONS))).toBe('/data/a.fits 200');
});

test('a problem is kept like a picture', async () => {
  const { previews, calls } = open({
    run: () => Promise.resolve({ ...picture('words'), problem: 'The file has no image.' }),
  });
  await previews.get(source('a'), DEFAULT_OPTIONS);
  const again = await previews.get(source('a'), DEFAULT_OPTIONS);
  expect(again.problem).toBe('The file has no image.');
  expect(calls).toHaveLength(1);
});

test.each([
  ['timeout', /too long/],
  ['crash', /failed/],
])('after a %s there is a picture of words, which is not kept', async (reason, words) => {
  const { previews, calls } = open({
    run: () => Promise.reject(new AppError('busy', 'Not done.', { reason })),
  });
  const shown = await previews.get(source('a'), { ...DEFAULT_OPTIONS, width: 123 });
  expect(shown).toMatchObject({ width: 123, contentType: 'image/png' });
  expect(shown.problem).toMatch(words);
  expect(shown.etag).not.toBe(previews.etag(source('a'), { ...DEFAULT_OPTIONS, width: 123 }));
  await previews.get(source('a'), { ...DEFAULT_OPTIONS, width: 123 });
  expect(calls).toHaveLength(2);
  expect(await files()).toEqual([]);
});

test.each(['queue', 'closed'])('when the pool is busy (%s) the caller is told', async (reason) => {
  const { previews } = open({
    run: () => Promise.reject(new AppError('busy', 'Later.', { reason })),
  });
  await expect(previews.get(source('a'), DEFAULT_OPTIONS)).rejects.toMatchObject({ code: 'busy' });
});

test('warming draws in the background what is then there', async () => {
  const { previews, calls } = open();
  await previews.warm(source('a'), [DEFAULT_OPTIONS, { ...DEFAULT_OPTIONS, width: 400 }]);
  expect(calls.map(([, input, options]) => [input.width, options?.priority])).toEqual([
    [200, 'background'],
    [400, 'background'],
  ]);
  await previews.get(source('a'), { ...DEFAULT_OPTIONS, width: 400 });
  expect(calls).toHaveLength(2);
});
