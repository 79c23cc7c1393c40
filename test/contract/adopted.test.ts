import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeTree, openFsStore, rememberTree, type Store } from '../../src/store/index.js';

let folder: string;
let tree: string;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-adopted-'));
  tree = join(folder, 'tree');
  for (const name of ['a/1.fits', 'a/2.fits', 'b/3.fits']) await put(name, name);
  store = await openFsStore(join(folder, 'archive'));
  const known = ['a/1.fits', 'b/3.fits'].map((name) => ({ name, sizeBytes: name.length }));
  await rememberTree(store, '@adopted1', await describeTree(tree, known));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, content: string): Promise<void> {
  await mkdir(dirname(join(tree, name)), { recursive: true });
  await writeFile(join(tree, name), content);
}

/** What comes of each way to ask for a file that is not there: a code, or what is given. */
async function ask(key: string): Promise<unknown[]> {
  const list = async (): Promise<number> => {
    let count = 0;
    for await (const { sizeBytes } of store.list('@adopted1')) count += sizeBytes > 0 ? 1 : 0;
    return count;
  };
  const ways = [
    store.stat(key),
    store.read(key),
    store.runs(key, { start: 0, end: 1 }),
    store.localPath(key),
    list(),
  ];
  const outcome = (error: unknown): unknown => (error as { code?: unknown }).code;
  return Promise.all(ways.map((way) => way.catch(outcome)));
}

const AWAY = Array<string>(5).fill('store_unavailable');
const missing = (listed: number): unknown[] => [
  undefined,
  'not_found',
  'not_found',
  'not_found',
  listed,
];

test('an adopted tree is away when its folder has gone, is empty, or holds none of its files', async () => {
  await rename(tree, `${tree}.away`);
  expect(await ask('@adopted1/a/1.fits')).toEqual(AWAY);
  await mkdir(tree);
  expect(await ask('@adopted1/a/1.fits')).toEqual(AWAY);
  await put('a/1.fits', 'of another length');
  await put('README', 'mount point');
  expect(await ask('@adopted1/a/2.fits')).toEqual(AWAY);
  await rm(tree, { recursive: true });
  await rename(`${tree}.away`, tree);
  expect((await store.stat('@adopted1/a/1.fits'))?.sizeBytes).toBe(8);
});

test('it is there as soon as some of its files are, in whatever folder; what lacks then is missing', async () => {
  await cp(tree, `${tree}.copy`, { recursive: true });
  await rm(tree, { recursive: true });
  await rename(`${tree}.copy`, tree);
  await rm(join(tree, 'a/1.fits'));
  expect(await ask('@adopted1/a/1.fits')).toEqual(missing(2));
});

test('after all the files have gone by which it is known, the same folder with others is still it', async () => {
  await rm(join(tree, 'a/1.fits'));
  await rm(join(tree, 'b/3.fits'));
  expect(await ask('@adopted1/a/1.fits')).toEqual(missing(1));
  await rm(join(tree, 'a/2.fits'));
  expect(await ask('@adopted1/a/1.fits')).toEqual(AWAY);
});

test('of a tree that is written down as a folder alone any file is enough; a damaged list is told', async () => {
  const path = join(store.stateDir, 'adopted.json');
  const before = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  expect(before['@adopted1']).toMatchObject({ folder: tree, files: [{ name: 'a/1.fits' }, {}] });
  await writeFile(path, JSON.stringify({ '@adopted1': tree }));
  expect(await ask('@adopted1/a/none.fits')).toEqual(missing(3));
  for (const name of ['a', 'b']) await rm(join(tree, name), { recursive: true });
  expect(await ask('@adopted1/a/1.fits')).toEqual(AWAY);
  for (const damaged of ['{"@adopted1": {"files": 5}}', '[', 'null']) {
    await writeFile(path, damaged);
    await expect(store.stat('@adopted1/a/1.fits')).rejects.toThrow(/damaged: it should hold/);
  }
  await writeFile(path, '{}'); // given up: now they are missing
  await expect(store.read('@adopted1/a/1.fits')).rejects.toMatchObject({ code: 'not_found' });
});
