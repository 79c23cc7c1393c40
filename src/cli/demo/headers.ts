import type { WriteCard } from '../../fits/index.js';
import { airmassAt, angleBetween, locateMoon, locateSun } from './ephemeris.js';
import { moonFraction, sunAltitude, toHorizontal } from './ephemeris.js';
import type { Direction } from './ephemeris.js';
import { OBSERVATORY } from './observatory.js';
import type { Exposure } from './plan.js';
import type { Scene } from './render.js';
import type { TanWcs } from './starfield.js';

const MS_PER_DAY = 86_400_000;
const MJD_OF_EPOCH = 40_587;
const KIND_LETTER = { bias: 'b', dark: 'd', skyflat: 'f', object: 'e' } as const;

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** First words of the names of a night's frames, such as `kh50-cam1-20261114`. */
export function namePrefix({ camera }: Exposure, night: string): string {
  return `${OBSERVATORY.id}${camera.telescopeId}-${camera.id}-${night.replaceAll('-', '')}`;
}

/** Name without extension, as `kh50-cam1-20261114-0047-e00`; the last digit is the reduction level. */
export function frameName(exposure: Exposure, night: string, level: 0 | 1): string {
  const number = String(exposure.number).padStart(4, '0');
  return `${namePrefix(exposure, night)}-${number}-${KIND_LETTER[exposure.kind]}0${level}`;
}

/** Cards of a raw frame: what a camera and its robot write, with keywords as pyobs has them. */
export function frameCards(
  exposure: Exposure,
  { name, night, scene, mean }: { name: string; night: string; scene: Scene; mean: number },
): WriteCard[] {
  const { camera } = exposure;
  // What the clock of the computer says; the telescope's own knows where it points.
  const clockMs = exposure.startMs + exposure.clockAheadSec * 1000;
  const iso = new Date(clockMs).toISOString().slice(0, -1);
  return [
    ['EXTNAME', 'SCI'],
    ['DATE-OBS', iso, '[UTC] start of exposure'],
    ['DAY-OBS', night, 'local date of the evening'],
    ['MJD-OBS', round(clockMs / MS_PER_DAY + MJD_OF_EPOCH, 8), '[d] start of exposure'],
    ['EXPTIME', exposure.exposureSec, '[s] exposure time'],
    ['IMAGETYP', exposure.kind, 'kind of frame'],
    ['FRAMENUM', exposure.number, 'number of frame in the night'],
    ['FNAME', `${name}.fits`],
    ...siteCards(exposure),
    ['INSTRUME', camera.id],
    ['CAMERA', camera.model],
    ...(exposure.filter === undefined ? [] : ([['FILTER', exposure.filter]] as const)),
    ['XBINNING', 1],
    ['YBINNING', 1],
    ['XORGSUBF', 0, '[px] first column of the window'],
    ['YORGSUBF', 0, '[px] first row of the window'],
    ['GAIN', camera.gain, '[e-/ADU]'],
    ['RDNOISE', camera.readNoise, '[e-]'],
    ['PIXSIZE', camera.pixelUm, '[um]'],
    ['CCD-TEMP', detectorTemperature(exposure), '[C] temperature of the detector'],
    ['SET-TEMP', camera.temperatureC, '[C] wanted'],
    ['DATAMEAN', round(mean, 3), '[ADU] mean of all pixels'],
    ...skyCards(exposure, scene.wcs, night),
    ...(scene.wcs === undefined ? [] : wcsCards(scene.wcs)),
    ['RLEVEL', 0, 'not reduced'],
    ['CREATOR', 'platevault demo', 'simulated: not a real observation'],
  ];
}

/** Cards of a product: those of the exposure it is made of, and the names of all that went in. */
export function productCards(
  raw: readonly WriteCard[],
  changes: { name: string; unit: string; mean: number; relations: readonly WriteCard[] },
): WriteCard[] {
  const replaced: Record<string, WriteCard> = {
    FNAME: ['FNAME', `${changes.name}.fits`],
    DATAMEAN: ['DATAMEAN', round(changes.mean, 3), '[ADU] mean of all pixels'],
    RLEVEL: ['RLEVEL', 1, 'reduced'],
  };
  return [
    ...raw.map((card) => replaced[card[0]] ?? card),
    ['BUNIT', changes.unit],
    ...changes.relations,
  ];
}

