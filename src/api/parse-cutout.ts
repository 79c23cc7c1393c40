import { parameter } from '../http/index.js';
import { AppError } from '../lib/errors.js';
import type { CutoutBox, CutoutRequest } from '../products/index.js';
import { parseDec, parseRa } from '../sky/index.js';

type Parameters = ReadonlyMap<string, readonly string[]>;

/** Units of an angle: what is written after the number → degrees. */
export const ANGLE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  d: 1,
  deg: 1,
  m: 1 / 60,
  "'": 1 / 60,
  arcmin: 1 / 60,
  s: 1 / 3600,
  '"': 1 / 3600,
  arcsec: 1 / 3600,
};

/**
 * Reads `x`, `y`, `width` and `height` (pixels, from 0 at FITS pixel (1,1)), or `ra`, `dec` and `size`
 * (degrees, or with a unit: `2arcmin`, `90arcsec`), with `hdu` and `plane` beside either.
 *
 * @throws 'bad_request' naming the parameter
 */
export function parseCutout(parameters: Parameters): CutoutRequest {
  const hdu = parseHdu(parameters);
  const plane = parseWhole(parameters, 'plane');
  return {
    box: parseBox(parameters),
    ...(hdu === undefined ? {} : { hdu }),
    ...(plane === undefined ? {} : { plane }),
  };
}

/** `hdu`, counted from 0; undefined if it is not given. @throws 'bad_request' */
export function parseHdu(parameters: Parameters): number | undefined {
  return parseWhole(parameters, 'hdu');
}

function parseBox(parameters: Parameters): CutoutBox {
  const isPixels = ['x', 'y', 'width', 'height'].some((name) => parameter(parameters, name) !== '');
  // Of a form that was sent empty it is told what its own fields want.
  const isEmptySky = !isPixels && parameters.has('ra');
  const isSky =
    isEmptySky || ['ra', 'dec', 'size'].some((name) => parameter(parameters, name) !== '');
  if (isSky && isPixels) {
    throw invalid('ra', 'either ra, dec and size, or x, y, width and height');
  }
  if (isSky) {
    const sizeDeg = parseAngle(parameters, 'size');
    return {
      kind: 'sky',
      raDeg: parseCoordinate(parameters, 'ra', (text) => parseRa(text, { numbersAre: 'degrees' })),
      decDeg: parseCoordinate(parameters, 'dec', parseDec),
      sizeDeg,
    };
  }
  const width = parseNeeded(parameters, 'width');
  const height = parseNeeded(parameters, 'height');
  if (width === 0) throw invalid('width', 'a number of pixels from 1');
  if (height === 0) throw invalid('height', 'a number of pixels from 1');
  return {
    kind: 'pixels',
    x: parseNeeded(parameters, 'x', /^-?\d{1,9}$/),
    y: parseNeeded(parameters, 'y', /^-?\d{1,9}$/),
    width,
    height,
  };
}

function parseCoordinate(
  parameters: Parameters,
  name: string,
  parse: (text: string) => number | undefined,
): number {
  const value = parse(parameter(parameters, name));
  if (value === undefined) throw invalid(name, 'a position on the sky, such as 83.822 or 05:35:17');
  return value;
}

function parseAngle(parameters: Parameters, name: string): number {
  const match = /^(\d*\.?\d+(?:[eE][+-]?\d+)?)\s*([a-z'"]*)$/.exec(parameter(parameters, name));
  const unit = ANGLE_UNITS[match?.[2] ?? 'none'];
  const value = Number(match?.[1]) * (unit ?? NaN);
  if (value > 0 && value <= 360) return value;
  throw invalid(name, 'an angle in degrees, or with a unit such as 2arcmin or 90arcsec');
}

function parseNeeded(parameters: Parameters, name: string, pattern = /^\d{1,9}$/): number {
  const text = parameter(parameters, name);
  if (!pattern.test(text)) throw invalid(name, 'a whole number of pixels');
  return Number(text);
}

function parseWhole(parameters: Parameters, name: string): number | undefined {
  const text = parameter(parameters, name);
  if (text === '') return undefined;
  if (!/^\d{1,6}$/.test(text)) throw invalid(name, 'a whole number from 0');
  return Number(text);
}

function invalid(name: string, expected: string): AppError {
  return new AppError('bad_request', `Invalid value for ${name}: expected ${expected}.`, {
    parameter: name,
  });
}
