import { findStars, measureBackground, type Background } from '../../src/quality/index.js';
import type { Picture, Star } from '../../src/quality/index.js';
import { findSaturation } from '../../src/quality/levels.js';
import { judgeStars } from '../../src/quality/verdict.js';
import { makeField, type Field, type FieldOptions, type TrueStar } from '../fixtures/star-field.js';
import { FIELDS, type FieldCase } from './compare/star-fields.js';

/**
 * Simulated fields of known truth. What is held to:
 *
 * - FWHM: the median of the frame within 3 % of the recorded profile.
 * - Ellipticity: the median over stars of a signal to noise of 50 and more within 0.03 of the truth (noise
 *   makes every round star an ellipse, at 20 by 0.04), and the angle within 5° from 0.1 on.
 * - Background: off by at most 0.5 σ/√N, N being the pixels within one FWHM of a star. In an aperture
 *   of that radius the background then adds less than half as much error as the noise of its pixels.
 * - Completeness: 95 % of the stars of a signal to noise of 10 and more; false detections: at most 2 %.
 */
const FWHM_SHARE = 0.03;
const ELLIPTICITY = 0.03;
const ANGLE_DEG = 5;
const BACKGROUND_NOISES = 0.5;
const COMPLETE = 0.95;
const FALSE_SHARE = 0.02;
/** True stars above this are wanted; the S/N of a star depends on its place within a pixel by some per cent. */
const WANTED_SNR = 9.5;
const CLEAR_SNR = 50;
/** Nearer to the edge than this many FWHM a star need not be found. */
const EDGE_FWHM = 1.5;

/** What came out for a field. */
interface Result {
  readonly fwhm: number;
  readonly fwhmShare: number;
  readonly ellipticity: number;
  readonly ellipticityError: number;
  readonly angleError: number;
  /** In units of the noise, at the worst of some places. */
  readonly backgroundError: number;
  readonly backgroundBound: number;
  readonly wanted: number;
  readonly hit: number;
  readonly found: number;
  readonly falses: number;
  readonly findings: readonly string[];
}

const results = new Map<string, Result>();

afterAll(() => {
  const limits = FIELDS.flatMap(({ name, limit }) =>
    limit === undefined ? [] : [`${name}: at least ${100 * limit.complete} %, for ${limit.reason}`],
  );
  process.stdout.write(`\n${[tableOf(results), ...limits].join('\n')}\n`);
});

test('there are at least thirty fields, and each is another', () => {
  expect(FIELDS.length).toBeGreaterThanOrEqual(30);
  expect(new Set(FIELDS.map(({ name }) => name)).size).toBe(FIELDS.length);
});

test.each(FIELDS.map((each) => [each.name, each] as const))('field: %s', (name, field) => {
  const result = measureField(field);
  results.set(name, result);
  const { holds, falseLimit = FALSE_SHARE, limit } = field;
  if (holds.includes('fwhm')) expect(Math.abs(result.fwhmShare)).toBeLessThanOrEqual(FWHM_SHARE);
  if (holds.includes('shape')) {
    expect(result.ellipticityError).toBeLessThanOrEqual(ELLIPTICITY);
    expect(result.angleError).toBeLessThanOrEqual(ANGLE_DEG);
  }
  if (holds.includes('background')) {
    expect(result.backgroundError).toBeLessThanOrEqual(result.backgroundBound);
  }
  if (holds.includes('complete')) {
    expect(result.hit / result.wanted).toBeGreaterThanOrEqual(limit?.complete ?? COMPLETE);
  }
  expect(result.falses).toBeLessThanOrEqual(falseLimit * Math.max(1, result.found));
  expect(result.findings).toEqual(field.findings ?? []);
});

function measureField({ options, spares }: FieldCase): Result {
  const field = makeField(options);
  const picture: Picture = {
    ...field,
    kind: 'sky',
    saturation: null,
    pixelScaleArcsec: null,
    exposureSec: 60,
  };
  const background = measureBackground(picture);
  const { stars } = findStars(picture, background);
  const verdict = judgeStars(picture, background, stars, findSaturation(picture));
  const { fwhmPx = 3 } = options.shape ?? {};
  const near = Math.max(1.5, 0.7 * fwhmPx);
  const wanted = field.stars.filter((star) => isWanted(star, field, options));
  const hit = wanted.filter((star) => nearest(star, stars, near) !== undefined);
  const falses = stars.filter(
    (star) =>
      nearest(star, field.stars, Math.max(3, 1.5 * fwhmPx)) === undefined &&
      spares?.(star) !== true,
  );
  return {
    fwhm: verdict.fwhmPx ?? NaN,
    fwhmShare: (verdict.fwhmPx ?? NaN) / fwhmPx - 1,
    ...shapeErrors(field, stars, near),
    backgroundError: backgroundError(background, field, options),
    backgroundBound: BACKGROUND_NOISES / Math.sqrt(Math.PI * fwhmPx * fwhmPx),
    wanted: wanted.length,
    hit: hit.length,
    found: stars.length,
    falses: falses.length,
    findings: verdict.findings.map(({ code }) => code),
  };
}

