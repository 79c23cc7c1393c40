/** Structure of the table in which a compressed image is packed: not of the image. FITS Standard 4.0 §10.1. */
const OF_PACKING =
  /^(?:XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|TTYPE\d+|TFORM\d+|ZIMAGE|ZCMPTYPE|ZTILE\d+|ZNAME\d+|ZVAL\d+|ZMASKCMP|ZQUANTIZ|ZDITHER0|ZBLANK|CHECKSUM|DATASUM)$/;

/** Keywords of the image inside, which has them without the Z. §10.1.1. */
const OF_IMAGE_INSIDE =
  /^Z(SIMPLE|TENSION|EXTEND|BLOCKED|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|HECKSUM|DATASUM)$/;

/** Those that the Z has taken the place of a letter of. */
const RESTORED: Readonly<Record<string, string>> = { TENSION: 'XTENSION', HECKSUM: 'CHECKSUM' };

/** What a keyword of a compressed image is called in the image inside; undefined if it is of the table. */
export function unpackedKeyword(keyword: string): string | undefined {
  const inner = OF_IMAGE_INSIDE.exec(keyword)?.[1];
  if (inner !== undefined) return RESTORED[inner] ?? inner;
  return OF_PACKING.test(keyword) ? undefined : keyword;
}
