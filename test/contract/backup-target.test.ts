import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { loadConfig } from '../../src/config/index.js';
import { openTarget, type BackupTarget } from '../../src/keeping/index.js';
import { startS3, SWIFT, type TestS3 } from '../support/s3.js';

const isThereS3 = existsSync(SWIFT);
if (!isThereS3) process.stdout.write('NOT TESTED: S3 as a target: there is no python3-swift.\n');

let folder: string;
let s3: TestS3 | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-target-'));
  s3 = isThereS3 ? await startS3() : undefined;
}, 60_000);
afterAll(async () => {
  await s3?.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** What every target promises; each kind is run through it. */
const KINDS: Readonly<Record<string, () => Promise<BackupTarget>>> = {
  folder: () => openTarget(folder, loadConfig({}, '/nowhere').config),
  ...(isThereS3
    ? {
        S3: () =>
          openTarget(
            `s3://${s3?.bucket ?? ''}/some/prefix`,
            loadConfig(s3?.settings ?? {}, '/nowhere').config,
          ),
      }
    : {}),
};

const sourceOf = (content: string | Buffer, sha256?: string) => {
  const bytes = Buffer.from(content);
  return {
    sizeBytes: bytes.length,
    sha256: sha256 ?? createHash('sha256').update(bytes).digest('hex'),
    open: () => Promise.resolve(Readable.from([bytes.subarray(0, 3), bytes.subarray(3)])),
  };
};
const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return (error as { code?: unknown } | undefined)?.code;
};

describe.each(Object.entries(KINDS))('%s', (_kind, open) => {
  let target: BackupTarget;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(() => target.close());

  const read = async (path: string): Promise<string> =>
    Buffer.concat(await (await target.read(path)).toArray()).toString();
  const list = async (prefix: string): Promise<string[]> => {
    const paths: string[] = [];
    for await (const { path } of target.list(prefix)) paths.push(path);
    return paths;
  };

  test('what is written is there, under its name, whatever the name', async () => {
    for (const path of ['files/a b/ü ~2+%41&.fits', 'files/x.fits@0123456789abcdef']) {
      await target.write(path, sourceOf(`bytes of ${path}`));
      expect(await read(path)).toBe(`bytes of ${path}`);
      expect(await target.stat(path)).toMatchObject({
        path,
        sizeBytes: Buffer.byteLength(`bytes of ${path}`),
      });
    }
  });

  test('lists are in the order of the bytes of the paths, folders or not', async () => {
    const paths = [
      'o/a.fits',
      'o/a/b.fits',
      'o/a-b.fits',
      'o/A.fits',
      'o/\uff5e.fits',
      'o/😀.fits',
    ];
    for (const path of paths) await target.write(path, sourceOf(path));
    const inOrder = paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await list('o/')).toEqual(inOrder);
    expect(await list('o/a/')).toEqual(['o/a/b.fits']);
    expect(await list('nothing/')).toEqual([]);
  });

  test('bytes that are not what they should be are refused, and leave nothing', async () => {
    const wrong = createHash('sha256').update('other').digest('hex');
    expect(await codeOf(target.write('w/bad.fits', sourceOf('these', wrong)))).toBe('damaged');
    expect(await target.stat('w/bad.fits')).toBeUndefined();
    expect(await list('w/')).toEqual([]);
  });

  test('what is missing is not found, and can be removed all the same', async () => {
    expect(await codeOf(target.read('no/such.fits'))).toBe('not_found');
    expect(await target.stat('no/such.fits')).toBeUndefined();
    await target.remove('no/such.fits');
    await target.write('r/one.fits', sourceOf('one'));
    await target.remove('r/one.fits');
    expect(await list('r/')).toEqual([]);
  });
});

test('a folder keeps what it has, leads nowhere else, and is not made', async () => {
  const config = loadConfig({}, '/nowhere').config;
  const target = await openTarget(folder, config);
  await target.write('k/a.fits', sourceOf('first'));
  expect(await codeOf(target.write('k/a.fits', sourceOf('second')))).toBe('key_exists');
  for (const path of ['../x', '', '/etc/x', '.incoming/x']) {
    expect([path, await codeOf(target.write(path, sourceOf('x')))]).toEqual([path, 'path_escapes']);
  }
  await target.close();
  expect(await readdir(folder)).not.toContain('.incoming');
  expect(await codeOf(openTarget(join(folder, 'absent'), config))).toBe('not_found');
  expect(await codeOf(openTarget('ftp://host/x', config))).toBe('bad_request');
});

(isThereS3 ? test : test.skip)(
  'a large file goes to S3 in parts and arrives whole; damaged on its way, it does not',
  async () => {
    const config = loadConfig(s3?.settings ?? {}, '/nowhere').config;
    const target = await openTarget(`s3://${s3?.bucket ?? ''}/parts`, config);
    const piece = Buffer.alloc(1024 * 1024, 'platevault');
    const pieces = 65;
    const hash = createHash('sha256');
    for (let i = 0; i < pieces; i += 1) hash.update(piece);
    const sha256 = hash.digest('hex');
    const open = () => Promise.resolve(Readable.from(Array.from({ length: pieces }, () => piece)));
    const source = { sizeBytes: pieces * piece.length, sha256, open };
    await target.write('big.fits', source);
    const back = createHash('sha256');
    for await (const chunk of await target.read('big.fits')) back.update(chunk as Buffer);
    expect(back.digest('hex')).toBe(sha256);
    const wrong = { ...source, sha256: createHash('sha256').update('x').digest('hex') };
    expect(await codeOf(target.write('bad.fits', wrong))).toBe('damaged');
    expect(await target.stat('bad.fits')).toBeUndefined();
    await target.close();
  },
  60_000,
);

(isThereS3 ? test : test.skip)('S3: a wrong key and an unknown bucket say so', async () => {
  const settings = s3?.settings ?? {};
  const wrong = loadConfig({ ...settings, S3_SECRET_ACCESS_KEY: 'wrong' }, '/nowhere').config;
  const target = await openTarget(`s3://${s3?.bucket ?? ''}/x`, wrong);
  expect(await codeOf(target.write('a', sourceOf('a')))).toBe('forbidden');
  expect(await codeOf(target.stat('a'))).toBe('forbidden');
  const elsewhere = await openTarget('s3://no-such-bucket', loadConfig(settings, '/x').config);
  expect(await codeOf(elsewhere.write('a', sourceOf('a')))).toBe('not_found');
  const nobody = { ...settings, S3_ENDPOINT: 'http://127.0.0.1:9' };
  const silent = await openTarget('s3://vault', loadConfig(nobody, '/x').config);
  expect(await codeOf(silent.stat('a'))).toBe('store_unavailable');
});
