import { AppError } from '../lib/errors.js';
import { splitFitsName } from '../lib/paths.js';
import { parseDate, parseInstant } from '../lib/time.js';
import { parseDec, parseRa, toUnitVector } from '../sky/index.js';
import { onFacets, onFrames, onNights, type Condition } from './conditions.js';
import { requestKey } from './schema.js';

export interface FrameFilter {
  /** Parameter of the pyobs dialect; also the key of the filter everywhere in the program. */
  readonly name: string;
  /** How a person would call it. */
  readonly label: string;
  readonly help: string;
  /** `choice`: `ALL` means no filter, and several values mean any of them. */
  readonly kind: 'choice' | 'text' | 'number' | 'date' | 'instant';
  /** @throws 'bad_request' naming the parameter */
  readonly condition: (values: readonly string[]) => Condition;
}

/** Radius of the pyobs cone, degrees: 10′, as its documents say. */
const DEFAULT_RADIUS_DEG = 10 / 60;

/** Every filter of a list. API, pages, zip and documentation read this table. */
export const FRAME_FILTERS: readonly FrameFilter[] = [
  {
    name: 'IMAGETYPE',
    label: 'Type',
    help: 'image type, as in the header or as its kind (object, bias, dark, flat, …)',
    kind: 'choice',
    condition: (values) => {
      const lower = values.map((value) => value.toLowerCase());
      const marks = lower.map(() => '?').join(', ');
      return onFacets((query, table) => {
        void query.where((either) => {
          void either
            .whereIn(`${table}.image_kind`, lower)
            .orWhereRaw(`lower(${table}.image_type) in (${marks})`, lower);
        });
      });
    },
  },
  choice('SITE', 'Site', 'site_id', 'SITEID'),
  choice('TELESCOPE', 'Telescope', 'telescope', 'TELID'),
  choice('INSTRUMENT', 'Instrument', 'instrument', 'INSTRUME'),
  choice('FILTER', 'Filter', 'filter', 'FILTER; `None` for frames without one'),
  {
    name: 'binning',
    label: 'Binning',
    help: 'such as 1x1',
    kind: 'choice',
    condition: (values) => {
      const pairs = values.map((value) => {
        const match = /^(\d{1,4})x(\d{1,4})$/.exec(value);
        if (match === null) throw badValue('binning', value, 'two numbers such as 2x2');
        return [Number(match[1]), Number(match[2])] as const;
      });
      return onFacets((query, table) => {
        void query.where((either) => {
          for (const [x, y] of pairs) {
            void either.orWhere({ [`${table}.binning_x`]: x, [`${table}.binning_y`]: y });
          }
        });
      });
    },
  },
  {
    name: 'RLEVEL',
    label: 'Reduction level',
    help: 'RLEVEL, a whole number',
    kind: 'choice',
    condition: (values) => {
      const levels = values.map((value) => parseInteger('RLEVEL', value));
      return onFacets((query, table) => {
        void query.whereIn(`${table}.reduction_level`, levels);
      });
    },
  },
  {
    name: 'night',
    label: 'Night',
    help: 'date of the evening, YYYY-MM-DD',
    kind: 'date',
    condition: (values) => {
      const night = requireDate('night', last(values));
      return onNights((query, table) => {
        void query.where(`${table}.night`, night);
      });
    },
  },
  instant('start', 'From', '>='),
  instant('end', 'Until', '<='),
  {
    name: 'basename',
    label: 'Name',
    help: 'part of the name, case-blind; a whole file name finds its frame too',
    kind: 'text',
    condition: (values) => contains('basename', splitFitsName(last(values)).basename),
  },
  {
    name: 'OBJECT',
    label: 'Object',
    help: 'part of the OBJECT, case-blind',
    kind: 'text',
    condition: (values) => contains('object', last(values).trim()),
  },
  {
    name: 'EXPTIME',
    label: 'Exposure at least',
    help: 'exposure time in seconds, this or longer',
    kind: 'number',
    condition: (values) => {
      const seconds = parseNumber('EXPTIME', last(values));
      return onFrames((query) => {
        void query.where('frames.exposure_sec', '>=', seconds);
      });
    },
  },
  {
    name: 'REQNUM',
    label: 'Request',
    help: 'REQNUM, leading zeros ignored',
    kind: 'text',
    condition: (values) => {
      const key = requestKey(last(values));
      return onFrames((query) => {
        void query.where('frames.request_key', key);
      });
    },
  },
  {
    name: 'OBSNUM',
    label: 'Observation',
    help: 'OBSNUM, exact',
    kind: 'text',
    condition: (values) => {
      const value = last(values);
      return onFrames((query) => {
        void query.where('frames.obs_number', value);
      });
    },
  },
];

/** Parameters of a cone; they work together and so are not rows of the table. */
export const CONE_PARAMETERS = ['RA', 'DEC', 'radius'] as const;

const byName = new Map(FRAME_FILTERS.map((filter) => [filter.name, filter]));

