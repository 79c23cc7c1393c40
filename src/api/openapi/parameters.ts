import { SORT_COLUMNS } from '../../catalog/index.js';
import type { ApiParameter, Schema } from '../../openapi/index.js';
import { RENDER_PARAMETERS, type RenderParameter } from '../../preview/index.js';
import { MAX_LIMIT, OCS_ORDERING } from '../parse.js';
import { ANGLE_UNITS } from '../parse-cutout.js';
import { ZIP_FORMATS } from '../zip-request.js';
import { oneOf } from './words.js';

/** The id of a path. */
export const FRAME_ID: ApiParameter = {
  name: 'id',
  description: 'number of the frame',
  schema: { type: 'integer', minimum: 0 },
  examples: [1],
};

/** Chooses between a page and JSON, where an address has both. */
export const PAGE_OR_JSON: ApiParameter = {
  name: 'format',
  key: 'page_or_json',
  description: '`json` insists on JSON, `html` on the page; without it `Accept` decides',
  schema: oneOf(['json', 'html']),
  examples: ['json'],
};

/** The same where there is a table as well. */
export const PAGE_JSON_OR_CSV: ApiParameter = {
  name: 'format',
  key: 'page_json_or_csv',
  description: `${PAGE_OR_JSON.description}; \`csv\` and \`votable\` (IVOA VOTable 1.4, with units and UCDs): a table of all that match, or of the first \`limit\``,
  schema: oneOf(['json', 'html', 'csv', 'votable']),
  examples: ['json', 'csv', 'votable'],
};

/** Of a frame, and of each of a list. */
export const RELATED_TOO: ApiParameter = {
  name: 'include_related_frames',
  description: '`false`: without `related_frames`',
  schema: { type: 'boolean' },
  examples: [false, true],
};

const limit: ApiParameter = {
  name: 'limit',
  key: 'limit',
  description: `frames on a page, at most ${MAX_LIMIT}; 0 gives the count alone. Without it ${MAX_LIMIT} for clients of pyobs-archive, else the setting DEFAULT_LIMIT`,
  schema: { type: 'integer', minimum: 0, maximum: MAX_LIMIT },
  examples: [5, 0],
};

const offset: ApiParameter = {
  name: 'offset',
  key: 'offset',
  description: 'frames that are left out at the start',
  schema: { type: 'integer', minimum: 0 },
  examples: [0, 2],
};

const orderings = Object.keys(OCS_ORDERING);
const ORDERING = `-?(?:${orderings.join('|')})`;

const SORTS = oneOf(Object.keys(SORT_COLUMNS));
const HEADER_SORT: Schema = { type: 'string', pattern: '^header\\..*[^ ]' };

/** What orders and pages a list. */
export const PAGE_PARAMETERS: readonly ApiParameter[] = [
  limit,
  offset,
  {
    name: 'sort',
    description:
      'column to sort by, or `header.<KEYWORD>`; DATE_OBS if not given. Frames without a value stand last',
    schema: { anyOf: [SORTS, HEADER_SORT] },
    examples: [...Object.keys(SORT_COLUMNS), 'header.GAIN', 'header.HIERARCH ESO DET ID'],
  },
  {
    name: 'order',
    description:
      '`asc` or `desc`; without it newest first, unless a parameter is there that only pyobs-archive has. A column is taken for `sort`',
    schema: { anyOf: [oneOf(['asc', 'desc']), SORTS, HEADER_SORT] },
    examples: ['asc', 'desc', 'EXPTIME'],
  },
  {
    name: 'asc',
    description: 'direction, beside `order=<column>`',
    schema: { type: 'boolean' },
    examples: [false, true],
  },
  {
    name: 'ordering',
    description:
      'column of the OCS archive, with `-` before it for the other way; several by comma, of which each decides where those before are equal. Wins over `sort`',
    schema: { type: 'string', pattern: `^${ORDERING}(?:,${ORDERING})*$` },
    examples: [
      ...orderings.flatMap((name, index) => (index % 2 === 0 ? name : `-${name}`)),
      'target_name,-exposure_time',
    ],
  },
  RELATED_TOO,
  {
    name: 'pagination_style',
    description:
      '`cursor`: pages that do not shift while frames come in, and that cost the same however far one goes; they have no count. Follow `next`',
    schema: oneOf(['cursor']),
    examples: ['cursor'],
  },
  {
    name: 'cursor',
    description: 'as it stands in `next` and `previous`',
    schema: { type: 'string' },
    examples: [],
  },
];

