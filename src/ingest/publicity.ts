import type { Config } from '../config/index.js';
import type { Store } from '../store/index.js';
import { readHdus, sourceLimits, type SurveyPool } from './inspect.js';
import { keywordsOf } from './keywords.js';
import { publicityOf, type Publicity } from './mapping.js';
import { AS_IT_STANDS, profilesFor, withOverrides, type Reading } from './overrides.js';
import type { Profile } from './profiles.js';

interface PublicityParts {
  readonly config: Config;
  readonly store: Store;
  readonly profiles: readonly Profile[];
  readonly pool: SurveyPool;
}

/**
 * Whether other people would see the frame of a file if it were read in a certain way: its public date
 * or its proposal is then not what the file itself says.
 *
 * @throws as the codec; 'bad_request' for an unknown profile
 */
export async function changesPublicity(
  { config, store, profiles, pool }: PublicityParts,
  path: string,
  reading: Reading,
): Promise<boolean> {
  const { hdus } = await readHdus(path, sourceLimits(config, store), pool);
  const publicityAs = async (how: Reading): Promise<Publicity> => {
    const read = withOverrides(hdus, how.overrides);
    return publicityOf(read, profilesFor(profiles, how), await keywordsOf(read));
  };
  const said = await publicityAs(AS_IT_STANDS);
  const wanted = await publicityAs(reading);
  return said.publicDateMs !== wanted.publicDateMs || said.proposal !== wanted.proposal;
}
