/** How a plain number without a unit is to be read as a right ascension. */
export interface RaReading {
  readonly numbersAre: 'hours' | 'degrees';
}

interface Angle {
  /** Size without the sign, in the unit of the first field. */
  readonly size: number;
  readonly isNegative: boolean;
  /** What the text itself says: a letter after the first field, or several fields. */
  readonly unit: 'hours' | 'degrees' | 'sexagesimal' | 'number';
}

const DECIMAL = /^([+-]?)\s*(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d{1,2}))?\s*(h|d|deg|°)?$/i;
const FIELDS =
  /^([+-]?)\s*(\d{1,3})\s*(h|d|deg|°|:|\s)\s*(\d{1,2}(?:\.\d*)?)\s*(?:m|['′:]|\s|$)\s*(?:(\d{1,2}(?:\.\d*)?)\s*(?:s|["″]|'')?)?$/i;

/**
 * Sexagesimal with colons, blanks or letters, or a plain number. The sign is kept apart from the
 * size, because `-00:30:00` is south of the equator. Seconds of 60 are tolerated: rounding makes them.
 */
function parseAngle(text: string): Angle | undefined {
  const clean = text.trim().replace(/[−–]/g, '-');
  const decimal = DECIMAL.exec(clean);
  if (decimal !== null) {
    const size = Number(`${decimal[2] ?? ''}e${decimal[3] ?? '0'}`);
    return { size, isNegative: decimal[1] === '-', unit: unitOf(decimal[4], 'number') };
  }
  const match = FIELDS.exec(clean);
  if (match === null) return undefined;
  const minutes = Number(match[4]);
  const seconds = Number(match[5] ?? 0);
  if (minutes >= 60 || seconds > 60 || (match[5] !== undefined && !Number.isInteger(minutes))) {
    return undefined;
  }
  const size = Number(match[2]) + minutes / 60 + seconds / 3600;
  return { size, isNegative: match[1] === '-', unit: unitOf(match[3], 'sexagesimal') };
}

function unitOf(letter: string | undefined, otherwise: Angle['unit']): Angle['unit'] {
  if (letter === undefined || letter === ':' || letter.trim() === '') return otherwise;
  return letter.toLowerCase() === 'h' ? 'hours' : 'degrees';
}

/**
 * Right ascension → degrees in [0, 360), or undefined. Sexagesimal fields are hours unless a `d` or
 * `°` says otherwise; a plain number is what `numbersAre` says. Negative degrees are wrapped.
 */
export function parseRa(text: string, reading: RaReading): number | undefined {
  const angle = parseAngle(text);
  if (angle === undefined) return undefined;
  const isHours =
    angle.unit === 'hours' ||
    angle.unit === 'sexagesimal' ||
    (angle.unit === 'number' && reading.numbersAre === 'hours');
  if (angle.size > (isHours ? 24 : 360) || (isHours && angle.isNegative)) return undefined;
  const degrees = isHours ? angle.size * 15 : angle.size;
  return wrapDegrees(angle.isNegative ? -degrees : degrees);
}

/** Declination, or any angle of latitude → degrees in [-90, 90], or undefined. */
export function parseDec(text: string): number | undefined {
  const angle = parseAngle(text);
  if (angle === undefined || angle.unit === 'hours' || angle.size > 90) return undefined;
  return angle.isNegative ? -angle.size : angle.size;
}

/**
 * Geographic longitude → degrees in (-180, 180], positive east. Reads sexagesimal degrees, plain
 * numbers and a letter `E` or `W` at the end. Undefined if it is not one.
 */
export function parseLongitude(text: string): number | undefined {
  const side = /\s*([EW])$/i.exec(text.trim())?.[1]?.toUpperCase();
  const angle = parseAngle(side === undefined ? text : text.trim().slice(0, -1));
  if (angle === undefined || angle.unit === 'hours' || angle.size > 360) return undefined;
  const east = wrapDegrees(angle.isNegative !== (side === 'W') ? -angle.size : angle.size);
  return east > 180 ? east - 360 : east;
}

/** Geographic latitude → degrees in [-90, 90]: as `parseDec`, and with a letter `N` or `S` at the end. */
export function parseLatitude(text: string): number | undefined {
  const side = /\s*([NS])$/i.exec(text.trim())?.[1]?.toUpperCase();
  const latitude = parseDec(side === undefined ? text : text.trim().slice(0, -1));
  return side === 'S' && latitude !== undefined ? -latitude : latitude;
}

const SIZE =
  /^\s*\+?(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d{1,2}))?\s*(d|deg|degrees?|°|'|′|m|arcmin|''|"|″|s|arcsec)?\s*$/i;
const SIZE_UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:|d|deg|degrees?|°)$/i, 1],
  [/^(?:'|′|m|arcmin)$/i, 60],
  [/^(?:''|"|″|s|arcsec)$/i, 3600],
];

/**
 * Size of a region, such as a radius → degrees: a plain number is degrees, `0.5d`, `10'`, `10m` or
 * `10arcmin`, `30"`, `30s` or `30arcsec`. Undefined if it is none, or negative.
 */
export function parseAngularSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const perDegree = SIZE_UNITS.find(([unit]) => unit.test(match[3] ?? ''))?.[1] ?? 1;
  const size = Number(`${match[1] ?? ''}e${match[2] ?? '0'}`) / perDegree;
  return Number.isFinite(size) ? size : undefined;
}

/** Degrees → [0, 360). */
export function wrapDegrees(degrees: number): number {
  const wrapped = degrees % 360;
  // `+ 0` turns -0 into 0; a tiny negative number may round up to 360 itself.
  return wrapped < 0 ? (wrapped + 360) % 360 : wrapped + 0;
}

/** Degrees → [-180, 180). */
export function wrapHalf(degrees: number): number {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}

function formatFields(size: number, decimals: number, width: number): string {
  const unit = 10 ** decimals;
  const total = Math.round(size * 3600 * unit);
  const seconds = ((total % (60 * unit)) / unit).toFixed(decimals);
  const minutes = Math.floor(total / (60 * unit));
  const first = String(Math.floor(minutes / 60)).padStart(width, '0');
  const secondWidth = decimals === 0 ? 2 : decimals + 3;
  return `${first}:${String(minutes % 60).padStart(2, '0')}:${seconds.padStart(secondWidth, '0')}`;
}

/** Right ascension in degrees → `hh:mm:ss.ss`; rounding carries over, 24h is 0h. */
export function formatRa(raDeg: number, decimals = 2): string {
  const text = formatFields(wrapDegrees(raDeg) / 15, decimals, 2);
  return text.startsWith('24:') ? formatFields(0, decimals, 2) : text;
}

/** Declination in degrees → `±dd:mm:ss.s`, always with a sign. */
export function formatDec(decDeg: number, decimals = 1): string {
  return `${decDeg < 0 ? '-' : '+'}${formatFields(Math.abs(decDeg), decimals, 2)}`;
}
