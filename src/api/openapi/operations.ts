import { refTo, type ApiAnswer, type ApiOperation } from '../../openapi/index.js';
import type { ErrorCode } from '../../lib/errors.js';
import { DIRECTIONS } from '../../catalog/index.js';
import type { Who } from './access.js';
import { FILTER_PARAMETERS } from './filters.js';
import { HDU, PAGE_JSON_OR_CSV, PAGE_OR_JSON, PAGE_PARAMETERS, RELATED_TOO } from './parameters.js';
import { listOf, oneOf } from './words.js';

/** What is told about one verb of one address. */
export type Operation = ApiOperation<Who, ErrorCode>;

/** The parts of the document, in the order in which they are read. */
export const TAGS = [
  { name: 'Search', description: 'Which frames there are.' },
  { name: 'One frame', description: 'What is known of a frame.' },
  { name: 'Nights', description: 'What is known of a night.' },
  { name: 'Files', description: 'What is in its file, and what can be made from it.' },
  { name: 'Many files', description: 'A selection at once.' },
  { name: 'Upload and delete', description: 'What changes the archive.' },
  {
    name: 'Trash and quarantine',
    description: 'What was deleted, what was refused, and what people set right.',
  },
  { name: 'Service', description: 'The archive itself.' },
] as const;

const UNCHANGED: ApiAnswer = { description: 'What If-None-Match names is still the answer.' };
const LIST_TAG = {
  ETag: 'the same until frames that it tells of change; not for anonymous readers',
};
const VARIANTS =
  'Parameters combine with and; unknown ones are ignored; empty values mean no filter.';

const json = (name: string, description: string): ApiAnswer => ({
  description,
  content: { 'application/json': refTo(name) },
});

export const ROOT: Operation = {
  id: 'getRoot',
  tag: 'Service',
  summary: 'Where everything is',
  description:
    'Browsers get the list of frames or the log-in page here, programs that ask for `application/json` this. It sets the cookie `csrftoken`.',
  who: 'anyone',
  parameters: [PAGE_OR_JSON],
  answers: { 200: json('Root', 'Addresses of the archive.') },
  requests: [{ summary: 'Addresses of the archive', query: { format: 'json' } }],
};

export const HEALTH: Operation = {
  id: 'getHealth',
  tag: 'Service',
  summary: 'Whether the server lives',
  description:
    'For whoever starts it again when it does not answer. It says nothing of disks and catalogue: that is what `/ready/` is for.',
  who: 'anyone',
  answers: { 200: json('Health', 'It does.') },
  requests: [{ summary: 'Does it live?', query: {} }],
};

export const DOCUMENT: Operation = {
  id: 'getOpenApi',
  tag: 'Service',
  summary: 'This document',
  who: 'anyone',
  answers: {
    200: {
      description: 'OpenAPI 3.1.',
      headers: { ETag: 'the same until program, settings or address change' },
      content: { 'application/json': { type: 'object' } },
    },
    304: UNCHANGED,
  },
  requests: [{ summary: 'For a generator of clients', query: {} }],
};

export const TOKEN: Operation = {
  id: 'createToken',
  tag: 'Service',
  summary: 'A token for a name and a password',
  description:
    'The same token each time, until the password changes or the token is revoked on the account page.',
  who: 'anyone',
  body: {
    description: 'Name and password, as JSON or as a form.',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: { username: { type: 'string' }, password: { type: 'string' } },
          required: ['username', 'password'],
        },
        example: { username: 'ana', password: 'correct horse battery' },
      },
      'application/x-www-form-urlencoded': {
        schema: {
          type: 'object',
          properties: { username: { type: 'string' }, password: { type: 'string' } },
          required: ['username', 'password'],
        },
      },
    },
  },
  answers: {
    200: json('Token', 'The token.'),
    400: json('LoginProblem', 'Name or password is wrong.'),
  },
  problems: ['too_many'],
};

export const LIST: Operation = {
  id: 'listFrames',
  tag: 'Search',
  summary: 'Frames that match',
  description: `${VARIANTS} Both \`count\` and the page are of one moment.`,
  who: 'read',
  parameters: [...FILTER_PARAMETERS, ...PAGE_PARAMETERS, PAGE_JSON_OR_CSV],
  answers: {
    200: {
      description: 'A page. With `pagination_style=cursor` it has no count.',
      headers: LIST_TAG,
      content: {
        'application/json': { anyOf: [refTo('FrameList'), refTo('FramesByCursor')] },
        'text/csv': undefined,
        'application/x-votable+xml': undefined,
      },
    },
    304: UNCHANGED,
  },
  problems: ['bad_request', 'not_found'],
  requests: [
    { summary: 'The newest', query: { limit: '5' } },
    {
      summary: 'Raw images of a night in two filters',
      query: { night: '2026-03-01', RLEVEL: '0', FILTER: 'B,V' },
    },
    {
      summary: 'By a header, however it is spelled',
      query: { 'header.CCD-TEMP__lt': '-15', IMAGETYPE: 'dark' },
    },
    {
      summary: 'Around a place on the sky',
      query: { RA: '00:42:44', DEC: '+41:16:09', radius: "30'" },
    },
    { summary: 'Words', query: { q: 'm31 2026-03' } },
    { summary: 'All of them, page by page', query: { pagination_style: 'cursor', limit: '1000' } },
  ],
};

