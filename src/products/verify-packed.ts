import { AppError } from '../lib/errors.js';
import {
  eachNativeStrip,
  openFits,
  planeOf,
  type FitsFile,
  type Hdu,
  type NativeArray,
  type SourceLimits,
} from '../fits/index.js';
import { cardTexts, hasMovedPrimary, isPackable, unpackedHeaderCards } from './image-header.js';

const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * Unpacks a file that `packFits` made and compares it with the original: every card, every pixel bit
 * for bit (so also which NaN it is), and the bytes of all other HDUs.
 *
 * @throws 'damaged' naming the first difference; as the codec if one of the files cannot be read
 */
export async function verifyPacked(
  originalPath: string,
  packedPath: string,
  limits: SourceLimits,
): Promise<void> {
  const original = await openFits(originalPath, limits);
  try {
    const packed = await openFits(packedPath, limits);
    try {
      await compareFiles(original, packed);
    } finally {
      await packed.close();
    }
  } finally {
    await original.close();
  }
}

async function compareFiles(original: FitsFile, packed: FitsFile): Promise<void> {
  const shift = hasMovedPrimary(original) ? 1 : 0;
  const fault = packed.issues.find(({ level }) => level === 'error');
  if (fault !== undefined) throw different(fault.text);
  if (packed.hdus.length !== original.hdus.length + shift) {
    throw different(`it has ${packed.hdus.length - shift} HDUs, not ${original.hdus.length}`);
  }
  for (const hdu of original.hdus) {
    const twin = packed.hdus[hdu.index + shift];
    if (twin === undefined) throw different(`HDU ${hdu.index} is missing`);
    if (isPackable(hdu)) {
      compareCards(hdu, twin);
      await comparePixels({ file: original, hdu }, { file: packed, hdu: twin });
    } else await compareBytes({ file: original, hdu }, { file: packed, hdu: twin });
  }
}

function compareCards(hdu: Hdu, twin: Hdu): void {
  if (twin.kind !== 'compressed-image' || twin.bitpix !== hdu.bitpix) {
    throw different(`HDU ${hdu.index} is not the image it was`);
  }
  const texts = hdu.header.cards.flatMap((card) => cardTexts(card));
  const back = unpackedHeaderCards(twin, { primary: hdu.index === 0 });
  for (let i = 0; i < Math.max(texts.length, back.length); i += 1) {
    if (texts[i] === back[i]) continue;
    const text = (texts[i] ?? back[i] ?? '').trimEnd();
    throw different(`card ${i + 1} of HDU ${hdu.index} is not "${text}"`);
  }
}

interface Place {
  readonly file: FitsFile;
  readonly hdu: Hdu;
}

async function comparePixels(original: Place, packed: Place): Promise<void> {
  const { index, bitpix } = original.hdu;
  const { width, height, planes } = planeOf(original.hdu);
  const twin = planeOf(packed.hdu);
  if (twin.width !== width || twin.height !== height || twin.planes !== planes) {
    throw different(`the image of HDU ${index} is of another size`);
  }
  const rowBytes = (width * Math.abs(bitpix)) / 8;
  const rowsPerStrip = Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
  for (let plane = 0; plane < planes; plane += 1) {
    const options = { plane, rowsPerStrip };
    const others = eachNativeStrip(packed.file, packed.hdu, options);
    for await (const { firstRow, pixels } of eachNativeStrip(
      original.file,
      original.hdu,
      options,
    )) {
      const other = await others.next();
      const at = other.done === true ? 0 : firstDifference(pixels, other.value.pixels);
      if (at === undefined) continue;
      // As FITS counts, from 1.
      const [x, y] = [(at % width) + 1, firstRow + Math.floor(at / width) + 1];
      throw different(`pixel (${x}, ${y}) of plane ${plane + 1} of HDU ${index} has changed`);
    }
  }
}

/** Index of the first pixel that differs in any bit. */
function firstDifference(pixels: NativeArray, others: NativeArray): number | undefined {
  const [a, b] = [bytesOf(pixels), bytesOf(others)];
  if (a.equals(b)) return undefined;
  let byte = 0;
  while (byte < a.length && a[byte] === b[byte]) byte += 1;
  return Math.floor(byte / pixels.BYTES_PER_ELEMENT);
}

function bytesOf({ buffer, byteOffset, byteLength }: NativeArray): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

async function compareBytes(original: Place, packed: Place): Promise<void> {
  const { headerOffset, dataOffset, dataBytes, index } = original.hdu;
  const length = dataOffset + dataBytes - headerOffset;
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const want = Math.min(PIECE_BYTES, length - at);
    const a = await original.file.source.read(headerOffset + at, want);
    const b = await packed.file.source.read(packed.hdu.headerOffset + at, want);
    if (a.length !== want || Buffer.compare(a, b) !== 0) {
      throw different(`the bytes of HDU ${index} have changed`);
    }
  }
}

function different(what: string): AppError {
  return new AppError('damaged', `The packed file is not the original: ${what}.`);
}
