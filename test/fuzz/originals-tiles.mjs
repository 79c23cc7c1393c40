import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeTile } from '../../dist/fits/index.js';
import { packFits } from '../../dist/products/pack.js';
import { makeNoise } from '../fixtures/make-fits.ts';
import { card, rawTable } from '../fixtures/make-table.ts';
import { packHcompress } from './hcompress.mjs';
import { skyPixels } from './originals-images.mjs';

const WIDTH = 20;
const HEIGHT = 12;

/** Compressed images: what the program itself packs, and all else that it reads. */
export async function tileFiles(folder, images) {
  const packable = images.filter(({ name }) => /^(?:image|cube|several|scaled)/.test(name));
  const packed = [];
  for (const { name, bytes } of packable) {
    packed.push({ name: `packed ${name}`, bytes: await pack(folder, bytes) });
  }
  return [...packed, ...quantized(), ...others()];
}

async function pack(folder, bytes) {
  const [from, to] = ['whole.fits', 'packed.fits'].map((name) => path.join(folder, name));
  fs.writeFileSync(from, bytes);
  const limits = { maxExpandedBytes: 1e8, maxExpansionRatio: 500, tempDir: folder };
  await packFits(from, to, limits);
  return fs.readFileSync(to);
}

/**
 * A compressed image from its tiles.
 *
 * @param image.tiles packed tiles in order; where one is undefined, the pixels are zipped beside it
 * @param image.cells further columns: name, form and the cell of each tile
 */
function tiledImage({ bitpix, algorithm, tileAxes, tiles, kind = 'P', cells = [], cards = [] }) {
  const heap = [];
  let at = 0;
  const describe = (bytes) => {
    const row = Buffer.alloc(kind === 'P' ? 8 : 16);
    const write = (value, place) =>
      kind === 'P' ? row.writeInt32BE(value, place / 2) : row.writeBigInt64BE(BigInt(value), place);
    if (bytes === undefined) return row;
    write(bytes.length, 0);
    write(at, 8);
    heap.push(bytes);
    at += bytes.length;
    return row;
  };
  const spare = (index) => gzipSync(skyPixels(tileAxes[0] * tileAxes[1], bitpix, index + 1));
  const rows = tiles.map((tile, index) =>
    Buffer.concat([
      describe(tile),
      describe(tile === undefined ? spare(index) : undefined),
      ...cells.map(({ of }) => of(index)),
    ]),
  );
  const names = ['COMPRESSED_DATA', 'GZIP_COMPRESSED_DATA', ...cells.map(({ name }) => name)];
  return rawTable({
    forms: [`1${kind}B(99)`, `1${kind}B(99)`, ...cells.map(({ form }) => form)],
    rows,
    heap: Buffer.concat(heap),
    cards: [
      ...names.map((name, i) => card(`TTYPE${i + 1}`, `'${name}'`)),
      ...[card('ZIMAGE', 'T'), card('ZBITPIX', bitpix), card('ZNAXIS', 2)],
      ...[card('ZNAXIS1', WIDTH), card('ZNAXIS2', HEIGHT)],
      ...[card('ZTILE1', tileAxes[0]), card('ZTILE2', tileAxes[1])],
      ...[card('ZCMPTYPE', `'${algorithm}'`), ...cards],
    ],
  });
}

const float = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
};
const integer = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** Floats kept as integers, with each way of dithering, and NaN as a column or a keyword. */
function quantized() {
  const scales = [
    { name: 'ZSCALE', form: '1D', of: (index) => float(0.1 + index / 100) },
    { name: 'ZZERO', form: '1D', of: (index) => float(100 + index) },
  ];
  const blanks = { name: 'ZBLANK', form: '1J', of: () => integer(-2147483647) };
  const noise = makeNoise(5);
  const tile = () => {
    const pixels = Int32Array.from({ length: WIDTH }, () => Math.floor(noise() * 100));
    pixels[3] = -2147483647; // no value
    pixels[7] = -2147483646; // exactly 0
    return encodeTile('RICE_1', pixels);
  };
  const tiles = Array.from({ length: HEIGHT }, (_, index) => (index === 5 ? undefined : tile()));
  return ['NO_DITHER', 'SUBTRACTIVE_DITHER_1', 'SUBTRACTIVE_DITHER_2'].flatMap((dither, index) => {
    const cards = [card('ZQUANTIZ', `'${dither}'`), card('ZDITHER0', 9999)];
    const shape = { algorithm: 'RICE_1', tileAxes: [WIDTH, 1], tiles };
    const inColumn = { ...shape, bitpix: -32, cells: [...scales, blanks], cards };
    const inHeader = {
      ...{ ...shape, bitpix: -64, kind: index === 1 ? 'P' : 'Q', cells: scales },
      cards: [...cards, card('ZBLANK', -2147483647)],
    };
    return [
      { name: `tiles ${dither}`, bytes: tiledImage(inColumn) },
      { name: `tiles ${dither} of doubles`, bytes: tiledImage(inHeader) },
    ];
  });
}

/** Algorithms that the program reads, but does not write. */
function others() {
  const size = [10, 6];
  const four = (make) => Array.from({ length: 4 }, (_, index) => make(index));
  const pixels = (bitpix, index) => skyPixels(size[0] * size[1], bitpix, index + 1);
  const file = (name, image) => ({
    name: `tiles ${name}`,
    bytes: tiledImage({ tileAxes: size, ...image }),
  });
  const smooth = [
    ...[card('ZNAME1', "'SCALE'"), card('ZVAL1', 4), card('ZNAME2', "'SMOOTH'"), card('ZVAL2', 1)],
  ];
  const hcompress = (scale) =>
    four((index) => packHcompress({ rows: 6, columns: 10, scale }, index));
  const whole = [packHcompress({ rows: HEIGHT, columns: WIDTH, scale: 8 }, 9)];
  return [
    file('GZIP_1', {
      bitpix: 16,
      algorithm: 'GZIP_1',
      tiles: four((i) => gzipSync(pixels(16, i))),
    }),
    file('NOCOMPRESS', { bitpix: 8, algorithm: 'NOCOMPRESS', tiles: four((i) => pixels(8, i)) }),
    file('PLIO_1', { bitpix: 16, algorithm: 'PLIO_1', tiles: four(pixelList) }),
    file('HCOMPRESS_1', { bitpix: 16, algorithm: 'HCOMPRESS_1', tiles: hcompress(0) }),
    file('HCOMPRESS_1 smoothed', {
      ...{ bitpix: 32, algorithm: 'HCOMPRESS_1', tiles: hcompress(4), cards: smooth },
    }),
    file('HCOMPRESS_1 of floats', {
      ...{ bitpix: -32, algorithm: 'HCOMPRESS_1', tileAxes: [WIDTH, HEIGHT], tiles: whole },
      cards: [...smooth, card('ZSCALE', 0.5), card('ZZERO', 100)],
    }),
  ];
}

/** A pixel list with every instruction. FITS Standard 4.0 §10.4.3. */
function pixelList(index) {
  const words = [0x5003, 0x4002, 0x2007, 0x4003, 0x3002, 0x4001, 0x1005, index, 0x0002];
  words.push(0x6009, 0x7003, 0x4005);
  const header = [0, 7, 0xff9c, words.length + 7, 0, 0, 0];
  const bytes = Buffer.alloc((header.length + words.length) * 2);
  [...header, ...words].forEach((word, at) => bytes.writeUInt16BE(word, at * 2));
  return bytes;
}
