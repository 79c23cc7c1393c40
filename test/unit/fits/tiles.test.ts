import { gzipSync } from 'node:zlib';
import type { NativeArray } from '../../../src/fits/index.js';
import { encodeTile, tileCodec } from '../../../src/fits/tiles/index.js';
import { decodeGzip } from '../../../src/fits/tiles/gzip.js';
import type { TileShape } from '../../../src/fits/tiles/index.js';
import { dequantize, ditherSequence, parseDither } from '../../../src/fits/tiles/quantize.js';
import { decodeRice } from '../../../src/fits/tiles/rice.js';
import { encodeRice } from '../../../src/fits/tiles/rice-encode.js';
import { makeNoise } from '../../fixtures/make-fits.js';

const toNumbers = (pixels: NativeArray): number[] =>
  Array.from<number | bigint, number>(pixels, Number);

interface Rice {
  bytePix: 1 | 2 | 4;
  blockSize: number;
}

const RICE = { 1: [3, 6, 8], 2: [4, 14, 16], 4: [5, 25, 32] } as const;

/** Packs pixels as the standard says, one bit at a time: slow, plain, and not the decoder's mirror. */
function packRice(pixels: readonly number[], { bytePix, blockSize }: Rice, split?: number): Buffer {
  const [codeBits, rawCode, width] = RICE[bytePix];
  const mask = 2n ** BigInt(width);
  let bits = '';
  const put = (value: bigint, count: number): void => {
    bits += value.toString(2).padStart(count, '0');
  };
  const signed = (value: bigint): bigint => BigInt.asIntN(width, value);
  let last = BigInt(pixels[0] ?? 0);
  put(((last % mask) + mask) % mask, width);
  for (let start = 0; start < pixels.length; start += blockSize) {
    const folded = pixels.slice(start, start + blockSize).map((pixel) => {
      const step = signed(BigInt(pixel) - last);
      last = BigInt(pixel);
      return step < 0n ? -2n * step - 1n : 2n * step;
    });
    if (folded.every((value) => value === 0n)) put(0n, codeBits);
    else if (split === undefined) {
      put(BigInt(rawCode + 1), codeBits);
      for (const value of folded) put(value, width);
    } else {
      put(BigInt(split + 1), codeBits);
      for (const value of folded) {
        bits += '0'.repeat(Number(value >> BigInt(split))) + '1';
        if (split > 0) put(value % 2n ** BigInt(split), split);
      }
    }
  }
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return Buffer.from((whole.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

const ARRAYS = { 1: Uint8Array, 2: Int16Array, 4: Int32Array } as const;

function unpack(bytes: Uint8Array, length: number, rice: Rice): number[] {
  const pixels = new ARRAYS[rice.bytePix](length);
  decodeRice(bytes, pixels, rice);
  return Array.from(pixels);
}

const shape = (pixels: number, floats = false): TileShape => ({
  axes: [pixels],
  pixels,
  needed: pixels,
  floats,
  bitpix: floats ? -32 : 16,
  bzero: 0,
  parameter: () => undefined,
});

const ramp = Array.from({ length: 100 }, (_, i) => 50 + ((i * i) % 23));

test.each([
  [1, 0],
  [1, 2],
  [1, undefined],
  [2, 0],
  [2, 3],
  [2, 13],
  [2, undefined],
  [4, 1],
  [4, 24],
  [4, undefined],
] as const)('Rice with BYTEPIX %p and %p low bits gives the pixels back', (bytePix, split) => {
  for (const blockSize of [1, 16, 32, 33]) {
    const rice = { bytePix, blockSize };
    expect(unpack(packRice(ramp, rice, split), ramp.length, rice)).toEqual(ramp);
  }
});

test.each<[string, Rice['bytePix'], number[]]>([
  ['bytes from end to end', 1, [0, 255, 0, 128, 127]],
  ['16 bits from end to end', 2, [-32768, 32767, -32768, 0, -1]],
  ['32 bits from end to end', 4, [-2147483648, 2147483647, 0, -1, 2147483647]],
  ['all the same', 4, Array.from({ length: 70 }, () => -7)],
  ['one pixel', 2, [-3]],
])('Rice keeps %s', (_, bytePix, pixels) => {
  const rice = { bytePix, blockSize: 32 };
  expect(unpack(packRice(pixels, rice), pixels.length, rice)).toEqual(pixels);
});

test('a long run of zero bits crosses many bytes', () => {
  const rice = { bytePix: 4, blockSize: 32 } as const;
  const pixels = [0, 1000, 0, 1, -500];
  expect(unpack(packRice(pixels, rice, 0), pixels.length, rice)).toEqual(pixels);
});

test('a Rice tile that ends early is refused at every length', () => {
  const rice = { bytePix: 2, blockSize: 16 } as const;
  const bytes = packRice(ramp, rice, 3);
  for (let length = 0; length < bytes.length - 1; length += 1) {
    expect(() => unpack(bytes.subarray(0, length), ramp.length, rice)).toThrow('ends before');
  }
});

test('only the first pixels of a Rice tile are unpacked if no more are wanted', () => {
  const rice = { bytePix: 2, blockSize: 16 } as const;
  expect(unpack(packRice(ramp, rice, 3), 37, rice)).toEqual(ramp.slice(0, 37));
});

test('a Rice block of a kind that does not exist is refused', () => {
  const bytes = Buffer.from([0, 0, 0, 5, 0b11111_000, 0, 0, 0, 0]);
  expect(() => unpack(bytes, 8, { bytePix: 4, blockSize: 32 })).toThrow('damaged');
});

const noise = makeNoise(7);
const random = (length: number, most: number): number[] =>
  Array.from({ length }, () => Math.floor((noise() - 0.5) * 2 * most));

test.each<[string, Rice['bytePix'], number[]]>([
  ['one pixel', 2, [-3]],
  ['a constant', 2, Array.from({ length: 100 }, () => 1000)],
  ['little noise', 2, random(1000, 3)],
  ['much noise', 2, random(1000, 32_767)],
  ['jumps from end to end of 16 bits', 2, [-32768, 32767, -32768, 0, -1, 32767]],
  ['jumps from end to end of 8 bits', 1, [0, 255, 0, 128, 127, 255]],
  ['jumps from end to end of 32 bits', 4, [-2147483648, 2147483647, 0, -1, 2147483647]],
  ['noise of 32 bits', 4, random(333, 2 ** 31 - 1)],
  ['a single spike in zeros', 4, [...Array.from({ length: 60 }, () => 0), 2 ** 30, 0, 0]],
])('Rice packs %s and unpacks it again', (_, bytePix, pixels) => {
  for (const blockSize of [1, 16, 32, 100]) {
    const packed = encodeRice(new ARRAYS[bytePix](pixels), { blockSize, bytePix });
    expect(unpack(packed, pixels.length, { bytePix, blockSize })).toEqual(pixels);
  }
});

test('tiles are only packed by algorithms that are written', () => {
  expect(() => encodeTile('RICE_1', new Float32Array(3))).toThrow('takes integers');
});

test.each([
  ['16 bits', 16, Int16Array.of(-1, 258, -32768)],
  ['64-bit integers', 64, BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 5n)],
  ['floats', -32, Float32Array.of(1.5, NaN, -0)],
  ['doubles', -64, Float64Array.of(1.5, Infinity, 5e-324)],
] as const)('GZIP_2 packs %s and unpacks them again', (_, bitpix, pixels) => {
  const tile = { ...shape(3, bitpix < 0), bitpix };
  expect(tileCodec('GZIP_2').decode(encodeTile('GZIP_2', pixels), tile)).toEqual(pixels);
});

test('the dither sequence is the one of the standard', () => {
  const random = ditherSequence();
  expect(random).toHaveLength(10_000);
  expect(random[0]).toBe(Math.fround(16807 / 2147483647));
  expect(random[9999]).toBe(Math.fround(1043618065 / 2147483647));
});

const quantization = { zscale: 0.5, zzero: 10, zblank: -99, seed: 1, tile: 0 };

test('integers without dithering are only scaled, and ZBLANK is NaN', () => {
  const floats = new Float32Array(3);
  dequantize(Int32Array.of(0, 4, -99), floats, { ...quantization, dither: 'NO_DITHER' });
  expect(Array.from(floats)).toEqual([10, 12, NaN]);
});

test('dithering takes the random numbers away that start where seed and tile say', () => {
  const random = ditherSequence();
  const floats = new Float64Array(3);
  const dither = 'SUBTRACTIVE_DITHER_1';
  dequantize(Int32Array.of(0, 4, -99), floats, { ...quantization, dither, seed: 9999, tile: 3 });
  // 9999 - 1 + 3 wraps to place 1 of the sequence.
  const first = Math.floor((random[1] ?? 0) * 500);
  const at = (index: number): number => random[first + index] ?? NaN;
  expect(Array.from(floats)).toEqual([(0.5 - at(0)) * 0.5 + 10, (4.5 - at(1)) * 0.5 + 10, NaN]);
});

test('the second dithering keeps exact zeros, the first does not', () => {
  const zero = Int32Array.of(-2147483646);
  const floats = new Float32Array(1);
  dequantize(zero, floats, { ...quantization, dither: 'SUBTRACTIVE_DITHER_2' });
  expect(floats[0]).toBe(0);
  dequantize(zero, floats, { ...quantization, dither: 'SUBTRACTIVE_DITHER_1' });
  expect(floats[0]).toBeLessThan(-1e9);
});

test('a tile larger than the sequence goes on with the next start', () => {
  const random = ditherSequence();
  const floats = new Float64Array(20_000);
  const dither = 'SUBTRACTIVE_DITHER_1';
  dequantize(new Int32Array(20_000), floats, { ...quantization, zscale: 1, zzero: 0, dither });
  const first = Math.floor((random[0] ?? 0) * 500);
  const second = Math.floor((random[1] ?? 0) * 500);
  expect(floats[10_000 - first]).toBe(0.5 - (random[second] ?? NaN));
});

test('names of quantizations', () => {
  expect(parseDither(undefined)).toBe('NO_DITHER');
  expect(parseDither('SUBTRACTIVE_DITHER_2 ')).toBe('SUBTRACTIVE_DITHER_2');
  expect(() => parseDither('MAGIC')).toThrow('MAGIC is not known');
});

test('gzip tiles of integers, floats and shuffled bytes', () => {
  const integers = Buffer.from([0x01, 0x02, 0xff, 0xfe]);
  expect(toNumbers(tileCodec('GZIP_1').decode(gzipSync(integers), shape(2)))).toEqual([258, -2]);
  const shuffled = Buffer.from([0x01, 0xff, 0x02, 0xfe]);
  expect(toNumbers(tileCodec('GZIP_2').decode(gzipSync(shuffled), shape(2)))).toEqual([258, -2]);
  const float = Buffer.alloc(4);
  float.writeFloatBE(1.5);
  expect(toNumbers(tileCodec('GZIP_1').decode(gzipSync(float), shape(1, true)))).toEqual([1.5]);
});

test.each([
  ['too small', 1],
  ['vast', 0xffffffff],
])('a gzip tile says at its end how long it is, which is not relied upon: %s', (_, claim) => {
  const pixels = Array.from({ length: 20_000 }, (_none, i) => (i * 7919) % 30_000);
  const bytes = Buffer.alloc(40_000);
  pixels.forEach((pixel, i) => bytes.writeInt16BE(pixel, 2 * i));
  const members = [bytes.subarray(0, 39_000), bytes.subarray(39_000)].map((part) => gzipSync(part));
  const honest = gzipSync(bytes);
  expect(decodeGzip(honest, 20_000).buffer.byteLength).toBe(40_001); // room for it, and no copy
  expect(Buffer.from(decodeGzip(Buffer.concat(members), 20_000))).toEqual(bytes);
  const lying = Buffer.from(honest);
  lying.writeUInt32LE(claim, lying.length - 4);
  expect(() => decodeGzip(lying, 20_000)).toThrow('damaged');
});

test('tiles that cannot be are refused', () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  expect(() => tileCodec('GZIP_1').decode(bomb, shape(10))).toThrow('damaged');
  expect(() => tileCodec('GZIP_1').decode(Buffer.from('not gzip'), shape(10))).toThrow('damaged');
  expect(() => tileCodec('NOCOMPRESS').decode(Buffer.alloc(7), shape(2))).toThrow('7 bytes');
  expect(() => tileCodec('BZIP_2')).toThrow('BZIP_2 are not read');
  expect(() => tileCodec('constructor')).toThrow('not read');
});
