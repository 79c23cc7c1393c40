/**
 * The codec beside cfitsio's funpack and astropy, on the same files in the same run, each on one core:
 * MB/s are bytes of pixels. funpack also writes its result (to /dev/shm where there is one).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eachStrip, mainImage, openFits, readPlane, writeFits } from '../dist/fits/index.js';
import { packFits } from '../dist/products/pack.js';
import { benchPauses } from './pauses.mjs';
import { say } from './say.mjs';

const SIZE = 4096;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CORPUS = process.env.FITS_CORPUS ?? path.join(ROOT, '../shared/fits');
const REPEATS = 3;

let folder;

/** Needs Debian's libcfitsio-bin and python3-astropy for what stands beside; says so where they lack. */
export async function benchFits() {
  const base = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  folder = fs.mkdtempSync(path.join(base, 'platevault-fits-'));
  try {
    say('codec, MB/s of pixels', 'ours / funpack / astropy');
    for (const [name, file] of await makeFiles()) await compareReaders(name, file);
    await comparePackers();
    await readHeaders();
    await readRegions();
    await benchPauses(folder, path.join(folder, 'sky16.fits'));
    await readLarge();
    await readOdd();
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Frames of sky noise with stars; packed by cfitsio where it is, so that nobody reads their own. */
async function makeFiles() {
  const sky = Uint16Array.from(noise(SIZE * SIZE, 1000, 12), Math.round);
  const uint16 = write('sky16', 16, sky);
  const float = write('sky32', -32, Float32Array.from(noise(SIZE * SIZE, 1000, 12)));
  const mask = write('mask', 16, makeMask());
  const files = [
    ['plain uint16', uint16],
    ['plain float32', float],
  ];
  for (const [name, flags, source] of [
    ['RICE_1 uint16', ['-r'], uint16],
    ['GZIP_1 uint16', ['-g1'], uint16],
    ['GZIP_2 uint16', ['-g2'], uint16],
    ['HCOMPRESS_1 uint16', ['-h'], uint16],
    ['PLIO_1 mask', ['-p'], mask],
    ['RICE_1 float32, quantized, dithered', ['-r', '-q', '4'], float],
  ]) {
    const packed = packWith(flags, source);
    if (packed !== undefined) files.push([name, packed]);
  }
  return files;
}

async function compareReaders(name, file) {
  const bytes = await pixelBytes(file);
  const ours = await best(() => readAll(file));
  const figures = [ours, timeFunpack(file), timeAstropy(file)].map((ms) =>
    ms === undefined ? '-' : (bytes / 1e3 / ms).toFixed(0),
  );
  say(name, figures.join(' / '));
}

async function readAll(file) {
  const fits = await openFits(file);
  const hdu = mainImage(fits);
  for await (const strip of eachStrip(fits, hdu)) if (strip.rows === 0) throw new Error('no rows');
  await fits.close();
}

async function pixelBytes(file) {
  const fits = await openFits(file);
  const { axes, bitpix } = mainImage(fits);
  await fits.close();
  return (axes.reduce((product, axis) => product * axis, 1) * Math.abs(bitpix)) / 8;
}

async function comparePackers() {
  for (const [name, flags] of [
    ['sky16', ['-r']],
    ['sky32', ['-g2', '-q', '0']],
  ]) {
    const source = path.join(folder, `${name}.fits`);
    const target = path.join(folder, 'ours.fz');
    const ms = await best(async () => {
      fs.rmSync(target, { force: true });
      await packFits(source, target, limits());
    });
    const theirs = packWith(flags, source);
    const ratio =
      theirs === undefined
        ? 'no fpack here'
        : `${(fs.statSync(target).size / fs.statSync(theirs).size).toFixed(4)} of fpack's size`;
    const rate = (fs.statSync(source).size / 1e3 / ms).toFixed(0);
    say(`packing ${name} (${flags.join(' ')})`, `${rate} MB/s, ${ratio}`);
  }
}

async function readHeaders() {
  const cards = Array.from({ length: 2000 }, (_, i) => [
    `KEY${i}`,
    i % 3 === 0 ? `text ${i}` : i / 7,
    'of many',
  ]);
  const file = path.join(folder, 'cards.fits');
  fs.writeFileSync(file, writeFits([{ cards }]));
  // The first of a process also pays for compiling the code; starting node itself is over by then.
  const script = `
    import { openFits } from ${JSON.stringify(new URL('../dist/fits/index.js', import.meta.url).href)};
    await new Promise((done) => setTimeout(done, 200));
    const times = [];
    for (let i = 0; i < 50; i += 1) {
      const began = performance.now();
      await (await openFits(process.argv[1])).close();
      times.push(performance.now() - began);
    }
    console.log(times[0], times[1], times.sort((a, b) => a - b)[25]);`;
  const runs = Array.from({ length: 9 }, () => runNode(script, file).split(' ').map(Number));
  const [first, second, warm] = [0, 1, 2].map((at) =>
    runs.map((run) => run[at]).sort((a, b) => a - b),
  );
  const of = (times) => `${times[4].toFixed(1)} ms (best ${times[0].toFixed(1)})`;
  say(
    'header of 2000 cards, in a process',
    `first ${of(first)}, second ${of(second)}, later ${of(warm)}`,
  );
}

async function readRegions() {
  const source = path.join(folder, 'sky16.fits');
  const region = { x: 1800, y: 1800, width: 512, height: 512 };
  for (const [name, flags] of [
    ['rows', ['-r']],
    ['tiles of 256²', ['-r', '-t', '256,256']],
  ]) {
    const packed = packWith(flags, source);
    if (packed === undefined) continue;
    const fits = await openFits(packed);
    const hdu = mainImage(fits);
    let read = 0;
    const counting = {
      ...fits,
      source: {
        ...fits.source,
        read: async (position, length) => {
          const bytes = await fits.source.read(position, length);
          read += bytes.length;
          return bytes;
        },
      },
    };
    const began = performance.now();
    await readPlane(counting, hdu, { region });
    const first = performance.now() - began;
    const share = ((100 * read) / hdu.dataBytes).toFixed(1);
    const ms = await best(() => readPlane(fits, hdu, { region }), 10);
    await fits.close();
    say(
      `region of 512² in 4096² RICE_1, ${name}`,
      `first ${first.toFixed(1)} ms, then ${ms.toFixed(1)} ms, ${share} % of the data read`,
    );
  }
}

/** A 16384² frame packed and read by strips, each in a process of its own whose memory is looked at. */
async function readLarge() {
  const size = 16_384;
  const plain = path.join(folder, 'large.fits');
  const row = Buffer.alloc(size * 2);
  const head = writeFits([
    {
      cards: [['BZERO', 32_768]],
      image: { axes: [size, 1], bitpix: 16, pixels: new Int16Array(size) },
    },
  ]);
  const header = Buffer.from(head.subarray(0, 2880)).toString('latin1');
  const handle = fs.openSync(plain, 'w');
  fs.writeSync(
    handle,
    header.replace(/(NAXIS2 {2}= *)1 /, (_, start) => `${start.slice(0, -4)}${size} `),
  );
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1)
      row.writeInt16BE(-31_000 + ((x * 7919 + y * 104_729) % 61), x * 2);
    fs.writeSync(handle, row);
  }
  fs.writeSync(handle, Buffer.alloc((2880 - ((size * size * 2) % 2880)) % 2880));
  fs.closeSync(handle);
  const packed = `${plain}.fz`;
  await packFits(plain, packed, limits());
  fs.rmSync(plain);
  say(`strips of ${size}² RICE_1 uint16`, readInProcess(packed));
}

