import { eachXisfStrip, openXisf } from '../../../src/fits/xisf/index.js';
import type { XisfStripOptions } from '../../../src/fits/xisf/index.js';
import type { ByteSource, Hdu, Issue } from '../../../src/fits/index.js';
import { makeXisf, packLiterals, packLz4, rawXisf } from '../../fixtures/make-xisf.js';
import type { MakeXisfOptions, SampleFormat } from '../../fixtures/make-xisf.js';

/** A source over bytes that remembers what was read of it. */
function sourceOf(bytes: Uint8Array): ByteSource & { readonly reads: [number, number][] } {
  const reads: [number, number][] = [];
  return {
    sizeBytes: bytes.length,
    reads,
    read: (position, length) => {
      reads.push([position, length]);
      return Promise.resolve(Uint8Array.from(bytes.subarray(position, position + length)));
    },
    extent: (end) => Promise.resolve(Math.min(end, bytes.length)),
    close: () => Promise.resolve(),
  };
}

async function open(bytes: Uint8Array): Promise<{ hdu: Hdu; hdus: Hdu[]; issues: Issue[] }> {
  const { hdus, issues } = await openXisf(sourceOf(bytes));
  return { hdu: hdus[0]!, hdus, issues };
}

/** Values of a plane, FITS row 1 first. */
async function valuesOf(
  bytes: Uint8Array,
  options: XisfStripOptions & { image?: number } = {},
): Promise<number[]> {
  const source = sourceOf(bytes);
  const { hdus } = await openXisf(source);
  const values: number[] = [];
  for await (const strip of eachXisfStrip(source, hdus[options.image ?? 0]!, options)) {
    values.push(...strip.pixels);
  }
  return values;
}

const ramp = [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23];
const plus = (more: number): number[] => ramp.map((value) => value + more);

