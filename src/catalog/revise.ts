import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { putCorrection, withdrawCorrection } from './correction-steps.js';
import { NO_OVERRIDES, type Overrides } from './corrections.js';
import { enterCube, leaveCube } from './cube.js';
import { required } from './db.js';
import { indexHeaders, removeHeaderValues } from './header-values.js';
import { toFrameRow, type FrameFacts } from './schema.js';
import { placeOnSky } from './sky-index.js';
import { underSolution } from './solutions.js';
import { solveAnew } from './solving-anew.js';
import type { Actor } from './visibility.js';

/** Values that came from a rule: its id and who made it, by keyword. */
export type Ruled = ReadonlyMap<string, { readonly ruleId: number; readonly by: string }>;

/** What changes about a frame without a new file. */
export interface Revision {
  /** What its current file says, under all that is said here. */
  readonly facts: FrameFacts;
  /** `updatedMs` of the frame that this was worked out from; if it has another by now, it fails. */
  readonly basedOn?: number;
  /** All its corrections from now on, if they change. */
  readonly corrections?: Overrides;
  /** Of these, those that a rule gave. */
  readonly ruled?: Ruled;
  /** What is said about the change of the others. */
  readonly why?: string;
  /** The profile that a person chose, if that changes; null for the one that fits its header. */
  readonly chosenProfile?: string | null;
  /** Another version of it becomes the current one. */
  readonly version?: { readonly id: number; readonly sizeBytes: number };
}

/**
 * Changes what is known of a frame, with all that follows from it: counts, places, values that are
 * searched, relations. In the caller's transaction. Corrections that stay as they were keep who made
 * them, when and why.
 *
 * @throws 'not_found'; 'busy' if the frame has changed since `basedOn`
 */
export async function reviseFrame(
  tx: Knex.Transaction,
  frameId: number,
  revision: Revision,
  by: Actor,
): Promise<void> {
  const { corrections, chosenProfile, version, basedOn } = revision;
  const before: { updated_ms: number; version_id: number } = required(
    await tx('frames').where({ id: frameId }).first('updated_ms', 'version_id'),
  );
  if (basedOn !== undefined && basedOn !== before.updated_ms) {
    throw new AppError('busy', 'Somebody else has just changed this frame. Try again.');
  }
  // What was searched so far depends on the corrections and on the current version.
  await removeHeaderValues(tx, frameId);
  if (corrections !== undefined) await replaceCorrections(tx, frameId, revision, by);
  const versionId = version?.id ?? before.version_id;
  const { facts, direction } = await underSolution(tx, revision.facts, { frameId, versionId });
  const columns = toFrameRow(facts, direction);
  const place = await enterCube(tx, columns);
  await leaveCube(tx, frameId);
  await tx('frames')
    .where({ id: frameId })
    .update({
      ...columns,
      ...place,
      exposure_odd: 0, // as it was counted; the frames around it may say otherwise again
      ...(chosenProfile === undefined ? {} : { chosen_profile: chosenProfile }),
      ...(version === undefined ? {} : { version_id: version.id, size_bytes: version.sizeBytes }),
      // Those who keep a frame tell by this that it is another one.
      updated_ms: Math.max(Date.now(), before.updated_ms + 1),
    });
  await placeOnSky(tx, frameId, facts);
  await indexHeaders(tx, frameId);
  await tx('relations').where({ frame_id: frameId }).whereNot({ keyword: '' }).delete();
  const relations = facts.relations.map(({ key, name }) => ({
    frame_id: frameId,
    keyword: key,
    name,
  }));
  if (relations.length > 0) await tx.batchInsert('relations', relations, 100);
  await solveAnew(tx, frameId);
}

async function replaceCorrections(
  tx: Knex.Transaction,
  frameId: number,
  { corrections = NO_OVERRIDES, ruled, why }: Revision,
  by: Actor,
): Promise<void> {
  const rows: { keyword: string; value: string }[] = await tx('corrections')
    .where({ frame_id: frameId })
    .select('keyword', 'value');
  const old = new Map(rows.map(({ keyword, value }) => [keyword, value]));
  const made = { by: by.username, atMs: Date.now(), ...(why === undefined ? {} : { why }) };
  for (const keyword of old.keys()) {
    if (!corrections.has(keyword)) await withdrawCorrection(tx, frameId, { keyword, ...made });
  }
  for (const [keyword, value] of corrections) {
    if (old.get(keyword) === JSON.stringify(value)) continue;
    const rule = ruled?.get(keyword);
    const as = rule === undefined ? made : { ...rule, atMs: made.atMs };
    await putCorrection(tx, frameId, { keyword, value, ...as });
  }
}
