/** Small whole files to be damaged: every kind of image, table, packing and wrapping built here. */
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeFits } from '../../dist/fits/index.js';
import { packFits } from '../../dist/products/pack.js';

const WIDTH = 40;
const HEIGHT = 30;

const SKY = [
  ['CTYPE1', 'RA---TAN'],
  ['CTYPE2', 'DEC--TAN'],
  ['CRVAL1', 10.5],
  ['CRVAL2', -20.25],
  ['CRPIX1', 20.5],
  ['CRPIX2', 15.5],
  ['CD1_1', -0.001],
  ['CD1_2', 0],
  ['CD2_1', 0],
  ['CD2_2', 0.001],
  ['OBJECT', 'M31'],
];

function values(make) {
  const pixels = make(WIDTH * HEIGHT);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = 100 + ((i * 7919) % 53);
  return pixels;
}

const IMAGES = [
  [8, values((n) => new Uint8Array(n))],
  [16, values((n) => new Uint16Array(n))],
  [32, values((n) => new Int32Array(n))],
  [-32, values((n) => new Float32Array(n))],
  [-64, values((n) => new Float64Array(n))],
];

/** @param folder for files on the way; @returns name and bytes of each */
export async function buildOriginals(folder) {
  const originals = [];
  for (const [bitpix, pixels] of IMAGES) {
    const image = { axes: [WIDTH, HEIGHT], bitpix, pixels };
    const bytes = Buffer.from(writeFits([{ cards: SKY, image }]));
    originals.push({ name: `image ${bitpix}`, bytes });
    originals.push({ name: `packed ${bitpix}`, bytes: await packed(folder, bytes) });
  }
  originals.push({ name: 'table', bytes: table() });
  originals.push({ name: 'gzip', bytes: gzipSync(originals[2].bytes) });
  return originals;
}

async function packed(folder, bytes) {
  const [from, to] = ['whole.fits', 'packed.fits'].map((name) => path.join(folder, name));
  fs.writeFileSync(from, bytes);
  fs.rmSync(to, { force: true });
  const limits = { maxExpandedBytes: 1e8, maxExpansionRatio: 500, tempDir: folder };
  await packFits(from, to, limits);
  return fs.readFileSync(to);
}

function table() {
  const count = 50;
  const numbers = Array.from({ length: count }, (_, index) => index * 1.5);
  const columns = [
    { name: 'x', form: 'D', unit: 'pix', values: numbers },
    { name: 'flux', form: 'E', values: numbers },
    { name: 'id', form: 'J', values: numbers.map(Math.round) },
  ];
  return Buffer.from(writeFits([{ cards: [] }, { cards: [], table: { name: 'CAT', columns } }]));
}