/** Options of a zip, in the query or in the body of a POST. */
export const ZIP_PARAMETERS: readonly ApiParameter[] = [
  {
    name: 'format',
    key: 'zip_format',
    description:
      '`script`: a shell script of downloads that go on where they broke off; `script-windows`: the same for PowerShell',
    schema: oneOf(Object.keys(ZIP_FORMATS).filter((word) => word !== '')),
    examples: ['zip', 'script', 'script-windows'],
  },
  flagOf('uncompress', 'packed files are unpacked on the way; the zip then has no length'),
  flagOf('catalog_only', 'the tables of the frames as CSV, instead of their files'),
  flagOf('calibrations', 'adds the calibrations that the frames need'),
];

function flagOf(name: string, description: string): ApiParameter {
  return { name, key: `zip_${name}`, description, schema: { type: 'boolean' }, examples: [true] };
}

/** Frames by id: GET. */
export const FRAME_IDS: ApiParameter = {
  name: 'frame_ids',
  description:
    'these frames instead of a search: ids and runs of ids; also repeated, as `frame_ids[]`, or by number as `frame_ids[0]`',
  schema: { type: 'string', pattern: '^\\s*\\d+(-\\d+)?(\\s*,\\s*\\d+(-\\d+)?)*\\s*$' },
  examples: ['1', '1-3', '1,3-4'],
};

/** HDU of a file, counted from 0. */
export const HDU: ApiParameter = {
  name: 'hdu',
  key: 'hdu',
  description: 'HDU, 0 is the primary; without it the one that matters most',
  schema: { type: 'integer', minimum: 0 },
  examples: [1],
};

const pixel = { type: 'integer' } as const;
const units = Object.keys(ANGLE_UNITS).filter((unit) => unit !== '');

/** The box of a cut-out, in pixels or on the sky. */
export const CUTOUT_PARAMETERS: readonly ApiParameter[] = [
  {
    name: 'x',
    description: 'first column, from 0 at FITS pixel (1,1)',
    schema: pixel,
    examples: [0],
  },
  { name: 'y', description: 'first row, from 0', schema: pixel, examples: [0] },
  { name: 'width', description: 'pixels', schema: { ...pixel, minimum: 1 }, examples: [8] },
  { name: 'height', description: 'pixels', schema: { ...pixel, minimum: 1 }, examples: [8] },
  {
    name: 'ra',
    description: 'right ascension of the middle: degrees, or hh:mm:ss',
    schema: { type: 'string' },
    examples: ['10.6847', '00:42:44.33'],
  },
  {
    name: 'dec',
    description: 'declination of the middle: degrees, or ±dd:mm:ss',
    schema: { type: 'string' },
    examples: ['41.269', '+41:16:08.4'],
  },
  {
    name: 'size',
    description: `side of a square on the sky: degrees, or with a unit (${units.join(', ')})`,
    schema: { type: 'string' },
    examples: ['0.002', '10arcsec', "0.2'"],
  },
  HDU,
  {
    name: 'plane',
    description: 'plane of a cube, from 0',
    schema: { ...pixel, minimum: 0 },
    examples: [0],
  },
];

/** Options of a picture, from the table that reads them. */
export const PICTURE_PARAMETERS: readonly ApiParameter[] = Object.entries<RenderParameter>(
  RENDER_PARAMETERS,
).flatMap(([name, row]) => {
  const parameter = pictureParameter(name, row);
  const aliases = row.aliases.map((alias) => ({
    ...parameter,
    name: alias,
    description: `The same as \`${name}\`.`,
    variantOf: name,
  }));
  return [parameter, ...aliases];
});

function pictureParameter(name: string, row: RenderParameter): ApiParameter {
  const { help, range, choices, examples } = row;
  const same = row.aliases.map((alias) => `\`${alias}\``).join(', ');
  return {
    name,
    description: same === '' ? help : `${help}. The same as ${same}`,
    schema:
      choices !== undefined
        ? oneOf(choices)
        : range === undefined
          ? { type: 'string' }
          : { type: 'integer', minimum: range[0], maximum: range[1] },
    examples: range === undefined ? examples : examples.map(Number),
  };
}
