import type { Card, Hdu } from '../fits/index.js';

/** Cards that speak of the packed table only. */
const DROPPED =
  /^(?:ZTABLE|ZTILELEN|ZCTYP\d+|ZNAXIS[12]|ZPCOUNT|ZFORM\d+|ZTHEAP|CHECKSUM|DATASUM)$/;

/** Keywords of the packed table, and where it keeps those of the table inside. */
const INSIDE: readonly (readonly [own: RegExp, inside: string])[] = [
  [/^NAXIS([12])$/, 'ZNAXIS'],
  [/^PCOUNT()$/, 'ZPCOUNT'],
  [/^TFORM(\d+)$/, 'ZFORM'],
  [/^THEAP()$/, 'ZTHEAP'],
];

/**
 * The header of the table inside a compressed table: cards of 80 characters without END, in the
 * order of the compressed one, as cfitsio's funpack gives them. The sums are those of the original
 * if they were kept (ZHECKSUM, ZDATASUM). FITS Standard 4.0 §10.3.
 */
export function unpackedTableCards(hdu: Hdu): string[] {
  return hdu.header.cards.flatMap((card) => {
    if (card.kind === 'commentary') return [card.text.padEnd(80)];
    if (card.keyword === 'ZHECKSUM') return renamed(card, 'CHECKSUM');
    if (card.keyword === 'ZDATASUM') return renamed(card, 'DATASUM');
    if (DROPPED.test(card.keyword)) return [];
    const inside = insideOf(hdu, card.keyword);
    return renamed(inside ?? card, card.keyword);
  });
}

function insideOf(hdu: Hdu, keyword: string): Card | undefined {
  for (const [own, inside] of INSIDE) {
    const match = own.exec(keyword);
    if (match !== null) return hdu.header.card(`${inside}${match[1] ?? ''}`);
  }
  return undefined;
}

/** The text of a card under another keyword; a long string is several cards. */
function renamed(card: Card, keyword: string): string[] {
  const [first = '', ...more] = card.text.split('\n');
  const isShort = card.keyword !== keyword;
  const text = isShort ? keyword.padEnd(8) + first.slice(8) : first;
  return [text, ...more].map((line) => line.padEnd(80));
}
