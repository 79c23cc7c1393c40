import type { StoredCard, StoredHdu } from '../catalog/index.js';
import { openFits, type Card, type Hdu } from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import type { Container } from './naming.js';
import type { Spooled } from './spool.js';

/** What an upload turns out to be. */
export interface Inspected {
  readonly container: Container;
  readonly hdus: readonly Hdu[];
  /** The headers as the catalogue keeps them. */
  readonly stored: readonly StoredHdu[];
}

/**
 * Reads all headers of a spooled file and judges whether it can be kept. What is odd but readable is
 * accepted; what lost its end, or has no data at all, is refused, so that its sender sends it again.
 *
 * @throws 'fits_invalid', 'fits_truncated', 'fits_unsupported', 'too_large'
 */
export async function inspect(
  file: Spooled,
  maxExpandedBytes: number,
  tempDir: string,
): Promise<Inspected> {
  if (file.sizeBytes === 0) throw new AppError('fits_invalid', 'The file is empty.');
  const fits = await openFits(file.path, { maxExpandedBytes, tempDir });
  try {
    const fault = fits.issues.find((issue) => issue.level === 'error');
    if (fault?.code === 'truncated') {
      throw new AppError(
        'fits_truncated',
        `${fault.text} Nothing is lost: send the whole file again.`,
      );
    }
    if (fault !== undefined) throw new AppError('fits_invalid', fault.text);
    if (fits.hdus.every((hdu) => hdu.dataBytes === 0)) {
      throw new AppError('fits_invalid', 'The file has headers, but no image and no table.');
    }
    const compressed = fits.hdus.some((hdu) => hdu.kind.startsWith('compressed'));
    return {
      container: fits.container === 'plain' && compressed ? 'tiles' : fits.container,
      hdus: fits.hdus,
      stored: fits.hdus.map(toStoredHdu),
    };
  } finally {
    await fits.close();
  }
}

function toStoredHdu(hdu: Hdu): StoredHdu {
  return {
    hdu: hdu.index,
    name: hdu.name,
    kind: hdu.kind,
    bitpix: hdu.bitpix,
    axes: hdu.axes,
    cards: hdu.header.cards.map(toStoredCard),
  };
}

function toStoredCard(card: Card): StoredCard {
  const { value } = card;
  return {
    keyword: card.keyword,
    kind: card.kind,
    value: typeof value === 'bigint' ? String(value) : value,
    comment: card.comment,
  };
}
