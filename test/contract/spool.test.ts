import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';
import { createBlocks, createFileWriter } from '../../src/ingest/file-writer.js';
import { spoolStream, type Spooled } from '../../src/ingest/spool.js';
import { createSpoolThread, type SpoolThread } from '../../src/pixels/index.js';
import { PROJECT_DIR } from '../support/archive.js';

/** What the writer hands over at once. */
const BLOCK = 256 * 1024;

let folder: string;
let thread: SpoolThread;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platevault-spool-'));
});
beforeEach(() => {
  thread = createSpoolThread();
});
afterEach(() => thread.close());
afterAll(() => rm(folder, { recursive: true }));

/** Bytes that are others at each place and for each seed. */
function bytesOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + (at >> 8) * seed + seed) & 0xff;
  return bytes;
}

function* inPieces(bytes: Buffer, length: number): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

function spool(pieces: Iterable<Buffer>, blocks = createBlocks()): Promise<Spooled> {
  const parts = { folder, blocks, spoolThread: thread, onBytes: () => undefined };
  return spoolStream(Readable.from(pieces, { objectMode: false }), 'C:\\data\\frame.fits', parts);
}

const hash = (kind: string, bytes: Buffer): string => createHash(kind).update(bytes).digest('hex');

async function expectWhole(spooled: Spooled, bytes: Buffer): Promise<void> {
  expect(spooled).toMatchObject({
    uploadName: 'frame.fits',
    sizeBytes: bytes.length,
    sha256: hash('sha256', bytes),
    md5: hash('md5', bytes),
    crc32: crc32(bytes),
  });
  expect((await readFile(spooled.path)).equals(bytes)).toBe(true);
}

test.each([
  [0, 1],
  [1, 1],
  [BLOCK - 1, 65_536],
  [BLOCK, 65_536],
  [BLOCK + 1, 65_536],
  [5 * BLOCK + 17, 1000],
  [20 * BLOCK, 3 * BLOCK + 1],
])('%d bytes in pieces of %d lie on the disk as they came', async (length, piece) => {
  const bytes = bytesOf(length);
  await expectWhole(await spool(inPieces(bytes, piece)), bytes);
});

test('files that come at the same time, from the same blocks, are not mixed up', async () => {
  const blocks = createBlocks();
  const files = Array.from({ length: 12 }, (_, at) => bytesOf(6 * BLOCK + at * 1001, at + 1));
  for (let round = 0; round < 2; round += 1) {
    const spooled = await Promise.all(
      files.map((bytes, at) => spool(inPieces(bytes, 40_000 + at), blocks)),
    );
    for (const [at, bytes] of files.entries()) await expectWhole(spooled[at] as Spooled, bytes);
  }
});

test('the sender waits while too much is on its way to the disk', async () => {
  const handle = await open(join(folder, 'slow'), 'wx');
  const answers: (() => void)[] = [];
  const slow = {
    begin: () => ({
      add: () => new Promise<void>((resolve) => answers.push(resolve)),
      fingerprint: () => Promise.reject(new Error('not asked for')),
      drop: () => undefined,
    }),
    close: () => Promise.resolve(),
  };
  const writer = createFileWriter(handle, createBlocks(), slow);
  for (let block = 0; block < 3; block += 1) {
    expect(writer.write(bytesOf(BLOCK))).toBeUndefined();
  }
  const full = writer.write(bytesOf(BLOCK));
  answers.shift()?.();
  await full;
  for (const answer of answers) answer();
  await writer.close();
  await handle.close();
});

test('a disk that is full is told as the system tells it', async () => {
  const handle = await open('/dev/full', 'r+');
  const writer = createFileWriter(handle, createBlocks(), thread);
  void writer.write(bytesOf(2 * BLOCK));
  await expect(writer.end()).rejects.toMatchObject({ code: 'ENOSPC' });
  await writer.close();
  await handle.close();
});

test('a sender that is cut off leaves nothing, and the next file is whole', async () => {
  const before = await readdir(folder);
  const cutOff = function* (): Iterable<Buffer> {
    yield bytesOf(7 * BLOCK);
    throw new Error('cut off');
  };
  await expect(spool(cutOff())).rejects.toThrow('cut off');
  expect(await readdir(folder)).toEqual(before);
  const bytes = bytesOf(3 * BLOCK, 5);
  await expectWhole(await spool(inPieces(bytes, BLOCK)), bytes);
});

test('a thread that dies fails its files as busy, and another one takes the next', async () => {
  const script = join(folder, 'dies-once.mjs');
  const real = pathToFileURL(join(PROJECT_DIR, 'dist/pixels/spool-worker.js')).href;
  await writeFile(
    script,
    `import { parentPort } from 'node:worker_threads';
     await import(${JSON.stringify(real)}); // messages wait until it listens
     parentPort.on('message', ({ id }) => { if (id === 1) process.exit(1); });`,
  );
  thread = createSpoolThread({ script: pathToFileURL(script) });
  const bytes = bytesOf(4 * BLOCK);
  await expect(spool(inPieces(bytes, BLOCK))).rejects.toMatchObject({ code: 'busy' });
  await expectWhole(await spool(inPieces(bytes, BLOCK)), bytes);
});

test('a thread that had nothing to do is ended, and another one takes the next file', async () => {
  thread = createSpoolThread({ idleMs: 1 });
  const bytes = bytesOf(2 * BLOCK);
  for (const pauseMs of [0, 1, 5, 50]) {
    await expectWhole(await spool(inPieces(bytes, BLOCK)), bytes);
    await setTimeout(pauseMs);
  }
});
