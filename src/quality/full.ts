import type { Peak } from './peaks.js';
import type { Picture } from './types.js';

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

/** Pixels of a full patch that are looked at; one that is larger is no star. */
const MAX_PATCH = 20_000;

/**
 * Full pixels that touch are one star, however its charge has run along the columns: of the peaks on
 * them one is left, in the middle of the longest row of the patch, where the star itself is.
 *
 * @param peaks brightest first; so is the result
 * @param full  level from which pixels are full
 */
export function joinFull(picture: Pixels, peaks: readonly Peak[], full: number): Peak[] {
  const { pixels, width } = picture;
  const seen = new Set<number>();
  return peaks.flatMap((peak) => {
    const start = fullNear(picture, peak, full);
    if (start === undefined) return [peak];
    if (seen.has(start)) return [];
    const rows = new Map<number, { left: number; right: number }>();
    const waiting = [start];
    seen.add(start);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const x = next % width;
      const y = (next - x) / width;
      const row = rows.get(y) ?? { left: x, right: x };
      rows.set(y, { left: Math.min(row.left, x), right: Math.max(row.right, x) });
      const sides = [
        x > 0 ? next - 1 : -1,
        x < width - 1 ? next + 1 : -1,
        next - width,
        next + width,
      ];
      for (const side of sides) {
        if (seen.has(side) || !((pixels[side] ?? NaN) >= full) || seen.size > MAX_PATCH) continue;
        seen.add(side);
        waiting.push(side);
      }
    }
    const { sigmas, isBlended } = peak;
    const { x, y } = middleOf(rows);
    return [{ x, y, sigmas, isBlended }];
  });
}

/** A full pixel at a peak or next to it. */
function fullNear(
  { pixels, width, height }: Pixels,
  { x, y }: Peak,
  full: number,
): number | undefined {
  for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row += 1) {
    for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column += 1) {
      const at = row * width + column;
      if ((pixels[at] ?? NaN) >= full) return at;
    }
  }
  return undefined;
}

/** Of several longest rows the middle one. */
function middleOf(rows: ReadonlyMap<number, { left: number; right: number }>): {
  x: number;
  y: number;
} {
  const all = [...rows].map(([y, { left, right }]) => ({
    y,
    x: (left + right) >> 1,
    long: right - left,
  }));
  const longest = all.reduce((most, { long }) => Math.max(most, long), 0);
  const widest = all.filter(({ long }) => long === longest).sort((one, other) => one.y - other.y);
  const { x = 0, y = 0 } = widest[widest.length >> 1] ?? {};
  return { x, y };
}
