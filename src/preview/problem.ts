import { planeOf, type FitsFile, type Hdu } from '../fits/index.js';
import { AppError } from '../lib/errors.js';

/** Sentences for pictures of problems: what is the matter, and what still works. */
export const NO_VALUES = 'No pixel of this image has a value.';
export const TOOK_TOO_LONG = 'Drawing took too long and was stopped. The file can be downloaded.';
export const DRAWING_FAILED = 'Drawing failed. The file itself was not touched.';

/** A row of this many pixels is held in memory as a whole. */
const MAX_ROW_PIXELS = 2 ** 24;

/** What keeps this HDU from being drawn, seen from its header; undefined if nothing does. */
export function imageProblem(
  file: FitsFile,
  hdu: Hdu | undefined,
  maxPixels: number,
): string | undefined {
  if (hdu === undefined) return noImage(file);
  if (hdu.kind !== 'image' && hdu.kind !== 'compressed-image') {
    return `HDU ${hdu.index} holds ${KINDS[hdu.kind] ?? 'data of another kind'}, not an image.`;
  }
  const { width, height } = planeOf(hdu);
  if (width * height === 0) return `HDU ${hdu.index} has no pixels, only a header.`;
  if (width * height > maxPixels || width > MAX_ROW_PIXELS) {
    return `The image has ${width} x ${height} pixels, more than are drawn.`;
  }
  const isCut = file.issues.some((issue) => issue.code === 'truncated' && issue.hdu === hdu.index);
  return isCut ? truncated(file, hdu) : undefined;
}

const KINDS: Readonly<Partial<Record<Hdu['kind'], string>>> = {
  bintable: 'a table',
  'compressed-table': 'a table',
  table: 'a table',
  groups: 'random groups',
};

function noImage(file: FitsFile): string {
  if (file.issues.some((issue) => issue.code === 'truncated' || issue.code === 'header')) {
    return 'The file ends or breaks off before any image. Its first header can be read.';
  }
  const tables = file.hdus.filter((hdu) => KINDS[hdu.kind] === 'a table').length;
  if (tables === 0) return 'The file has no image.';
  return `The file has no image, only ${tables === 1 ? 'a table' : `${tables} tables`}.`;
}

/** The words for an error met while opening or reading. */
export function fileProblem(error: unknown, at?: { file: FitsFile; hdu: Hdu }): string {
  if (!(error instanceof AppError)) return 'The image cannot be read.';
  if (error.code === 'fits_truncated' && at !== undefined) return truncated(at.file, at.hdu);
  return error.message.length <= 200 ? error.message : `${error.message.slice(0, 197)}...`;
}

function truncated(file: FitsFile, hdu: Hdu): string {
  // The samples of an XISF image lie where its header says, compressed or not.
  const { block } = hdu;
  const end = block ? block.offset + block.lengthBytes : hdu.dataOffset + hdu.dataBytes;
  const missing = end - file.sizeBytes;
  const where = missing > 0 ? `${formatBytes(missing)} too early` : 'inside the image';
  return `The file ends ${where}. The header can still be read.`;
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? ''}`;
}
