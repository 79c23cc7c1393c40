import {
  findNamesake,
  findTrashedOwner,
  hasKey,
  isBeingTrashed,
  mayDecideFor,
  type Actor,
  type Catalog,
  type FrameFacts,
  type Namesake,
} from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
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
  file: Pick<Fingerprint, 'sizeBytes' | 'sha256'>,
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
 * A version takes the place of another, and with its public date says who sees the frame: that is for
 * who brought the frame. So is the name of a frame in the trash, which could not come back if it were
 * taken. What others bring waits for an admin, also if the owner tries all that was refused once more.
 *
 * @throws 'forbidden'
 */
export function requireOwn(
  { frameId, owner, basename }: Omit<Target, 'key' | 'isThere'>,
  file: { readonly uploadedBy?: number | null },
  by: Actor,
): void {
  if (owner === undefined) return;
  const { uploadedBy = by.userId } = file;
  const isOwn = uploadedBy === owner || mayDecideFor(null, by);
  if (isOwn && mayDecideFor(owner, by)) return;
  const message =
    frameId === undefined
      ? `A frame '${basename}' that another account uploaded is in the trash: as long as it can come back, only that account or an admin may use its name.`
      : `'${basename}' was uploaded by another account: only that account or an admin may upload another version of it.`;
  throw new AppError('forbidden', message, frameId === undefined ? {} : { frameId });
}

/**
 * The first key that neither a row nor a file holds. A file without a row is left in peace, unless it
 * holds these very bytes, and is not that of a deleted frame, about to be moved away.
 */
async function freeKey(
  { catalog, store }: TargetParts,
  place: FilePlace,
  number: number,
  file: Pick<Fingerprint, 'sizeBytes' | 'sha256'>,
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
