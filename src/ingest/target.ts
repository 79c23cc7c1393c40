import {
  findNamesake,
  findTrashedOwner,
  hasKey,
  isBeingTrashed,
  type Catalog,
  type FrameFacts,
  type Namesake,
} from '../catalog/index.js';
import { sha256Of, type Fingerprint } from '../lib/hash.js';
import type { Store } from '../store/index.js';
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
  /**
   * Whose frame it takes the place of, or of whose frame in the trash it takes the name: null if nobody
   * knows, undefined if there is none.
   */
  readonly owner: number | null | undefined;
  /** Whether these very bytes lie under the key already, as a power cut between file and row leaves them. */
  readonly isThere: boolean;
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
  const name = await chooseName(parts.catalog.read, place.basename, facts);
  const where = await freeKey(parts, { ...place, basename: name.basename }, name.number, file);
  return { ...name, ...where };
}

/** Which frame a file belongs to by its name: a new one, or the next version of one. */
export async function chooseName(
  db: Catalog['read'],
  name: string,
  facts: Pick<FrameFacts, 'instrument' | 'dateObsMs'>,
): Promise<Omit<Target, 'key' | 'isThere'>> {
  const warnings: string[] = [];
  let basename = name;
  let namesake = await findNamesake(db, basename);
  if (namesake !== undefined && !isSameExposure(namesake, facts)) {
    warnings.push(
      `Another exposure is called '${basename}' already, so the time was added to the name.`,
    );
    ({ basename, namesake } = await findOwnName(db, name, facts));
  }
  const { versions = 0, id: frameId } = namesake ?? {};
  const owner = namesake === undefined ? await findTrashedOwner(db, basename) : namesake.owner;
  return { basename, number: versions + 1, frameId, owner, warnings };
}

/** `name-<time>`, then `name-<time>-2` and so on, until one is free or means this exposure. */
async function findOwnName(
  db: Catalog['read'],
  name: string,
  facts: Pick<FrameFacts, 'instrument' | 'dateObsMs'>,
): Promise<{ basename: string; namesake: Namesake | undefined }> {
  const stem = `${name}${exposureSuffix(facts.dateObsMs)}`;
  for (let count = 1; ; count += 1) {
    const basename = count === 1 ? stem : `${stem}-${count}`;
    const namesake = await findNamesake(db, basename);
    if (namesake === undefined || isSameExposure(namesake, facts)) return { basename, namesake };
  }
}

function isSameExposure(
  namesake: Namesake,
  facts: Pick<FrameFacts, 'instrument' | 'dateObsMs'>,
): boolean {
  return namesake.instrument === facts.instrument && namesake.dateObsMs === facts.dateObsMs;
}

/**
 * The first key that neither a row nor a file holds. A file without a row is left in peace, unless it
 * holds these very bytes, and is not that of a deleted frame, about to be moved away.
 */
async function freeKey(
  { catalog, store }: TargetParts,
  place: FilePlace,
  number: number,
  file: Fingerprint,
): Promise<Pick<Target, 'key' | 'isThere'>> {
  for (let suffix = number; ; suffix += 1) {
    const key = versionKey(place.folder, place.basename, place.extension, suffix);
    if (await hasKey(catalog, key)) continue;
    const found = await store.stat(key);
    if (found === undefined) return { key, isThere: false };
    const isTwin =
      found.sizeBytes === file.sizeBytes && (await sha256Of(await store.read(key))) === file.sha256;
    if (isTwin && !(await isBeingTrashed(catalog, key))) return { key, isThere: true };
  }
}
