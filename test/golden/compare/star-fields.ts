import type { Star } from '../../../src/quality/index.js';
import type { FieldOptions, StarOptions } from '../../fixtures/star-field.js';

/** What is held against the truth of a field. */
type Held = 'fwhm' | 'shape' | 'background' | 'complete';

/** A simulated field, and what must come out. */
export interface FieldCase {
  readonly name: string;
  readonly options: FieldOptions;
  readonly holds: readonly Held[];
  /** Share of false detections where it is not the usual one. */
  readonly falseLimit?: number;
  /** Detections that are no stars, but no mistakes either. */
  readonly spares?: (star: Star) => boolean;
  /** A share of stars found below the usual one, and why no more can be. */
  readonly limit?: { readonly complete: number; readonly reason: string };
  /** Codes of the findings; default none. */
  readonly findings?: readonly string[];
}

const ALL: readonly Held[] = ['fwhm', 'shape', 'background', 'complete'];

/** Stars that leave each other room, fewer the larger they are. */
function sparse(fwhmPx: number, options: Partial<StarOptions> = {}): StarOptions {
  const count = Math.round(Math.min(110, 1800 / fwhmPx ** 2 + 8));
  return { count, snr: [8, 300], apartPx: Math.max(16, 5 * fwhmPx), ...options };
}

/** Stars that are just bright enough, and a few that tell how wide stars are. */
function faint(fwhmPx: number): StarOptions {
  const apartPx = Math.max(16, 5 * fwhmPx);
  return {
    count: Math.min(150, Math.round(140_000 / apartPx ** 2)),
    snr: [10, 10],
    bright: { count: 6, snr: 150 },
    apartPx,
  };
}

/** Large stars need room, or there is no sky between them. */
function sizeFor(fwhmPx: number): { width: number; height: number } {
  const side = fwhmPx > 8 ? 900 : 512;
  return { width: side, height: side };
}

const WIDTHS = [1.8, 2.2, 3, 4.5, 6, 8, 10, 12];
const MOFFAT_4 = { kind: 'moffat', fwhmPx: 4 } as const;

const widths: FieldCase[] = WIDTHS.flatMap((fwhmPx, index) =>
  (['gaussian', 'moffat'] as const).map((kind): FieldCase => {
    const options = {
      seed: 10 + index,
      ...sizeFor(fwhmPx),
      shape: { kind, fwhmPx },
      stars: sparse(fwhmPx, fwhmPx > 8 ? { count: 30, snr: [8, 800] } : {}),
    };
    return { name: `${kind} of ${fwhmPx} pixels`, options, holds: ALL };
  }),
);

const wings: FieldCase[] = [
  [2.5, 2.5],
  [2.5, 5],
  [4.5, 2.5],
  [4.5, 5],
].map(([beta = 3, fwhmPx = 3], index) => ({
  name: `moffat β ${beta} of ${fwhmPx} pixels`,
  options: { seed: 30 + index, shape: { kind: 'moffat', fwhmPx, beta }, stars: sparse(fwhmPx) },
  holds: ALL,
}));

const ellipses: FieldCase[] = (
  [
    ['gaussian', 4, 0.1, 30],
    ['moffat', 3, 0.2, -60],
    ['gaussian', 2, 0.2, 45],
    ['moffat', 8, 0.15, 0],
    ['gaussian', 1.8, 0.1, 90],
    ['moffat', 5, 0.22, 80],
  ] as const
).map(([kind, fwhmPx, ellipticity, angleDeg], index) => ({
  name: `${kind} of ${fwhmPx}, ellipticity ${ellipticity} at ${angleDeg}°`,
  options: {
    seed: 40 + index,
    shape: { kind, fwhmPx, ellipticity, angleDeg },
    stars: sparse(fwhmPx),
  },
  holds: ALL,
}));

const pulled: FieldCase[] = [6, 15, 40].map((lengthPx, index) => ({
  name: `mount drifting by ${lengthPx} pixels`,
  options: {
    seed: 55 + index,
    shape: { kind: 'gaussian', fwhmPx: 3, drift: { lengthPx, angleDeg: 25 - 50 * index } },
    stars: sparse(3, {
      count: lengthPx > 20 ? 10 : 30,
      snr: [30, 500],
      apartPx: 25 + lengthPx,
      marginPx: 20,
    }),
  },
  // Of a longer line the middle is not where a star would be looked for.
  holds: lengthPx > 20 ? [] : ['complete'],
  findings: ['trailed'],
}));

const blurred: FieldCase[] = (
  [
    ['ring', 6, 14],
    ['small ring', 3, 8],
    ['disc', -30, 10],
  ] as const
).map(([name, innerPx, outerPx], index) => ({
  name: `out of focus: ${name} of ${2 * outerPx} pixels`,
  options: {
    seed: 58 + index,
    shape: { kind: 'gaussian', fwhmPx: 3, ring: { innerPx, outerPx } },
    stars: sparse(3, { count: 15, snr: [50, 800], apartPx: 60, marginPx: 20 }),
  },
  holds: [],
  findings: ['defocused'],
}));

const drawnOut: FieldCase[] = (
  [
    ['moffat', 5, 0.3, 80],
    ['gaussian', 6, 0.4, 10],
    ['gaussian', 3, 0.5, -45],
  ] as const
).map(([kind, fwhmPx, ellipticity, angleDeg], index) => ({
  name: `${kind} of ${fwhmPx}, ellipticity ${ellipticity} at ${angleDeg}°`,
  options: {
    seed: 50 + index,
    shape: { kind, fwhmPx, ellipticity, angleDeg },
    stars: sparse(fwhmPx),
  },
  holds: ALL,
  findings: ['trailed'],
}));

