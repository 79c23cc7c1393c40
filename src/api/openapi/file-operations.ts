import { FORMATS } from '../../preview/index.js';
import { listOf } from './words.js';
import { refTo, type ApiAnswer, type ApiBody } from '../../openapi/index.js';
import type { Operation } from './operations.js';
import { FILTER_PARAMETERS } from './filters.js';
import {
  CUTOUT_PARAMETERS,
  FRAME_IDS,
  HDU,
  PAGE_PARAMETERS,
  PICTURE_PARAMETERS,
  ZIP_PARAMETERS,
} from './parameters.js';

const FITS = { 'image/fits': undefined } as const;

/** Answers of what is sent as a file whose length is known: RFC 9110 §13 and §14. */
function fileAnswers(
  content: NonNullable<ApiAnswer['content']>,
  headers: Readonly<Record<string, string>> = {},
): Operation['answers'] {
  return {
    200: {
      description: 'The file.',
      headers: {
        'Content-Disposition': 'the name of the file',
        ETag: 'of these very bytes',
        'Last-Modified': 'when it came',
        'Accept-Ranges': 'bytes',
        ...headers,
      },
      content,
    },
    206: { description: 'The part that Range asks for.', content },
    304: { description: 'What If-None-Match or If-Modified-Since names is still the file.' },
    412: { description: 'It is not the file that If-Match or If-Unmodified-Since names.' },
    416: { description: 'Range asks for a part that is not there.' },
  };
}

export const DOWNLOAD: Operation = {
  id: 'downloadFrame',
  tag: 'Files',
  summary: 'The file as it was uploaded',
  description: 'A broken download goes on where it stopped: Range and If-Range are obeyed.',
  who: 'download',
  answers: fileAnswers(FITS),
  problems: ['not_found', 'damaged'],
  requests: [{ summary: 'The file', query: {} }],
};

export const PREVIEW: Operation = {
  id: 'getPreview',
  tag: 'Files',
  summary: 'A picture of it',
  description:
    'FITS row 1 is at the bottom. What cannot be drawn is a picture that says why, and `X-Problem` says it to programs.',
  who: 'read',
  parameters: [
    ...PICTURE_PARAMETERS,
    {
      name: 'v',
      description:
        'beginning of the SHA-256 of the file, 12 digits or more: caches may keep the picture for ever then',
      schema: { type: 'string', pattern: '^[0-9a-f]{12,64}$' },
      examples: ['0123456789ab'],
    },
  ],
  answers: {
    200: {
      description: 'The picture.',
      headers: { ETag: 'of this picture', 'X-Problem': 'why there is none, URI-encoded' },
      content: Object.fromEntries(FORMATS.map((format) => [`image/${format}`, undefined])),
    },
    304: { description: 'What If-None-Match names is still the picture.' },
  },
  problems: ['bad_request', 'not_found', 'damaged', 'too_many', 'busy'],
  requests: [
    { summary: 'Small and grey', query: {} },
    { summary: 'Large', query: { width: '1024', limits: 'zscale', stretch: 'asinh' } },
    { summary: 'Between two values', query: { min: '900', max: '1100' } },
  ],
};

export const TABLE: Operation = {
  id: 'getTable',
  tag: 'Files',
  summary: 'A table of it, as text',
  description: 'The table called CAT, or another by `hdu`. Without one the answer is empty.',
  who: 'read',
  parameters: [
    {
      name: 'format',
      description: '`csv` (RFC 4180, if not given) or `json`',
      schema: { type: 'string', enum: ['csv', 'json'] },
      examples: ['csv', 'json'],
    },
    { ...HDU, key: 'hdu_of_table', examples: [2] },
  ],
  answers: {
    200: {
      description: 'The table.',
      content: { 'text/comma-separated-values': undefined, 'application/json': refTo('Table') },
    },
  },
  problems: ['bad_request', 'not_found', 'too_large', 'damaged', 'too_many', 'busy'],
  requests: [
    { summary: 'As CSV', query: {} },
    { summary: 'As JSON', query: { format: 'json' } },
  ],
};

export const UNPACK: Operation = {
  id: 'unpackFrame',
  tag: 'Files',
  summary: 'The file with its images unpacked',
  description: 'Plain FITS, with the sums that the packed file had kept of the original.',
  who: 'read',
  answers: fileAnswers(FITS),
  problems: ['not_found', 'fits_unsupported', 'damaged', 'too_many', 'busy'],
  requests: [{ summary: 'Plain FITS', query: {} }],
};

export const UNPACK_OLD: Operation = {
  ...UNPACK,
  id: 'unpackFrameByOcsAddress',
  summary: 'The same, at the address of the OCS archive',
};

