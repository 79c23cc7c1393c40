import type { Header } from '../fits/index.js';

/** Reads the keywords of one description of coordinates: the primary one, or one with a letter. */
export interface Keywords {
  /** ' ' for the primary description, else 'A' to 'Z'. */
  readonly letter: string;
  readonly header: Header;
  /** A finite number; the name is without the letter, which is added. */
  number(name: string): number | undefined;
  /** Upper-case text without blanks at its ends; undefined if it is empty. */
  text(name: string): string | undefined;
}

/**
 * The keywords of one description of coordinates. FITS Standard 4.0 §8.2.1 for the letters.
 *
 * @param headers the header itself, then those to ask after it, as INHERIT = T has it
 */
export function makeKeywords(headers: readonly Header[], letter: string): Keywords | undefined {
  const [header] = headers;
  if (header === undefined) return undefined;
  const suffix = letter.trim();
  return {
    letter,
    header,
    number(name) {
      for (const one of headers) {
        const value = one.number(`${name}${suffix}`);
        if (value !== undefined) return Number.isFinite(value) ? value : undefined;
      }
      return undefined;
    },
    text(name) {
      for (const one of headers) {
        const value = one.string(`${name}${suffix}`)?.trim().toUpperCase();
        if (value) return value;
      }
      return undefined;
    },
  };
}
