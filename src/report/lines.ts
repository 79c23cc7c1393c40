/** A piece of a line. */
export interface Piece {
  readonly text: string;
  /** Where what it tells of is to be seen, below the root of the archive: `nights/2026-03-01/`. */
  readonly path?: string;
}

export interface ReportLine {
  /** What it is about: `Frames`; '' for a sentence of its own. */
  readonly heading: string;
  /** All of it as plain text: `Frames: 4 (3 object, 1 flat).` */
  readonly text: string;
  /** Whether somebody has to do something. */
  readonly needsHand: boolean;
  /** What stands behind the heading, with links. */
  readonly pieces: readonly Piece[];
}

/** A piece of a line, or only its text. */
export type Words = string | Piece;

/** Things that are named in a line; of the others it is told how many. */
const NAMED = 4;

/** A line of a heading, '' for none, and these pieces. */
export function line(heading: string, words: readonly Words[], needsHand = false): ReportLine {
  const pieces = words.map((each) => (typeof each === 'string' ? { text: each } : each));
  const text = pieces.map((piece) => piece.text).join('');
  return { heading, text: heading === '' ? text : `${heading}: ${text}`, needsHand, pieces };
}

/** A line of a list of things, each of some pieces: `; ` between them, a stop at the end. */
export function listLine(
  heading: string,
  things: readonly (readonly Words[])[],
  needsHand = false,
): ReportLine {
  const more = things.length - NAMED;
  const named = [...things.slice(0, NAMED), ...(more > 0 ? [[`${more} more`]] : [])];
  const words = named.flatMap((each, at) => [...(at === 0 ? [] : ['; ']), ...each]);
  return line(heading, [...words, '.'], needsHand);
}

/** A list of frames of a night, narrowed by parameters of the list. */
export function framesPath(night: string, filters: Readonly<Record<string, string>> = {}): string {
  return `frames/?${new URLSearchParams({ night, ...filters }).toString()}`;
}

/** `no frames`, `1 frame`, `2 frames` */
export function count(number: number, noun: string): string {
  const told = number === 0 ? 'no' : String(number);
  return `${told} ${noun}${number === 1 ? '' : 's'}`;
}

/** `a. ` → `a` */
export function withoutStop(text: string): string {
  return text.replace(/[.\s]+$/, '');
}