/**
 * The conditions asked for by parameters of a request. Unknown parameters are ignored, as both
 * reference archives do; empty values mean no filter, and so does `ALL` for choices.
 *
 * @param parameters values by name, in the order given
 * @throws 'bad_request' naming the parameter
 */
export function parseConditions(parameters: ReadonlyMap<string, readonly string[]>): Condition[] {
  const conditions: Condition[] = [];
  for (const [name, values] of parameters) {
    const filter = byName.get(name);
    if (filter === undefined) continue;
    const given = values.map((value) => value.trim()).filter((value) => value !== '');
    const wanted = filter.kind === 'choice' ? given.filter((value) => value !== 'ALL') : given;
    if (wanted.length === 0 || wanted.length < given.length) continue;
    for (const value of wanted) refuseControl(name, value);
    conditions.push(filter.condition(wanted));
  }
  const cone = parseCone(parameters);
  if (cone !== undefined) conditions.push(cone);
  return conditions;
}

/** A cone around RA/DEC; with only one of the two, no filter (as the reference archive does). */
function parseCone(parameters: ReadonlyMap<string, readonly string[]>): Condition | undefined {
  const text = (name: string): string => last(parameters.get(name) ?? ['']).trim();
  const [raText, decText, radiusText] = [text('RA'), text('DEC'), text('radius')];
  if (raText === '' || decText === '') return undefined;
  const ra = parseRa(raText, { numbersAre: 'degrees' });
  if (ra === undefined) throw badValue('RA', raText, 'degrees from 0 to 360, or hh:mm:ss');
  const dec = parseDec(decText);
  if (dec === undefined) throw badValue('DEC', decText, 'degrees from −90 to 90, or ±dd:mm:ss');
  const radius = radiusText === '' ? DEFAULT_RADIUS_DEG : parseNumber('radius', radiusText);
  if (radius < 0 || radius > 180) throw badValue('radius', radiusText, 'degrees from 0 to 180');
  return coneCondition(ra, dec, radius);
}

/** Band of declination first (it has an index), then the exact test on the chord. */
function coneCondition(raDeg: number, decDeg: number, radiusDeg: number): Condition {
  const [x, y, z] = toUnitVector({ raDeg, decDeg });
  const chord = 2 * Math.sin((radiusDeg / 2) * (Math.PI / 180));
  // A hair more, so that a frame exactly on the edge is in, whatever the last bit says.
  const limit = chord * chord * (1 + 1e-12) + 1e-24;
  return onFrames((query) => {
    void query
      .whereBetween('frames.dec_deg', [decDeg - radiusDeg - 1e-9, decDeg + radiusDeg + 1e-9])
      .whereRaw(
        '(vec_x - ?) * (vec_x - ?) + (vec_y - ?) * (vec_y - ?) + (vec_z - ?) * (vec_z - ?) <= ?',
        [x, x, y, y, z, z, limit],
      );
  });
}

function choice(name: string, label: string, column: string, help: string): FrameFilter {
  return {
    name,
    label,
    help,
    kind: 'choice',
    condition: (values) => {
      const some = values.filter((value) => value !== 'None');
      return onFacets((query, table) => {
        void query.where((either) => {
          if (some.length > 0) void either.whereIn(`${table}.${column}`, some);
          if (some.length < values.length) void either.orWhereNull(`${table}.${column}`);
        });
      });
    },
  };
}

function instant(name: string, label: string, operator: '>=' | '<='): FrameFilter {
  return {
    name,
    label,
    help: 'start of the exposure, UTC, inclusive: a date (its midnight), or date and time',
    kind: 'instant',
    condition: (values) => {
      const text = last(values);
      const ms = parseInstant(text);
      if (ms === undefined)
        throw badValue(name, text, 'a date such as 2026-03-01 or 2026-03-01T20:00:00');
      return onFrames((query) => {
        void query.where('frames.date_obs_ms', operator, ms);
      });
    },
  };
}

function contains(column: string, part: string): Condition {
  const pattern = `%${part.replace(/[\\%_]/g, (character) => `\\${character}`)}%`;
  return onFrames((query) => {
    void query.whereRaw(`frames.${column} like ? escape '\\'`, [pattern]);
  });
}

/** @throws 'bad_request' naming the parameter */
export function requireDate(name: string, text: string): string {
  if (parseDate(text) !== text) throw badValue(name, text, 'a date such as 2026-03-01');
  return text;
}

function parseInteger(name: string, text: string): number {
  if (!/^[+-]?\d{1,9}$/.test(text)) throw badValue(name, text, 'a whole number');
  return Number(text);
}

function parseNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw badValue(name, text, 'a number');
  return value;
}

/** NUL and its like are in no header; PostgreSQL would refuse them later, with less to say. */
function refuseControl(name: string, value: string): void {
  if (/[\u0000-\u001f]/.test(value)) throw badValue(name, value, 'text without control characters');
}

function badValue(name: string, value: string, expected: string): AppError {
  const message = `Invalid value for ${name}: expected ${expected}.`;
  return new AppError('bad_request', message, { parameter: name, value });
}

function last(values: readonly string[]): string {
  return values.at(-1) ?? '';
}
