import {
  findChosenProfile,
  listCorrections,
  releaseQuarantined,
  reviseFrame,
  toOverrides,
  type Actor,
  type FrameFacts,
  type Transaction,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import type { Inspected } from './inspect.js';
import { keywordsOf } from './keywords.js';
import { mapHeader } from './mapping.js';
import { isChosen, profilesFor, withOverrides, type Reading } from './overrides.js';
import { siteDefaults } from './place.js';
import { NO_RULES } from './rules.js';
import type { Profile } from './profiles.js';
import type { Spooled } from './spool.js';

interface MappingParts {
  readonly config: Config;
  readonly profiles: readonly Profile[];
}

/** The same file, with the values that a person laid over its headers. What is kept stays as it is. */
export async function readAs<T extends Pick<Inspected, 'hdus' | 'keywords'>>(
  inspected: T,
  { overrides }: Reading,
): Promise<T> {
  if (overrides.size === 0) return inspected;
  const hdus = withOverrides(inspected.hdus, overrides);
  return { ...inspected, hdus, keywords: await keywordsOf(hdus) };
}

/** The columns of a frame. @param inspected as `readAs` gives it; @throws as `mapHeader` */
export function factsOf(
  { config, profiles }: MappingParts,
  { hdus, lookups, keywords }: Pick<Inspected, 'hdus' | 'lookups' | 'keywords'>,
  reading: Reading,
): FrameFacts {
  return mapHeader(hdus, profilesFor(profiles, reading), siteDefaults(config), lookups, keywords);
}

/**
 * What goes with a new version beside itself, in the transaction that writes it: what was said about
 * the headers, now and for former versions of the frame, holds for it, and a file that was refused
 * before is no longer waiting.
 */
export async function settle(
  tx: Transaction,
  parts: MappingParts,
  upload: {
    readonly file: Pick<Spooled, 'sha256'>;
    readonly inspected: Inspected;
    readonly reading: Reading;
    readonly by: Actor;
  },
  frameId: number,
): Promise<void> {
  const { file, inspected, by } = upload;
  await releaseQuarantined(tx, file.sha256, frameId, by);
  const reading = await combine(tx, parts, frameId, upload.reading);
  if (!isChosen(reading)) return;
  const facts = factsOf(parts, await readAs(inspected, reading), reading);
  const { overrides, profile, ruled = NO_RULES } = reading;
  const { why } = upload.reading;
  const reason = why === undefined ? {} : { why };
  const said = { corrections: overrides, chosenProfile: profile, ruled, ...reason };
  await reviseFrame(tx, frameId, { facts, ...said }, by);
}

/** What is said now wins over what was said before; what a rule says does not. */
async function combine(
  tx: Transaction,
  { profiles }: MappingParts,
  frameId: number,
  { overrides, profile, ruled = NO_RULES }: Reading,
): Promise<Reading> {
  const before = toOverrides(await listCorrections(tx, frameId));
  const chosen = await findChosenProfile(tx, frameId);
  // A profile that was taken away since must not keep frames from coming in.
  const kept = profiles.some(({ name }) => name === chosen) ? chosen : null;
  const said = [...overrides].filter(([keyword]) => !(ruled.has(keyword) && before.has(keyword)));
  return { overrides: new Map([...before, ...said]), profile: profile ?? kept, ruled };
}
