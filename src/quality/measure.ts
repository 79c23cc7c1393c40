import { measureBackground, type Background } from './background.js';
import { findFaults, LEAST_SIDE_PX } from './faults.js';
import { findStars } from './find-stars.js';
import { findSaturation, measureLevels } from './levels.js';
import { MEASURE_METHOD } from './method.js';
import type { Finding, MeasureKind, Measures, Picture, Star } from './types.js';
import { goodStars, judgeStars } from './verdict.js';

/** Faults after which stars and levels would be those of a broken picture. */
const HOPELESS = ['blank'];
/** Stars whose light is summed; a field with fewer has no sum. */
const SUMMED_STARS = 20;
const LEAST_SUMMED = 5;

/**
 * All that is measured of a decoded picture. Never throws for what the pixels are: what could not be
 * told is null, and a finding says why.
 */
export function measurePicture(picture: Picture): Measures {
  const faults = findFaults(picture);
  const { kind, width, height } = picture;
  if (faults.some(({ code }) => HOPELESS.includes(code))) return nothingMeasured(kind, faults);
  const saturation = findSaturation(picture);
  const background = measureBackground(picture);
  if (Number.isNaN(background.level)) {
    const text = 'Too few pixels have values: the background cannot be told.';
    return nothingMeasured(kind, [...faults, { code: 'unmeasured', level: 'warning', text }]);
  }
  const levels = measureLevels(picture, background, saturation);
  const measures: Measures = {
    ...nothingMeasured(kind, [...faults, ...levels.findings]),
    background: background.level,
    backgroundGradient: gradientOf(background),
    noise: background.noise,
    saturatedFraction: saturation.share,
    hotPixels: levels.hotPixels,
    deadPixels: levels.deadPixels,
    exposureLevel: levels.exposureLevel,
  };
  if (kind !== 'sky') return measures;
  if (Math.min(width, height) < LEAST_SIDE_PX) {
    const text = `The image of ${width} × ${height} pixels is too small to look for stars.`;
    const finding: Finding = { code: 'too-small', level: 'note', text };
    return { ...measures, findings: [...measures.findings, finding] };
  }
  const { stars, found } = findStars({ ...picture, saturation: saturation.level }, background);
  const { findings, ...shape } = judgeStars(picture, background, stars, saturation);
  const { pixelScaleArcsec: scale } = picture;
  return {
    ...measures,
    ...shape,
    stars: found - stars.filter(({ isCut }) => isCut).length,
    fwhmArcsec: shape.fwhmPx === null || scale === null ? null : shape.fwhmPx * scale,
    instrumentalMag: sumOfLight(picture, stars),
    findings: [...measures.findings, ...findings],
  };
}

/** Measures without a number, and the findings that say why. */
export function nothingMeasured(kind: MeasureKind, findings: readonly Finding[]): Measures {
  return {
    method: MEASURE_METHOD,
    kind,
    stars: null,
    fwhmPx: null,
    fwhmArcsec: null,
    hfrPx: null,
    elongation: null,
    elongationAngleDeg: null,
    background: null,
    backgroundGradient: null,
    noise: null,
    saturatedFraction: null,
    hotPixels: null,
    deadPixels: null,
    exposureLevel: null,
    instrumentalMag: null,
    findings,
  };
}

/** Null where the level is no more than noise about 0. */
function gradientOf({ level, noise, plane }: Background): number | null {
  return Math.abs(level) > noise ? plane.range / Math.abs(level) : null;
}

/** `instrumentalMag` of Measures: of as many stars each time, or sums would not compare. */
function sumOfLight({ exposureSec = null }: Picture, stars: readonly Star[]): number | null {
  if (exposureSec === null || !(exposureSec > 0)) return null;
  const fluxes = goodStars(stars).map(({ flux }) => flux);
  const brightest = fluxes.sort((one, other) => other - one).slice(0, SUMMED_STARS);
  if (brightest.length < LEAST_SUMMED) return null;
  const sum = brightest.reduce((total, flux) => total + flux, 0);
  return sum > 0 ? -2.5 * Math.log10(sum / exposureSec) : null;
}
