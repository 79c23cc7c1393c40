import { planeOf, type FitsFile, type Hdu } from '../fits/index.js';
import { unpackedHeaderCards } from './image-header.js';
import { allPlanes, imagePieces } from './image-pieces.js';
import { BLOCK_BYTES, fillPiece, makePlan, type Piece, type Plan } from './plan.js';
import { withKeptSums } from './sums.js';
import { unpackedTableCards } from './table-header.js';
import { tablePieces } from './table-pieces.js';

/** Cards of an empty primary HDU that say nothing: it was made to stand before a packed image. */
const EMPTY_PRIMARY =
  /^(?:SIMPLE|BITPIX|NAXIS|EXTEND|CHECKSUM|DATASUM|ORIGIN|DATE|IRAF-TLM|COMMENT|HISTORY|)$/;

export interface UnpackRequest {
  /** True for a file that `packFits` made: its headers are those of the original, right or wrong. */
  readonly isOriginal?: boolean;
}

/**
 * The file with every tile-compressed image and table as plain ones; all else byte for byte. A
 * primary image that moved to an extension to be packed moves back. CHECKSUM and DATASUM of what was
 * compressed are those of the original, or left out if there were none or pixels have changed.
 * FITS Standard 4.0 §10.
 *
 * @throws 'fits_unsupported' or 'fits_invalid' for a compressed header that cannot be restored
 */
export function planUnpack(file: FitsFile, { isOriginal = false }: UnpackRequest = {}): Plan {
  const [primary, first] = file.hdus;
  const moved = primary !== undefined && first !== undefined && isMoved(primary, first);
  const hdus = moved ? file.hdus.slice(1) : file.hdus;
  return makePlan(
    hdus.flatMap((hdu, index) => {
      const primary = moved && index === 0;
      return unpackHdu(file, hdu, { primary, isOriginal });
    }),
  );
}

/** True if any HDU is compressed: else the file is as it would be unpacked. */
export function isPacked(file: FitsFile): boolean {
  return file.hdus.some((hdu) => hdu.kind.startsWith('compressed'));
}

/** True if the first extension was the primary image, and the primary HDU has nothing to say. */
function isMoved(primary: Hdu, first: Hdu): boolean {
  return (
    primary.dataBytes === 0 &&
    first.kind === 'compressed-image' &&
    first.header.value('ZSIMPLE') === true &&
    primary.header.cards.every((card) => EMPTY_PRIMARY.test(card.keyword))
  );
}

interface UnpackOptions {
  readonly primary: boolean;
  readonly isOriginal: boolean;
}

function unpackHdu(file: FitsFile, hdu: Hdu, options: UnpackOptions): Piece[] {
  if (hdu.kind === 'compressed-image') {
    const { width, height } = planeOf(hdu);
    const whole = { x: 0, y: 0, width, height };
    return [
      { kind: 'bytes', bytes: withKeptSums(hdu, unpackedHeaderCards(hdu, options), options) },
      ...imagePieces(hdu, whole, allPlanes(hdu)),
    ];
  }
  if (hdu.kind === 'compressed-table') {
    const bytes = withKeptSums(hdu, unpackedTableCards(hdu), options);
    return [{ kind: 'bytes', bytes }, ...tablePieces(hdu)];
  }
  return copyHdu(file, hdu);
}

/** A file may lack the fill after its last data; the copy has it. */
function copyHdu(file: FitsFile, hdu: Hdu): Piece[] {
  const end = hdu.dataOffset + hdu.dataBytes;
  const have = Math.min(file.sizeBytes, Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES);
  const lengthBytes = have - hdu.headerOffset;
  return [{ kind: 'copy', offset: hdu.headerOffset, lengthBytes }, fillPiece(lengthBytes)];
}
