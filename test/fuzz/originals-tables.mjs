import { gzipSync } from 'node:zlib';
import { encodeTile } from '../../dist/fits/index.js';
import { makeNoise } from '../fixtures/make-fits.ts';
import { card, rawTable } from '../fixtures/make-table.ts';

/** Tables of every kind of column. */
export function tableFiles() {
  return [
    { name: 'table of all types', bytes: binaryTable('P') },
    { name: 'table with wide descriptors', bytes: binaryTable('Q') },
    { name: 'ASCII table', bytes: asciiTable() },
    { name: 'table of arrays', bytes: arrays() },
  ];
}

function noiseBytes(count, seed) {
  const noise = makeNoise(seed);
  return Buffer.from({ length: count }, () => 0).map(() => Math.floor(noise() * 256));
}

/** Length and place of a variable-length cell. */
function descriptor(kind, count, at) {
  const bytes = Buffer.alloc(kind === 'P' ? 8 : 16);
  if (kind === 'P') {
    bytes.writeInt32BE(count, 0);
    bytes.writeInt32BE(at, 4);
  } else {
    bytes.writeBigInt64BE(BigInt(count), 0);
    bytes.writeBigInt64BE(BigInt(at), 8);
  }
  return bytes;
}

function binaryTable(kind) {
  const fixed = ['L', '11X', 'B', 'I', 'J', 'K', '8A', 'E', 'D', 'C', 'M', '0J'];
  const fixedBytes = 1 + 2 + 1 + 2 + 4 + 8 + 8 + 4 + 8 + 8 + 16;
  const heapForms = ['E', 'J', 'A', 'X', 'C', 'K'];
  const elementBytes = [4, 4, 1, 1 / 8, 8, 8];
  const heap = [Buffer.alloc(16)]; // a gap
  let at = 0;
  const rows = Array.from({ length: 12 }, (_, row) => {
    const cells = heapForms.map((_form, column) => {
      const count = (row * 5 + column * 3) % 9;
      const bytes = noiseBytes(Math.ceil(count * elementBytes[column]), row + 1);
      const cell = descriptor(kind, count, at);
      heap.push(bytes);
      at += bytes.length;
      return cell;
    });
    return Buffer.concat([noiseBytes(fixedBytes, row + 9), ...cells]);
  });
  const forms = [...fixed, ...heapForms.map((form) => `1${kind}${form}(9)`)];
  return rawTable({
    forms,
    rows,
    heap: Buffer.concat(heap),
    cards: [
      ...forms.slice(0, 16).map((_form, i) => card(`TTYPE${i + 1}`, `'C${i + 1}'`)),
      ...[card('TSCAL4', 0.5), card('TZERO4', 32768), card('TNULL5', -99), card('TZERO6', 2 ** 63)],
      ...[card('THEAP', (rows[0]?.length ?? 0) * rows.length + 16), card('EXTNAME', "'CAT'")],
      ...[card('TUNIT8', "'Jy'"), card('TDISP8', "'F8.3'"), card('TDIM14', "'(3,3)'")],
    ],
  });
}

function arrays() {
  const rows = Array.from({ length: 5 }, (_, row) => noiseBytes(2 * 12 + 12 + 24 + 8 + 6, row + 1));
  return rawTable({
    forms: ['12I', '12A4', '3D', '2E', '6B'],
    rows,
    cards: [card('TDIM1', "'(2,3,2)'"), card('TDIM5', "'(3,2)'"), card('TZERO5', -128)],
  });
}

function asciiTable() {
  const forms = ['I6', 'F8.3', 'E12.4', 'D14.6', 'A10'];
  const starts = [1, 8, 17, 30, 45];
  const rows = Array.from({ length: 20 }, (_, row) => {
    const cells = [
      ...[String(row * 7).padStart(6), (row * 1.5).toFixed(3).padStart(8)],
      ...[(row * 1e-5).toExponential(4).padStart(12), `${row}.25D+02`.padStart(14)],
      `NGC ${row}`.padEnd(10),
    ];
    return Buffer.from(row === 3 ? `${'***'.padStart(6)}${' '.repeat(48)}` : cells.join(' '));
  });
  return rawTable({
    forms,
    rows,
    extension: 'TABLE',
    cards: [
      ...starts.map((start, i) => card(`TBCOL${i + 1}`, start)),
      ...forms.map((_form, i) => card(`TTYPE${i + 1}`, `'COL${i}'`)),
      ...[card('TNULL1', "'***'"), card('TSCAL2', 2), card('TZERO2', 1), card('EXTNAME', "'CAT'")],
    ],
  });
}

