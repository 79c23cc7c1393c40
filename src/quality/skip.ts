import type { PixelArray } from '../fits/index.js';

/** The first pixel in [start, end) that is not lower than a value; `end` if none is. NaN is not lower. */
export type Skip = (start: number, end: number, value: number) => number;

/** Pixels that are looked at together. */
const GROUP = 16;
const HALVES = 0x7fff7fff;
const TOP_BITS = 0x80008000;

/**
 * Passes over what is low, which nearly all pixels of a picture are.
 *
 * @param pixels for 16 bit numbers from 0 on it is several times quicker than pixel by pixel
 */
export function createSkip(pixels: PixelArray): Skip {
  if (pixels instanceof Uint16Array) return createQuickSkip(pixels);
  return (start, end, value) => {
    let at = start;
    while (at < end && (pixels[at] ?? NaN) < value) at += 1;
    return at;
  };
}

/** Two pixels in each word of 32 bits, eight words at a time. */
function createQuickSkip(pixels: Uint16Array): Skip {
  const { buffer, byteOffset, length } = pixels;
  const words = byteOffset % 4 === 0 ? new Uint32Array(buffer, byteOffset, length >> 1) : undefined;
  const skipSlowly = (start: number, end: number, value: number): number => {
    let at = start;
    while (at < end && (pixels[at] ?? 0) < value) at += 1;
    return at;
  };
  if (words === undefined) return skipSlowly;
  return (start, end, value) => {
    if (!(start < end && value > 1 && value <= 0xffff)) return skipSlowly(start, end, value);
    let at = start;
    for (;;) {
      // To the beginning of a word, and of a group that may hold one.
      const aligned = Math.min(end, at + (at & 1));
      at = skipSlowly(at, aligned, value);
      if (at < aligned) return at;
      at = skipGroups(words, { at, end }, value);
      const groupEnd = Math.min(end, at + GROUP);
      at = skipSlowly(at, groupEnd, value);
      if (at < groupEnd || at >= end) return at;
    }
  };
}

/**
 * From an even place on to the first group that may hold a pixel as high as `value`. Half of a pixel
 * (15 bits) and what half of the value is short of 2¹⁵ add up to 2¹⁵ or more only if it does.
 */
function skipGroups(
  words: Uint32Array,
  { at, end }: { at: number; end: number },
  value: number,
): number {
  const short = 0x8000 - (Math.floor(value) >> 1);
  const both = (short << 16) | short;
  const last = (end >> 1) - GROUP / 2;
  let word = at >> 1;
  for (; word <= last; word += GROUP / 2) {
    const high =
      ((((words[word] ?? 0) >>> 1) & HALVES) + both) |
      ((((words[word + 1] ?? 0) >>> 1) & HALVES) + both) |
      ((((words[word + 2] ?? 0) >>> 1) & HALVES) + both) |
      ((((words[word + 3] ?? 0) >>> 1) & HALVES) + both) |
      ((((words[word + 4] ?? 0) >>> 1) & HALVES) + both) |
      ((((words[word + 5] ?? 0) >>> 1) & HALVES) + both) |
      ((((words[word + 6] ?? 0) >>> 1) & HALVES) + both) |
      ((((words[word + 7] ?? 0) >>> 1) & HALVES) + both);
    if ((high & TOP_BITS) !== 0) break;
  }
  return word * 2;
}
