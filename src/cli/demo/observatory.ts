import type { Direction, Site } from './ephemeris.js';

/** The observatory of the demo. It does not exist; its sky does. */
export const OBSERVATORY = {
  id: 'kh',
  name: 'Kaltenhoehe Observatory (simulated)',
  latitudeDeg: 50.412,
  longitudeDeg: 10.187,
  heightM: 612,
} as const satisfies Site & { id: string; name: string };

/** A camera on its telescope. */
export interface Camera {
  readonly id: string;
  readonly model: string;
  readonly telescopeId: string;
  readonly telescope: string;
  readonly apertureM: number;
  readonly focalLengthMm: number;
  readonly pixelUm: number;
  readonly width: number;
  readonly height: number;
  /** Arc seconds on the sky. */
  readonly scaleArcsec: number;
  /** Position angle of the detector's columns, degrees. */
  readonly rotationDeg: number;
  /** Electrons per ADU. */
  readonly gain: number;
  /** Electrons. */
  readonly readNoise: number;
  /** ADU. */
  readonly biasLevel: number;
  /** Electrons per second and pixel. */
  readonly darkRate: number;
  readonly hotPixels: number;
  readonly temperatureC: number;
  readonly readoutSec: number;
  /** V magnitude of a star that gives one electron per second. */
  readonly zeroPoint: number;
  /** Width of a star by the optics alone, pixels (FWHM). */
  readonly opticsFwhm: number;
  readonly focusMm: number;
  /** Part of the light lost in the corners. */
  readonly vignetting: number;
}

/** Scale of a pixel by focal length: 206.265 arc seconds per µm and mm. */
const scaleOf = (pixelUm: number, focalLengthMm: number): number =>
  (206.265 * pixelUm) / focalLengthMm;

/** The two cameras of the demo: a narrow and a wide field. */
export const CAMERAS: readonly Camera[] = [
  {
    id: 'cam1',
    model: 'Simulated CCD 1k',
    telescopeId: '50',
    telescope: '0.5m Cassegrain',
    apertureM: 0.5,
    focalLengthMm: 3400,
    pixelUm: 13.5,
    width: 1024,
    height: 1024,
    scaleArcsec: scaleOf(13.5, 3400),
    rotationDeg: 1.3,
    gain: 1.4,
    readNoise: 8.2,
    biasLevel: 980,
    darkRate: 0.02,
    hotPixels: 400,
    temperatureC: -35,
    readoutSec: 14,
    zeroPoint: 22.4,
    opticsFwhm: 1.4,
    focusMm: 42.31,
    vignetting: 0.12,
  },
  {
    id: 'cam2',
    model: 'Simulated CMOS 1.2M',
    telescopeId: '08',
    telescope: '80mm refractor',
    apertureM: 0.08,
    focalLengthMm: 480,
    pixelUm: 7.4,
    width: 1280,
    height: 960,
    scaleArcsec: scaleOf(7.4, 480),
    rotationDeg: -88.4,
    gain: 0.8,
    readNoise: 3.9,
    biasLevel: 512,
    darkRate: 0.08,
    hotPixels: 900,
    temperatureC: -10,
    readoutSec: 3,
    zeroPoint: 18.4,
    opticsFwhm: 2.1,
    focusMm: 17.84,
    vignetting: 0.24,
  },
];

export const FILTERS = ['B', 'V', 'R'] as const;

export type Filter = (typeof FILTERS)[number];

/** What stands at a target besides the stars of the field. */
export type TargetKind = 'star' | 'galaxy' | 'globular' | 'cluster' | 'nebula';

/** A named target, ICRS degrees. */
export interface Target extends Direction {
  readonly name: string;
  readonly kind: TargetKind;
  /** V magnitude of the whole. */
  readonly magnitude: number;
  /** Length of the long axis, arc minutes; 0 for a star. */
  readonly sizeArcmin: number;
  /** Short axis over long axis. */
  readonly axisRatio: number;
  /** Direction of the long axis from north to east, degrees. */
  readonly angleDeg: number;
  /** Stars in the field compared with high galactic latitude. */
  readonly crowding: number;
  /** For the wide camera only, for the narrow only, or for both. */
  readonly field: 'narrow' | 'wide' | 'both';
}

type TargetRow = readonly [
  name: string,
  raDeg: number,
  decDeg: number,
  kind: TargetKind,
  magnitude: number,
  sizeArcmin: number,
  axisRatio: number,
  angleDeg: number,
  crowding: number,
  field: Target['field'],
];

