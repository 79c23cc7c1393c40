/** Comments of a longitude that grows to the west: `degrees West`, `West longitude`, `[deg W]`, `+W`. */
const WEST = /^(?!.*\b(?:east|neg\w*)\b).*(?:\bwest\b|\bdeg\w*\.? ?W\b|\+W\b)/i;
/** The same of a latitude that grows to the south; `degrees` alone says nothing of it. */
const SOUTH = /^(?!.*\b(?:north|neg\w*)\b).*(?:\bsouth\b|\bdeg\w*\.? +S\b|\+S\b)/i;
/** A value that tells the side itself: by a minus, or by a letter after it. */
const HAS_SIDE = /^\s*[-−–]|[NSEW]\s*$/i;

/**
 * Whether a longitude is counted from Greenwich to the west, since its comment says so. A negative number
 * is west of it all the same, and a letter after it tells more than a comment.
 */
export function isCountedWest(text: string, comment: string): boolean {
  return !HAS_SIDE.test(text) && WEST.test(comment);
}

/** The same of a latitude from the equator to the south. */
export function isCountedSouth(text: string, comment: string): boolean {
  return !HAS_SIDE.test(text) && SOUTH.test(comment);
}