/** The files of the corpus that ask for too much. */
async function readOdd() {
  if (!fs.existsSync(CORPUS)) {
    say('odd files', `no corpus at ${CORPUS}`);
    return;
  }
  const names = fs.readdirSync(CORPUS, { recursive: true, encoding: 'utf8' });
  for (const wanted of [
    'TIC-402828941-tiny.fit.bz2',
    'tu1134529.fits.fz',
    'derived_naxis1_huge.fits',
  ]) {
    const file = names.find((name) => path.basename(name) === wanted);
    if (file !== undefined) say(wanted, readInProcess(path.join(CORPUS, file)));
  }
}

/** Reads all pixels of a file in a process of its own: time, memory, and why not if it is refused. */
function readInProcess(file) {
  const script = `
    import { readFileSync } from 'node:fs';
    import { eachStrip, openFits, planeOf } from ${JSON.stringify(new URL('../dist/fits/index.js', import.meta.url).href)};
    const began = performance.now();
    let pixels = 0;
    let refused = '';
    try {
      const file = await openFits(process.argv[1]);
      for (const hdu of file.hdus) {
        for (let plane = 0; plane < planeOf(hdu).planes; plane += 1) {
          for await (const strip of eachStrip(file, hdu, { plane })) pixels += strip.pixels.length;
        }
      }
      await file.close();
    } catch (error) {
      refused = ', ' + error.code;
    }
    const ms = performance.now() - began;
    const rss = Number(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
    console.log(\`\${(pixels / 1e6).toFixed(1)} Mpx in \${ms.toFixed(0)} ms, peak RSS \${rss.toFixed(0)} MB\${refused}\`);`;
  return runNode(script, file);
}

