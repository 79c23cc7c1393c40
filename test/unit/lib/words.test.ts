import { isInside, splitFitsName } from '../../../src/lib/paths.js';
import { createLimiter, mapConcurrently } from '../../../src/lib/pool.js';
import { createLog, errorFields } from '../../../src/lib/log.js';

test.each([
  ['m31.fits', 'm31', '.fits'],
  ['m31.001.fits', 'm31.001', '.fits'],
  ['m31.001.FITS.FZ', 'm31.001', '.FITS.FZ'],
  ['x.fit.gz', 'x', '.fit.gz'],
  ['x.imfits', 'x', '.imfits'],
  ['x.fts.bz2', 'x', '.fts.bz2'],
  ['x.fits.Z', 'x', '.fits.Z'],
  ['x.FIT.zip', 'x', '.FIT.zip'],
  ['x.mt', 'x', '.mt'],
  ['x.xisf', 'x', '.xisf'],
  ['x.fz', 'x', '.fz'],
  ['archive.gz', 'archive', '.gz'],
  ['no-extension', 'no-extension', ''],
  ['m31.txt', 'm31.txt', ''],
  ['.fits', '.fits', ''],
  ['', '', ''],
])('%s is called %s and ends in %s', (name, basename, extension) => {
  expect(splitFitsName(name)).toEqual({ basename, extension });
});

test.each([
  ['/a/b', '/a/b', true],
  ['/a/b', '/a/b/c/d', true],
  ['/a/b', '/a/bc', false],
  ['/a/b', '/a', false],
  ['/a/b', '/a/b/../c', false],
  ['/a/b', '/a/b/..c', true],
])('inside %s: %s is %s', (root, path, expected) => {
  expect(isInside(root, path)).toBe(expected);
});

test('work runs with a bound, results keep the order, a failure stops what has not begun', async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number): Promise<number> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return item * 2;
  };
  expect(await mapConcurrently([1, 2, 3, 4, 5], 2, work)).toEqual([2, 4, 6, 8, 10]);
  expect(most).toBe(2);
  const begun: number[] = [];
  const failing = mapConcurrently([1, 2, 3, 4], 1, (item) => {
    begun.push(item);
    return item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item);
  });
  await expect(failing).rejects.toThrow('two');
  expect(begun).toEqual([1, 2]);
});

test('a limiter lets the next one in also after a failure', async () => {
  const limit = createLimiter(1, { waitMs: 1000, waiting: 1 });
  const first = limit(() => Promise.reject(new Error('first')));
  const second = limit(() => Promise.resolve('second'));
  const third = limit(() => Promise.resolve('one too many'));
  await expect(third).rejects.toMatchObject({ code: 'busy' });
  await expect(first).rejects.toThrow('first');
  expect(await second).toBe('second');
  const long = limit(() => new Promise((resolve) => setTimeout(resolve, 100)));
  const hasty = createLimiter(1, { waitMs: 10, waiting: 9 });
  const first_ = hasty(() => long);
  await expect(hasty(() => Promise.resolve())).rejects.toMatchObject({ code: 'busy' });
  await first_;
});

test('a log line is JSON with the fields of its parents; errors tell their causes', () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line)).child({ requestId: 'r' });
  log.warn('odd', { ...errorFields(new Error('outer', { cause: 'inner' })), stack: null });
  expect(JSON.parse(String(lines[0]))).toMatchObject({
    level: 'warn',
    text: 'odd',
    requestId: 'r',
    error: 'outer',
    cause: { error: 'inner' },
  });
});
