import { digitize, makeDetector, makeFlat, noisePicker } from './detector.js';
import type { Detector } from './detector.js';
import { airmassAt, angleBetween, locateMoon, moonFraction, toHorizontal } from './ephemeris.js';
import type { Direction } from './ephemeris.js';
import { OBSERVATORY } from './observatory.js';
import type { Camera, Filter } from './observatory.js';
import type { Exposure } from './plan.js';
import { createNormalTable, createRandom } from './random.js';
import type { Random } from './random.js';
import { makeGlows, makeStars, makeWcs, projectTan, toPixel } from './starfield.js';
import type { Glow, PlanePoint, Star, TanWcs } from './starfield.js';

/** A star as a camera saw it. */
export interface SeenStar extends Direction {
  /** FITS pixel, the first is (1, 1). */
  readonly x: number;
  readonly y: number;
  /** Electrons in the exposure. */
  readonly electrons: number;
}

/** Light that fell on a detector, before the detector added its own. */
export interface Scene {
  /** Electrons, `light[y * width + x]`, row 0 is FITS row 1. The renderer's own: used up by the next. */
  readonly light: Float32Array;
  readonly stars: readonly SeenStar[];
  readonly wcs: TanWcs | undefined;
  /** Width of a star, pixels (FWHM); 0 where there are none. */
  readonly fwhm: number;
}

/** Draws exposures. Keeps fields, flats and detectors that frames share. */
export interface Renderer {
  /** The light of an exposure, still without noise. */
  expose(exposure: Exposure): Scene;
  /** As the camera writes it: ADU with bias, dark current, noise and hot pixels. */
  readOut(exposure: Exposure, light: Float32Array): Uint16Array;
  /** As a pipeline leaves it: ADU above the bias, flat, noise as of `count` frames averaged. */
  reduce(exposure: Exposure, light: Float32Array, count: number): Float32Array;
  /** A master bias of `count` frames, ADU. */
  masterBias(camera: Camera, count: number): Float32Array;
}

/** Brightness of the moonless sky, V magnitudes per square arc second. */
const DARK_SKY = 20.9;
/** Relative throughput, sky brightness, extinction per air mass, and weight of B − V, by filter. */
const BAND: Record<Filter, { light: number; sky: number; extinction: number; colour: number }> = {
  B: { light: 0.5, sky: 0.55, extinction: 0.33, colour: 1 },
  V: { light: 1, sky: 1, extinction: 0.2, colour: 0 },
  R: { light: 1.2, sky: 1.6, extinction: 0.13, colour: -0.55 },
};
/** Diffuse light is smooth: worked out at every n-th pixel and interpolated. */
const GLOW_STEP = 4;
const FWHM_PER_SIGMA = 2.3548;
const DEG = Math.PI / 180;

interface Field {
  readonly stars: readonly Star[];
  readonly glows: readonly Glow[];
}

