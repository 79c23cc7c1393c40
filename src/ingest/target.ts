import {
  findNamesake,
  hasKey,
  type Catalog,
  type FrameFacts,
  type Namesake,
} from '../catalog/index.js';
import type { Fingerprint } from '../lib/hash.js';
import type { Store } from '../store/index.js';
import { hashFile } from './compare.js';
import { exposureSuffix, versionKey, type FilePlace } from './naming.js';

interface TargetParts {
  readonly catalog: Catalog;
  readonly store: Store;
}

/** Where an upload goes: a new frame, or the next version of one. */
export interface Target {
  readonly basename: string;
  readonly key: string;
  readonly number: number;
  readonly frameId: number | undefined;
  /** Whether these very bytes lie under the key already, left by an upload that died halfway. */
  readonly isPut: boolean;
  readonly warnings: readonly string[];
}

/**
 * The same name is the same frame only for the same exposure: cameras that write `M31_001.fits`
 * every night are normal, and must not overwrite each other.
 */
export async function chooseTarget(
  parts: TargetParts,
  place: FilePlace,
  facts: FrameFacts,
  file: Fingerprint,
): Promise<Target> {
  const warnings: string[] = [];
  let { basename } = place;
  let namesake = await findNamesake(parts.catalog.read, basename);
  if (namesake !== undefined && !isSameExposure(namesake, facts)) {
    warnings.push(
      `Another exposure is called '${basename}' already, so the time was added to the name.`,
    );
    ({ basename, namesake } = await findOwnName(parts.catalog, place.basename, facts));
  }
  const number = (namesake?.versions ?? 0) + 1;
  const where = await freeKey(parts, { ...place, basename }, number, file);
  return { basename, ...where, number, frameId: namesake?.id, warnings };
}

/** `name-<time>`, then `name-<time>-2` and so on, until one is free or means this exposure. */
async function findOwnName(
  catalog: Catalog,
  name: string,
  facts: FrameFacts,
): Promise<{ basename: string; namesake: Namesake | undefined }> {
  const stem = `${name}${exposureSuffix(facts.dateObsMs)}`;
  for (let count = 1; ; count += 1) {
    const basename = count === 1 ? stem : `${stem}-${count}`;
    const namesake = await findNamesake(catalog.read, basename);
    if (namesake === undefined || isSameExposure(namesake, facts)) return { basename, namesake };
  }
}

function isSameExposure(namesake: Namesake, facts: FrameFacts): boolean {
  return namesake.instrument === facts.instrument && namesake.dateObsMs === facts.dateObsMs;
}

/**
 * The first key that neither a row nor a file holds. A file without a row is what a crash between
 * file and row leaves: if it holds these very bytes it is taken over, else it is left in peace.
 */
async function freeKey(
  { catalog, store }: TargetParts,
  place: FilePlace,
  number: number,
  file: Fingerprint,
): Promise<{ key: string; isPut: boolean }> {
  for (let suffix = number; ; suffix += 1) {
    const key = versionKey(place.folder, place.basename, place.extension, suffix);
    if (await hasKey(catalog, key)) continue;
    const found = await store.stat(key);
    if (found === undefined) return { key, isPut: false };
    const isTwin =
      found.sizeBytes === file.sizeBytes && (await hashFile(store, key)) === file.sha256;
    if (isTwin) return { key, isPut: true };
  }
}
