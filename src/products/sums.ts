import { datasum, withChecksums, type Hdu } from '../fits/index.js';
import { headerBytes } from './plan.js';

const ALL_ONES = 0xffffffff;
const DIGITS = /^\d{1,10}$/;
const SUMS = /^(?:CHECKSUM|DATASUM )=/;

/**
 * The header of an HDU that is unpacked, with the sums of the original, which its packed header had kept
 * (ZHECKSUM, ZDATASUM): whole blocks, with END. Data that packing has changed are not those of any
 * sum, so both are left out; a CHECKSUM that is not that of the header, because that was edited or could
 * not be restored to the letter, is made anew. FITS Standard 4.0 §4.4.2.7, §10.1.2.
 *
 * @param hdu   the packed one
 * @param cards of the unpacked one, of 80 characters each, without END
 * @param isOriginal true to leave all as it stands: the cards are known to be those of the original
 */
export function withKeptSums(
  hdu: Hdu,
  cards: readonly string[],
  { isOriginal }: { isOriginal: boolean },
): Uint8Array {
  if (isOriginal || !cards.some((card) => SUMS.test(card))) return headerBytes(cards);
  if (isLossy(hdu)) return headerBytes(cards.filter((card) => !SUMS.test(card)));
  const header = headerBytes(cards);
  const kept = hdu.header.string('ZDATASUM')?.trim() ?? '';
  if (hdu.header.card('ZHECKSUM') === undefined || !DIGITS.test(kept)) return header;
  const sum = datasum(header, Number(kept));
  return sum === 0 || sum === ALL_ONES ? header : withChecksums(cards, Number(kept));
}

/** Whether pixels may have lost something: quantized floats, and HCOMPRESS with a scale. */
function isLossy({ kind, bitpix, header, compression }: Hdu): boolean {
  if (kind !== 'compressed-image') return false;
  const words = header.cards.map(({ keyword, value }) => [keyword, value] as const);
  if (bitpix < 0) {
    const isQuantized = words.some(
      ([keyword, value]) =>
        keyword === 'ZSCALE' || (/^TTYPE\d+$/.test(keyword) && value === 'ZSCALE'),
    );
    return isQuantized && header.string('ZQUANTIZ')?.trim().toUpperCase() !== 'NONE';
  }
  // HCOMPRESS_1 knows two parameters: SCALE, 0 without loss, and SMOOTH.
  const scaleName = words.find(
    ([keyword, value]) => /^ZNAME\d+$/.test(keyword) && value === 'SCALE',
  );
  const scale = header.number(`ZVAL${scaleName?.[0].slice('ZNAME'.length) ?? ''}`) ?? 0;
  return compression.startsWith('HCOMPRESS') && scale !== 0;
}