/** @param seed the same seed gives the same bytes */
export function createRenderer(seed: string): Renderer {
  const normal = createNormalTable();
  const fields = new Map<string, Field>();
  const flats = new Map<string, Float32Array>();
  const detectors = new Map<string, Detector>();
  const light = new Map<string, Float32Array>();

  const fieldOf = (exposure: Exposure): Field | undefined => {
    const { target } = exposure;
    if (target === undefined) return undefined;
    return getOrMake(fields, target.name, () => ({
      stars: makeStars(target, seed),
      glows: makeGlows(target, seed),
    }));
  };
  const flatOf = (camera: Camera, filter: Filter): Float32Array =>
    getOrMake(flats, `${camera.id} ${filter}`, () => makeFlat(camera, filter, normal, seed));
  const detectorOf = (camera: Camera): Detector =>
    getOrMake(detectors, camera.id, () => makeDetector(camera, seed));
  const randomOf = (exposure: Exposure, what: string): Random =>
    createRandom(`${seed} ${what} ${exposure.camera.id} ${exposure.startMs}`);

  return {
    expose: (exposure) => {
      const { camera, filter } = exposure;
      const size = camera.width * camera.height;
      const canvas = getOrMake(light, camera.id, () => new Float32Array(size)).fill(0);
      const random = randomOf(exposure, 'sky');
      const field = fieldOf(exposure);
      const scene =
        field === undefined ? emptyScene(canvas) : exposeField(exposure, field, canvas, random);
      if (exposure.kind === 'skyflat') canvas.fill(exposure.flatLevel * camera.gain);
      if (filter !== undefined) multiply(canvas, flatOf(camera, filter));
      return scene;
    },
    readOut: (exposure, electrons) =>
      digitize(exposure, electrons, detectorOf(exposure.camera), {
        normal,
        random: randomOf(exposure, 'noise'),
      }),
    reduce: (exposure, electrons, count) => {
      const { camera } = exposure;
      const flat = flatOf(camera, exposure.filter ?? 'V');
      const pick = noisePicker(normal, randomOf(exposure, 'reduced'));
      const readVariance = camera.readNoise ** 2;
      return electrons.map((value, index) => {
        const sigma = Math.sqrt((value + readVariance) / count);
        return (value + sigma * pick()) / camera.gain / (flat[index] ?? 1);
      });
    },
    masterBias: (camera, count) => {
      const { columns } = detectorOf(camera);
      const pick = noisePicker(normal, createRandom(`${seed} master bias ${camera.id}`));
      const sigma = camera.readNoise / camera.gain / Math.sqrt(count);
      const pixels = new Float32Array(camera.width * camera.height);
      return pixels.map(
        (_, i) => camera.biasLevel + (columns[i % camera.width] ?? 0) + sigma * pick(),
      );
    },
  };
}

function getOrMake<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

function emptyScene(light: Float32Array): Scene {
  return { light, stars: [], wcs: undefined, fwhm: 0 };
}

/** Where the telescope really points: a few arc seconds off, as telescopes do. */
function pointAt(exposure: Exposure, target: Direction, random: Random): Direction {
  const sigmaDeg = (4 * exposure.camera.scaleArcsec) / 3600;
  return {
    raDeg:
      (target.raDeg + (sigmaDeg * random.normal()) / Math.cos(target.decDeg * DEG) + 360) % 360,
    decDeg: target.decDeg + sigmaDeg * random.normal(),
  };
}

function exposeField(exposure: Exposure, field: Field, light: Float32Array, random: Random): Scene {
  const { camera, target } = exposure;
  if (target === undefined) return emptyScene(light);
  const centre = pointAt(exposure, target, random);
  const wcs = makeWcs(
    centre,
    [camera.width, camera.height],
    camera.scaleArcsec,
    camera.rotationDeg,
  );
  const conditions = findConditions(exposure, centre, random);
  light.fill(conditions.skyElectrons);
  const origin = projectTan(target, centre) ?? { xiDeg: 0, etaDeg: 0 };
  addGlows(light, camera, wcs, {
    glows: field.glows,
    origin,
    electrons: conditions.perSecond(target.magnitude, 0.8) * exposure.exposureSec,
  });
  const stars = seeStars(exposure, field.stars, wcs, conditions);
  for (const star of stars.flatMap((each) => drifted(each, exposure))) {
    addStar(light, camera, star, conditions.fwhm / FWHM_PER_SIGMA);
  }
  if (exposure.weather === 'trail') addTrail(light, camera, random);
  if (exposure.weather === 'clouds') addClouds(light, camera, random);
  const inside = stars.filter(
    ({ x, y }) => x >= 1 && y >= 1 && x <= camera.width && y <= camera.height,
  );
  return { light, stars: inside, wcs, fwhm: conditions.fwhm };
}

/** Images of a star whose light is drawn out into a line, as one that the telescope does not follow. */
const DRIFT = { images: 12, xPx: 9, yPx: 4 } as const;

function drifted(star: SeenStar, { weather }: Exposure): readonly SeenStar[] {
  if (weather !== 'drift') return [star];
  return Array.from({ length: DRIFT.images }, (_, index) => {
    const part = index / (DRIFT.images - 1) - 0.5;
    const electrons = star.electrons / DRIFT.images;
    return { ...star, electrons, x: star.x + part * DRIFT.xPx, y: star.y + part * DRIFT.yPx };
  });
}

interface Conditions {
  /** Electrons of the sky in one pixel in the whole exposure. */
  readonly skyElectrons: number;
  readonly fwhm: number;
  perSecond(magnitude: number, colour: number): number;
}