export const CUTOUT: Operation = {
  id: 'cutOut',
  tag: 'Files',
  summary: 'A part of its image',
  description:
    'By `x`, `y`, `width` and `height`, or by `ra`, `dec` and `size`. What lies beyond the frame is left out; the WCS is moved along.',
  who: 'read',
  parameters: CUTOUT_PARAMETERS,
  answers: fileAnswers(FITS, { 'X-Cutout-Section': 'what was cut, `[x1:x2,y1:y2]`' }),
  problems: ['bad_request', 'not_found', 'fits_unsupported', 'damaged', 'too_many', 'busy'],
  requests: [
    { summary: 'By pixels', query: { x: '0', y: '0', width: '8', height: '8' } },
    { summary: 'By position', query: { ra: '10.6847', dec: '41.269', size: '10arcsec' } },
  ],
};

export const VERIFY: Operation = {
  id: 'verifyFrame',
  tag: 'Files',
  summary: 'What in it is not as the FITS standard says',
  who: 'read',
  answers: {
    200: {
      description: 'Findings; none for a file without fault.',
      content: { 'application/json': listOf(refTo('Finding')) },
    },
  },
  problems: ['not_found', 'damaged', 'busy'],
  requests: [{ summary: 'Findings', query: {} }],
};

const ZIP_CONTENT = {
  'application/zip': undefined,
  'text/x-shellscript': undefined,
  'text/plain': undefined,
} as const;

const ZIP_ANSWERS: Operation['answers'] = {
  ...fileAnswers(ZIP_CONTENT),
  428: { description: 'A part is asked for without a tag, and the zip may be another one by now.' },
};

export const ZIP: Operation = {
  id: 'zipFrames',
  tag: 'Many files',
  summary: 'All frames that match, as one zip',
  description:
    'Its length is known, and it goes on where it broke off, also hours later: it is the same byte for byte. What is missing is listed in it. `limit` and `offset` are not obeyed.',
  who: 'read',
  parameters: [
    ...FILTER_PARAMETERS,
    FRAME_IDS,
    ...ZIP_PARAMETERS,
    ...PAGE_PARAMETERS.filter(({ name }) => name === 'limit' || name === 'offset'),
  ],
  answers: ZIP_ANSWERS,
  problems: ['bad_request', 'not_found', 'too_large'],
  requests: [
    { summary: 'All raw frames of a night', query: { night: '2026-03-01', RLEVEL: '0' } },
    { summary: 'With what they are reduced with', query: { frame_ids: '1', calibrations: 'true' } },
    { summary: 'A script instead', query: { night: '2026-03-01', format: 'script' } },
  ],
};

const idsBody: ApiBody = {
  description: 'Ids, and the options of a zip, as a form or as JSON.',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          frame_ids: listOf({ type: 'integer' }, 'at least one'),
          auth_token: { type: 'string', description: 'a token, for forms that set no header' },
          ...Object.fromEntries(ZIP_PARAMETERS.map(({ name, schema }) => [name, schema])),
        },
        required: ['frame_ids'],
      },
      example: { frame_ids: [1] },
    },
    'application/x-www-form-urlencoded': {
      schema: {
        type: 'object',
        properties: { 'frame_ids[]': listOf({ type: 'integer' }) },
        required: ['frame_ids[]'],
      },
      example: { 'frame_ids[]': [1, 2] },
    },
  },
};

export const ZIP_OF_IDS: Operation = {
  id: 'zipFramesById',
  tag: 'Many files',
  summary: 'Some frames as one zip',
  description:
    '`Content-Location` is an address for the same zip by GET. Browsers that are signed in are sent there.',
  who: 'read',
  parameters: ZIP_PARAMETERS,
  body: idsBody,
  answers: {
    ...ZIP_ANSWERS,
    303: { description: 'A browser that is signed in: the same by GET.' },
  },
  problems: ['bad_request', 'not_found', 'too_large'],
};

const uploadBody: ApiBody = {
  description:
    'Every file part with a `filename` is one frame, whatever its field is called. `X-Checksum-SHA256` or `Content-MD5` (hexadecimal digits or base64) among the headers of a part, or of a request with one file, are compared with the bytes that arrive: others are not stored.',
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object',
        properties: { file: { type: 'string', description: 'FITS, also compressed' } },
        required: ['file'],
      },
    },
  },
};

const UPLOAD: Operation = {
  id: 'uploadFrames',
  tag: 'Upload and delete',
  summary: 'Upload frames',
  description:
    'Each file is judged on its own. The answer is 200 also when all were refused: look at `created`. The same bytes again are a success that changes nothing. 5xx is worth a retry.',
  who: 'upload',
  body: uploadBody,
  answers: { 200: json200('Upload', 'What became of each file.') },
  problems: ['bad_request', 'too_large', 'unsupported', 'store_full', 'store_unavailable', 'busy'],
};

function json200(name: string, description: string): ApiAnswer {
  return { description, content: { 'application/json': refTo(name) } };
}

/** The same at each address that uploaders know. */
export const UPLOADS = {
  pyobs: UPLOAD,
  short: { ...UPLOAD, id: 'uploadFramesShort', summary: 'The same' },
  ocs: {
    ...UPLOAD,
    id: 'uploadFramesToList',
    summary: 'The same; other bodies than files are 405',
    problems: [...(UPLOAD.problems ?? []), 'method_not_allowed'],
  },
} as const satisfies Readonly<Record<string, Operation>>;
