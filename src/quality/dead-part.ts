import type { PixelArray } from '../fits/index.js';
import type { Finding, Picture } from './types.js';

/** Noise of a dead part at most, as a share of that of the rest. */
const DEAD_SHARE = 0.25;
/** Noise of the other parts at least: amplifiers that work are much alike. */
const LIVE_SHARE = 0.5;
/** Noise below which nothing can be told of pixels that count in whole numbers. */
const LEAST_NOISE = 1;
/** Pixels on each side of the border of a part that must differ like the parts. */
const BORDER = 8;
/** Sides below which parts are too small. */
const LEAST_SIDE_PX = 96;
/** Differences of neighbours from which the noise of a part is taken. */
const SAMPLE = 6_000;
/** Share of a bell curve within one standard deviation. */
const WITHIN_ONE_SIGMA = 0.6827;

/** A rectangle of pixels from `left`, `bottom` to before `right`, `top`. */
interface Part {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/**
 * A half or a quarter of the picture with hardly any noise beside another that has it, parted by a
 * sharp border: the amplifier that reads it out is dead. Dark corners and the edge of the Moon have no
 * such border in the middle of the picture.
 */
export function findDeadPart({ pixels, width, height }: Picture): Finding | undefined {
  if (Math.min(width, height) < LEAST_SIDE_PX) return undefined;
  const [x, y] = [Math.floor(width / 2), Math.floor(height / 2)];
  const noiseIn = (part: Part): number => noiseOf(pixels, width, part);
  const quarters = QUARTERS.map((name) => ({
    name,
    noise: noiseIn({
      left: name.endsWith('left') ? 0 : x,
      right: name.endsWith('left') ? x : width,
      bottom: name.startsWith('lower') ? 0 : y,
      top: name.startsWith('lower') ? y : height,
    }),
  }));
  const loud = Math.max(...quarters.map(({ noise }) => noise));
  if (!(loud >= (isWhole(pixels) ? LEAST_NOISE : Number.MIN_VALUE))) return undefined;
  const dead = quarters.filter(({ noise }) => noise < DEAD_SHARE * loud);
  const alive = quarters.filter(({ noise }) => noise >= LIVE_SHARE * loud);
  const name = nameOf(dead.map((each) => each.name));
  if (name === undefined || dead.length + alive.length < quarters.length) return undefined;
  const [deadSide, aliveSide] = acrossBorder(name, { width, height, x, y });
  const quiet = Math.max(...dead.map(({ noise }) => noise));
  const least = Math.min(...alive.map(({ noise }) => noise));
  // Up to the border each side is like the rest of its part.
  if (!(noiseIn(deadSide) <= 1.5 * quiet && noiseIn(aliveSide) >= 0.5 * least)) return undefined;
  const noises = (some: typeof quarters): string =>
    Math.max(...some.map(({ noise }) => noise)).toPrecision(3);
  const text = `The ${name} of the image has a noise of ${noises(dead)}, the rest one of ${noises(alive)}: that amplifier is dead.`;
  return { code: 'stuck', level: 'error', text };
}

const QUARTERS = ['lower left', 'lower right', 'upper left', 'upper right'] as const;

type Quarter = (typeof QUARTERS)[number];

/** The half or quarter that some quarters make up; undefined if it is neither. */
function nameOf(dead: readonly Quarter[]): string | undefined {
  if (dead.length === 1) return `${String(dead[0])} quarter`;
  if (dead.length !== 2) return undefined;
  const side = ['lower', 'upper', 'left', 'right'].find((word) =>
    dead.every((name) => name.split(' ').includes(word)),
  );
  return side === undefined ? undefined : `${side} half`;
}

/** Narrow parts on both sides of the border of a half or quarter. */
function acrossBorder(
  name: string,
  { width, height, x, y }: { width: number; height: number; x: number; y: number },
): readonly [dead: Part, alive: Part] {
  const isQuarter = name.endsWith('quarter');
  const isLow = name.includes('lower');
  if (name.includes('left') || name.includes('right')) {
    const rows = { bottom: isQuarter && !isLow ? y : 0, top: isQuarter && isLow ? y : height };
    const left = { left: x - BORDER, right: x, ...rows };
    const right = { left: x, right: x + BORDER, ...rows };
    return name.includes('left') ? [left, right] : [right, left];
  }
  const lower = { left: 0, right: width, bottom: y - BORDER, top: y };
  const upper = { left: 0, right: width, bottom: y, top: y + BORDER };
  return isLow ? [lower, upper] : [upper, lower];
}

/** Noise from differences of neighbours, which levels and gradients leave alone; NaN without pixels. */
function noiseOf(pixels: PixelArray, width: number, part: Part): number {
  const across = part.right - part.left - 1;
  const step = Math.max(1, Math.floor((across * (part.top - part.bottom)) / SAMPLE));
  const differences: number[] = [];
  for (let y = part.bottom; y < part.top; y += 1) {
    // A start that wanders, so that columns with a pattern are not always or never hit.
    for (let x = part.left + ((y * 7919) % step); x < part.right - 1; x += step) {
      const at = y * width + x;
      const difference = Math.abs((pixels[at + 1] ?? NaN) - (pixels[at] ?? NaN));
      if (difference - difference === 0) differences.push(difference);
    }
  }
  const sorted = Float64Array.from(differences).sort();
  return (sorted[Math.floor(WITHIN_ONE_SIGMA * sorted.length)] ?? NaN) / Math.SQRT2;
}

function isWhole(pixels: PixelArray): boolean {
  return !(pixels instanceof Float32Array || pixels instanceof Float64Array);
}