function findConditions(exposure: Exposure, centre: Direction, random: Random): Conditions {
  const { camera, startMs } = exposure;
  const band = BAND[exposure.filter ?? 'V'];
  const airmass = airmassAt(Math.max(5, toHorizontal(centre, startMs, OBSERVATORY).altDeg));
  const { cover } = exposure;
  const perSecond = (magnitude: number, colour: number): number =>
    cover *
    band.light *
    10 **
      (-0.4 * (magnitude + band.colour * colour + band.extinction * airmass - camera.zeroPoint));
  const moon = locateMoon(startMs);
  const moonUp = Math.max(0, Math.sin(toHorizontal(moon, startMs, OBSERVATORY).altDeg * DEG));
  const nearness = 1 + 30 / (10 + angleBetween(moon, centre));
  const moonlight = 5 * moonFraction(startMs) ** 2 * moonUp * nearness;
  const brightness = band.sky * (1 + moonlight) * (cover < 1 ? 2.2 : 1);
  const perArcsec = 10 ** (-0.4 * (DARK_SKY - camera.zeroPoint)) * brightness;
  const seeingArcsec = (2.1 + 0.35 * Math.abs(random.normal())) * airmass ** 0.6;
  return {
    skyElectrons: perArcsec * camera.scaleArcsec ** 2 * exposure.exposureSec,
    fwhm: Math.hypot(seeingArcsec / camera.scaleArcsec, camera.opticsFwhm),
    perSecond,
  };
}

/** Stars whose light reaches the detector, also from just outside its edge. */
function seeStars(
  exposure: Exposure,
  stars: readonly Star[],
  wcs: TanWcs,
  conditions: Conditions,
): SeenStar[] {
  const { camera, exposureSec } = exposure;
  const margin = 20;
  return stars.flatMap((star) => {
    const pixel = toPixel(star, wcs);
    if (pixel === undefined) return [];
    const { x, y } = pixel;
    if (x < -margin || y < -margin) return [];
    if (x > camera.width + margin || y > camera.height + margin) return [];
    const electrons = conditions.perSecond(star.magnitude, star.colour) * exposureSec;
    return [{ raDeg: star.raDeg, decDeg: star.decDeg, x, y, electrons }];
  });
}

/** A Gaussian core with a tenth of the light in a wing of twice its width. */
function addStar(light: Float32Array, camera: Camera, star: SeenStar, sigma: number): void {
  addBlob(light, camera, star, { sigma, electrons: star.electrons * 0.9 });
  if (star.electrons > 2e4) {
    addBlob(light, camera, star, { sigma: sigma * 2, electrons: star.electrons * 0.1 });
  }
}

function addBlob(
  light: Float32Array,
  { width, height }: Camera,
  { x, y }: SeenStar,
  { sigma, electrons }: { sigma: number; electrons: number },
): void {
  const peak = electrons / (2 * Math.PI * sigma * sigma);
  // Out to where it is lost in the noise.
  const radius = Math.ceil(sigma * Math.sqrt(2 * Math.log(Math.max(3, peak * 4))));
  const [left, right] = [
    Math.max(0, Math.ceil(x - 1 - radius)),
    Math.min(width - 1, x - 1 + radius),
  ];
  const [low, high] = [
    Math.max(0, Math.ceil(y - 1 - radius)),
    Math.min(height - 1, y - 1 + radius),
  ];
  const scale = -1 / (2 * sigma * sigma);
  const across: number[] = [];
  for (let i = left; i <= right; i += 1) across.push(Math.exp((i - x + 1) ** 2 * scale));
  for (let j = low; j <= high; j += 1) {
    const rowPeak = peak * Math.exp((j - y + 1) ** 2 * scale);
    const start = j * width + left;
    across.forEach((value, i) => {
      light[start + i] = (light[start + i] ?? 0) + rowPeak * value;
    });
  }
}