function runNode(script, ...args) {
  return execFileSync(process.execPath, ['--input-type=module', '-e', script, ...args])
    .toString()
    .trim();
}

function timeFunpack(file) {
  if (!file.endsWith('.fz') || !isThere('funpack')) return undefined;
  const target = path.join(folder, 'unpacked.fits');
  return bestSync(() => {
    fs.rmSync(target, { force: true });
    execFileSync('funpack', ['-O', target, file]);
  });
}

/** Astropy's own time, without that of starting Python. */
function timeAstropy(file) {
  const script = `
import sys, time
from astropy.io import fits
best = 1e9
for _ in range(${REPEATS}):
    began = time.perf_counter()
    with fits.open(sys.argv[1], memmap=False) as hdus:
        hdu = next(h for h in hdus if h.header.get('NAXIS', 0) > 1 and h.is_image)
        hdu.data.astype(hdu.data.dtype.newbyteorder('='), copy=True)
    best = min(best, time.perf_counter() - began)
print(best * 1000)`;
  const ran = spawnSync('/usr/bin/python3', ['-c', script, file], { encoding: 'utf8' });
  return ran.status === 0 ? Number(ran.stdout) : undefined;
}

function packWith(flags, source) {
  if (!isThere('fpack')) return undefined;
  const target = path.join(
    folder,
    `${path.basename(source)}${flags.join('').replaceAll(',', 'x')}.fz`,
  );
  if (!fs.existsSync(target)) execFileSync('fpack', [...flags, '-O', target, source]);
  return target;
}

function isThere(program) {
  return (process.env.PATH ?? '').split(':').some((dir) => fs.existsSync(path.join(dir, program)));
}

function write(name, bitpix, pixels) {
  const file = path.join(folder, `${name}.fits`);
  fs.writeFileSync(file, writeFits([{ cards: [], image: { axes: [SIZE, SIZE], bitpix, pixels } }]));
  return file;
}

/** Gaussian noise, the same each time. */
function* noise(count, level, sigma) {
  let state = 12_345;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < count; i += 1) {
    const radius = Math.sqrt(-2 * Math.log(random() + 1e-12));
    const star = i % 9973 < 4 ? 3000 : 0;
    yield level + star + sigma * radius * Math.cos(2 * Math.PI * random());
  }
}

/** Areas and single pixels of a mask. */
function makeMask() {
  const mask = new Int16Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y += 1) {
    for (let x = 0; x < SIZE; x += 1) {
      const isArea = ((x >> 7) + (y >> 7)) % 5 === 0;
      if (isArea || (x * 7919 + y * 104_729) % 997 === 0) mask[y * SIZE + x] = isArea ? 1 : 4;
    }
  }
  return mask;
}

function limits() {
  return { maxExpandedBytes: 2 ** 33, maxExpansionRatio: 500, tempDir: folder };
}

async function best(work, repeats = REPEATS) {
  let least = Infinity;
  for (let i = 0; i < repeats; i += 1) {
    const began = performance.now();
    await work();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}

function bestSync(work) {
  let least = Infinity;
  for (let i = 0; i < REPEATS; i += 1) {
    const began = performance.now();
    work();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}
