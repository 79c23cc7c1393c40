/** Whether it is found out that two files are the same exposure, whatever they are called. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFits, type WriteImage } from '../../src/fits/index.js';
import { makeNoise, withSums } from '../fixtures/make-fits.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { allMeasured } from '../support/measuring.js';
import { testWith } from '../support/programs.js';

const SIZE = 128;
const AXES = [SIZE, SIZE];
const BEGUN = '2026-03-01T20:00:00';

let archive: TestArchive;
let folder: string;
let minute = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'platevault-copies-'));
  archive = await startArchive({ MEASURE: 'true' });
}, 60_000);
afterAll(async () => {
  await archive.close();
  rmSync(folder, { recursive: true });
});

/** Levels with noise, others for another seed. */
function levels(seed: number): number[] {
  const noise = makeNoise(seed);
  return Array.from({ length: SIZE * SIZE }, () => 1000 + 20 * (noise() + noise() + noise()));
}

const integers = (seed: number): WriteImage => ({
  axes: AXES,
  bitpix: 16,
  pixels: Uint16Array.from(levels(seed)),
});
const floats = (seed: number): WriteImage => ({
  axes: AXES,
  bitpix: -32,
  pixels: Float32Array.from(levels(seed)),
});

function exposure(image: WriteImage): Buffer {
  const file = writeFits([
    {
      cards: [
        ['SITEID', 'hill'],
        ['TELID', '0m5'],
        ['INSTRUME', 'cam1'],
        ['IMAGETYP', 'dark'],
        ['EXPTIME', 5],
        ['DATE-OBS', BEGUN],
        ['DAY-OBS', '2026-03-01'],
      ],
      image,
    },
  ]);
  return Buffer.from(file);
}

/** The same file with another time: nothing but its pixels tells what it is. */
function atAnotherTime(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const clock = String((minute += 1)).padStart(2, '0');
  changed.write(`2026-03-01T21:${clock}:00`, changed.indexOf(BEGUN), 'latin1');
  return changed;
}

function fpack(bytes: Buffer, ...options: string[]): Buffer {
  const path = join(folder, 'in.fits');
  writeFileSync(path, bytes);
  return execFileSync('fpack', [...options, '-S', path]);
}

/** Stores a file at a time of its own. @returns the number of the frame */
async function store(bytes: Buffer, name: string): Promise<number> {
  const { files } = await archive.upload(atAnotherTime(bytes), name);
  expect(files[0]?.status).toBe('stored');
  return Number(files[0]?.id);
}

/** What the frames before and after it say of a frame. */
async function saidOf(id: number): Promise<string[]> {
  await allMeasured(archive);
  const { findings } = await archive.json<{ findings: { code: string; text: string }[] }>(
    `/frames/${id}/`,
  );
  const codes = ['two-formats', 'duplicate'];
  return findings.filter(({ code }) => codes.includes(code)).map(({ text }) => text);
}

const inAnotherFormat = (id: number): string =>
  `The same exposure as frame ${id}, in another format (.fits.fz).`;

const withFpack = testWith(['fpack'], 'copies that cfitsio packed');

withFpack('a packed copy under another name and time has the same pixels', async () => {
  const original = exposure(integers(1));
  const first = await store(original, 'night-a.fits');
  const packed = await store(fpack(original, '-r'), 'copy-of-it.fits.fz');
  expect(await saidOf(packed)).toEqual([inAnotherFormat(first)]);
  const other = await store(fpack(exposure(integers(2)), '-r'), 'another.fits.fz');
  expect(await saidOf(other)).toEqual([]);
  expect(await saidOf(first)).toEqual([]);
});

withFpack(
  'pixels that lost something in packing are known by the sum of the original',
  async () => {
    const original = withSums(exposure(floats(3)));
    const first = await store(original, 'floats.fits');
    const packed = await store(fpack(original, '-r', '-q', '2'), 'quantized.fits.fz');
    expect(await saidOf(packed)).toEqual([inAnotherFormat(first)]);
    // Without sums nobody can tell.
    const unsummed = exposure(floats(4));
    const plain = await store(unsummed, 'floats-4.fits');
    const unknown = await store(fpack(unsummed, '-r', '-q', '2'), 'quantized-4.fits.fz');
    expect([await saidOf(plain), await saidOf(unknown)]).toEqual([[], []]);
  },
);

test('the same pixels in two plain files are a duplicate, unless only an old sum says so', async () => {
  const original = withSums(exposure(integers(5)));
  const first = await store(original, 'five.fits');
  const again = await store(original, 'five-again.fits');
  expect(await saidOf(again)).toEqual([`Has the same pixels as frame ${first}.`]);
  const edited = Buffer.from(original);
  edited.writeUInt16BE(edited.readUInt16BE(2880 + 400) ^ 1, 2880 + 400);
  const changed = await store(edited, 'five-edited.fits');
  expect(await saidOf(changed)).toEqual([]);
});
