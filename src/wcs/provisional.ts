import type { Header } from '../fits/index.js';
import type { Footprint, SkyPoint } from '../sky/index.js';
import { footprintOf, type ImageSize } from './footprint.js';
import { linear } from './plane.js';
import { PROJECTIONS } from './projections.js';
import { makeRotation } from './rotation.js';
import { makeWcs } from './wcs.js';

const ARCSEC_PER_RADIAN = 206_264.80624709636;

/** Scales beyond these are no scales, arcseconds per pixel: from speckle cameras to fish-eye lenses. */
const SCALE_RANGE = [0.001, 1800] as const;

/** Arcseconds per pixel. */
const SCALE_KEYWORDS = [
  ['SECPIX1', 'SECPIX2'],
  ['SECPIX', 'SECPIX'],
  ['PIXSCAL1', 'PIXSCAL2'],
  ['PIXSCALE', 'PIXSCALE'],
  ['PIXELSCL', 'PIXELSCL'],
  ['SCALE', 'SCALE'],
] as const;

/** Position angle of up in the image, degrees from north through east. */
const ANGLE_KEYWORDS = [
  'POSANG',
  'POSANGLE',
  'ROTANG',
  'OBJCTROT',
  'ROTATANG',
  'ROTSKYPA',
  'CROTA2',
];

/**
 * Where an image without WCS probably lies: around its pointing, by the scale the header gives or that
 * follows from focal length and pixel size, north up unless it tells an angle. Marked `provisional`.
 * Undefined if there is no scale.
 */
export function provisionalFootprint(
  header: Header,
  size: ImageSize,
  pointing: SkyPoint,
): Footprint | undefined {
  const scale = scaleOf(header);
  const map = PROJECTIONS.TAN?.(() => 0);
  const rotation = makeRotation({
    lonDeg: pointing.raDeg,
    latDeg: pointing.decDeg,
    phi0Deg: 0,
    theta0Deg: 90,
    lonPoleDeg: undefined,
    latPoleDeg: undefined,
  });
  if (scale === undefined || map === undefined || rotation === undefined) return undefined;
  const angle = ((firstNumber(header, ANGLE_KEYWORDS) ?? 0) * Math.PI) / 180;
  const [x, y] = [scale[0] / 3600, scale[1] / 3600];
  // East is to the left, as on the sky.
  const toPlane = linear(
    [-x * Math.cos(angle), y * Math.sin(angle), x * Math.sin(angle), y * Math.cos(angle)],
    [(size.width + 1) / 2, (size.height + 1) / 2],
    [0, 0],
  );
  if (toPlane === undefined) return undefined;
  const own = { projection: 'TAN', system: 'icrs', equinox: undefined } as const;
  const footprint = footprintOf(
    makeWcs({ ...own, toPlane, map, offset: [0, 0], rotation, hasScale: true }),
    size,
  );
  return footprint && { ...footprint, provisional: true };
}

/** Arcseconds per pixel along x and y. */
function scaleOf(header: Header): readonly [number, number] | undefined {
  for (const [inX, inY] of SCALE_KEYWORDS) {
    const scale = plausible(header.number(inX), header.number(inY) ?? header.number(inX));
    if (scale !== undefined) return scale;
  }
  return scaleByFocus(header) ?? scaleByStep(header);
}

function plausible(
  x: number | undefined,
  y: number | undefined,
): readonly [number, number] | undefined {
  const [least, most] = SCALE_RANGE;
  const [a, b] = [Math.abs(x ?? NaN), Math.abs(y ?? NaN)];
  return a >= least && a <= most && b >= least && b <= most ? [a, b] : undefined;
}

/**
 * Focal length in mm, pixels in µm. XPIXSZ is the size of a pixel as it was read, with its binning
 * (SBFITSEXT 1.0); PIXSIZE that of a pixel of the detector.
 */
function scaleByFocus(header: Header): readonly [number, number] | undefined {
  const focal = header.number('FOCALLEN') ?? NaN;
  if (!(focal > 0)) return undefined;
  const bins = binning(header);
  const sizes = [
    [header.number('XPIXSZ'), header.number('YPIXSZ'), 1, 1],
    [header.number('PIXSIZE1'), header.number('PIXSIZE2'), ...bins],
    [header.number('PIXSIZE'), header.number('PIXSIZE'), ...bins],
  ] as const;
  for (const [x, y, binX, binY] of sizes) {
    if (x === undefined) continue;
    const perMicron = ARCSEC_PER_RADIAN / 1000 / focal;
    const scale = plausible(x * binX * perMicron, (y ?? x) * binY * perMicron);
    if (scale !== undefined) return scale;
  }
  return undefined;
}

function binning(header: Header): readonly [number, number] {
  const [x = NaN, y = NaN] = (header.string('CCDSUM') ?? '').trim().split(/\s+/).map(Number);
  const factor = (value: number): number => (value >= 1 && value <= 64 ? value : 1);
  const inX = header.number('XBINNING') ?? x;
  return [factor(inX), factor(header.number('YBINNING') ?? (Number.isNaN(y) ? inX : y))];
}

/** CDELT in degrees, where it stands without a CTYPE; 1 is what software writes that knows no scale. */
function scaleByStep(header: Header): readonly [number, number] | undefined {
  const [x, y] = [header.number('CDELT1'), header.number('CDELT2')];
  if (header.string('CTYPE1')?.trim() || x === undefined || Math.abs(x) >= 0.1) return undefined;
  return plausible(x * 3600, (y ?? x) * 3600);
}

function firstNumber(header: Header, keywords: readonly string[]): number | undefined {
  return keywords
    .map((keyword) => header.number(keyword))
    .find((value) => value !== undefined && Math.abs(value) <= 360);
}
