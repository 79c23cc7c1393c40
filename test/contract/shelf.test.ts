import { existsSync, statSync } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { moveFile, openFsStore, type Store } from '../../src/store/index.js';

let root: string;
let store: Store;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'platevault-shelf-'));
  store = await openFsStore(root);
  await write(join(root, KEY), 'bytes');
});

afterEach(() => rm(root, { recursive: true, force: true }));

const KEY = 'hill/2026-03-01/m31.fits';
const shelved = (): string => join(root, '.platevault/trash/7', KEY);

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const read = async (path: string): Promise<string | undefined> =>
  existsSync(path) ? readFile(path, 'utf8') : undefined;
const both = async (): Promise<(string | undefined)[]> => [
  await read(join(root, KEY)),
  await read(shelved()),
];

test('a file goes to the shelf and back, and leaves no empty folders behind', async () => {
  await store.shelf.put(KEY, 7);
  expect(await both()).toEqual([undefined, 'bytes']);
  expect(await store.shelf.has(KEY, 7)).toBe(true);
  expect(existsSync(join(root, 'hill'))).toBe(false);
  await store.shelf.put(KEY, 7);
  expect(await store.shelf.takeBack(KEY, 7)).toBe(true);
  expect(await both()).toEqual(['bytes', undefined]);
  expect(existsSync(join(root, '.platevault/trash/7'))).toBe(false);
  expect(await store.shelf.takeBack(KEY, 7)).toBe(false);
});

test('what lies on a shelf is no file of the tree', async () => {
  await store.shelf.put(KEY, 7);
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  expect(keys).toEqual([]);
});

test('nothing is overwritten, in neither direction; what is in the way is kept aside', async () => {
  await store.shelf.put(KEY, 7);
  await write(join(root, KEY), 'another');
  await expect(store.shelf.takeBack(KEY, 7)).rejects.toMatchObject({ code: 'key_exists' });
  expect(await both()).toEqual(['another', 'bytes']);
  await store.shelf.put(KEY, 7);
  expect(await both()).toEqual([undefined, 'bytes']);
  const replaced = join(root, '.platevault/replaced');
  const [aside = ''] = await readdir(replaced);
  expect(aside).toMatch(/^7-/);
  expect(await read(join(replaced, aside, KEY))).toBe('another');
});

test('a file that a restore has put on the shelf already does not stay in the tree as well', async () => {
  await write(shelved(), 'bytes');
  await store.shelf.put(KEY, 7);
  expect(await both()).toEqual([undefined, 'bytes']);
  expect(existsSync(join(root, '.platevault/replaced'))).toBe(false);
});

const OTHER_DISK = '/dev/shm';
const hasOtherDisk = existsSync(OTHER_DISK) && statSync(OTHER_DISK).dev !== statSync(tmpdir()).dev;
(hasOtherDisk ? test : test.skip)('from one disk to another a file is copied whole', async () => {
  const other = await mkdtemp(join(OTHER_DISK, 'platevault-shelf-'));
  try {
    const [from, to] = [join(root, KEY), join(other, 'm31.fits')];
    const { mtimeMs } = statSync(from);
    await moveFile(from, to);
    expect([await read(from), await read(to)]).toEqual([undefined, 'bytes']);
    expect(Math.abs(statSync(to).mtimeMs - mtimeMs)).toBeLessThan(1);
    expect(await readdir(other)).toEqual(['m31.fits']);
  } finally {
    await rm(other, { recursive: true });
  }
});

test('a process that died between the two names of a file: either way goes on from there', async () => {
  await store.shelf.put(KEY, 7);
  for (const way of ['back', 'away'] as const) {
    await mkdir(dirname(join(root, KEY)), { recursive: true });
    await link(shelved(), join(root, KEY));
    if (way === 'away') await store.shelf.put(KEY, 7);
    else expect(await store.shelf.takeBack(KEY, 7)).toBe(true);
    expect(await both()).toEqual(way === 'away' ? [undefined, 'bytes'] : ['bytes', undefined]);
    await store.shelf.put(KEY, 7);
  }
});

test('a shelf is cleared whole, and no other one; one that is not there is clear', async () => {
  await write(join(root, '.platevault/trash/8', KEY), 'other');
  await store.shelf.put(KEY, 7);
  await store.shelf.clear(7);
  await store.shelf.clear(7);
  expect(existsSync(join(root, '.platevault/trash/7'))).toBe(false);
  expect(await store.shelf.has(KEY, 8)).toBe(true);
});

test('no key leads out of tree and shelf', async () => {
  for (const key of ['../x', '.platevault/archive.json', 'a//b', '/etc/passwd']) {
    await expect(store.shelf.put(key, 7)).rejects.toMatchObject({ code: 'path_escapes' });
    await expect(store.shelf.takeBack(key, 7)).rejects.toMatchObject({ code: 'path_escapes' });
  }
});

test('where the root has gone, nothing is made', async () => {
  await rm(root, { recursive: true });
  await expect(store.shelf.put(KEY, 7)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(existsSync(root)).toBe(false);
});
