import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '../lib/errors.js';
import {
  datasum,
  eachNativeStrip,
  encodeTile,
  makeHeader,
  openFits,
  parseCards,
  planeOf,
  RICE_BLOCK_SIZE,
  withChecksums,
  type FitsFile,
  type Hdu,
  type NativeArray,
  type SourceLimits,
} from '../fits/index.js';
import {
  cardTexts,
  hasMovedPrimary,
  isPackable,
  packedHeaderCards,
  unpackedHeaderCards,
  type PackedTable,
} from './image-header.js';
import { BLOCK_BYTES } from './plan.js';

export { verifyPacked } from './verify-packed.js';

const COPY_BYTES = 4 * 1024 * 1024;
/** Whole blocks: sums are taken of whole words. */
const SUM_BYTES = 360 * BLOCK_BYTES;
/** Longer rows are cut into several tiles. */
const MAX_TILE_PIXELS = 2 ** 20;
/** Most rows of the table of an image; more tiles than that are not worth their descriptors. */
const MAX_TILES = 2 ** 26;
/** ZNAXISn has room for two digits. */
const MAX_AXES = 99;
/** Images of more bytes get descriptors of 64 bits: the heap may be beyond those of 32. */
const MAX_SMALL_BYTES = 2 ** 30;

/** What packing gave. */
export interface Packed {
  readonly packedBytes: number;
  /** Number of images that were packed. */
  readonly images: number;
}

/**
 * Writes a copy of a FITS file with every image in tiles: integers as RICE_1 (those of 64 bits as
 * GZIP_2), floats as GZIP_2, all without loss, a tile for each row. A primary image moves to the first
 * extension, behind an empty primary HDU. All other HDUs are copied byte for byte, as are all cards
 * of the images but for the names of those of its structure. What was packed has sums of its own
 * (CHECKSUM, DATASUM) beside those of the original. Holds a few strips at a time.
 * FITS Standard 4.0 §10.
 *
 * @param targetPath written from its start; what it had is lost. Making it durable, and removing it
 *        after an error, are the caller's
 * @throws 'fits_unsupported' for a file without images, or one that would not come back with every
 *         card and pixel; as the codec for damaged data
 */
export async function packFits(
  sourcePath: string,
  targetPath: string,
  limits: SourceLimits,
): Promise<Packed> {
  const file = await openFits(sourcePath, limits);
  try {
    const images = checkFile(file);
    const target = await open(targetPath, 'w+');
    try {
      let position = hasMovedPrimary(file) ? await writePrimary(target) : 0;
      for (const hdu of file.hdus) {
        position += isPackable(hdu)
          ? await packImage(file, hdu, { target, position })
          : await copyHdu(file, hdu, { target, position });
      }
      return { packedBytes: position, images };
    } finally {
      await target.close();
    }
  } finally {
    await file.close();
  }
}

const EMPTY_PRIMARY: readonly string[] = [
  'SIMPLE  =                    T / FITS Standard 4.0',
  'BITPIX  =                    8',
  'NAXIS   =                    0 / the image is in the first extension, compressed',
  'EXTEND  =                    T',
];

/** Number of images to pack. @throws 'fits_unsupported' if there is none, or one that cannot be */
function checkFile({ format, hdus, issues }: FitsFile): number {
  const images = hdus.filter((hdu) => isPackable(hdu));
  if (format !== 'fits' || images.length === 0) throw unsupported('has no image to pack');
  const lost = issues.find(({ code }) => code !== 'padding' && code !== 'card');
  if (lost !== undefined) throw unsupported(`cannot be packed: ${lost.text}`);
  if (hdus.some(({ kind }) => kind === 'groups')) throw unsupported('has random groups');
  for (const hdu of images) {
    const pixels = hdu.axes.reduce((product, axis) => product * axis, 1);
    if (hdu.axes.length > MAX_AXES || hdu.dataBytes !== (pixels * Math.abs(hdu.bitpix)) / 8) {
      throw unsupported(`has an image in HDU ${hdu.index} of another shape than tiles can have`);
    }
    checkCards(hdu);
  }
  return images.length;
}

/** Packs and unpacks the header, to see before any work whether it would come back. */
function checkCards(hdu: Hdu): void {
  const layout = tableLayout(hdu);
  if (layout.rows > MAX_TILES) throw unsupported(`has too many rows in HDU ${hdu.index}`);
  const cards = parseCards(Buffer.from(packedHeaderCards(hdu, layout).join(''), 'latin1'));
  const packed: Hdu = { ...hdu, kind: 'compressed-image', header: makeHeader(cards) };
  const back = unpackedHeaderCards(packed, { primary: hdu.index === 0 });
  const texts = hdu.header.cards.flatMap((card) => cardTexts(card));
  const at = texts.findIndex((text, index) => text !== back[index]);
  if (at >= 0 || back.length !== texts.length) {
    const text = (texts[at] ?? back[texts.length] ?? '').trimEnd();
    throw unsupported(`has a card in HDU ${hdu.index} that packing would lose: ${text}`);
  }
}

function unsupported(what: string): AppError {
  return new AppError('fits_unsupported', `The file ${what}.`);
}

function tableLayout(hdu: Hdu): PackedTable {
  const [width = 0, ...others] = hdu.axes;
  const tileWidth = Math.min(width, MAX_TILE_PIXELS);
  const isRice = hdu.bitpix === 8 || hdu.bitpix === 16 || hdu.bitpix === 32;
  return {
    algorithm: isRice ? 'RICE_1' : 'GZIP_2',
    parameters: isRice
      ? [
          ['BLOCKSIZE', RICE_BLOCK_SIZE],
          ['BYTEPIX', hdu.bitpix / 8],
        ]
      : [],
    tileAxes: [tileWidth, ...others.map(() => 1)],
    descriptor: hdu.dataBytes > MAX_SMALL_BYTES ? 'Q' : 'P',
    rows: others.reduce((product, axis) => product * axis, Math.ceil(width / tileWidth)),
    heapBytes: 0,
    maxBytes: 0,
  };
}