function siteCards({ camera }: Exposure): WriteCard[] {
  return [
    ['SITEID', OBSERVATORY.id],
    ['SITE', OBSERVATORY.name],
    ['LATITUDE', OBSERVATORY.latitudeDeg, '[deg] north'],
    ['LONGITUD', OBSERVATORY.longitudeDeg, '[deg] east'],
    ['HEIGHT', OBSERVATORY.heightM, '[m]'],
    ['TELID', camera.telescopeId],
    ['TELESCOP', camera.telescope],
    ['APERTURE', camera.apertureM, '[m]'],
    ['FOCALLEN', camera.focalLengthMm, '[mm]'],
  ];
}

/** Regulated to a tenth of a degree; the second decimal comes from the clock, to be repeatable. */
function detectorTemperature({ camera, startMs }: Exposure): number {
  return round(camera.temperatureC + 0.05 * Math.sin(startMs / 600_000), 2);
}

function skyCards(exposure: Exposure, wcs: TanWcs | undefined, night: string): WriteCard[] {
  const { startMs, camera, target } = exposure;
  const sunCards: WriteCard[] = [
    ['SUNALT', round(sunAltitude(startMs, OBSERVATORY), 3), '[deg] altitude of the Sun'],
    ['MOONALT', round(toHorizontal(locateMoon(startMs), startMs, OBSERVATORY).altDeg, 3), '[deg]'],
    ['MOONFRAC', round(moonFraction(startMs), 4), 'lit part of the Moon'],
    ['TEL-FOCU', round(camera.focusMm + focusDrift(startMs), 3), '[mm] focus'],
  ];
  if (exposure.kind === 'skyflat') return [['OBJECT', 'Twilight'], ...sunCards];
  if (wcs === undefined || target === undefined) return sunCards;
  return [
    ['OBJECT', target.name],
    ['REQNUM', requestNumber(exposure, night)],
    ['OBSNUM', `${requestNumber(exposure, night)}-1`],
    ['PROJECT', 'demo'],
    ...pointingCards(wcs.centre, startMs),
    ...sunCards,
  ];
}

/** Ten digits: the night and the request in it. */
function requestNumber({ request }: Exposure, night: string): string {
  const day = Math.round(Date.parse(night) / MS_PER_DAY) + MJD_OF_EPOCH;
  return String(day * 100 + request).padStart(10, '0');
}

/** Tubes shrink in the cold of the night: a tenth of a millimetre by morning. */
function focusDrift(startMs: number): number {
  return 0.05 * Math.cos((2 * Math.PI * (startMs % MS_PER_DAY)) / MS_PER_DAY);
}

function pointingCards(centre: Direction, startMs: number): WriteCard[] {
  const { altDeg, azDeg } = toHorizontal(centre, startMs, OBSERVATORY);
  return [
    ['TEL-RA', round(centre.raDeg, 7), '[deg] right ascension, ICRS'],
    ['TEL-DEC', round(centre.decDeg, 7), '[deg] declination, ICRS'],
    ['TEL-ALT', round(altDeg, 4), '[deg] altitude'],
    ['TEL-AZ', round(azDeg, 4), '[deg] azimuth, from north through east'],
    ['AIRMASS', round(airmassAt(altDeg), 4)],
    ['SUNDIST', round(angleBetween(centre, locateSun(startMs)), 3), '[deg] from the Sun'],
    ['MOONDIST', round(angleBetween(centre, locateMoon(startMs)), 3), '[deg] from the Moon'],
  ];
}

function wcsCards({ centre, crpix, cd }: TanWcs): WriteCard[] {
  return [
    ['WCSAXES', 2],
    ['CTYPE1', 'RA---TAN'],
    ['CTYPE2', 'DEC--TAN'],
    ['CUNIT1', 'deg'],
    ['CUNIT2', 'deg'],
    ['RADESYS', 'ICRS'],
    ['CRPIX1', crpix[0]],
    ['CRPIX2', crpix[1]],
    ['CRVAL1', centre.raDeg, '[deg]'],
    ['CRVAL2', centre.decDeg, '[deg]'],
    ['CD1_1', cd[0], '[deg/px]'],
    ['CD1_2', cd[1], '[deg/px]'],
    ['CD2_1', cd[2], '[deg/px]'],
    ['CD2_2', cd[3], '[deg/px]'],
  ];
}
