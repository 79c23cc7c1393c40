import type { Knex } from 'knex';
import type { Condition } from './conditions.js';

/**
 * What one change of the catalogue has touched: an answer about other frames is the same before and
 * after it. A change that says nothing of the kind may have touched everything.
 */
export interface Touch {
  /** Ids of the frames that are new, or of which something new is told. */
  readonly frames: readonly number[];
  /** True if they were there before, and only what is found out of frames later has changed. */
  readonly isLater: boolean;
}

/** Touches by the number of their change. Only those of this process: others are gaps. */
export type Touches = Map<number, Touch>;

/** Changes that are remembered, and frames that are looked at for one answer. */
const MAX_CHANGES = 5_000;
const MAX_FRAMES = 1_000;
/** Beyond this, frames that name a new one are not looked for one by one. */
const MAX_NAMING = 200;

/** Of frames that were there before, something was found out; of none, if the list is empty. */
export function foundOut(frames: readonly number[]): Touch {
  return { frames, isLater: true };
}

/** Notes what change number `change` has touched; the oldest are forgotten. */
export function noteTouch(touches: Touches, change: number, touch: Touch): void {
  touches.set(change, touch);
  const oldest = touches.keys().next().value;
  if (touches.size > MAX_CHANGES && oldest !== undefined) touches.delete(oldest);
}

/**
 * What a new frame touches: itself, and the frames that have named it before it came, which are shown
 * with its id from now on. Undefined if these are very many.
 */
export async function touchOfNew(
  tx: Knex,
  frameId: number,
  basename: string,
): Promise<Touch | undefined> {
  const naming: { frame_id: number }[] = await tx('relations')
    .where({ name: basename })
    .distinct('frame_id')
    .limit(MAX_NAMING + 1);
  if (naming.length > MAX_NAMING) return undefined;
  return { frames: [frameId, ...naming.map(({ frame_id }) => frame_id)], isLater: false };
}

/** Ids of the frames that were touched between two changes; undefined if that is not known, or too many. */
export function framesTouched(
  touches: Touches,
  { since, now }: { readonly since: number; readonly now: number },
  conditions: readonly Condition[],
): number[] | undefined {
  if (now < since || now - since > MAX_CHANGES) return undefined;
  const asksForLater = conditions.some(({ isLater }) => isLater === true);
  const frames = new Set<number>();
  for (let change = since + 1; change <= now; change += 1) {
    const touch = touches.get(change);
    if (touch === undefined) return undefined;
    // What is asked for may have been true of them before, and not be so now.
    if (touch.isLater && touch.frames.length > 0 && asksForLater) return undefined;
    for (const id of touch.frames) frames.add(id);
    if (frames.size > MAX_FRAMES) return undefined;
  }
  return [...frames];
}
