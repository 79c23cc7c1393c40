import { measureBackground, type Background } from './background.js';
import { findFaults, LEAST_SIDE_PX } from './faults.js';
import { fillSmallHoles } from './holes.js';
import { measureStars } from './large.js';
import { findSaturation, measureLevels, type Saturation } from './levels.js';
import { isAtEdge } from './verdict.js';
import { isRichField, MEASURE_METHOD } from './method.js';
import { countDeadByPlace, findGreen, GREEN_NOISE, keepGreen } from './mosaic.js';
import { evenSections } from './sections.js';
import type { Finding, MeasureKind, Measures, Picture, Star } from './types.js';

/** Faults after which stars and levels would be those of a broken picture. */
const HOPELESS = ['blank'];
/** Ranks of the stars whose light is compared, after the brightest that may be saturated. */
const RICH_RANKS = { after: 10, upTo: 20 };
const POOR_RANKS = { after: 2, upTo: 5 };

/**
 * All that is measured of a decoded picture. Never throws for what the pixels are: what could not be
 * told is null, and a finding says why.
 *
 * @param picture its pixels are changed: copies of large pictures would cost too much memory
 */
export function measurePicture(picture: Picture): Measures {
  const faults = findFaults(picture);
  const { kind, width, height } = picture;
  const saturation = findSaturation(picture);
  if (faults.some(({ code }) => HOPELESS.includes(code))) {
    const isFull = faults.some(({ code }) => code === 'saturated');
    const saturatedFraction = isFull ? saturation.share : null;
    return { ...nothingMeasured(kind, faults), saturatedFraction };
  }
  const { findings: mosaic, deadPixels } = measureGreen(picture, saturation);
  const background = measureEvenBackground(picture, saturation);
  if (Number.isNaN(background.level)) {
    const text = 'Too few pixels have values: the background cannot be told.';
    return nothingMeasured(kind, [...faults, { code: 'unmeasured', level: 'warning', text }]);
  }
  const levels = measureLevels(picture, background, { saturation, deadPixels });
  const measures: Measures = {
    ...nothingMeasured(kind, [...faults, ...mosaic, ...levels.findings]),
    background: background.level,
    backgroundGradient: gradientOf(background),
    noise: background.noise / (mosaic.length === 0 ? 1 : GREEN_NOISE),
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
  fillSmallHoles(picture);
  const { stars, found, verdict } = measureStars(picture, background, saturation);
  const { findings, ...shape } = verdict;
  const { pixelScaleArcsec: scale } = picture;
  const count = found - stars.filter(({ isCut }) => isCut).length;
  return {
    ...measures,
    ...shape,
    stars: count,
    fwhmArcsec: shape.fwhmPx === null || scale === null ? null : shape.fwhmPx * scale,
    instrumentalMag: lightOfStars(picture, stars, count),
    brightest: placesOf(stars),
    findings: [...measures.findings, ...findings],
  };
}

/**
 * Leaves of the pixels of a colour camera the green ones: those of other colours have levels of their own.
 * In a frame without light all are alike.
 */
function measureGreen(
  picture: Picture,
  saturation: Saturation,
): { readonly findings: readonly Finding[]; readonly deadPixels?: number | null } {
  const { kind } = picture;
  const green = kind === 'sky' || kind === 'flat' ? findGreen(picture, picture.green) : undefined;
  if (green === undefined) return { findings: [] };
  const dead = kind === 'flat' ? { deadPixels: countDeadByPlace(picture) } : {};
  keepGreen(picture, green, saturation.level);
  const text =
    'The pixels lie under colour filters: the green ones were measured, and what they lead to between them.';
  return { findings: [{ code: 'mosaic', level: 'note', text }], ...dead };
}

/** The background, between amplifiers of different levels that of the frame as it was. */
function measureEvenBackground(picture: Picture, saturation: Saturation): Background {
  const background = measureBackground(picture);
  if (picture.kind !== 'sky' || !evenSections(picture, background, saturation.level)) {
    return background;
  }
  return measureBackground(picture, { level: background.level });
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

/**
 * `instrumentalMag` of Measures. The brightest stars are left out, saturated or not, as the sharper they
 * are the fewer of them are whole. Ranks are counted from the top, as how many stars are found at the
 * faint end depends on the seeing.
 */
function lightOfStars(picture: Picture, stars: readonly Star[], count: number): number | null {
  const { exposureSec = null } = picture;
  if (exposureSec === null || !(exposureSec > 0)) return null;
  const { after, upTo } = isRichField(count) ? RICH_RANKS : POOR_RANKS;
  const ranked = stars
    .filter((star) => !isAtEdge(star, picture))
    .sort((one, other) => other.flux - one.flux)
    .slice(after, upTo);
  const isKnown = ranked.every(
    ({ isSaturated, isCut, flux }) => !isSaturated && !isCut && flux > 0,
  );
  if (ranked.length < upTo - after || !isKnown) return null;
  const sum = ranked.reduce((total, { flux }) => total + Math.log10(flux / exposureSec), 0);
  return (-2.5 * sum) / ranked.length;
}

/** So many stars tell one field from another. */
const MOST_PLACES = 48;

/** `brightest` of Measures. */
function placesOf(stars: readonly Star[]): number[] {
  const whole = stars.filter(({ isCut }) => !isCut).slice(0, MOST_PLACES);
  return whole.flatMap(({ x, y }) => [toTenth(x), toTenth(y)]);
}

function toTenth(value: number): number {
  return Math.round(value * 10) / 10;
}