describe('the shape of an image', () => {
  test.each<[SampleFormat, number, string]>([
    ['UInt8', 8, 'Uint8Array'],
    ['UInt16', 16, 'Uint16Array'],
    ['UInt32', 32, 'Uint32Array'],
    ['UInt64', 64, 'Float64Array'],
    ['Float32', -32, 'Float32Array'],
    ['Float64', -64, 'Float64Array'],
  ])('%s samples have BITPIX %i and come as %s, lowest row first', async (format, bitpix, kind) => {
    const source = sourceOf(makeXisf({ format }));
    const { hdus, issues } = await openXisf(source);
    expect(issues).toEqual([]);
    expect(hdus[0]).toMatchObject({ kind: 'image', bitpix, axes: [4, 3], headerOffset: 16 });
    expect(hdus[0]).toMatchObject({ dataOffset: 4096, dataBytes: (12 * Math.abs(bitpix)) / 8 });
    for await (const { firstRow, rows, pixels } of eachXisfStrip(source, hdus[0]!)) {
      expect([firstRow, rows]).toEqual([0, 3]);
      expect(Object.prototype.toString.call(pixels)).toBe(`[object ${kind}]`);
      expect([...pixels]).toEqual(ramp);
    }
  });

  test.each<[SampleFormat, (number | bigint)[], number[]]>([
    ['UInt8', [0, 255], [0, 255]],
    ['UInt16', [0, 65535], [0, 65535]],
    ['UInt32', [1, 4294967295], [1, 4294967295]],
    ['UInt64', [2n ** 53n + 1n, 2n ** 64n - 1n], [2 ** 53, 2 ** 64]],
    ['Float32', [-1.5, NaN], [-1.5, NaN]],
    ['Float64', [1e300, -0.1], [1e300, -0.1]],
  ])('%s keeps its values in either byte order', async (format, values, expected) => {
    const pixel = (x: number): number | bigint => values[x]!;
    for (const byteOrder of ['little', 'big'] as const) {
      const bytes = makeXisf({ width: 2, height: 1, format, byteOrder, pixel });
      expect(await valuesOf(bytes)).toEqual(expected);
    }
  });

  test.each<[string, number[]]>([
    ['6:1', [6]],
    ['2:3', [2, 1, 3]],
    ['3:2:1', [3, 2]],
    ['1:2:3', [1, 2, 3]],
    ['1:1:6:1', [1, 1, 6]],
    ['1:1:2:3', [1, 1, 2, 3]],
  ])('the geometry %s has the axes %j', async (geometry, axes) => {
    const { hdu, issues } = await open(makeXisf({ width: 6, height: 1, attributes: { geometry } }));
    expect(hdu.axes).toEqual(axes);
    expect(issues).toEqual([]);
  });

  test.each(['planar', 'normal'] as const)(
    'colour kept %s has a plane a channel',
    async (storage) => {
      const bytes = makeXisf({ channels: 3, storage });
      expect((await open(bytes)).hdu.axes).toEqual([4, 3, 3]);
      for (const plane of [0, 1, 2]) {
        expect(await valuesOf(bytes, { plane })).toEqual(plus(plane * 100));
      }
    },
  );

  test('a cube has the planes of the first channel before those of the second', async () => {
    const samples = Uint8Array.from({ length: 12 }, (_, index) => index);
    const image = (storage: string): string =>
      `<Image geometry="1:2:3:2" sampleFormat="UInt8" pixelStorage="${storage}" location="attachment:4096:12"/>`;
    const planes = async (storage: string): Promise<number[][]> => {
      const bytes = rawXisf(image(storage), samples);
      return Promise.all([0, 1, 2, 3, 4, 5].map((plane) => valuesOf(bytes, { plane })));
    };
    expect(await planes('Planar')).toEqual([
      [1, 0],
      [3, 2],
      [5, 4],
      [7, 6],
      [9, 8],
      [11, 10],
    ]);
    expect(await planes('Normal')).toEqual([
      [2, 0],
      [6, 4],
      [10, 8],
      [3, 1],
      [7, 5],
      [11, 9],
    ]);
  });

  test('every image of a file is an HDU, nested ones too, and a thumbnail is none', async () => {
    const image = (id: string, inside = ''): string =>
      `<Image id="${id}" geometry="1:1:1" sampleFormat="UInt8" location="inline:hex">` +
      `0${id.length}${inside}</Image>`;
    const thumbnail = '<Thumbnail geometry="9:9:1" location="embedded"><Data>x</Data></Thumbnail>';
    const bytes = rawXisf(image('a', image('bb') + thumbnail) + image('ccc'));
    const { hdus } = await open(bytes);
    expect(hdus.map(({ index, name, axes }) => [index, name, axes])).toEqual([
      [0, 'a', [1, 1]],
      [1, 'bb', [1, 1]],
      [2, 'ccc', [1, 1]],
    ]);
    expect(await valuesOf(bytes, { image: 1 })).toEqual([2]);
  });
});

