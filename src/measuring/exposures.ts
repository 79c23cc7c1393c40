import { LONGEST_SUM_SEC, type NightFrame, type StoredFinding } from '../catalog/index.js';

/** Code of the finding that an exposure cannot be what its header says: it counts in no sum. */
export const WRONG_EXPOSURE = 'wrong-exposure';

/** So many times the time to the next frame an exposure is too long by far… */
const TIMES_TOO_LONG = 10;
/** …if it goes on for so long after that began, whatever clocks say. */
const LEAST_OVERLAP_MS = 600_000;
/**
 * Frames that began meanwhile and are not too long themselves cannot all be wrong: two, or one that is far
 * shorter…
 */
const LEAST_SOUND = 2;
/** …nor can so many of any length. Fewer that overlap may be sums of exposures that were taken in turn. */
const LEAST_BEGUN = 10;
/** So many exposures that are as long and follow each other were taken by a camera of the same name. */
const LEAST_ALIKE = 3;
/** As long: to a hundredth. Follow each other: but for a tenth. */
const [ALIKE, IN_TURN] = [0.01, 0.9];
/** Taken beside the exposures of a camera. */
const BESIDE: readonly string[] = ['guiding', 'acquisition'];

/** A frame with a start and an exposure. */
interface Timed {
  readonly frame: NightFrame;
  readonly startMs: number;
  readonly sec: number;
}

/**
 * Exposures that cannot be: below 0, longer than anything that can be added up, or, of raw frames, going
 * on long after the next ones of the camera began. Two cameras under one name are told by several exposures
 * of a length, none of which begins before the one before has ended.
 *
 * @param camera frames of one camera and reduction level in order of time
 * @returns by id
 */
export function findWrongExposures(
  camera: readonly NightFrame[],
): ReadonlyMap<number, StoredFinding> {
  const found = new Map<number, StoredFinding>();
  const tell = (id: number, text: string): void => {
    const whole = `${text} It counts in no sum.`;
    found.set(id, { code: WRONG_EXPOSURE, level: 'warning', text: whole });
  };
  for (const { id, exposureSec: sec } of camera) {
    if (sec === null) continue;
    if (sec < 0) tell(id, `An exposure of ${sec} s cannot be.`);
    if (sec > LONGEST_SUM_SEC) tell(id, `No exposure lasts ${sec} s, nor does any sum of them.`);
  }
  const timed = camera.flatMap((frame): Timed[] => {
    const { id, exposureSec: sec, dateObsMs: startMs, imageKind, reductionLevel } = frame;
    if (sec === null || startMs === null || found.has(id)) return [];
    return reductionLevel > 0 || BESIDE.includes(imageKind) ? [] : [{ frame, startMs, sec }];
  });
  const placed = placeAll(timed);
  for (const [at, one] of placed.entries()) {
    const { frame, startMs, sec, next } = one;
    if (next === undefined || !one.isTooLong) continue;
    if (!isContradicted(placed, at) || isUsual(one, placed)) continue;
    const after = Number(((next.startMs - startMs) / 1000).toPrecision(3));
    const other = `frame ${next.frame.id} of the same camera began ${after} s after it`;
    tell(frame.id, `The exposure cannot be of ${sec} s: ${other}.`);
  }
  return found;
}

/** What a frame of a camera has to do with those after it. */
interface Placed extends Timed {
  /** The first frame that began later; undefined if none did. */
  readonly next: Timed | undefined;
  readonly isTooLong: boolean;
}

function placeAll(timed: readonly Timed[]): Placed[] {
  const placed: Placed[] = [];
  let next: Timed | undefined;
  // Backwards: frames that began in the same instant have the same one after them.
  for (let at = timed.length - 1; at >= 0; at -= 1) {
    const [one, last] = [timed[at], timed[at + 1]];
    if (one === undefined) continue;
    if (last !== undefined && last.startMs > one.startMs) next = last;
    placed.push({ ...one, next, isTooLong: next !== undefined && isTooLong(one, next) });
  }
  return placed.reverse();
}

function isTooLong({ startMs, sec }: Timed, next: Timed): boolean {
  const [exposedMs, freeMs] = [sec * 1000, next.startMs - startMs];
  return exposedMs > TIMES_TOO_LONG * freeMs && exposedMs - freeMs > LEAST_OVERLAP_MS;
}

/** Whether enough frames began while the one at a place was exposed. */
function isContradicted(camera: readonly Placed[], at: number): boolean {
  const { startMs = 0, sec = 0 } = camera[at] ?? {};
  let [begun, sound] = [0, 0];
  for (let other = at + 1; other < camera.length; other += 1) {
    const { startMs: ms = Infinity, sec: length = 0, isTooLong: isLong } = camera[other] ?? {};
    if (ms >= startMs + sec * 1000) return false;
    if (ms === startMs) continue;
    begun += 1;
    if (isLong !== true) sound += TIMES_TOO_LONG * length < sec ? LEAST_SOUND : 1;
    if (sound >= LEAST_SOUND || begun >= LEAST_BEGUN) return true;
  }
  return false;
}

/** Whether the camera took several exposures of this length, one after the other. */
function isUsual({ sec }: Timed, camera: readonly Timed[]): boolean {
  const starts = camera
    .filter((each) => Math.abs(each.sec - sec) <= ALIKE * sec)
    .map(({ startMs }) => startMs);
  const different = [...new Set(starts)];
  return (
    different.length >= LEAST_ALIKE &&
    different.every((ms, at) => at === 0 || ms - (different[at - 1] ?? 0) >= IN_TURN * sec * 1000)
  );
}