export const AGGREGATE: Operation = {
  id: 'getAggregate',
  tag: 'Search',
  summary: 'What there is to choose from',
  description: `The values that the choices of a search can have, among the frames that match. ${VARIANTS}`,
  who: 'read',
  parameters: FILTER_PARAMETERS,
  answers: {
    200: { ...json('Aggregate', 'The values, sorted.'), headers: LIST_TAG },
    304: UNCHANGED,
  },
  problems: ['bad_request'],
  requests: [
    { summary: 'All', query: {} },
    { summary: 'Of one night', query: { night: '2026-03-01' } },
  ],
};

export const SHOW: Operation = {
  id: 'getFrame',
  tag: 'One frame',
  summary: 'All that the catalogue knows of a frame',
  who: 'read',
  parameters: [RELATED_TOO, PAGE_OR_JSON],
  answers: { 200: json('FrameWithHdus', 'The frame.') },
  problems: ['not_found'],
  requests: [{ summary: 'One frame', query: {} }],
};

export const HEADERS: Operation = {
  id: 'getHeaders',
  tag: 'One frame',
  summary: 'Its headers',
  description:
    'Without `hdu` those of the main image, as an object and as a list; `hdu=all` gives every card of every HDU in the order of the file, a number one HDU both ways.',
  who: 'read',
  parameters: [
    {
      ...HDU,
      key: 'hdu_or_all',
      description: '`all`, or an HDU; 0 is the primary',
      schema: {
        anyOf: [
          { type: 'integer', minimum: 0 },
          { type: 'string', const: 'all' },
        ],
      },
      examples: ['all', 0],
    },
  ],
  answers: {
    200: {
      description: 'The cards.',
      content: {
        'application/json': { anyOf: [refTo('Headers'), refTo('Hdus'), refTo('HeadersOfHdu')] },
      },
    },
  },
  problems: ['bad_request', 'not_found', 'damaged'],
  requests: [
    { summary: 'Of the main image', query: {} },
    { summary: 'Every card', query: { hdu: 'all' } },
  ],
};

export const RELATED: Operation = {
  id: 'getRelated',
  tag: 'One frame',
  summary: 'Frames that it was made from, or that were made from it',
  description:
    'Names in `L1*` headers and in those of the setting RELATED_FRAME_KEYS, whenever the other frame comes.',
  who: 'read',
  parameters: [
    {
      name: 'direction',
      description: '`uses`: those that it names (if not given); `used_by`: those that name it',
      schema: oneOf(DIRECTIONS),
      examples: DIRECTIONS.map(String),
    },
  ],
  answers: {
    200: {
      description: 'The frames.',
      content: { 'application/json': listOf(refTo('Frame')) },
    },
  },
  problems: ['bad_request', 'not_found'],
  requests: [
    { summary: 'What it was made from', query: {} },
    { summary: 'What was made from it', query: { direction: 'used_by' } },
  ],
};

export const CALIBRATIONS: Operation = {
  id: 'getCalibrations',
  tag: 'One frame',
  summary: 'The calibrations that fit it',
  description:
    'For bias, dark and flat: what is looked for, masters and sets of raw frames that fit, the best first, and the nearest that do not with the reasons. Rules: `config/calibration.json`.',
  who: 'read',
  answers: { 200: json('Calibrations', 'By kind.') },
  problems: ['not_found'],
  requests: [{ summary: 'What to reduce it with', query: {} }],
};

export const REMOVE: Operation = {
  id: 'deleteFrame',
  tag: 'Upload and delete',
  summary: 'Delete a frame with all its versions',
  description: 'It is moved to the trash, and can be restored for TRASH_DAYS.',
  who: 'delete',
  parameters: [
    {
      name: 'reason',
      key: 'reason',
      description: 'why, for those who look into the trash',
      schema: { type: 'string', maxLength: 500 },
      examples: ['test exposure'],
    },
  ],
  answers: { 204: { description: 'It is in the trash.' } },
  problems: ['not_found'],
};

export const REMOVE_OLD: Operation = {
  ...REMOVE,
  id: 'deleteFrameByOldAddress',
  summary: 'The same, at the address of pyobs-archive',
  answers: { 200: { description: 'It is in the trash.' } },
};
