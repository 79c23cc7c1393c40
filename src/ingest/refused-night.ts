import type { Config } from '../config/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import type { Store } from '../store/index.js';
import { readHdus, sourceLimits, type SurveyPool } from './inspect.js';
import { keywordsOf } from './keywords.js';
import { readHeader } from './mapping.js';
import { profilesFor, type Reading } from './overrides.js';
import { siteDefaults } from './place.js';
import type { Profile } from './profiles.js';
import { readAs } from './settle.js';

/** What the header of a refused file is read with. */
export interface RefusedParts {
  readonly config: Config;
  readonly store: Store;
  readonly profiles: readonly Profile[];
  readonly pool: SurveyPool;
}

/**
 * The night that the header of a refused file names: one that lost its end, or lacks a keyword, still
 * tells when it was taken.
 *
 * @returns null if its header cannot be read, or does not tell
 */
export async function nightOfRefused(
  { config, store, profiles, pool }: RefusedParts,
  path: string,
  reading: Reading,
): Promise<string | null> {
  try {
    const found = await readHdus(path, sourceLimits(config, store), pool);
    const whole = { ...found, keywords: await keywordsOf(found.hdus) };
    const { hdus, keywords } = await readAs(whole, reading);
    const lenient = profilesFor(profiles, reading).map((each) => ({ ...each, required: [] }));
    return readHeader(hdus, lenient, siteDefaults(config), [], keywords).facts.night;
  } catch (error) {
    // It was refused for something of the kind.
    if (error instanceof AppError || systemCode(error) !== undefined) return null;
    throw error;
  }
}
