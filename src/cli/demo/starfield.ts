import type { Direction } from './ephemeris.js';
import type { Target } from './observatory.js';
import { createRandom } from './random.js';
import type { Random } from './random.js';

/** A star of a field. */
export interface Star extends Direction {
  /** V magnitude. */
  readonly magnitude: number;
  /** B − V. */
  readonly colour: number;
}

/** A position in the plane that touches the sky at some centre, degrees east and north. */
export interface PlanePoint {
  readonly xiDeg: number;
  readonly etaDeg: number;
}

/** The linear part of a TAN projection: pixels are FITS pixels, the first is (1, 1). */
export interface TanWcs {
  readonly centre: Direction;
  readonly crpix: readonly [number, number];
  /** CD1_1, CD1_2, CD2_1, CD2_2, degrees per pixel. */
  readonly cd: readonly [number, number, number, number];
}

const DEG = Math.PI / 180;
/** Half the side of the square of sky for which stars are made, degrees: the wide camera and a margin. */
const FIELD_HALF_DEG = 0.85;
const BRIGHTEST = 7.5;
const FAINTEST = 18.5;
/** Stars to FAINTEST in the square at high galactic latitude. */
const USUAL_STARS = 5200;
/** Number of stars grows as 10 to this times the magnitude. */
const SLOPE = 0.32;

/** Gnomonic projection about `centre`; FITS WCS Paper II §5.1.3. Undefined beyond 90°. */
export function projectTan(point: Direction, centre: Direction): PlanePoint | undefined {
  const dRa = (point.raDeg - centre.raDeg) * DEG;
  const dec = point.decDeg * DEG;
  const dec0 = centre.decDeg * DEG;
  const depth = Math.sin(dec) * Math.sin(dec0) + Math.cos(dec) * Math.cos(dec0) * Math.cos(dRa);
  if (depth <= 0) return undefined;
  const north = Math.sin(dec) * Math.cos(dec0) - Math.cos(dec) * Math.sin(dec0) * Math.cos(dRa);
  return {
    xiDeg: (Math.cos(dec) * Math.sin(dRa)) / depth / DEG,
    etaDeg: north / depth / DEG,
  };
}

/** The inverse of `projectTan`. */
export function unprojectTan({ xiDeg, etaDeg }: PlanePoint, centre: Direction): Direction {
  const xi = xiDeg * DEG;
  const eta = etaDeg * DEG;
  const dec0 = centre.decDeg * DEG;
  const depth = Math.cos(dec0) - eta * Math.sin(dec0);
  const dRa = Math.atan2(xi, depth);
  const dec = Math.atan2(Math.sin(dec0) + eta * Math.cos(dec0), Math.hypot(xi, depth));
  return { raDeg: (centre.raDeg + dRa / DEG + 360) % 360, decDeg: dec / DEG };
}

/** A WCS with north up but for `rotationDeg`, east left, and the centre in the middle of the frame. */
export function makeWcs(
  centre: Direction,
  size: readonly [number, number],
  scaleArcsec: number,
  rotationDeg: number,
): TanWcs {
  const scale = scaleArcsec / 3600;
  const c = scale * Math.cos(rotationDeg * DEG);
  const s = scale * Math.sin(rotationDeg * DEG);
  return { centre, crpix: [(size[0] + 1) / 2, (size[1] + 1) / 2], cd: [-c, s, s, c] };
}

/** FITS pixel of a direction. Undefined if it is not on this side of the sky. */
export function toPixel(point: Direction, wcs: TanWcs): { x: number; y: number } | undefined {
  const plane = projectTan(point, wcs.centre);
  if (plane === undefined) return undefined;
  const [a, b, c, d] = wcs.cd;
  const det = a * d - b * c;
  return {
    x: wcs.crpix[0] + (d * plane.xiDeg - b * plane.etaDeg) / det,
    y: wcs.crpix[1] + (a * plane.etaDeg - c * plane.xiDeg) / det,
  };
}

