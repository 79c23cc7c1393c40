import {
  findChosenProfile,
  findOriginal,
  findOwner,
  getFrame,
  insertEvent,
  insertHdus,
  insertJob,
  inTransaction,
  listCorrections,
  listHdus,
  listHeaders,
  listVersions,
  mayDecideFor,
  recordDeed,
  reviseFrame,
  toOverrides,
  type Actor,
  type Catalog,
  type Correction,
  type CorrectionValue,
  type Frame,
  type FrameFacts,
  type Overrides,
  type Revision,
  type Version,
  type Viewer,
} from '../catalog/index.js';
import { requireSense, type Reader, type Reading } from '../ingest/index.js';
import { AppError, hasCode } from '../lib/errors.js';
import type { Store } from '../store/index.js';

/** What people say about the headers of a frame. */
export interface Corrected {
  readonly corrections: readonly Correction[];
  /** The profile that a person chose; null for the one that fits its header. */
  readonly chosenProfile: string | null;
}

export interface CorrectionChange {
  readonly overrides: Overrides;
  /** True if these are all from now on; false if they come on top of those there are. */
  readonly isWhole: boolean;
  /** undefined leaves it as it is; null chooses by the header again. */
  readonly profile?: string | null | undefined;
  /** Keywords whose corrections are withdrawn, whatever `overrides` says of them. */
  readonly withdrawn?: readonly string[];
  /** What is said about it. */
  readonly why?: string | undefined;
}

/** Frames whose file stays, while what is known of them changes. */
export interface Revisions {
  /** Corrections of a frame that `viewer` may see. @throws 'not_found' */
  corrections(frameId: number, viewer: Viewer): Promise<Corrected>;
  /**
   * Sets header values right. The file is not touched and keeps its place; what follows from its
   * headers is worked out anew.
   *
   * @throws 'not_found'; 'header_invalid', 'header_missing' if nothing can be made of the values;
   *         'bad_request' for an unknown profile; 'forbidden' if it would change who sees a frame that
   *         another account uploaded, and `viewer` is no admin
   */
  correct(frameId: number, change: CorrectionChange, viewer: Viewer): Promise<Corrected>;
  /** Makes a former version the one that is shown. @throws 'not_found', 'damaged', 'forbidden' as above */
  restoreVersion(frameId: number, number: number, viewer: Viewer): Promise<void>;
}

export interface RevisionParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly reader: Reader;
  /** Called after a version was restored: there is a job to do. */
  readonly onRestored: () => void;
}

/** A frame that somebody else changes at the same time is read again this often. */
const MAX_TRIES = 5;

export function createRevisions(parts: RevisionParts): Revisions {
  const { catalog } = parts;
  return {
    async corrections(frameId, viewer) {
      await getFrame(catalog, frameId, viewer);
      return readCorrected(catalog, frameId);
    },
    async correct(frameId, change, viewer) {
      await untilUnchanged(() => correctOnce(parts, frameId, change, viewer));
      return readCorrected(catalog, frameId);
    },
    async restoreVersion(frameId, number, viewer) {
      await untilUnchanged(() => restoreOnce(parts, frameId, number, viewer));
      parts.onRestored();
    },
  };
}

async function readCorrected(catalog: Catalog, frameId: number): Promise<Corrected> {
  return {
    corrections: await listCorrections(catalog.read, frameId),
    chosenProfile: await findChosenProfile(catalog.read, frameId),
  };
}

async function untilUnchanged(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (!hasCode(error, 'busy') || attempt >= MAX_TRIES) throw error;
    }
  }
}

async function correctOnce(
  { catalog, reader }: RevisionParts,
  frameId: number,
  { overrides, isWhole, profile, withdrawn = [], why }: CorrectionChange,
  viewer: Viewer,
): Promise<void> {
  const frame = await getFrame(catalog, frameId, viewer);
  const before = await readCorrected(catalog, frameId);
  const old = toOverrides(before.corrections);
  const all = new Map(isWhole ? overrides : [...old, ...overrides]);
  for (const keyword of withdrawn) all.delete(keyword);
  const wanted: Reading = {
    overrides: all,
    profile: profile === undefined ? before.chosenProfile : profile,
  };
  const changed = changedKeywords(old, wanted.overrides);
  if (changed.length === 0 && wanted.profile === before.chosenProfile) return;
  const facts = await reader.facts(frame.version.key, wanted).catch(asDamage);
  const given = [...wanted.overrides].filter(([keyword]) => changed.includes(keyword));
  const hdus = await listHeaders(catalog, frame.version);
  requireSense(facts, new Map(given), (keyword) => findOriginal(hdus, keyword) !== undefined);
  await requireOwnPublicity(catalog, frame, facts, viewer);
  const revision: Revision = {
    facts,
    basedOn: frame.updatedMs,
    corrections: wanted.overrides,
    chosenProfile: wanted.profile,
    ...(why === undefined ? {} : { why }),
  };
  await inTransaction(catalog, async (tx) => {
    await reviseFrame(tx, frameId, revision, viewer);
    await recordDeed(tx, viewer, {
      action: 'frame.corrected',
      subject: `frame:${frameId}`,
      outcome: 'done',
      old: told({ overrides: old, profile: before.chosenProfile }, changed),
      detail: { ...told(wanted, changed), ...(why === undefined ? {} : { why }) },
    });
    for (const keyword of changed) {
      await insertEvent(tx, 'frame.corrected', eventOf(frameId, keyword, wanted.overrides, viewer));
    }
  });
}