function addGlows(
  light: Float32Array,
  camera: Camera,
  wcs: TanWcs,
  { glows, origin, electrons }: { glows: readonly Glow[]; origin: PlanePoint; electrons: number },
): void {
  if (glows.length === 0) return;
  const pixelArea = (camera.scaleArcsec / 3600) ** 2;
  const profiles = glows.map((glow) => toProfile(glow, origin, electrons * pixelArea));
  const [a, b, c, d] = wcs.cd;
  addSmooth(light, camera, (x, y) => {
    const xi = a * (x + 1 - wcs.crpix[0]) + b * (y + 1 - wcs.crpix[1]);
    const eta = c * (x + 1 - wcs.crpix[0]) + d * (y + 1 - wcs.crpix[1]);
    return profiles.reduce((sum, profile) => sum + profile(xi, eta), 0);
  });
}

function toProfile(
  glow: Glow,
  origin: PlanePoint,
  electrons: number,
): (xi: number, eta: number) => number {
  const { lengthDeg, widthDeg } = glow;
  // The whole light of both shapes is 2π times peak times both lengths.
  const peak = (glow.part * electrons) / (2 * Math.PI * lengthDeg * widthDeg);
  const sin = Math.sin(glow.angleDeg * DEG);
  const cos = Math.cos(glow.angleDeg * DEG);
  return (xi, eta) => {
    const dx = xi - origin.xiDeg - glow.offset.xiDeg;
    const dy = eta - origin.etaDeg - glow.offset.etaDeg;
    const along = (dx * sin + dy * cos) / lengthDeg;
    const across = (dx * cos - dy * sin) / widthDeg;
    const square = along * along + across * across;
    return peak * Math.exp(glow.shape === 'disc' ? -Math.sqrt(square) : -square / 2);
  };
}

/** Adds a smooth function of the pixel (from 0), worked out on a coarse grid. */
function addSmooth(
  light: Float32Array,
  { width, height }: Camera,
  value: (x: number, y: number) => number,
): void {
  const columns = Math.ceil(width / GLOW_STEP) + 1;
  const row = (y: number): Float64Array =>
    Float64Array.from({ length: columns }, (_, i) => value(i * GLOW_STEP, y));
  let below = row(0);
  for (let top = 0; top < height; top += GLOW_STEP) {
    const above = row(top + GLOW_STEP);
    for (let y = top; y < Math.min(height, top + GLOW_STEP); y += 1) {
      const part = (y - top) / GLOW_STEP;
      for (let x = 0; x < width; x += 1) {
        const cell = Math.floor(x / GLOW_STEP);
        const inCell = (x - cell * GLOW_STEP) / GLOW_STEP;
        const low = (below[cell] ?? 0) * (1 - inCell) + (below[cell + 1] ?? 0) * inCell;
        const high = (above[cell] ?? 0) * (1 - inCell) + (above[cell + 1] ?? 0) * inCell;
        light[y * width + x] = (light[y * width + x] ?? 0) + low * (1 - part) + high * part;
      }
    }
    below = above;
  }
}

/** A satellite: one straight line across the whole frame. */
function addTrail(light: Float32Array, { width, height }: Camera, random: Random): void {
  const slope = 0.2 + 0.5 * random.uniform();
  const start = height * (0.1 + 0.3 * random.uniform());
  const sigma = 1.7;
  const narrowing = 1 / Math.hypot(1, slope);
  for (let x = 0; x < width; x += 1) {
    const middle = start + slope * x;
    const lowest = Math.max(0, Math.floor(middle - 8));
    for (let y = lowest; y < Math.min(height, middle + 8); y += 1) {
      const distance = (y - middle) * narrowing;
      const added = 2600 * Math.exp((-distance * distance) / (2 * sigma * sigma));
      light[y * width + x] = (light[y * width + x] ?? 0) + added;
    }
  }
}

/** Uneven bright patches, as clouds lit from below. */
function addClouds(light: Float32Array, camera: Camera, random: Random): void {
  const waves = Array.from({ length: 5 }, () => ({
    kx: (random.normal() * 5) / camera.width,
    ky: (random.normal() * 5) / camera.height,
    phase: 2 * Math.PI * random.uniform(),
  }));
  const level = 0.12 * (light[0] ?? 0);
  addSmooth(light, camera, (x, y) =>
    waves.reduce((sum, w) => sum + level * (1 + Math.sin(w.kx * x + w.ky * y + w.phase)), 0),
  );
}

function multiply(values: Float32Array, factors: Float32Array): void {
  for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) * (factors[i] ?? 1);
}
