import type { Position } from './ties.js';
import type { Errand } from './ways.js';

/** A stretch of a list. */
export interface Stretch extends Errand {
  /** The stretch begins behind this place… */
  readonly after?: Position | undefined;
  /** …and the list is read from its end to its beginning. */
  readonly isReversed?: boolean | undefined;
}

/** A piece of a list that can be read from anywhere. */
export interface Piece {
  readonly read: (offset: number, limit: number) => Promise<Position[]>;
  readonly count: () => Promise<number>;
}

/** Reads through pieces one after the other until the stretch is full. */
export async function readPieces(
  { offset, limit }: Pick<Stretch, 'offset' | 'limit'>,
  pieces: readonly Piece[],
): Promise<Position[]> {
  const found: Position[] = [];
  let skip = offset;
  for (const [at, piece] of pieces.entries()) {
    const rows = await piece.read(skip, limit - found.length);
    found.push(...rows);
    if (found.length >= limit || at === pieces.length - 1) break;
    if (rows.length > 0) skip = 0;
    else if (skip > 0) skip -= await piece.count();
  }
  return found;
}
