import type { Cutout } from './shape.js';

/** How the light of a star grows with the radius, pixels. */
export interface Growth {
  /** Light within a radius; straight between whole steps. */
  within(radius: number): number;
  /** Radius that holds this much, if all less far out holds less; NaN if nothing does. */
  radiusOf(light: number): number;
}

/** Measures the light around a place of a cut-out out to `mostPx`, which is MOST_PX at most. */
export type GrowthMeter = (cutout: Cutout, middle: Middle, mostPx: number) => Growth;

interface Middle {
  readonly x: number;
  readonly y: number;
}

/** Largest radius that light is measured out to. */
export const MOST_PX = 60;
const STEPS_PER_PX = 4;
/** Rings of a quarter of a pixel; what lies beyond the last but one is counted in the last. */
const RINGS = 256;
/**
 * Pixels nearer than this are divided by four in both directions, others by two: a step of the radius
 * may go through the middle of them.
 */
const FINE_PX = 4;

/** Room to work in. */
interface Rings {
  /** For the whole part of the square of a radius in steps: which ring it lies in. */
  readonly ringOf: Uint8Array;
  /** Light of the parts of pixels, in two places in turn: neighbours are mostly in the same ring. */
  readonly even: Float64Array;
  readonly odd: Float64Array;
  readonly sums: Float64Array;
}

/** The growth of one star is good until the next is measured. */
export function createGrowthMeter(): GrowthMeter {
  // The corners of a pixel at the rim are nearly two further out than the last step.
  const ringOf = new Uint8Array((STEPS_PER_PX * (MOST_PX + 2)) ** 2);
  for (let ring = 0; ring < RINGS; ring += 1) ringOf.fill(ring, ring * ring);
  const [even, odd] = [new Float64Array(RINGS), new Float64Array(RINGS)];
  const rings: Rings = { ringOf, even, odd, sums: new Float64Array(RINGS + 1) };
  return (cutout, middle, mostPx) =>
    measureGrowth(rings, cutout, { x: middle.x, y: middle.y, mostPx });
}

interface Circle extends Middle {
  readonly mostPx: number;
}

function measureGrowth(rings: Rings, cutout: Cutout, circle: Circle): Growth {
  const { even, odd, sums: room } = rings;
  const count = Math.min(RINGS - 1, Math.ceil(circle.mostPx * STEPS_PER_PX) + 1);
  even.fill(0);
  odd.fill(0);
  fillRings(rings, cutout, circle);
  const sums = room.subarray(0, count + 1);
  for (let i = 0; i < count; i += 1) sums[i + 1] = (sums[i] ?? 0) + (even[i] ?? 0) + (odd[i] ?? 0);
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

/** Written out in one piece: it is done for thousands of parts of each star. */
function fillRings(rings: Rings, { size, values }: Cutout, { x, y, mostPx }: Circle): void {
  const { ringOf, even, odd } = rings;
  const add = (light: Float64Array, square: number, share: number): void => {
    const ring = ringOf[square | 0] ?? RINGS - 1;
    light[ring] = (light[ring] ?? 0) + share;
  };
  // From here on no part of a pixel, of which the corners are 0.71 from its middle, lies in a ring.
  const far = (mostPx + 1) ** 2 * STEPS_PER_PX ** 2;
  const fine = (FINE_PX * STEPS_PER_PX) ** 2;
  const top = Math.min(size - 1, Math.floor(y + mostPx + 1));
  const left = Math.max(0, Math.ceil(x - mostPx - 1));
  const right = Math.min(size - 1, Math.floor(x + mostPx + 1));
  for (let row = Math.max(0, Math.ceil(y - mostPx - 1)); row <= top; row += 1) {
    const dy = STEPS_PER_PX * (row - y);
    for (let column = left; column <= right; column += 1) {
      const dx = STEPS_PER_PX * (column - x);
      const square = dx * dx + dy * dy;
      if (square > far) continue;
      const value = values[row * size + column] ?? 0;
      if (square < fine) {
        const share = value / 16;
        for (let py = dy - 1.5; py < dy + 2; py += 1) {
          const up = py * py;
          add(even, (dx - 1.5) * (dx - 1.5) + up, share);
          add(odd, (dx - 0.5) * (dx - 0.5) + up, share);
          add(even, (dx + 0.5) * (dx + 0.5) + up, share);
          add(odd, (dx + 1.5) * (dx + 1.5) + up, share);
        }
      } else {
        const share = value / 4;
        add(even, (dx - 1) * (dx - 1) + (dy - 1) * (dy - 1), share);
        add(odd, (dx + 1) * (dx + 1) + (dy - 1) * (dy - 1), share);
        add(even, (dx - 1) * (dx - 1) + (dy + 1) * (dy + 1), share);
        add(odd, (dx + 1) * (dx + 1) + (dy + 1) * (dy + 1), share);
      }
    }
  }
}

function at(sums: Float64Array, position: number): number {
  const index = Math.min(Math.floor(position), sums.length - 2);
  const before = sums[index] ?? 0;
  return before + ((sums[index + 1] ?? 0) - before) * Math.min(1, position - index);
}
