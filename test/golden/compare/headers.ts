import type { Card, FitsFile, Hdu } from '../../../src/fits/index.js';
import type { CorpusEntry, GoldenCard, GoldenHdu, GoldenValue } from '../../support/corpus.js';

const TYPES: Readonly<Record<Hdu['kind'], string>> = {
  image: 'ImageHDU',
  'compressed-image': 'CompressedImage',
  bintable: 'BinTableHDU',
  'compressed-table': 'BinTableHDU',
  table: 'TableHDU',
  groups: 'GroupsHDU',
  unknown: '_NonstandardHDU',
};

/** What differs between the HDUs found and those of astropy, in words; [] if nothing does. */
export function compareHdus(file: FitsFile, entry: CorpusEntry): string[] {
  const found = file.hdus.map((hdu) => ({
    type: typeOf(hdu),
    bitpix: hdu.bitpix,
    shape: isMendedGroups(hdu) ? [0] : [...hdu.axes].reverse(),
    offset: hdu.headerOffset,
  }));
  const expected = (entry.hdus ?? []).map((hdu, index) => ({
    type: hdu.type,
    bitpix: hdu.bitpix,
    shape: hdu.shape,
    offset: hdu.header_offset ?? found[index]?.offset,
  }));
  const [ours, theirs] = [JSON.stringify(found), JSON.stringify(expected)];
  return ours === theirs ? [] : [`HDUs are ${ours}, not ${theirs}`];
}

function typeOf(hdu: Hdu): string {
  if (isMendedGroups(hdu)) return TYPES.groups;
  return hdu.kind === 'image' && hdu.index === 0 ? 'PrimaryHDU' : TYPES[hdu.kind];
}

/** Random groups must have axes; where they have none, astropy shows a header in which they have one. */
export function isMendedGroups({ header }: Hdu): boolean {
  return header.value('GROUPS') === true && header.value('NAXIS') === 0;
}

/** Every card against those of astropy, in order, commentary apart from the others. */
export function compareHeader(hdu: Hdu, golden: GoldenHdu): string[] {
  const problems: string[] = [];
  const cards = hdu.header.cards.filter((card) => card.kind !== 'commentary');
  const expected = (golden.header ?? []).filter(([keyword]) => !isMade(hdu, keyword));
  const count = Math.max(cards.length, expected.length);
  for (let i = 0; i < count; i += 1) {
    if (isMendedGroups(hdu) && cards[i]?.keyword === 'NAXIS') continue;
    if (!sameCard(cards[i], expected[i])) {
      problems.push(`"${cards[i]?.text ?? ''}" is not ${JSON.stringify(expected[i])}`);
    }
  }
  const texts = hdu.header.cards
    .filter((card) => card.kind === 'commentary')
    .map((card) => JSON.stringify([card.keyword, asAstropy(String(card.value))]));
  const wanted = (golden.commentary ?? []).map(([keyword, text]) =>
    JSON.stringify([keyword, text.trimEnd()]),
  );
  for (let i = 0; i < Math.max(texts.length, wanted.length); i += 1) {
    if (texts[i] !== wanted[i]) problems.push(`${texts[i] ?? ''} is not ${wanted[i] ?? ''}`);
  }
  return problems;
}

/** Cards that are not in the file: the axis of mended groups. */
function isMade(hdu: Hdu, keyword: string): boolean {
  return isMendedGroups(hdu) && keyword === 'NAXIS1' && hdu.header.card(keyword) === undefined;
}

/** astropy shows bytes that are not ASCII as question marks. */
const asAstropy = (text: string): string => text.replace(/[^\n\x20-\x7e]/g, '?').trimEnd();

/** Equal, or different in one of the ways where the codec keeps more of the card than astropy. */
function sameCard(card: Card | undefined, golden: GoldenCard | undefined): boolean {
  if (card === undefined || golden === undefined) return false;
  const [keyword, value, comment] = golden;
  if (typeof value === 'object' && value !== null && 'unparsable' in value) {
    return card.kind === 'bad';
  }
  // Record-valued cards: astropy takes "D2IM1 = 'AXIS.1: 1'" for a number called D2IM1.AXIS.1.
  if (typeof card.value === 'string' && keyword.startsWith(`${card.keyword}.`)) {
    const field = keyword.slice(card.keyword.length + 1);
    return (
      card.value.startsWith(`${field}: `) && Number(card.value.slice(field.length + 2)) === value
    );
  }
  if (card.keyword !== keyword || asAstropy(card.comment) !== comment.trimEnd()) return false;
  if (typeof card.value === 'string' && typeof value === 'string') {
    const text = asAstropy(card.value);
    // An ampersand at the end of a long string belongs to it; astropy drops it. And a text
    // without value indicator keeps its leading blanks there.
    return text === value || text === `${value}&` || (card.kind === 'bad' && text === value.trim());
  }
  return JSON.stringify(toGolden(card.value)) === JSON.stringify(value);
}

function toGolden(value: Card['value']): GoldenValue {
  if (value === null) return { undefined: true };
  if (typeof value === 'bigint') return { bigint: String(value) };
  return typeof value === 'object' ? { complex: value } : value;
}