const ROWS: readonly TargetRow[] = [
  ['M 31', 10.6847, 41.2688, 'galaxy', 3.4, 120, 0.32, 35, 1.6, 'wide'],
  ['M 33', 23.4621, 30.6602, 'galaxy', 5.7, 60, 0.6, 23, 1.2, 'wide'],
  ['M 42', 83.8221, -5.3911, 'nebula', 4, 50, 0.8, 60, 1.5, 'wide'],
  ['M 44', 130.1, 19.6667, 'cluster', 3.7, 60, 1, 0, 0.9, 'wide'],
  ['M 45', 56.75, 24.1167, 'cluster', 1.6, 70, 1, 0, 1.1, 'wide'],
  ['NGC 7000', 314.8213, 44.5289, 'nebula', 4, 80, 0.7, 20, 4, 'wide'],
  ['NGC 2244', 97.98, 4.9417, 'nebula', 5, 50, 1, 0, 3, 'wide'],
  ['M 101', 210.8023, 54.349, 'galaxy', 7.9, 26, 0.95, 37, 0.7, 'both'],
  ['M 51', 202.4696, 47.1952, 'galaxy', 8.4, 10, 0.7, 163, 0.7, 'both'],
  ['M 13', 250.4235, 36.4613, 'globular', 5.8, 16, 1, 0, 1, 'both'],
  ['M 81', 148.8882, 69.0653, 'galaxy', 6.9, 22, 0.52, 157, 0.9, 'both'],
  ['M 3', 205.5484, 28.3773, 'globular', 6.2, 15, 1, 0, 0.6, 'narrow'],
  ['M 15', 322.493, 12.167, 'globular', 6.2, 14, 1, 0, 1.5, 'narrow'],
  ['M 92', 259.2808, 43.1359, 'globular', 6.4, 12, 1, 0, 1, 'narrow'],
  ['NGC 7331', 339.2671, 34.4156, 'galaxy', 9.5, 9, 0.35, 171, 1.5, 'narrow'],
  ['NGC 891', 35.6392, 42.3491, 'galaxy', 9.9, 12, 0.18, 22, 1.6, 'narrow'],
  ['NGC 6946', 308.718, 60.1539, 'galaxy', 8.8, 10, 0.85, 60, 3, 'narrow'],
  ['NGC 4565', 189.0866, 25.9877, 'galaxy', 9.6, 14, 0.14, 136, 0.6, 'narrow'],
  ['M 63', 198.9555, 42.0293, 'galaxy', 8.6, 11, 0.57, 105, 0.7, 'narrow'],
  ['M 106', 184.7401, 47.3037, 'galaxy', 8.4, 16, 0.4, 150, 0.7, 'narrow'],
  ['M 57', 283.3962, 33.0292, 'nebula', 8.8, 1.6, 0.8, 60, 3, 'narrow'],
  ['M 27', 299.9016, 22.7212, 'nebula', 7.4, 6, 0.75, 30, 4, 'narrow'],
  ['M 1', 83.6331, 22.0145, 'nebula', 8.4, 5, 0.7, 125, 2.5, 'narrow'],
  ['M 37', 88.077, 32.543, 'cluster', 5.6, 14, 1, 0, 2.5, 'narrow'],
  ['M 67', 132.846, 11.814, 'cluster', 6.9, 20, 1, 0, 1, 'narrow'],
  ['WASP-12', 97.6366, 29.6723, 'star', 11.7, 0, 1, 0, 2, 'narrow'],
  ['HAT-P-16', 9.5732, 42.4631, 'star', 10.8, 0, 1, 0, 1.3, 'narrow'],
  ['TrES-3', 268.0293, 37.5462, 'star', 12.4, 0, 1, 0, 1.3, 'narrow'],
  ['HD 189733', 300.1822, 22.7097, 'star', 7.7, 0, 1, 0, 4, 'narrow'],
];

/** Targets for every season at 50° north, J2000. */
export const TARGETS: readonly Target[] = ROWS.map(
  ([name, raDeg, decDeg, kind, magnitude, sizeArcmin, axisRatio, angleDeg, crowding, field]) => ({
    name,
    raDeg,
    decDeg,
    kind,
    magnitude,
    sizeArcmin,
    axisRatio,
    angleDeg,
    crowding,
    field,
  }),
);
