/** Room that is kept: a share of the disk, within bounds. */
const SHARE = 1 / 50;
const MIN_BYTES = 1024 ** 2;
const MAX_BYTES = 64 * 1024 ** 2;

/**
 * What a store keeps free on a disk of this size, for what an archive needs to live on: with less,
 * nothing is taken any more.
 */
export function keptRoom(totalBytes: number): number {
  return Math.min(Math.max(MIN_BYTES, totalBytes * SHARE), MAX_BYTES);
}
