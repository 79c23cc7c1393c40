import { gzipSync } from 'node:zlib';
import { packBzip2, packCompress, packZip } from '../fixtures/pack.ts';
import { makeXisf } from '../fixtures/make-xisf.ts';

const named = (bytes) => [{ name: 'night/a.fits', bytes }];

/** In order: how the whole file is wrapped, and so what is inside. */
const WRAPS = {
  gzip: (bytes) => gzipSync(bytes, { level: 1 }),
  'gzip members': (bytes) => {
    const parts = [bytes.subarray(0, 2880), Buffer.alloc(0), bytes.subarray(2880)];
    return Buffer.concat([...parts.map((part) => gzipSync(part)), Buffer.alloc(100)]);
  },
  bzip2: (bytes) => packBzip2(bytes, { blockBytes: 1000 }),
  compress: (bytes) => packCompress(bytes, { maxBits: 12, clearAt: 900 }),
  'compress without CLEAR': (bytes) => packCompress(bytes, { maxBits: 10, blockMode: false }),
  zip: (bytes) => packZip(named(bytes)),
  'zip stored': (bytes) => packZip([{ ...named(bytes)[0], stored: true }]),
  zip64: (bytes) => packZip(named(bytes), { zip64: true }),
};

/** Packing these takes longer than reading them: they are only damaged from outside. */
const SLOW = new Set(['bzip2', 'compress', 'compress without CLEAR']);

export function wrappedFiles(images) {
  return Object.entries(WRAPS).map(([name, wrap], index) => {
    const inside = images[index]?.bytes ?? Buffer.alloc(0);
    return { name, bytes: wrap(inside), ...(SLOW.has(name) ? {} : { inside, wrap }) };
  });
}

const KEYWORDS = [
  ['OBJECT', "'M31     '", 'target'],
  ['EXPTIME', '30.0', ''],
  ['COMMENT', '', 'text'],
];

/** XISF: every sample format, codec, place and order of the samples. */
export function xisfFiles() {
  const properties = { 'Observation:Object:Name': 'M31', 'Instrument:ExposureTime': '30' };
  const size = { width: 20, height: 15, keywords: KEYWORDS, properties };
  const file = (name, options) => ({
    name: `xisf ${name}`,
    bytes: makeXisf({ ...size, ...options }),
  });
  const formats = ['UInt8', 'UInt16', 'UInt32', 'UInt64', 'Float32', 'Float64'];
  const pixel = (x, y) => (x * 7 + y * 3) % 200;
  return [
    ...formats.map((format) => file(format, { format, pixel })),
    ...['zlib', 'lz4', 'lz4hc'].flatMap((compression) => [
      file(compression, { compression }),
      file(`${compression} shuffled`, { compression, shuffle: true, format: 'Float32' }),
      file(`${compression} in parts`, { compression, subblocks: 3 }),
    ]),
    file('big', { byteOrder: 'big', format: 'UInt32' }),
    file('colour', { channels: 3, storage: 'normal', compression: 'zlib' }),
    file('colour planes', { channels: 3, format: 'Float32', attributes: { bounds: '0:1' } }),
    ...['base64', 'hex', 'embedded'].map((location) =>
      file(location, { location, compression: 'zlib' }),
    ),
  ];
}