const justVisible: FieldCase[] = [1.8, 3, 5, 8, 12].map((fwhmPx, index) => ({
  name: `nearly all of S/N 10, ${fwhmPx} pixels`,
  options: {
    seed: 60 + index,
    ...sizeFor(fwhmPx),
    shape: { kind: 'gaussian', fwhmPx },
    stars: faint(fwhmPx),
  },
  holds: ['fwhm', 'background', 'complete'],
}));

const skies: FieldCase[] = [
  {
    name: 'sky rising by half to the right',
    options: { seed: 70, gradient: { x: 0.5, y: -0.3 }, shape: MOFFAT_4, stars: sparse(4) },
    holds: ALL,
  },
  {
    name: 'nebula of 150 pixels',
    options: {
      seed: 71,
      glow: { x: 200, y: 300, radiusPx: 150, peak: 200 },
      shape: MOFFAT_4,
      stars: sparse(4),
    },
    holds: ['fwhm', 'shape', 'complete'],
    limit: {
      complete: 0.9,
      reason: 'the mesh of the background does not follow where the nebula is steep',
    },
  },
  {
    name: 'dark sky',
    options: { seed: 72, sky: 10, readNoise: 4, shape: MOFFAT_4, stars: sparse(4) },
    holds: ALL,
  },
  {
    name: 'bright sky',
    options: { seed: 73, sky: 20_000, shape: MOFFAT_4, stars: sparse(4) },
    holds: ALL,
  },
  {
    name: 'no star at all',
    options: { seed: 74 },
    holds: ['background'],
    findings: ['no-stars'],
  },
];

const detectors: FieldCase[] = [
  {
    name: 'a hundred cosmic rays',
    options: {
      seed: 80,
      cosmicRays: 100,
      shape: { kind: 'gaussian', fwhmPx: 3 },
      stars: sparse(3),
    },
    holds: ALL,
  },
  {
    name: 'cosmic rays, hot and dead pixels',
    options: {
      seed: 81,
      cosmicRays: 100,
      hotPixels: { count: 100, level: 1000 },
      deadPixels: 100,
      shape: { kind: 'moffat', fwhmPx: 5 },
      stars: sparse(5),
    },
    holds: ALL,
  },
  {
    name: 'hot pixels beside stars of 2 pixels',
    options: {
      seed: 82,
      hotPixels: { count: 100, level: 1000 },
      shape: { kind: 'gaussian', fwhmPx: 2 },
      stars: sparse(2),
    },
    holds: ALL,
  },
  {
    name: 'saturated stars that bleed',
    options: {
      seed: 83,
      saturation: 20_000,
      bleeds: true,
      shape: MOFFAT_4,
      stars: sparse(4, { count: 60, snr: [10, 2500], apartPx: 40 }),
    },
    holds: ['fwhm', 'shape', 'complete'],
  },
  {
    name: 'parts without values, 32-bit floats',
    options: {
      seed: 84,
      type: 'float32',
      holes: [
        { x: 100, y: 100, width: 60, height: 200 },
        { x: 0, y: 480, width: 512, height: 32 },
      ],
      shape: MOFFAT_4,
      stars: sparse(4),
    },
    holds: ALL,
  },
];

const crowds: FieldCase[] = [
  {
    name: 'undersampled: 1.5 pixels',
    options: { seed: 90, shape: { kind: 'gaussian', fwhmPx: 1.5 }, stars: sparse(1.8) },
    holds: ['fwhm', 'background', 'complete'],
    limit: {
      complete: 0.8,
      reason: 'a faint star of 1.5 pixels can hardly be told from a hot pixel',
    },
  },
  {
    name: 'crowded: 900 stars',
    options: { seed: 91, shape: { kind: 'gaussian', fwhmPx: 3 }, stars: { count: 900 } },
    holds: ['fwhm', 'shape'],
  },
  {
    name: 'one star',
    options: { seed: 92, shape: MOFFAT_4, stars: [{ x: 256.3, y: 240.7, snr: 300 }] },
    holds: ALL,
    findings: ['few-stars'],
  },
  {
    name: 'five stars',
    options: { seed: 93, shape: MOFFAT_4, stars: sparse(4, { count: 5, snr: [50, 300] }) },
    holds: ALL,
  },
  {
    name: 'small: 128 × 100 pixels',
    options: {
      seed: 94,
      width: 128,
      height: 100,
      shape: { kind: 'gaussian', fwhmPx: 3 },
      stars: sparse(3, { count: 7, snr: [20, 300], apartPx: 18, marginPx: 8 }),
    },
    holds: ALL,
  },
  {
    name: 'a satellite through the field',
    options: {
      seed: 95,
      satellites: [{ angleDeg: 20, throughX: 200, throughY: 300, peak: 300, widthPx: 3 }],
      shape: MOFFAT_4,
      stars: sparse(4),
    },
    holds: ALL,
    // Pieces of the trail are as wide as stars; there is no telling from one alone.
    spares: ({ x, y }) =>
      Math.abs((y - 300) * Math.cos(Math.PI / 9) - (x - 200) * Math.sin(Math.PI / 9)) < 6,
  },
];

/** All simulated fields. */
export const FIELDS: readonly FieldCase[] = [
  ...widths,
  ...wings,
  ...ellipses,
  ...drawnOut,
  ...pulled,
  ...blurred,
  ...justVisible,
  ...skies,
  ...detectors,
  ...crowds,
];
