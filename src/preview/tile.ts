import type { Region } from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import type { Size } from './region.js';

/** Side of a tile, pixels of the picture. */
export const TILE_SIZE = 512;

/** One tile of a picture cut into tiles: level 0 is one pixel, each level has twice the size of the last. */
export interface TileAddress {
  readonly level: number;
  /** Column and row, from the upper left. */
  readonly x: number;
  readonly y: number;
}

/** What of an image a tile shows, and how many of its pixels become one, in x and in y alike. */
export interface TilePlan extends Size {
  readonly region: Region;
  readonly factor: number;
  /**
   * Rows that the lowest block of the tile lacks. Blocks are counted from the top of the picture, so
   * that neighbours meet; only those at its foot may be cut.
   */
  readonly missingRows: number;
}

/** The level at which a pixel of the picture is one of the image. */
export function topLevel({ width, height }: Size): number {
  return Math.ceil(Math.log2(Math.max(width, height, 1)));
}

/**
 * Where a tile lies in an image, whose row 1 is at the bottom.
 *
 * @param image the part of the image that pictures show
 * @throws 'not_found' for a tile that the picture does not have
 */
export function planTile(image: Region, { level, x, y }: TileAddress): TilePlan {
  const top = topLevel(image);
  const factor = 2 ** (top - level);
  const span = TILE_SIZE * factor;
  const [left, above] = [x * span, y * span];
  if (level > top || left >= image.width || above >= image.height) {
    throw new AppError('not_found', `The picture has no tile ${x}, ${y} at level ${level}.`);
  }
  const width = Math.min(span, image.width - left);
  const height = Math.min(span, image.height - above);
  const rows = Math.ceil(height / factor);
  return {
    width: Math.ceil(width / factor),
    height: rows,
    factor,
    missingRows: rows * factor - height,
    region: { x: image.x + left, y: image.y + image.height - above - height, width, height },
  };
}