/** Whole stars bright enough to be found, of which nothing else lies on top. */
function isWanted(star: TrueStar, { width, height }: Field, options: FieldOptions): boolean {
  const margin = EDGE_FWHM * (options.shape?.fwhmPx ?? 3);
  const isInside =
    star.x > margin && star.x < width - margin && star.y > margin && star.y < height - margin;
  const inHole = (options.holes ?? []).some(
    ({ x, y, width: across, height: up }) =>
      star.x > x - margin &&
      star.x < x + across + margin &&
      star.y > y - margin &&
      star.y < y + up + margin,
  );
  return star.snr >= WANTED_SNR && isInside && !inHole && !star.isStruck;
}

function nearest<T extends { readonly x: number; readonly y: number }>(
  to: { readonly x: number; readonly y: number },
  stars: readonly T[],
  within: number,
): T | undefined {
  let best: T | undefined;
  let least = within;
  for (const star of stars) {
    const distance = Math.hypot(star.x - to.x, star.y - to.y);
    if (distance < least) [best, least] = [star, distance];
  }
  return best;
}

function shapeErrors(
  field: Field,
  stars: readonly Star[],
  near: number,
): Pick<Result, 'ellipticity' | 'ellipticityError' | 'angleError'> {
  const pairs = field.stars.flatMap((real) => {
    const star = nearest(real, stars, near);
    const isClear = real.snr >= CLEAR_SNR && !real.isSaturated && star?.isCut === false;
    return isClear ? [{ real, star }] : [];
  });
  const ellipticity = median(pairs.map(({ star }) => star.ellipticity));
  const [first] = field.stars;
  const real = first?.ellipticity ?? NaN;
  const turns = pairs.map(({ star }) => angleBetween(star.angleDeg, first?.angleDeg ?? 0));
  return {
    ellipticity,
    ellipticityError: Math.abs(ellipticity - real),
    // A circle has no direction.
    angleError: real >= 0.1 ? Math.abs(median(turns)) : 0,
  };
}

/** Difference of two directions of lines, −90 … 90. */
function angleBetween(one: number, other: number): number {
  return ((((one - other + 90) % 180) + 180) % 180) - 90;
}

/** At the worst of the places where the truth is simple: of an even sky its level, else nine places. */
function backgroundError(
  background: Background,
  field: Field,
  { gradient, glow, sky = 400 }: FieldOptions,
): number {
  if (glow !== undefined) return NaN;
  if (gradient === undefined) {
    return Math.abs(background.level - field.background) / field.noise;
  }
  const errors = [0.25, 0.5, 0.75].flatMap((up) =>
    [0.25, 0.5, 0.75].map((across) => {
      const tilt = gradient.x * (across - 0.5) + gradient.y * (up - 0.5);
      const place = background.at(across * (field.width - 1), up * (field.height - 1));
      return (place - field.background - sky * tilt) / field.noise;
    }),
  );
  return Math.abs(median(errors));
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? NaN;
}

/** A line for each field: what is true, what was measured. */
function tableOf(all: ReadonlyMap<string, Result>): string {
  const head = [
    'field'.padEnd(34),
    '  FWHM   off %   ellipt.  off   angle  background σ (bound)  complete  false   findings',
  ];
  const lines = [...all].map(([name, result]) => {
    const { wanted, hit, found, falses } = result;
    return [
      name.padEnd(34),
      result.fwhm.toFixed(2).padStart(6),
      (100 * result.fwhmShare).toFixed(1).padStart(7),
      result.ellipticity.toFixed(3).padStart(9),
      result.ellipticityError.toFixed(3).padStart(6),
      result.angleError.toFixed(1).padStart(6),
      result.backgroundError.toFixed(4).padStart(11),
      `(${result.backgroundBound.toFixed(4)})`,
      `${hit}/${wanted}`.padStart(11),
      `${falses}/${found}`.padStart(7),
      ` ${result.findings.join(', ')}`,
    ].join(' ');
  });
  return [head.join(' '), ...lines].join('\n');
}