/** Who sees a frame follows from its header: that is changed by who brought it, and by admins. */
async function requireOwnPublicity(
  catalog: Catalog,
  frame: Frame,
  facts: FrameFacts,
  viewer: Viewer,
): Promise<void> {
  const isSame = frame.publicDateMs === facts.publicDateMs && frame.proposal === facts.proposal;
  if (isSame || mayDecideFor(await findOwner(catalog.read, frame.id), viewer)) return;
  const message = `This changes who may see '${frame.basename}', by its public date or its proposal: only the account that uploaded it or an admin may do that.`;
  throw new AppError('forbidden', message);
}

function changedKeywords(old: Overrides, wanted: Overrides): string[] {
  const all = new Set([...old.keys(), ...wanted.keys()]);
  return [...all].filter((keyword) => {
    return old.has(keyword) !== wanted.has(keyword) || old.get(keyword) !== wanted.get(keyword);
  });
}

/** For the log: the values of some keywords; a keyword that is not corrected is left out. */
function told(
  { overrides, profile }: Reading,
  keywords: readonly string[],
): { corrections: Record<string, CorrectionValue>; profile: string | null } {
  const values = keywords.flatMap((keyword) => {
    const value = overrides.get(keyword);
    return value === undefined ? [] : [[keyword, value] as const];
  });
  return { corrections: Object.fromEntries(values), profile };
}

/** A correction that was withdrawn has no value. */
function eventOf(frameId: number, keyword: string, overrides: Overrides, by: Actor): object {
  const value = overrides.get(keyword);
  const about = { frameId, keyword, by: by.username, atMs: Date.now() };
  return value === undefined ? { ...about, isWithdrawn: true } : { ...about, value };
}

async function restoreOnce(
  parts: RevisionParts,
  frameId: number,
  number: number,
  viewer: Viewer,
): Promise<void> {
  const { catalog, store, reader } = parts;
  const frame: Frame = await getFrame(catalog, frameId, viewer);
  if (frame.version.number === number) return;
  const version = (await listVersions(catalog, frameId)).find((each) => each.number === number);
  if (version === undefined) throw new AppError('not_found', `There is no version ${number}.`);
  await requireWhole(store, version);
  const { corrections, chosenProfile } = await readCorrected(catalog, frameId);
  const reading = { overrides: toOverrides(corrections), profile: chosenProfile };
  const facts = await reader.facts(version.key, reading).catch(asDamage);
  await requireOwnPublicity(catalog, frame, facts, viewer);
  const hdus = await listHdus(catalog, version);
  const missing =
    hdus.length === 0 ? await reader.headers(version.key, version.original !== null) : [];
  const revision: Revision = { facts, version, basedOn: frame.updatedMs };
  await inTransaction(catalog, async (tx) => {
    await insertHdus(tx, version.id, missing);
    await reviseFrame(tx, frameId, revision, viewer);
    await insertJob(tx, 'preview', { frameId, versionId: version.id });
    await recordDeed(tx, viewer, {
      action: 'version.restored',
      subject: `frame:${frameId}`,
      outcome: 'done',
      old: { version: frame.version.number },
      detail: { version: number },
    });
    const by = viewer.username;
    await insertEvent(tx, 'version.restored', { frameId, version: number, by, atMs: Date.now() });
  });
}

async function requireWhole(store: Store, { number, key, sizeBytes }: Version): Promise<void> {
  if ((await store.stat(key))?.sizeBytes === sizeBytes) return;
  throw new AppError('damaged', `The file of version ${number} is missing or damaged.`, { key });
}

/** Here it is no answer to "is there such a frame" that its file is not there. */
function asDamage(error: unknown): never {
  if (!hasCode(error, 'not_found')) throw error;
  throw new AppError(
    'damaged',
    'The file of this frame is missing: nothing was changed.',
    {},
    error,
  );
}
