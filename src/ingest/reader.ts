import type { FrameFacts, StoredHdu } from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { Finding } from '../lib/finding.js';
import type { Store } from '../store/index.js';
import { inspectStored, type FilingPool } from './filing.js';
import { readHdus, sourceLimits, type SurveyPool } from './inspect.js';
import { keywordsOf } from './keywords.js';
import { mapHeader, readHeader } from './mapping.js';
import { profilesFor, withOverrides, type Reading } from './overrides.js';
import { siteDefaults } from './place.js';
import type { Profile } from './profiles.js';
import { skyFindings } from './sky.js';

/** Reads files that are in the archive already anew. */
export interface Reader {
  /** In the order in which they are tried. */
  readonly profiles: readonly Profile[];
  /**
   * What a stored file says, read in a certain way. Headers alone are read, unless it is compressed.
   * @throws 'not_found' if it is not there; 'header_missing', 'header_invalid'; as the codec
   */
  facts(key: string, reading: Reading): Promise<FrameFacts>;
  /**
   * Where the headers of a stored file disagree with the sky: as `checkSky`, with SKY_TOLERANCE_DEG and
   * the horizon of the site. Nothing if they do not tell when and where.
   *
   * @throws as `facts`
   */
  skyFindings(key: string, reading: Reading): Promise<readonly Finding[]>;
  /**
   * The headers of a stored file as the catalogue keeps them.
   *
   * @param isPacked true if it was packed at ingest: then they are those of what was uploaded
   * @throws 'not_found', as the codec
   */
  headers(key: string, isPacked: boolean): Promise<readonly StoredHdu[]>;
}

export interface ReaderParts {
  readonly config: Config;
  readonly store: Store;
  readonly profiles: readonly Profile[];
  readonly pool: SurveyPool & FilingPool;
}

export function createReader({ config, store, profiles, pool }: ReaderParts): Reader {
  const limits = sourceLimits(config, store);
  /** What one of the functions that map headers makes of a stored file. */
  async function readWith<T>(
    map: (...header: Parameters<typeof mapHeader>) => T,
    key: string,
    reading: Reading,
  ): Promise<T> {
    const path = await store.localPath(key);
    const chosen = profilesFor(profiles, reading);
    const { hdus, lookups } = await readHdus(path, limits, pool);
    const read = withOverrides(hdus, reading.overrides);
    const keywords = await keywordsOf(read);
    return map(read, chosen, siteDefaults(config), lookups, keywords);
  }
  return {
    profiles,
    facts: (key, reading) => readWith(mapHeader, key, reading),
    async skyFindings(key, reading) {
      const header = await readWith(readHeader, key, reading);
      return skyFindings(header, config.SKY_TOLERANCE_DEG);
    },
    async headers(key, isPacked) {
      const path = await store.localPath(key);
      return (await inspectStored(path, { isPacked, limits, pool })).stored;
    },
  };
}
