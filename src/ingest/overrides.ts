import {
  kindOf,
  NO_OVERRIDES,
  overlayCards,
  type Overrides,
  type Ruled,
} from '../catalog/index.js';
import { mainImage, makeHeader, type Card, type Hdu } from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import type { Profile } from './profiles.js';

/** How people want the headers of a file to be read; the file itself is not touched. */
export interface Reading {
  /** Values that lie over its headers. */
  readonly overrides: Overrides;
  /** Name of the profile to read it by; null for the first that fits. */
  readonly profile: string | null;
  /** Of the values, those that no person gave for this file, but a rule. */
  readonly ruled?: Ruled;
  /** What is said about the values that people gave. */
  readonly why?: string;
}

/** As the file itself says. */
export const AS_IT_STANDS: Reading = { overrides: NO_OVERRIDES, profile: null };

/** True if a person has a say in it. */
export function isChosen({ overrides, profile }: Reading): boolean {
  return overrides.size > 0 || profile !== null;
}

/** HDUs whose headers answer with the values that lie over them. */
export function withOverrides(hdus: readonly Hdu[], overrides: Overrides): readonly Hdu[] {
  if (overrides.size === 0) return hdus;
  const main = mainImage({ hdus });
  const front = [0, ...(main === undefined ? [] : [hdus.indexOf(main)])];
  const headers = hdus.map(({ header }) => header.cards);
  const laid = overlayCards(headers, overrides, { front, toCard: makeCard });
  return hdus.map((hdu, index) => {
    const cards = laid[index] ?? [];
    const isSame = cards.length === hdu.header.cards.length && cards.every(isIn(hdu.header.cards));
    return isSame ? hdu : { ...hdu, header: makeHeader(cards) };
  });
}

function isIn(cards: readonly Card[]): (card: Card, index: number) => boolean {
  return (card, index) => cards[index] === card;
}

/** A card that stands in no file: it has a text, since numbers are shown as they were written. */
export function makeCard(keyword: string, value: string | number | boolean): Card {
  const text = `${keyword.padEnd(8)}= ${String(value)}`;
  return { keyword, kind: kindOf(value), value, comment: '', text, offset: -1 };
}

/**
 * The profiles to try: all, or the one that was chosen.
 * @throws 'bad_request' if there is none of that name
 */
export function profilesFor(
  profiles: readonly Profile[],
  { profile }: Reading,
): readonly Profile[] {
  if (profile === null) return profiles;
  const chosen = profiles.find(({ name }) => name === profile);
  if (chosen === undefined) {
    const names = profiles.map(({ name }) => name).join(', ');
    const message = `There is no profile '${profile}': there are ${names}.`;
    throw new AppError('bad_request', message, { parameter: 'profile' });
  }
  return [{ ...chosen, match: { always: true } }];
}
