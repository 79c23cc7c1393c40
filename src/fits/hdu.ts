import { AppError } from '../lib/errors.js';
import { BLOCK_BYTES } from './header.js';
import type { Header, Hdu, HduKind } from './types.js';

const BITPIX_VALUES: readonly number[] = [8, 16, 32, 64, -32, -64];
const MAX_AXES = 999; // FITS Standard 4.0 §4.4.1.1

/**
 * What a header says about its HDU, without looking at the data. FITS Standard 4.0 §4.4.1, §7, §10.
 *
 * @param lengthBytes bytes of the header with its fill
 * @throws 'fits_invalid' if the data cannot be measured: no usable BITPIX, NAXIS or NAXISn, or a
 *         size beyond 2^53 bytes
 */
export function makeHdu(
  header: Header,
  place: { index: number; headerOffset: number; lengthBytes: number },
): Hdu {
  const kind = hduKind(header);
  const inside = kind === 'compressed-image' ? 'Z' : '';
  const dataBytes = dataSize(header, kind);
  return {
    index: place.index,
    name: header.string('EXTNAME')?.trim() ?? '',
    kind,
    header,
    bitpix: readBitpix(header, inside),
    axes: readAxes(header, inside),
    compression: inside === '' ? '' : (header.string('ZCMPTYPE')?.trim().toUpperCase() ?? ''),
    headerOffset: place.headerOffset,
    dataOffset: place.headerOffset + place.lengthBytes,
    dataBytes,
  };
}

/** Where the next HDU starts: data are filled up to whole blocks. FITS Standard 4.0 §3.3.2. */
export function nextOffset(hdu: Hdu): number {
  return hdu.dataOffset + Math.ceil(hdu.dataBytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** What tells an image with pixels from one without; also what a catalogue keeps of an HDU. */
interface ImageShape {
  readonly kind: string;
  readonly axes: readonly number[];
}

/** Number of pixels of an image, 0 for anything else. FITS Standard 4.0 §4.4.1.1. */
export function pixelCount(hdu: ImageShape): number {
  if (hdu.kind !== 'image' && hdu.kind !== 'compressed-image') return 0;
  return hdu.axes.length === 0 ? 0 : hdu.axes.reduce((product, axis) => product * axis, 1);
}

/**
 * The HDU to show of a file: the first extension named SCI with pixels, else the first image with
 * pixels; undefined if there is no image.
 */
export function mainImage<T extends ImageShape & { readonly name: string }>(file: {
  readonly hdus: readonly T[];
}): T | undefined {
  const images = file.hdus.filter((hdu) => pixelCount(hdu) > 0);
  return images.find((hdu) => hdu.name.toUpperCase() === 'SCI') ?? images[0];
}

function hduKind(header: Header): HduKind {
  const extension = header.string('XTENSION')?.trim().toUpperCase();
  if (extension === undefined) {
    const groups = header.value('GROUPS') === true && header.value('NAXIS1') === 0;
    // SIMPLE = F says that the data may be anything; most often they are plain, so they are shown.
    if (header.value('SIMPLE') === false && header.value('NAXIS') === 0) return 'unknown';
    return groups ? 'groups' : 'image';
  }
  if (extension === 'IMAGE' || extension === 'IUEIMAGE') return 'image';
  if (extension === 'TABLE') return 'table';
  if (extension !== 'BINTABLE' && extension !== 'A3DTABLE') return 'unknown';
  if (header.value('ZIMAGE') === true) return 'compressed-image';
  return header.value('ZTABLE') === true ? 'compressed-table' : 'bintable';
}

/** Bytes of data without fill. FITS Standard 4.0 §4.4.1, equations 1, 2 and 4. */
function dataSize(header: Header, kind: HduKind): number {
  const axes = readAxes(header, '');
  if (axes.length === 0) return 0;
  const counted = kind === 'groups' ? axes.slice(1) : axes;
  // Exact: a product of claimed lengths may be far beyond 2^53.
  const elements = counted.reduce((product, axis) => product * BigInt(axis), 1n);
  const groups = kind === 'image' && !header.card('XTENSION') ? 1 : count(header, 'GCOUNT', 1);
  const extra = kind === 'image' && !header.card('XTENSION') ? 0 : count(header, 'PCOUNT', 0);
  const elementBytes = BigInt(Math.abs(readBitpix(header, '')) / 8);
  const bytes = elementBytes * BigInt(groups) * (BigInt(extra) + elements);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new AppError('fits_invalid', `The header announces ${bytes} bytes of data.`);
  }
  return Number(bytes);
}

function readBitpix(header: Header, prefix: string): number {
  const bitpix = header.number(`${prefix}BITPIX`);
  if (bitpix === undefined || !BITPIX_VALUES.includes(bitpix)) {
    throw invalid(`${prefix}BITPIX`, header);
  }
  return bitpix;
}

function readAxes(header: Header, prefix: string): number[] {
  const naxis = header.number(`${prefix}NAXIS`);
  if (naxis === undefined || !Number.isInteger(naxis) || naxis < 0 || naxis > MAX_AXES) {
    throw invalid(`${prefix}NAXIS`, header);
  }
  return Array.from({ length: naxis }, (_, index) => {
    const keyword = `${prefix}NAXIS${index + 1}`;
    const axis = header.number(keyword);
    if (axis === undefined || !Number.isSafeInteger(axis) || axis < 0)
      throw invalid(keyword, header);
    return axis;
  });
}

function count(header: Header, keyword: string, standard: number): number {
  const value = header.number(keyword) ?? standard;
  if (!Number.isSafeInteger(value) || value < 0) throw invalid(keyword, header);
  return value;
}

function invalid(keyword: string, header: Header): AppError {
  const text = header.string(keyword);
  const found = text === undefined ? 'is missing' : `cannot be ${text.slice(0, 40)}`;
  return new AppError('fits_invalid', `${keyword} ${found}.`, { keyword });
}
