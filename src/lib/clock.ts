/** A clock that may be set, and one that only goes on; both in ms. Tests bring their own. */
export interface Clocks {
  readonly wall: () => number;
  readonly steady: () => number;
}

const OWN: Clocks = { wall: () => Date.now(), steady: () => performance.now() };

/**
 * Measures by how much the clock of the machine was set.
 *
 * @returns a function that tells the ms by which it was set forward (back: below 0) since it was last
 *          asked; the slow corrections of a time service are fractions of a second
 */
export function createJumpMeter({ wall, steady }: Clocks = OWN): () => number {
  let offset = wall() - steady();
  return () => {
    const now = wall() - steady();
    const jump = now - offset;
    offset = now;
    return jump;
  };
}

/** Whether the time of day is to be believed when something is to be deleted for its age. */
export interface AgeGuard {
  /** @param lastMs when the archive was last seen at work, by its own notes; undefined if never */
  isTrusted(lastMs: number | undefined): boolean;
}

const HOUR_MS = 3_600_000;
/** An archive that was off for longer, or whose clock is wrong: who can tell. */
const MAX_GAP_MS = 72 * HOUR_MS;
const MAX_JUMP_MS = HOUR_MS / 12;
const DOUBT_MS = 24 * HOUR_MS;

/**
 * A clock that is set to next year for a moment must not empty the trash. After a jump, and after a
 * start that seems to come days after the last one, a day has to pass in which the clock goes evenly.
 */
export function createAgeGuard(clocks: Clocks = OWN): AgeGuard {
  const jump = createJumpMeter(clocks);
  let isFirst = true;
  let doubtUntil = -Infinity; // steady time
  return {
    isTrusted(lastMs) {
      const gap = isFirst && lastMs !== undefined ? Math.abs(clocks.wall() - lastMs) : 0;
      isFirst = false;
      if (gap > MAX_GAP_MS || Math.abs(jump()) > MAX_JUMP_MS) {
        doubtUntil = clocks.steady() + DOUBT_MS;
      }
      return clocks.steady() >= doubtUntil;
    },
  };
}
