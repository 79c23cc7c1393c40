import {
  findBySha256,
  listRules,
  type Actor,
  type Catalog,
  type FrameFacts,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { AppError } from '../lib/errors.js';
import type { Store } from '../store/index.js';
import { readHdus, sourceLimits, type SurveyPool } from './inspect.js';
import { findCard, keywordsOf } from './keywords.js';
import type { Reading } from './overrides.js';
import { isPackable } from './pack.js';
import { placeFile } from './place.js';
import type { Profile } from './profiles.js';
import { underRules } from './rules.js';
import { requireSense } from './sense.js';
import { factsOf, readAs } from './settle.js';
import type { Spooled } from './spool.js';
import { chooseTarget, requireOwn } from './target.js';

/** Where a file would go, read in a certain way. */
export interface Foreseen {
  /** Path below the root of the archive. */
  readonly key: string;
  readonly basename: string;
  readonly version: number;
  /** The frame that it would be a version of, or is one of already; undefined for a new one. */
  readonly frameId: number | undefined;
  /** These very bytes are in the archive. */
  readonly isStored: boolean;
  /** What the header says, under what lies over it. */
  readonly facts: FrameFacts;
  readonly warnings: readonly string[];
}

/** A file that lies somewhere, and came as an upload. */
export type KeptFile = Omit<Spooled, 'md5' | 'crc32'>;

interface ForeseeParts {
  readonly catalog: Catalog;
  readonly config: Config;
  readonly store: Store;
  readonly profiles: readonly Profile[];
  readonly pool: SurveyPool;
}

/**
 * What storing a file would make of it, by the same steps but without its data: these were judged when
 * it came. Another upload that is quicker may take the name first.
 *
 * @throws 'header_missing' with all keywords that are still missing as `data.keywords`;
 *         'header_invalid', 'path_escapes', 'forbidden' as when it is stored; 'bad_request' for an
 *         unknown profile; as the codec
 */
export async function foresee(
  parts: ForeseeParts,
  file: KeptFile,
  { by, reading }: { readonly by: Actor; readonly reading: Reading },
): Promise<Foreseen> {
  const { catalog, config, store, pool } = parts;
  const found = await readHdus(file.path, sourceLimits(config, store), pool);
  const inspected = { ...found, keywords: await keywordsOf(found.hdus) };
  const ruled = underRules(inspected, file, reading, await listRules(catalog.read));
  const { facts, place } = await placeAs(parts, { file, inspected }, ruled);
  const known = await findBySha256(catalog.read, file.sha256);
  if (known !== undefined) {
    const { key, basename, version, frameId } = known;
    return { key, basename, version, frameId, isStored: true, facts, warnings: [] };
  }
  const packing = config.COMPRESS === 'rice' && isPackable(inspected) ? '.fz' : '';
  const wanted = { ...place, extension: place.extension + packing };
  const target = await chooseTarget(parts, wanted, facts, file);
  requireOwn(target, file, by);
  const { key, basename, number: version, frameId } = target;
  const warnings = [...facts.warnings, ...target.warnings];
  return { key, basename, version, frameId, isStored: false, facts, warnings };
}

interface Found {
  readonly file: KeptFile;
  readonly inspected: Awaited<ReturnType<typeof readHdus>> & {
    readonly keywords: ReadonlySet<string> | undefined;
  };
}

async function placeAs(parts: ForeseeParts, found: Found, reading: Reading) {
  try {
    return await tryPlace(parts, found, reading);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const keywords = await allMissing(parts, found, reading, error);
    const message = `Could not find ${keywords.join(', ')} in FITS header.`;
    throw new AppError('header_missing', message, { ...error.data, keywords }, error);
  }
}

async function tryPlace(parts: ForeseeParts, { file, inspected }: Found, reading: Reading) {
  const read = await readAs(inspected, reading);
  const facts = factsOf(parts, read, reading);
  const given = [...reading.overrides].filter(([keyword]) => reading.ruled?.has(keyword) !== true);
  requireSense(facts, new Map(given), (keyword) => findCard(inspected.hdus, keyword) !== undefined);
  return { facts, place: placeFile(parts.config, file, read, facts) };
}

/** A value that does for a text as well as for a date: whatever is missing can be it. */
const STAND_IN = '2000-01-01T00:00:00';

/** The keyword that stopped it, and those that would stop it next. */
async function allMissing(
  parts: ForeseeParts,
  found: Found,
  reading: Reading,
  first: Missing,
): Promise<string[]> {
  const missing = new Map([[first.data.keyword, STAND_IN]]);
  for (;;) {
    const overrides = new Map([...reading.overrides, ...missing]);
    try {
      await tryPlace(parts, found, { ...reading, overrides });
    } catch (error) {
      if (isMissing(error) && !missing.has(error.data.keyword)) {
        missing.set(error.data.keyword, STAND_IN);
        continue;
      }
      // What a made-up value leads to is no news.
      if (!(error instanceof AppError)) throw error;
    }
    return [...missing.keys()];
  }
}

type Missing = AppError & { readonly data: { readonly keyword: string } };

function isMissing(error: unknown): error is Missing {
  const isMissed = error instanceof AppError && error.code === 'header_missing';
  return isMissed && typeof error.data.keyword === 'string';
}
