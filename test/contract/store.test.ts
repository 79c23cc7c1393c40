import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markerPath, markRoot, openFsStore, type Store } from '../../src/store/index.js';

const nobody = (): Promise<boolean> => Promise.resolve(false);
/** SHA-256 of the five bytes `frame`. */
const HASH_OF_FRAME = createHash('sha256').update('frame').digest('hex');

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
    const own = [
      '.incoming/x.fits',
      '.platevault/x',
      '.Incoming/x',
      '.platevault. /x',
      '．incoming/x',
    ];
    const out = ['../x.fits', '/etc/x.fits', 'a/../../x', '', '.', 'a//x', 'a/', './x', 'a\0.fits'];
    for (const key of [...own, ...out]) {
      expect([key, await codeOf(store.put(key, await spool('x')))]).toEqual([key, 'path_escapes']);
      expect([key, await codeOf(store.read(key))]).toEqual([key, 'path_escapes']);
      expect([key, await codeOf(store.remove(key))]).toEqual([key, 'path_escapes']);
    }
  });

  test('a new file may not be called what no file should be, nor lie as deep or long as none can', async () => {
    const deep = `${'d/'.repeat(32)}x.fits`;
    const names = ['a\u202egnp.fits', 'a\n.fits', '\ud800.fits', 'x'.repeat(256), deep];
    for (const key of names) {
      expect([key, await codeOf(store.put(key, await spool('x')))]).toEqual([
        key,
        'header_invalid',
      ]);
    }
    expect((await readdir(folder)).sort()).toEqual(['.incoming', '.platevault']);
    const fit = [
      'CON.fits',
      'nul',
      'a b.fits',
      '$(x).fits',
      '.hidden.fits',
      'ä／．．.fits',
      'x'.repeat(255),
    ];
    for (const key of fit)
      expect([key, await codeOf(store.put(key, await spool('x')))]).toEqual([key, undefined]);
    expect(await keys('')).toEqual([...fit].sort());
  });

  test('symbolic links below the root are not followed, neither to read, to write nor to remove', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'platevault-outside-'));
    try {
      await writeFile(join(outside, 'secret.fits'), 'secret');
      await symlink(outside, join(folder, 'away'));
      await symlink(join(outside, 'secret.fits'), join(folder, 'link.fits'));
      expect(await codeOf(store.put('away/x.fits', await spool('x')))).toBe('path_escapes');
      expect(await codeOf(store.put('away/deep/x.fits', await spool('x')))).toBe('path_escapes');
      for (const key of ['away/secret.fits', 'link.fits']) {
        expect([key, await codeOf(store.read(key))]).toEqual([key, 'not_found']);
        expect([key, await codeOf(store.localPath(key))]).toEqual([key, 'not_found']);
        await store.remove(key);
      }
      expect(await keys('')).toEqual([]);
      expect(await readdir(outside)).toEqual(['secret.fits']);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  test('what could not be put leaves no folders behind', async () => {
    expect(await codeOf(store.put('a/b/c.fits', join(folder, 'nothing')))).toBe(
      'store_unavailable',
    );
    expect((await readdir(folder)).sort()).toEqual(['.incoming', '.platevault']);
  });

  test('a file that is put where its folder is being removed finds its place all the same', async () => {
    for (let round = 0; round < 30; round += 1) {
      await store.put('n/old.fits', await spool('old'));
      const path = await spool('new');
      await Promise.all([store.remove('n/old.fits'), store.put('n/new.fits', path)]);
      expect(await keys('')).toEqual(['n/new.fits']);
      await store.remove('n/new.fits');
    }
  });

  test('a file is replaced at once, also one that is missing', async () => {
    await store.put('a/b.fits', await spool('damaged'));
    for (const content of ['first', 'second']) {
      const path = await spool(content);
      await store.replace('a/b.fits', path);
      expect([await read('a/b.fits'), existsSync(path)]).toEqual([content, false]);
      if (content === 'first') await rm(join(folder, 'a'), { recursive: true });
    }
  });

  describe('a root that has gone', () => {
    beforeEach(async () => {
      await store.put('n/a.fits', await spool('a'));
      await rename(folder, `${folder}.away`);
    });
    afterEach(() => rm(`${folder}.away`, { recursive: true, force: true }));

    const trouble = async (): Promise<unknown[]> =>
      Promise.all(
        [
          store.check(),
          store.requireRoom(),
          store.stat('n/a.fits'),
          store.read('n/a.fits'),
          store.localPath('n/a.fits'),
          store.remove('n/a.fits'),
          store.put('n/b.fits', join(tmpdir(), 'platevault-none')),
          store.replace('n/a.fits', join(tmpdir(), 'platevault-none')),
          store.sweep(() => Promise.resolve(true)),
          keys(''),
        ].map(codeOf),
      );

    test('is trouble of ours in all that is done, and nothing is made under it', async () => {
      expect(await trouble()).toEqual(Array(10).fill('store_unavailable'));
      expect(existsSync(folder)).toBe(false);
      await mkdir(folder); // the mount point alone
      expect(await trouble()).toEqual(Array(10).fill('store_unavailable'));
      expect(await readdir(folder)).toEqual([]);
      await rm(folder, { recursive: true });
      await rename(`${folder}.away`, folder);
      expect(await read('n/a.fits')).toBe('a');
      await store.put('n/b.fits', await spool('b'));
    });

    test('is not mistaken for another archive in its place', async () => {
      await markRoot(folder, 'another');
      expect(await codeOf(store.check())).toBe('store_unavailable');
      await expect(openFsStore(folder, { id: 'mine' })).rejects.toThrow(/Another archive/);
      await rm(folder, { recursive: true });
      await rename(`${folder}.away`, folder);
      await store.check();
    });
  });

  test('a marker is made once, and what is no marker is not taken for one', async () => {
    const [first, second] = await Promise.all([
      markRoot(join(folder, 'x')),
      markRoot(join(folder, 'x')),
    ]);
    expect(second).toEqual(first);
    await writeFile(markerPath(folder), '{"id": 5}');
    await expect(openFsStore(folder)).rejects.toThrow(/is damaged: it should hold/);
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
    expect(await store.sweep(nobody)).toEqual({ unfinished: 1, orphans: 0 });
    expect(await readdir(store.spoolDir)).toEqual([]);
    expect(await read('a.fits')).toBe('a');
  });

  test('a sweep leaves alone what another living process uses', async () => {
    const mark = '01234567-89ab-cdef-0123-456789abcdef';
    const path = await spool('being stored');
    const intent = await store.intend([{ key: 'night/live.fits', path }]);
    const [own = ''] = (await readdir(store.spoolDir)).filter((name) => name.endsWith('.intent'));
    expect(own).toMatch(new RegExp(`^${process.pid}-`));
    // Process 1 is always there; no system gives away the number of the other one.
    await rename(join(store.spoolDir, own), join(store.spoolDir, `1-${mark}.intent`));
    await rename(path, join(store.spoolDir, `1-${mark}.part`));
    await writeFile(join(store.spoolDir, `2147483646-${mark}.part`), 'of a dead one');
    await writeFile(join(store.spoolDir, `${process.pid}-${mark}.part`), 'of an earlier start');
    await writeFile(join(store.spoolDir, `12345678-89ab-cdef-0123-456789abcdef.part`), 'no pid');
    await mkdir(join(folder, 'night'));
    await link(join(store.spoolDir, `1-${mark}.part`), join(folder, 'night/live.fits'));
    expect(await store.sweep(nobody)).toEqual({ unfinished: 3, orphans: 0 });
    expect((await readdir(store.spoolDir)).sort()).toEqual([`1-${mark}.intent`, `1-${mark}.part`]);
    expect(await read('night/live.fits')).toBe('being stored');
    await intent.done();
  });

  describe('a process that died between file and row', () => {
    const key = 'night/a.fits';
    const dieAfter = async (how: (path: string, to: string) => Promise<unknown>): Promise<void> => {
      const path = await spool('frame');
      await store.intend([{ key, path, sha256: HASH_OF_FRAME }]);
      await mkdir(join(folder, 'night'), { recursive: true });
      await how(path, join(folder, key));
    };
    const linked = (path: string, to: string): Promise<void> => link(path, to);
    const put = (path: string): Promise<void> => store.put(key, path);
    const copied = (path: string, to: string): Promise<void> => copyFile(path, to);
    const copiedWhole = async (path: string, to: string): Promise<void> => {
      await copyFile(path, to);
      await rm(path);
    };
    const halfCopied = (_path: string, to: string): Promise<void> => writeFile(to, 'fra');
    const justMade = (): Promise<void> => Promise.resolve();

    test.each([
      ['linked', linked],
      ['put', put],
      ['copied', copied],
      ['copied, and gone from the spool', copiedWhole],
      ['copied in part', halfCopied],
    ] as const)('leaves a file that the next one removes: %s', async (_name, how) => {
      await dieAfter(how);
      expect(await store.sweep(nobody)).toMatchObject({ orphans: 1 });
      expect((await readdir(folder)).sort()).toEqual(['.incoming', '.platevault']);
      expect(await readdir(store.spoolDir)).toEqual([]);
    });

    test('leaves the folder alone that was made for it; that goes too', async () => {
      await dieAfter(justMade);
      expect(await store.sweep(nobody)).toMatchObject({ orphans: 0, unfinished: 1 });
      expect((await readdir(folder)).sort()).toEqual(['.incoming', '.platevault']);
    });

    test('leaves the file in peace if it has a row, or if it is not the one that was put', async () => {
      await dieAfter(put);
      await store.sweep((asked) => Promise.resolve(asked === key));
      expect(await read(key)).toBe('frame');
      await rm(join(folder, key));
      for (const other of ['other', 'frame, but longer', 'frxme', 'fx']) {
        await dieAfter((_path, to) => writeFile(to, other));
        expect(await store.sweep(nobody)).toMatchObject({ orphans: 0 });
        expect(await read(key)).toBe(other);
      }
    });

    test('had removed a row: its files go; those of rows that stayed do not', async () => {
      await store.put('n/gone.fits', await spool('gone'));
      await store.put('n/kept.fits', await spool('kept'));
      await store.intendRemoval(['n/gone.fits', 'n/kept.fits', 'n/never-there.fits']);
      await store.sweep((asked) => Promise.resolve(asked === 'n/kept.fits'));
      expect(await keys('')).toEqual(['n/kept.fits']);
    });

    test('an intent that is done, or was torn while it was written, does nothing', async () => {
      const path = await spool('frame');
      const intent = await store.intend([{ key, path }]);
      await store.put(key, path);
      await intent.done();
      expect(await readdir(store.spoolDir)).toEqual([]);
      await writeFile(join(store.spoolDir, 'x.intent'), '[{"key":"night/a.fits","ino');
      await writeFile(join(store.spoolDir, 'y.intent'), '[{"key":"../../x"}, 5]');
      await store.sweep(nobody);
      expect(await read(key)).toBe('frame');
    });
  });

  test('a store that cannot be written says so', async () => {
    await store.check();
    await rm(store.spoolDir, { recursive: true });
    expect(await codeOf(store.check())).toBe('store_unavailable');
  });
});
