import { execFile } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { createZipLayout, readZip, type ZipEntry, type ZipLayout } from '../../../src/zip/index.js';
import { testWith } from '../../support/programs.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'platevault-layout-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Member extends ZipEntry {
  readonly content: Buffer;
}

function member(name: string, content: Buffer): Member {
  const modifiedMs = Date.UTC(2026, 2, 1, 20, 30, 41);
  return { name, content, sizeBytes: content.length, crc32: crc32(content), modifiedMs };
}

const MEMBERS: readonly Member[] = [
  member('a.fits', Buffer.from('0123456789')),
  member('empty.fits', Buffer.alloc(0)),
  member('Ångström β.fits', Buffer.alloc(100_000, 'xyz')),
  member('b.fits', Buffer.from('b')),
];

async function read(
  layout: ZipLayout,
  members: readonly Member[],
  range = { start: 0, end: layout.sizeBytes },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const open = (index: number, part: { start: number; end: number }) =>
    Promise.resolve(eachOf(members[index]?.content.subarray(part.start, part.end)));
  for await (const piece of readZip(layout, range, open)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* eachOf(bytes: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (bytes !== undefined) yield await Promise.resolve(bytes);
}

const unzipped = testWith(['unzip', 'python3'], 'zips against unzip and python');

/** Both programs read every member and its sum. */
async function expectIntact(path: string): Promise<void> {
  expect((await run('unzip', ['-tqq', path])).stderr).toBe('');
  const tested = await run('python3', ['-m', 'zipfile', '-t', path]);
  expect(tested.stdout.trim()).toBe('Done testing');
}

unzipped('names, dates in UTC and contents are what other programs read', async () => {
  const layout = await createZipLayout(MEMBERS, 'plates-20260301-4');
  const path = join(folder, 'small.zip');
  writeFileSync(path, await read(layout, MEMBERS));
  await expectIntact(path);
  const script = `
import sys, zipfile
for i in zipfile.ZipFile(sys.argv[1]).infolist():
    print(i.filename, i.file_size, i.compress_type, '%d-%02d-%02dT%02d:%02d:%02d' % i.date_time, oct(i.external_attr >> 16))`;
  const { stdout } = await run('python3', ['-c', script, path]);
  expect(stdout.trim().split('\n')).toEqual(
    MEMBERS.map(
      ({ name, sizeBytes }) =>
        `plates-20260301-4/${name} ${sizeBytes} 0 2026-03-01T20:30:40 0o100644`,
    ),
  );
  const env = { ...process.env, TZ: 'Pacific/Auckland' };
  await run('unzip', ['-qq', path, '-d', join(folder, 'out')], { env });
  const written = statSync(join(folder, 'out/plates-20260301-4/a.fits'));
  expect(written.mtimeMs).toBe(Date.UTC(2026, 2, 1, 20, 30, 41));
});

test('any part is the same as that part of the whole', async () => {
  const layout = await createZipLayout(MEMBERS, 'f');
  const whole = await read(layout, MEMBERS);
  expect(whole.length).toBe(layout.sizeBytes);
  const marks = [0, 1, 29, 30, 46, 56, 57, 120, 200, 65_000, 100_200, 100_300, 100_400];
  const ends = [0, 1, 21, 22, 23, 60, 200, 250].map((back) => whole.length - back);
  const places = [...marks, ...ends].filter((place) => place >= 0);
  for (const start of places) {
    for (const end of places.filter((place) => place >= start)) {
      const part = await read(layout, MEMBERS, { start, end });
      expect([start, end, part.equals(whole.subarray(start, end))]).toEqual([start, end, true]);
    }
  }
  for (let start = 0; start < whole.length; start += 997) {
    const end = Math.min(whole.length, start + 1);
    expect((await read(layout, MEMBERS, { start, end }))[0]).toBe(whole[start]);
  }
});

test('what is before a range, and what is behind it, is not opened', async () => {
  const layout = await createZipLayout(MEMBERS, 'f');
  const opened = (start: number, end: number): number[] =>
    [...layout.parts({ start, end })].flatMap((part) => ('entry' in part ? [part.entry] : []));
  expect(opened(0, layout.sizeBytes)).toEqual([0, 2, 3]);
  expect(opened(1000, 2000)).toEqual([2]);
  expect(opened(layout.sizeBytes - 22, layout.sizeBytes)).toEqual([]);
});

test('a member that is longer or shorter than it was ends the reading', async () => {
  const layout = await createZipLayout(MEMBERS, 'f');
  for (const content of [Buffer.alloc(9), Buffer.alloc(11)]) {
    const changed = MEMBERS.map((each, index) => (index === 0 ? { ...each, content } : each));
    await expect(read(layout, changed.map(unbounded))).rejects.toMatchObject({ code: 'damaged' });
  }
});

/** Gives all it has, whatever is asked for. */
function unbounded(each: Member): Member {
  const content = each.content;
  return Object.assign(Object.create(each) as Member, { content: { subarray: () => content } });
}

test('a zip of nothing is the end record alone', async () => {
  const layout = await createZipLayout([], 'f');
  expect((await read(layout, [])).toString('hex')).toBe(`504b0506${'00'.repeat(18)}`);
});

unzipped('more than 65 535 members are read by unzip and python', async () => {
  const content = Buffer.from('frame');
  const members = Array.from({ length: 66_000 }, (_, index) => member(`f${index}.fits`, content));
  const layout = await createZipLayout(members, 'many');
  const path = join(folder, 'many.zip');
  writeFileSync(path, await read(layout, members));
  await expectIntact(path);
  const { stdout } = await run('unzip', ['-Zh', path]);
  expect(stdout).toContain('number of entries: 66000');
});

test('laying out 70 000 members takes little memory and lets others run', async () => {
  const entries = Array.from({ length: 70_000 }, (_, index) => {
    return { name: `frame-${index}.fits`, sizeBytes: 8_000_000, crc32: index, modifiedMs: 1e12 };
  });
  const before = process.memoryUsage();
  const layout = await createZipLayout(entries, 'f');
  let bytes = 0;
  for (const part of layout.parts({ start: 70_000 * 8_000_000, end: layout.sizeBytes })) {
    bytes += 'bytes' in part ? part.bytes.length : part.end - part.start;
  }
  expect(bytes).toBe(layout.sizeBytes - 70_000 * 8_000_000);
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(50e6);
});

describe('beyond 4 GB', () => {
  const LARGE = 4_300_000_000;
  /** Of so many zeros; unzip reads them all and compares. */
  const SUM_OF_ZEROS = 0xe4d49db3;
  const path = join(folder, 'large.zip');
  const behind = member('behind.fits', Buffer.from('a member whose place needs 64 bits'));

  unzipped(
    'sizes and places are read by unzip and python',
    async () => {
      const large = { ...behind, name: 'large.fits', sizeBytes: LARGE, crc32: SUM_OF_ZEROS };
      const layout = await createZipLayout([large, behind, { ...behind, name: 'c.fits' }], 'big');
      writeSparse(layout, behind.content);
      expect(statSync(path).size).toBe(layout.sizeBytes);
      expect(statSync(path).blocks * 512).toBeLessThan(1e6);
      expect((await run('unzip', ['-tqq', path])).stderr).toBe('');
      const script = 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read("big/c.fits"))';
      const { stdout } = await run('python3', ['-c', script, path]);
      expect(stdout.trim()).toBe(`b'${behind.content.toString()}'`);
      rmSync(path);
    },
    120_000,
  );

  /** The large member is a hole in the file: its zeros take no room on the disk. */
  function writeSparse(layout: ZipLayout, content: Buffer): void {
    const file = openSync(path, 'w');
    let at = 0;
    for (const part of layout.parts({ start: 0, end: layout.sizeBytes })) {
      const bytes = 'bytes' in part ? part.bytes : part.entry === 0 ? undefined : content;
      if (bytes !== undefined) writeSync(file, bytes, 0, bytes.length, at);
      at += bytes?.length ?? LARGE;
    }
    ftruncateSync(file, at);
    closeSync(file);
  }
});