const ROWS = 30;
const TILE_ROWS = 16;

/** Compressed tables: every algorithm, and cells of variable length. FITS Standard 4.0 §10.3. */
export function packedTableFiles() {
  return [
    { name: 'packed table', bytes: packedTable(false) },
    { name: 'packed table with cells', bytes: packedTable(true) },
  ];
}

function shuffled(bytes, width) {
  const count = bytes.length / width;
  return bytes.map((_, i) => bytes[(i % count) * width + Math.floor(i / count)]);
}

const rice = (pixels) => encodeTile('RICE_1', pixels);
const ramp = (rows, factor) => Array.from({ length: rows }, (_, i) => 100 + ((i * factor) % 13));

/** Columns of the table inside: form, bytes of a cell, algorithm, and how a tile of it is packed. */
const COLUMNS = [
  ['B', 1, 'RICE_1', (rows) => rice(Uint8Array.from(ramp(rows, 3)))],
  ['I', 2, 'RICE_1', (rows) => rice(Int16Array.from(ramp(rows, 5)))],
  ['J', 4, 'RICE_1', (rows) => rice(Int32Array.from(ramp(rows, 7)))],
  ['D', 8, 'GZIP_2', (rows) => gzipSync(shuffled(noiseBytes(rows * 8, 3), 8))],
  ['E', 4, 'GZIP_1', (rows) => gzipSync(noiseBytes(rows * 4, 4))],
  ['5A', 5, 'GZIP_1', (rows) => gzipSync(Buffer.alloc(rows * 5, 'abc'))],
  ['L', 1, 'NOCOMPRESS', (rows) => Buffer.alloc(rows, 'T')],
];

function packedTable(hasCells) {
  const cell = hasCells ? [['1PJ(4)', 8, 'GZIP_2', packCells]] : [];
  const columns = [...COLUMNS, ...cell];
  const heap = [];
  let at = 0;
  const put = (bytes) => {
    heap.push(bytes);
    at += bytes.length;
    return descriptor('Q', bytes.length, at - bytes.length);
  };
  const rows = [];
  for (let first = 0; first < ROWS; first += TILE_ROWS) {
    const count = Math.min(TILE_ROWS, ROWS - first);
    rows.push(Buffer.concat(columns.map(([, , , pack]) => put(pack(count, put, first)))));
  }
  const rowBytes = columns.reduce((sum, [, bytes]) => sum + bytes, 0);
  return rawTable({
    forms: columns.map(() => '1QB'),
    rows,
    heap: Buffer.concat(heap),
    cards: [
      ...[card('ZTABLE', 'T'), card('ZTILELEN', TILE_ROWS), card('ZNAXIS1', rowBytes)],
      ...[card('ZNAXIS2', ROWS), card('ZPCOUNT', hasCells ? ROWS * 16 : 0)],
      ...columns.flatMap(([form, , algorithm], i) => [
        ...[card(`ZFORM${i + 1}`, `'${form}'`), card(`ZCTYP${i + 1}`, `'${algorithm}'`)],
        card(`TTYPE${i + 1}`, `'C${i + 1}'`),
      ]),
      card('EXTNAME', "'CAT'"),
    ],
  });
}

/** The descriptors of four integers in each row, and those of their packed bytes, zipped together. */
function packCells(count, put, first) {
  const own = [];
  const packed = [];
  for (let row = 0; row < count; row += 1) {
    own.push(descriptor('P', 4, (first + row) * 16));
    packed.push(put(gzipSync(shuffled(Buffer.alloc(16, row), 4))));
  }
  return gzipSync(Buffer.concat([...own, ...packed]));
}