/** A file being written, and where in it the next HDU starts. */
interface Target {
  readonly target: FileHandle;
  readonly position: number;
}

/** @returns bytes written, with the fill */
async function packImage(file: FitsFile, hdu: Hdu, { target, position }: Target): Promise<number> {
  const layout = tableLayout(hdu);
  const headerBytes = filled((packedHeaderCards(hdu, layout).length + 1) * 80);
  const rowBytes = layout.descriptor === 'P' ? 8 : 16;
  const tableBytes = layout.rows * rowBytes;
  const { width, planes } = planeOf(hdu);
  const [tileWidth = width] = layout.tileAxes;
  let row = 0;
  let heapBytes = 0;
  let maxBytes = 0;
  for (let plane = 0; plane < planes; plane += 1) {
    for await (const { pixels } of eachNativeStrip(file, hdu, { plane })) {
      const tiles = packTiles(pixels, layout.algorithm, { width, tileWidth });
      const table = descriptors(tiles, layout.descriptor, heapBytes);
      await writeAll(target, table, position + headerBytes + row * rowBytes);
      const bytes = Buffer.concat(tiles);
      await writeAll(target, bytes, position + headerBytes + tableBytes + heapBytes);
      row += tiles.length;
      heapBytes += bytes.length;
      maxBytes = tiles.reduce((most, tile) => Math.max(most, tile.length), maxBytes);
    }
  }
  const dataStart = position + headerBytes;
  const dataBytes = await writeFill(target, dataStart, tableBytes + heapBytes);
  const cards = packedHeaderCards(hdu, { ...layout, heapBytes, maxBytes });
  const sum = await sumOf(target, dataStart, dataBytes);
  await writeAll(target, withChecksums(cards, sum), position);
  return headerBytes + dataBytes;
}

/** DATASUM of what was just written. The parts of a table come in another order than they stand. */
async function sumOf(target: FileHandle, start: number, length: number): Promise<number> {
  const bytes = Buffer.alloc(Math.min(SUM_BYTES, length));
  let sum = 0;
  for (let done = 0; done < length;) {
    const want = Math.min(bytes.length, length - done);
    for (let have = 0; have < want;) {
      const { bytesRead } = await target.read(bytes, have, want - have, start + done + have);
      if (bytesRead === 0) throw new AppError('damaged', 'What was packed cannot be read again.');
      have += bytesRead;
    }
    sum = datasum(bytes.subarray(0, want), sum);
    done += want;
  }
  return sum;
}

function packTiles(
  pixels: NativeArray,
  algorithm: PackedTable['algorithm'],
  { width, tileWidth }: { width: number; tileWidth: number },
): Uint8Array[] {
  const tiles: Uint8Array[] = [];
  for (let start = 0; start < pixels.length; start += width) {
    for (let x = 0; x < width; x += tileWidth) {
      const end = start + Math.min(x + tileWidth, width);
      tiles.push(encodeTile(algorithm, pixels.subarray(start + x, end)));
    }
  }
  return tiles;
}

/** Length and offset in the heap of each tile. FITS Standard 4.0 §7.3.5. */
function descriptors(
  tiles: readonly Uint8Array[],
  descriptor: 'P' | 'Q',
  heapStart: number,
): Uint8Array {
  const rowBytes = descriptor === 'P' ? 8 : 16;
  const view = new DataView(new ArrayBuffer(tiles.length * rowBytes));
  let offset = heapStart;
  tiles.forEach((tile, index) => {
    const at = index * rowBytes;
    if (descriptor === 'P') {
      view.setUint32(at, tile.length);
      view.setUint32(at + 4, offset);
    } else {
      view.setBigUint64(at, BigInt(tile.length));
      view.setBigUint64(at + 8, BigInt(offset));
    }
    offset += tile.length;
  });
  return new Uint8Array(view.buffer);
}

/** Header and data as they are; fill that is missing at the end of the file is put there. */
async function copyHdu(file: FitsFile, hdu: Hdu, { target, position }: Target): Promise<number> {
  const length = hdu.dataOffset + hdu.dataBytes - hdu.headerOffset;
  const end = hdu.headerOffset + filled(length);
  for (let at = hdu.headerOffset; at < end;) {
    const bytes = await file.source.read(at, Math.min(COPY_BYTES, end - at));
    if (bytes.length === 0) break;
    await writeAll(target, bytes, position + at - hdu.headerOffset);
    at += bytes.length;
  }
  const have = Math.min(filled(length), Math.max(length, file.sizeBytes - hdu.headerOffset));
  return writeFill(target, position, have);
}

/** The empty primary HDU. @returns its bytes */
async function writePrimary(target: FileHandle): Promise<number> {
  const bytes = withChecksums(
    EMPTY_PRIMARY.map((card) => card.padEnd(80)),
    0,
  );
  await writeAll(target, bytes, 0);
  return bytes.length;
}

/** Fills data up to whole blocks. @returns their length with the fill */
async function writeFill(target: FileHandle, position: number, length: number): Promise<number> {
  const missing = filled(length) - length;
  if (missing > 0) await writeAll(target, Buffer.alloc(missing), position + length);
  return length + missing;
}

async function writeAll(target: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function filled(length: number): number {
  return Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
}
