/** Segments that a browser takes out of an address, and one that has a meaning of its own. */
const TAKEN = /^(?:\.{1,2}|resolve)$/i;
/** Stands before a name that could not stand alone. */
const MARK = '=';

/** The part of an address that leads to the object of a name: `/targets/<segment>/`. */
export function targetSegment(name: string): string {
  const isPlain = !TAKEN.test(name) && !name.startsWith(MARK);
  return encodeURIComponent(isPlain ? name : `${MARK}${name}`);
}

/** The name of a decoded part of an address. */
export function nameOfSegment(segment: string): string {
  return segment.startsWith(MARK) ? segment.slice(MARK.length) : segment;
}