describe('blocks', () => {
  const options: [string, MakeXisfOptions][] = [];
  for (const compression of ['zlib', 'lz4', 'lz4hc'] as const) {
    for (const shuffle of [false, true]) {
      for (const subblocks of [1, 3]) {
        const name = `${compression}${shuffle ? ' shuffled' : ''} in ${subblocks}`;
        options.push([name, { compression, shuffle, subblocks }]);
      }
    }
  }
  test.each(options)('%s: every strip and plane comes out as it went in', async (_, how) => {
    const pixel = (x: number, y: number, channel: number): number =>
      (x * 7 + (y >> 3)) % 50 ? 1000 + channel : x * y;
    const size = { width: 61, height: 37, channels: 3 };
    for (const [format, storage] of [
      ['UInt16', 'planar'],
      ['Float32', 'normal'],
    ] as const) {
      const bytes = makeXisf({ ...size, ...how, format, storage, pixel });
      const expected = Array.from({ length: 61 * 37 }, (__, at) =>
        pixel(at % 61, Math.floor(at / 61), 2),
      );
      expect(await valuesOf(bytes, { plane: 2, rows: 5 })).toEqual(expected);
      expect(await valuesOf(bytes, { plane: 2 })).toEqual(expected);
    }
  });

  test.each<MakeXisfOptions>([
    { location: 'base64' },
    { location: 'hex' },
    { location: 'embedded' },
    { location: 'embedded', compression: 'zlib', shuffle: true },
    { location: 'hex', compression: 'lz4' },
    { location: 'base64', format: 'Float64', byteOrder: 'big' },
  ])('a block in the header is read: %j', async (how) => {
    const bytes = makeXisf(how);
    expect((await open(bytes)).issues).toEqual([]);
    expect(await valuesOf(bytes)).toEqual(ramp);
    expect(await valuesOf(bytes)).toEqual(ramp);
  });

  test('bytes that do not fill an item stay at the end of a shuffled block', async () => {
    const block = packLiterals(Uint8Array.of(1, 4, 2, 5, 3, 6, 7));
    const image = `<Image geometry="7:1:1" sampleFormat="UInt8" compression="lz4+sh:7:3"`;
    const bytes = rawXisf(`${image} location="attachment:4096:${block.length}"/>`, block);
    expect(await valuesOf(bytes)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await valuesOf(bytes, { region: { x: 2, y: 0, width: 5, height: 1 } })).toHaveLength(5);
  });

  test('LZ4 matches may overlap and be long', async () => {
    const pixel = (x: number): number => (x < 3 ? x : 9);
    const bytes = makeXisf({ width: 5000, height: 2, format: 'UInt8', compression: 'lz4', pixel });
    expect(bytes.length).toBeLessThan(4300);
    expect(await valuesOf(bytes)).toEqual(
      [0, 0].flatMap(() => Array.from({ length: 5000 }, (_, x) => pixel(x))),
    );
    expect(packLz4(Buffer.alloc(40)).length).toBeLessThan(12);
  });

  test('a region is cut out, in strips from its lowest row', async () => {
    const region = { x: 1, y: 1, width: 2, height: 2 };
    for (const storage of ['planar', 'normal'] as const) {
      const bytes = makeXisf({ channels: 3, storage });
      expect(await valuesOf(bytes, { region, plane: 1, rows: 1 })).toEqual([111, 112, 121, 122]);
      expect(await valuesOf(bytes, { region, plane: 1 })).toEqual([111, 112, 121, 122]);
    }
    const none = { x: 0, y: 0, width: 0, height: 0 };
    expect(await valuesOf(makeXisf(), { region: none })).toEqual([]);
  });

  test('of a plain block only the rows asked for are read', async () => {
    const source = sourceOf(makeXisf({ width: 100, height: 100 }));
    const { hdus } = await openXisf(source);
    source.reads.length = 0;
    const region = { x: 0, y: 10, width: 100, height: 6 };
    const strips = [];
    for await (const strip of eachXisfStrip(source, hdus[0]!, { rows: 4, region })) {
      strips.push([strip.firstRow, strip.rows]);
    }
    expect(strips).toEqual([
      [10, 4],
      [14, 2],
    ]);
    expect(source.reads).toEqual([
      [4096 + 86 * 200, 800],
      [4096 + 84 * 200, 400],
    ]);
  });

  test('of a block in parts only the parts with the rows asked for are read', async () => {
    const how = { compression: 'lz4', subblocks: 10 } as const;
    const source = sourceOf(makeXisf({ width: 100, height: 100, ...how }));
    const { hdus } = await openXisf(source);
    source.reads.length = 0;
    for await (const { pixels } of eachXisfStrip(source, hdus[0]!, { rows: 5 })) {
      expect(source.reads).toHaveLength(1);
      if (pixels[0] === 50) break;
    }
  });
});
