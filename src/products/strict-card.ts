import { formatCards, type Card } from '../fits/index.js';

const CARD_BYTES = 80;
/** With a value these would be other cards than they are. */
const NO_KEYWORD = /^(?:END|CONTINUE|HIERARCH)$/;
const STANDARD = /^(?:[A-Z0-9_-]{1,8} *|HIERARCH [^=]+)= /;

/**
 * A card that keeps to the standard, as lines of 80 characters: as it stands where it does, else
 * written anew, so that what it says survives. FITS Standard 4.0 §4.1, §4.2.
 */
export function strictCard(card: Card): string[] {
  const lines = card.text.split('\n').map((line) => line.padEnd(CARD_BYTES));
  const isPlain = lines.every((line) => /^[\x20-\x7e]{80}$/.test(line));
  if (card.kind === 'commentary') {
    return isPlain ? lines : lines.map((line) => line.replace(/[^\x20-\x7e]/g, '?'));
  }
  if (isPlain && card.kind !== 'bad' && isStandard(lines[0] ?? '')) return lines;
  const text = printable(card.text.replaceAll('\n', ' ').trimEnd());
  const keyword = card.keyword.toUpperCase();
  // Neither a keyword nor a value that can be saved: its text stays as a comment.
  const isKeyword = /^[A-Z0-9_-]{1,8}$/.test(keyword) && !NO_KEYWORD.test(keyword);
  if (!isKeyword || !text.includes('=')) return formatCards(['COMMENT', text]);
  const value = typeof card.value === 'string' ? printable(card.value) : card.value;
  if (Array.isArray(value) || typeof value === 'object') return formatCards(['COMMENT', text]);
  return formatCards([keyword, value, printable(card.comment)]);
}

function isStandard(line: string): boolean {
  return STANDARD.test(line) && (line.startsWith('HIERARCH') || line.indexOf('= ') === 8);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
