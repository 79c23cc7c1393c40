import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFsStore, type Store } from '../../src/store/index.js';

/** What every store promises; each kind is run through it. */
const KINDS: Readonly<Record<string, (folder: string) => Promise<Store>>> = {
  'directory tree': (folder) => openFsStore(folder),
};

describe.each(Object.entries(KINDS))('%s', (_name, open) => {
  let folder: string;
  let store: Store;
  let serial = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'platevault-store-'));
    store = await open(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const spool = async (content: string): Promise<string> => {
    const path = join(store.spoolDir, `${String((serial += 1))}.part`);
    await writeFile(path, content);
    return path;
  };
  const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return (error as { code?: unknown } | undefined)?.code;
  };
  const read = async (key: string, range?: { start: number; end: number }): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const chunk of await store.read(key, range)) parts.push(chunk as Buffer);
    return Buffer.concat(parts).toString();
  };
  const keys = async (prefix: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of store.list(prefix)) found.push(key);
    return found.sort();
  };

  test('what is put is there, whole and in parts, and its spooled file is gone', async () => {
    const path = await spool('0123456789');
    await store.put('a/b/c.fits', path);
    expect(existsSync(path)).toBe(false);
    expect(await read('a/b/c.fits')).toBe('0123456789');
    expect(await read('a/b/c.fits', { start: 2, end: 5 })).toBe('234');
    expect(await store.stat('a/b/c.fits')).toMatchObject({ sizeBytes: 10 });
    expect(await readFile(await store.localPath('a/b/c.fits'), 'utf8')).toBe('0123456789');
  });

  test('a key is never overwritten; the spooled file stays with its owner', async () => {
    await store.put('a.fits', await spool('first'));
    const second = await spool('second');
    expect(await codeOf(store.put('a.fits', second))).toBe('key_exists');
    expect(await read('a.fits')).toBe('first');
    expect(existsSync(second)).toBe(true);
  });

  test('of many that put one key at once exactly one succeeds', async () => {
    const paths = await Promise.all(Array.from({ length: 10 }, (_, index) => spool(String(index))));
    const codes = await Promise.all(paths.map((path) => codeOf(store.put('x/y.fits', path))));
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === 'key_exists')).toHaveLength(9);
  });

  test('nothing leads out of the store or into its spool', async () => {
    for (const key of ['../x.fits', '/etc/x.fits', 'a/../../x', '', '.', '.incoming/x.fits']) {
      expect([key, await codeOf(store.put(key, await spool('x')))]).toEqual([key, 'path_escapes']);
      expect([key, await codeOf(store.read(key))]).toEqual([key, 'path_escapes']);
    }
  });

  test('a file in the place of a folder is a clear refusal', async () => {
    await store.put('night', await spool('a file'));
    expect(await codeOf(store.put('night/x.fits', await spool('x')))).toBe('header_invalid');
  });

  test('what is missing is not found, and can be removed all the same', async () => {
    expect(await codeOf(store.read('nope.fits'))).toBe('not_found');
    expect(await codeOf(store.localPath('nope.fits'))).toBe('not_found');
    expect(await store.stat('nope.fits')).toBeUndefined();
    expect(await codeOf(store.remove('nope.fits'))).toBeUndefined();
  });

  test('removing takes empty folders along, and nothing else', async () => {
    await store.put('s/n1/a.fits', await spool('a'));
    await store.put('s/n2/b.fits', await spool('b'));
    await store.remove('s/n1/a.fits');
    expect(await readdir(join(folder, 's'))).toEqual(['n2']);
    expect(await keys('')).toEqual(['s/n2/b.fits']);
    expect(await keys('s/n2')).toEqual(['s/n2/b.fits']);
  });

  test('a sweep clears the spool and touches nothing that is stored', async () => {
    await store.put('a.fits', await spool('a'));
    await spool('left over');
    expect(await keys('')).toEqual(['a.fits']);
    expect(await store.sweep()).toBe(1);
    expect(await readdir(store.spoolDir)).toEqual([]);
    expect(await read('a.fits')).toBe('a');
  });

  test('a store that cannot be written says so', async () => {
    await store.check();
    await rm(store.spoolDir, { recursive: true });
    expect(await codeOf(store.check())).toBe('store_unavailable');
  });
});
