import { makeHeader, parseCards } from '../../../src/fits/index.js';
import type { Header } from '../../../src/fits/index.js';

export type Cards = Readonly<Record<string, string | number | boolean>>;

/** A header as it is read from a file with these cards. */
export function headerOf(cards: Cards): Header {
  const text = Object.entries(cards).map(([keyword, value]) => {
    const written =
      typeof value === 'string' ? `'${value}'` : typeof value === 'boolean' ? 'TF'[+!value] : value;
    return `${keyword.padEnd(8)}= ${String(written).padStart(20)}`.padEnd(80);
  });
  return makeHeader(parseCards(Buffer.from(text.join(''), 'latin1')));
}

/** An image of 200 × 150 pixels around (150°, -35°), 36″ per pixel, north up and east left. */
export const PLAIN: Cards = {
  NAXIS: 2,
  NAXIS1: 200,
  NAXIS2: 150,
  CTYPE1: 'RA---TAN',
  CTYPE2: 'DEC--TAN',
  CRVAL1: 150,
  CRVAL2: -35,
  CRPIX1: 100.5,
  CRPIX2: 75.5,
  CDELT1: -0.01,
  CDELT2: 0.01,
};

/** Without the cards with these names. */
export function without(cards: Cards, ...names: readonly string[]): Cards {
  return Object.fromEntries(Object.entries(cards).filter(([name]) => !names.includes(name)));
}
