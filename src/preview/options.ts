import { AppError } from '../lib/errors.js';
import { COLOURS, type Colour } from './colour.js';
import { FORMATS, type PictureFormat } from './encode.js';
import { RENDER_PARAMETERS, type RenderParameter } from './parameters.js';
import { STRETCHES, type Limits, type Stretch } from './stretch.js';
import type { TileAddress } from './tile.js';

/** How a picture is to look. Two equal objects give the same bytes for the same file. */
export interface RenderOptions {
  /** HDU to draw, 0 is the primary; without it the main image of the file. */
  readonly hdu?: number;
  /** Plane of a cube, from 0; without it colour if the three planes are colours, else the first. */
  readonly plane?: number;
  /** Width of the picture in pixels, 16…4096. */
  readonly width: number;
  readonly stretch: Stretch;
  readonly limits: Limits;
  /** Values drawn darkest and brightest, in the units of the image, instead of `limits`. */
  readonly low?: number;
  readonly high?: number;
  readonly colour: Colour;
  readonly invert: boolean;
  readonly format: PictureFormat;
  /** Only this tile of the picture; the width is then that of the tile, and `low` and `high` must be given. */
  readonly tile?: TileAddress;
}

/** What pyobs-archive draws: 200 px wide, grey, linear between the 5th and the 95th percentile. */
export const DEFAULT_OPTIONS: RenderOptions = {
  width: 200,
  stretch: 'linear',
  limits: { kind: 'percentile', low: 5, high: 95 },
  colour: 'grey',
  invert: false,
  format: 'png',
};

/** The picture of a frame in a list; drawn ahead, when the frame arrives. */
export const THUMBNAIL: RenderOptions = { ...DEFAULT_OPTIONS, limits: { kind: 'zscale' } };

const WORDS: Readonly<Record<string, string>> = { gray: 'grey', jpg: 'jpeg' };
const YES = ['', '1', 'true', 'yes', 'on'];
const NO = ['0', 'false', 'no', 'off'];
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const PERCENT_KEPT = /^(\d+(?:\.\d+)?)%?$/;
const PERCENT_PAIR = /^(\d+(?:\.\d+)?)%?\s*[-,:]\s*(\d+(?:\.\d+)?)%?$/;

/**
 * Reads the options of a picture from a query, as RENDER_PARAMETERS tells them. Empty values count
 * as absent, other names are left to the caller.
 *
 * @throws 'bad_request' naming the parameter; its data is `{ parameter }`
 */
export function parseRenderOptions(query: Readonly<Record<string, unknown>>): RenderOptions {
  const width = readInteger(query, 'width');
  const hdu = readInteger(query, 'hdu');
  const plane = readInteger(query, 'plane');
  const low = readNumber(query, 'min');
  const high = readNumber(query, 'max');
  if (low !== undefined && high !== undefined && low >= high) {
    throw bad('max', 'must be greater than min');
  }
  return {
    width: width ?? DEFAULT_OPTIONS.width,
    stretch: readChoice(query, 'stretch', STRETCHES) ?? DEFAULT_OPTIONS.stretch,
    limits: readLimits(query),
    colour: readChoice(query, 'cmap', COLOURS) ?? DEFAULT_OPTIONS.colour,
    invert: readInvert(query),
    format: readChoice(query, 'format', FORMATS) ?? DEFAULT_OPTIONS.format,
    ...(hdu === undefined ? {} : { hdu }),
    ...(plane === undefined ? {} : { plane }),
    ...(low === undefined ? {} : { low }),
    ...(high === undefined ? {} : { high }),
  };
}

type Query = Readonly<Record<string, unknown>>;
type Name = keyof typeof RENDER_PARAMETERS;

/** The first of the names of a parameter that is given, with its text. */
function readText(query: Query, parameter: Name): [name: string, text: string] | undefined {
  for (const name of [parameter, ...RENDER_PARAMETERS[parameter].aliases]) {
    const value = query[name];
    if (value === undefined || value === '') continue;
    if (typeof value !== 'string') throw bad(name, 'must be given once');
    return [name, value.trim().toLowerCase()];
  }
  return undefined;
}

function readNumber(query: Query, parameter: Name): number | undefined {
  const given = readText(query, parameter);
  if (given === undefined) return undefined;
  const value = NUMBER.test(given[1]) ? Number(given[1]) : NaN;
  if (!Number.isFinite(value)) throw bad(given[0], 'must be a number');
  return value;
}

function readInteger(query: Query, parameter: Name): number | undefined {
  const given = readText(query, parameter);
  if (given === undefined) return undefined;
  const { range }: RenderParameter = RENDER_PARAMETERS[parameter];
  const [least, most] = range ?? [0, Number.MAX_SAFE_INTEGER];
  const value = /^\d{1,10}$/.test(given[1]) ? Number(given[1]) : NaN;
  if (value >= least && value <= most) return value;
  throw bad(given[0], `must be a whole number from ${least} to ${most}`);
}

function readChoice<T extends string>(
  query: Query,
  parameter: Name,
  choices: readonly T[],
): T | undefined {
  const given = readText(query, parameter);
  if (given === undefined) return undefined;
  const word = WORDS[given[1]] ?? given[1];
  const choice = choices.find((each) => each === word);
  if (choice === undefined) throw bad(given[0], `must be one of ${choices.join(', ')}`);
  return choice;
}

function readInvert(query: Query): boolean {
  const name = 'invert';
  if (query[name] === undefined) return false;
  const text = readText(query, name)?.[1] ?? '';
  if (YES.includes(text)) return true; // `?invert` alone switches it on
  if (NO.includes(text)) return false;
  throw bad(name, 'must be true or false');
}

function readLimits(query: Query): Limits {
  const given = readText(query, 'limits');
  if (given === undefined || given[1] === 'percentile') return DEFAULT_OPTIONS.limits;
  const [name, text] = given;
  if (text === 'zscale' || text === 'minmax') return { kind: text };
  const kept = Number(PERCENT_KEPT.exec(text)?.[1] ?? NaN);
  const pair = PERCENT_PAIR.exec(text);
  const low = pair === null ? (100 - kept) / 2 : Number(pair[1]);
  const high = pair === null ? 100 - low : Number(pair[2]);
  if (low >= 0 && low < high && high <= 100) return { kind: 'percentile', low, high };
  const hint = 'must be percentile, zscale, minmax, a percentage such as 99.5, or two such as 1-99';
  throw bad(name, hint);
}

function bad(parameter: string, rule: string): AppError {
  return new AppError('bad_request', `${parameter} ${rule}.`, { parameter });
}