/** The stars around a target, the brightest first: always the same for the same seed and target. */
export function makeStars(target: Target, seed: string): Star[] {
  const random = createRandom(`${seed} stars ${target.name}`);
  const stars = Array.from({ length: Math.round(USUAL_STARS * target.crowding) }, () =>
    makeFieldStar(target, random),
  );
  if (target.kind === 'globular') stars.push(...makeCluster(target, random, 2500, 12.5));
  if (target.kind === 'cluster') stars.push(...makeCluster(target, random, 150, 7.5));
  if (target.kind === 'star') {
    stars.push({ ...target, magnitude: target.magnitude, colour: 0.57 });
  }
  return stars.sort((a, b) => a.magnitude - b.magnitude);
}

function makeFieldStar(target: Target, random: Random): Star {
  const xiDeg = (random.uniform() * 2 - 1) * FIELD_HALF_DEG;
  const etaDeg = (random.uniform() * 2 - 1) * FIELD_HALF_DEG;
  return {
    ...unprojectTan({ xiDeg, etaDeg }, target),
    magnitude: drawMagnitude(random, BRIGHTEST),
    colour: 0.75 + 0.3 * random.normal(),
  };
}

/** From a luminosity function dN/dm ~ 10^(SLOPE m), cut at both ends. */
function drawMagnitude(random: Random, brightest: number): number {
  const low = 10 ** (SLOPE * (brightest - FAINTEST));
  return FAINTEST + Math.log10(low + (1 - low) * random.uniform()) / SLOPE;
}

/** Stars crowded to the centre as in a Plummer sphere, a fifth of the diameter as its core. */
function makeCluster(target: Target, random: Random, count: number, brightest: number): Star[] {
  const coreDeg = target.sizeArcmin / 60 / 10;
  return Array.from({ length: count }, () => {
    const part = 0.03 + 0.94 * random.uniform();
    const radius = Math.min(FIELD_HALF_DEG, coreDeg * Math.sqrt(part / (1 - part)));
    const angle = 2 * Math.PI * random.uniform();
    return {
      ...unprojectTan(
        { xiDeg: radius * Math.cos(angle), etaDeg: radius * Math.sin(angle) },
        target,
      ),
      magnitude: Math.min(FAINTEST, drawMagnitude(random, brightest) - 1.2 * random.uniform()),
      colour: 0.6 + 0.25 * random.normal(),
    };
  });
}

/** Light without stars: galaxy or nebula, as a sum of elliptical blobs around the target. */
export interface Glow {
  readonly offset: PlanePoint;
  /** Scale lengths along and across, degrees. */
  readonly lengthDeg: number;
  readonly widthDeg: number;
  readonly angleDeg: number;
  /** Part of the target's whole light. */
  readonly part: number;
  /** Fall-off: exponential as in a disc, or Gaussian as in a cloud. */
  readonly shape: 'disc' | 'cloud';
}

/** The glow of a target; [] where there are only stars. */
export function makeGlows(target: Target, seed: string): Glow[] {
  const length = target.sizeArcmin / 60 / 8;
  const here = { xiDeg: 0, etaDeg: 0 };
  const { angleDeg, axisRatio } = target;
  if (target.kind === 'galaxy') {
    const bulge = length * 0.18;
    return [
      {
        offset: here,
        lengthDeg: length,
        widthDeg: length * axisRatio,
        angleDeg,
        part: 0.8,
        shape: 'disc',
      },
      {
        offset: here,
        lengthDeg: bulge,
        widthDeg: bulge * Math.sqrt(axisRatio),
        angleDeg,
        part: 0.2,
        shape: 'disc',
      },
    ];
  }
  if (target.kind !== 'nebula') return [];
  const random = createRandom(`${seed} glow ${target.name}`);
  return Array.from({ length: 9 }, (): Glow => {
    const blob = length * (0.4 + 1.1 * random.uniform());
    return {
      offset: { xiDeg: 1.3 * length * random.normal(), etaDeg: 1.3 * length * random.normal() },
      lengthDeg: blob,
      widthDeg: blob * (0.35 + 0.65 * random.uniform()),
      angleDeg: 360 * random.uniform(),
      part: 1 / 9,
      shape: 'cloud',
    };
  });
}
