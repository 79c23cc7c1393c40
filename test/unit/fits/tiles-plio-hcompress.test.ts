import { decodeHcompress } from '../../../src/fits/tiles/hcompress.js';
import { tileCodec } from '../../../src/fits/tiles/index.js';
import type { NativeArray } from '../../../src/fits/index.js';
import { decodePlio } from '../../../src/fits/tiles/plio.js';

const toNumbers = (pixels: NativeArray): number[] =>
  Array.from<number | bigint, number>(pixels, Number);

const [ZN, SH, IH, DH, HN, PN, IS, DS] = [0, 1, 2, 3, 4, 5, 6, 7];

type Instruction = readonly [opcode: number, value: number, next?: number];

/** A list with the header that says its length in words 4 and 5, or, `old`, in word 3. */
function makeList(instructions: readonly Instruction[], old = false): Buffer {
  const words = instructions.flatMap(([opcode, value, next]) => [
    (opcode << 12) | value,
    ...(next === undefined ? [] : [next]),
  ]);
  const length = words.length + (old ? 3 : 7);
  const header = old ? [0, 0, length] : [0, 7, 0xff9c, length, 0, 0, 0];
  const bytes = Buffer.alloc(length * 2);
  [...header, ...words].forEach((word, index) => bytes.writeUInt16BE(word, index * 2));
  return bytes;
}

function readList(bytes: Uint8Array, length: number): number[] {
  const pixels = new Int32Array(length);
  decodePlio(bytes, pixels);
  return Array.from(pixels);
}

test.each<[string, Instruction[], number[]]>([
  ['nothing', [], [0, 0, 0]],
  [
    'zeros and a run of the first level, 1',
    [
      [ZN, 1],
      [HN, 2],
    ],
    [0, 1, 1, 0],
  ],
  [
    'zeros with one pixel at their end',
    [
      [PN, 3],
      [HN, 1],
    ],
    [0, 0, 1, 1, 0],
  ],
  [
    'a level raised, lowered and set',
    [
      [IH, 4],
      [HN, 1],
      [DH, 2],
      [HN, 1],
      [SH, 5, 2],
      [HN, 1],
    ],
    [5, 3, 8197],
  ],
  [
    'single pixels with a change',
    [
      [IS, 9],
      [DS, 3],
      [HN, 1],
    ],
    [10, 7, 7],
  ],
  ['a long run', [[HN, 40]], Array.from({ length: 40 }, () => 1)],
  [
    'more than there are pixels',
    [
      [ZN, 2],
      [HN, 4095],
      [IS, 1],
    ],
    [0, 0, 1],
  ],
  [
    'zeros beyond the end',
    [
      [HN, 1],
      [PN, 4095],
    ],
    [1, 0],
  ],
])('a pixel list of %s', (_, instructions, pixels) => {
  expect(readList(makeList(instructions), pixels.length)).toEqual(pixels);
  expect(readList(makeList(instructions, true), pixels.length)).toEqual(pixels);
});

test('damaged pixel lists are refused', () => {
  const list = makeList([
    [ZN, 1],
    [SH, 5, 2],
    [HN, 1],
  ]);
  expect(() => readList(list.subarray(0, list.length - 2), 3)).toThrow('wrong length');
  expect(() => readList(list.subarray(0, 8), 3)).toThrow('too short');
  expect(() => readList(Buffer.alloc(2), 3)).toThrow('too short');
  expect(() => readList(makeList([[SH, 5]]), 3)).toThrow('inside an instruction');
  expect(() => readList(makeList([[9, 5]]), 3)).toThrow('unknown instruction 9');
});

test('unsigned 16-bit pixels are kept in a list without their offset', () => {
  const tile = {
    axes: [3],
    pixels: 3,
    needed: 3,
    floats: false,
    bitpix: 16,
    bzero: 32768,
    parameter: () => undefined,
  };
  const pixels = tileCodec('PLIO_1').decode(
    makeList([
      [ZN, 1],
      [HN, 1],
      [SH, 0xfff, 15],
      [HN, 1],
    ]),
    tile,
  );
  expect(toNumbers(pixels)).toEqual([-32768, -32767, 32767]);
});

/** 4 × 4 pixels: 1 to 16, as cfitsio packs them without loss. */
const ONE_TO_SIXTEEN = Buffer.from(
  'dd99000000040000000400000000000000000000004806040' + '0f3ff7affbfeffbfeffbf3fefcffbfeff800000',
  'hex',
);
const SIXTEEN = Array.from({ length: 16 }, (_, index) => index + 1);

test('an H-transform gives the pixels back', () => {
  expect(Array.from(decodeHcompress(ONE_TO_SIXTEEN, 16, false))).toEqual(SIXTEEN);
  expect(Array.from(decodeHcompress(ONE_TO_SIXTEEN, 16, true))).toEqual(SIXTEEN);
});

test('a lossy tile does not leave the range of its image', () => {
  const bytes = Buffer.from(ONE_TO_SIXTEEN);
  bytes.writeInt32BE(1000, 10); // the step of the packing
  const tile = { axes: [4, 4], pixels: 16, floats: false, bzero: 0, parameter: () => undefined };
  const decode = (bitpix: number): number[] =>
    toNumbers(tileCodec('HCOMPRESS_1').decode(bytes, { ...tile, bitpix, needed: 16 }));
  const values = decode(32);
  expect(values[15]).toBeGreaterThan(255);
  expect(decode(8)).toEqual(values.map((value) => Math.min(255, Math.max(0, value))));
});

test('damaged H-transforms are refused, wherever they end', () => {
  const decode = (bytes: Uint8Array): unknown => decodeHcompress(bytes, 16, false);
  for (let length = 0; length < ONE_TO_SIXTEEN.length - 1; length += 1) {
    expect(() => decode(ONE_TO_SIXTEEN.subarray(0, length))).toThrow(/too short|ends before/);
  }
  const changed = (offset: number, value: number): Buffer => {
    const bytes = Buffer.from(ONE_TO_SIXTEEN);
    bytes[offset] = value;
    return bytes;
  };
  expect(() => decode(changed(0, 0))).toThrow('does not start');
  expect(() => decode(changed(5, 5))).toThrow('5 × 4 pixels');
  expect(() => decode(changed(10, 0x80))).toThrow('wrong scales');
  expect(() => decode(changed(22, 200))).toThrow('wrong scales');
  expect(() => decode(changed(14, 0x7f))).toThrow('wrong sum');
  expect(() => decode(changed(25, 0x30))).toThrow('unknown form');
});

test('a tile too large to be held is refused before anything is allocated', () => {
  const bytes = Buffer.from(ONE_TO_SIXTEEN);
  bytes.writeInt32BE(2 ** 15, 2);
  bytes.writeInt32BE(2 ** 15, 6);
  expect(() => decodeHcompress(bytes, 2 ** 30, false)).toThrow(`${2 ** 30} pixels`);
});
