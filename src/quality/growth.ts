import type { Cutout } from './shape.js';

/** How the light of a star grows with the radius, pixels. */
export interface Growth {
  /** Light within a radius; straight between whole steps. */
  within(radius: number): number;
  /** Radius that holds this much, if all less far out holds less; NaN if nothing does. */
  radiusOf(light: number): number;
}

const STEPS_PER_PX = 4;
/** Pixels nearer than this are divided: a step of the radius may go through the middle of them. */
const FINE_PX = 4;
const PARTS = 4;

/** Light around a place of a cut-out out to `mostPx`. */
export function measureGrowth(
  { size, values }: Cutout,
  { x, y }: { x: number; y: number },
  mostPx: number,
): Growth {
  const rings = new Float64Array(Math.ceil(mostPx * STEPS_PER_PX) + 1);
  const count = rings.length;
  // From here on no part of a pixel, of which the corners are 0.71 from its middle, lies in a ring.
  const far = (mostPx + 1) ** 2;
  const top = Math.min(size - 1, Math.floor(y + mostPx + 1));
  const right = Math.min(size - 1, Math.floor(x + mostPx + 1));
  for (let row = Math.max(0, Math.ceil(y - mostPx - 1)); row <= top; row += 1) {
    const dy = row - y;
    for (let column = Math.max(0, Math.ceil(x - mostPx - 1)); column <= right; column += 1) {
      const dx = column - x;
      const square = dx * dx + dy * dy;
      if (square > far) continue;
      const value = values[row * size + column] ?? 0;
      const parts = square < FINE_PX * FINE_PX ? PARTS : 2;
      const share = value / (parts * parts);
      for (let i = 0; i < parts; i += 1) {
        const py = dy + (i + 0.5) / parts - 0.5;
        for (let j = 0; j < parts; j += 1) {
          const px = dx + (j + 0.5) / parts - 0.5;
          const ring = (Math.sqrt(px * px + py * py) * STEPS_PER_PX) | 0;
          if (ring < count) rings[ring] = (rings[ring] ?? 0) + share;
        }
      }
    }
  }
  const sums = new Float64Array(count + 1);
  for (let i = 0; i < count; i += 1) sums[i + 1] = (sums[i] ?? 0) + (rings[i] ?? 0);
  return {
    within: (radius) => at(sums, radius * STEPS_PER_PX),
    radiusOf: (light) => {
      const step = sums.findIndex((sum) => sum >= light);
      if (step < 0) return NaN;
      if (step === 0) return 0;
      const before = sums[step - 1] ?? 0;
      const part = (light - before) / ((sums[step] ?? 0) - before);
      return (step - 1 + part) / STEPS_PER_PX;
    },
  };
}

function at(sums: Float64Array, position: number): number {
  const index = Math.min(Math.floor(position), sums.length - 2);
  const before = sums[index] ?? 0;
  return before + ((sums[index + 1] ?? 0) - before) * Math.min(1, position - index);
}
