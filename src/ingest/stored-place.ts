import type { Place } from '../almanac/index.js';
import type { Overrides, StoredCard, StoredHdu } from '../catalog/index.js';
import { makeHeader, type Card, type Hdu } from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { readHeader } from './mapping.js';
import { profilesFor, withOverrides, type Reading } from './overrides.js';
import type { Profile } from './profiles.js';
import type { SiteDefaults } from './site.js';

/**
 * Where headers that the catalogue keeps say that their frame was taken, read as people want them to be.
 *
 * @param profiles in the order in which they are tried
 * @returns undefined if they do not tell it, or cannot be read
 */
export function placeOfStored(
  stored: readonly StoredHdu[],
  reading: Reading,
  profiles: readonly Profile[],
  site: SiteDefaults,
): Place | undefined {
  try {
    const hdus = hdusOfStored(stored, reading.overrides);
    return readHeader(hdus, profilesFor(profiles, reading), site).where.place;
  } catch (error) {
    // What would be refused today may have come in by other rules.
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** The HDUs of headers that the catalogue keeps, without data, under the values that lie over them. */
export function hdusOfStored(stored: readonly StoredHdu[], overrides: Overrides): readonly Hdu[] {
  return withOverrides(stored.map(toHdu), overrides);
}

/** An HDU without data: its header alone is asked. */
function toHdu({ hdu, name, kind, bitpix, axes, cards }: StoredHdu): Hdu {
  return {
    index: hdu,
    name,
    kind: kind as Hdu['kind'],
    header: makeHeader(cards.map(toCard)),
    bitpix,
    axes,
    compression: '',
    headerOffset: 0,
    dataOffset: 0,
    dataBytes: 0,
  };
}

/** A card without its place in the file; numbers are shown by its text. */
function toCard({ keyword, kind, value, comment }: StoredCard): Card {
  const text = `${keyword.padEnd(8)}= ${String(value)}`;
  return { keyword, kind: kind as Card['kind'], value, comment, text, offset: -1 };
}
