import { MAX_WHY } from '../../catalog/index.js';
import {
  refTo,
  type ApiAnswer,
  type ApiBody,
  type ApiParameter,
  type Schema,
} from '../../openapi/index.js';
import { DOWNLOAD } from './file-operations.js';
import type { Operation } from './operations.js';
import { listOf, text } from './words.js';

const json = (name: string, description: string): ApiAnswer => ({
  description,
  content: { 'application/json': refTo(name) },
});

const tag = 'Trash and quarantine';

/** Numbers in paths, besides that of the frame. */
export const PATH_IDS: Readonly<Record<string, ApiParameter>> = {
  number: {
    name: 'number',
    description: 'number of the version, from 1',
    schema: { type: 'integer', minimum: 1 },
    examples: [1],
  },
  file: {
    name: 'file',
    description: 'number of the refused file',
    schema: { type: 'integer', minimum: 0 },
    examples: [1],
  },
};

/** Pages of short lists. */
export const LIST_PAGE: readonly ApiParameter[] = [
  {
    name: 'limit',
    key: 'some',
    description: 'how many at most; 100 if not given',
    schema: { type: 'integer', minimum: 0, maximum: 1000 },
    examples: [5],
  },
  {
    name: 'offset',
    key: 'offset',
    description: 'how many are left out at the start',
    schema: { type: 'integer', minimum: 0 },
    examples: [0],
  },
];

export const TRASH: Operation = {
  id: 'listTrash',
  tag,
  summary: 'What was deleted and can come back',
  who: 'delete',
  parameters: LIST_PAGE,
  answers: { 200: json('Trash', 'The frames.') },
  problems: ['bad_request'],
  requests: [{ summary: 'What was deleted last', query: { limit: '5' } }],
};

export const RESTORE: Operation = {
  id: 'restoreFrame',
  tag,
  summary: 'Bring a deleted frame back',
  description: 'With its id, name, versions and times. No other frame may have its name or bytes.',
  who: 'delete',
  answers: { 200: json('Restored', 'It is back.') },
  problems: ['not_found', 'key_exists', 'damaged'],
};

export const PURGE: Operation = {
  id: 'purgeFrame',
  tag,
  summary: 'Remove a deleted frame and its files for good',
  who: 'purge',
  answers: { 204: { description: 'It is gone.' } },
  problems: ['not_found'],
};

export const VERSIONS: Operation = {
  id: 'listVersions',
  tag: 'One frame',
  summary: 'Its versions: the current one, and those before it',
  who: 'read',
  answers: { 200: json('Versions', 'The versions.') },
  problems: ['not_found'],
  requests: [{ summary: 'All versions', query: {} }],
};

export const DOWNLOAD_VERSION: Operation = {
  ...DOWNLOAD,
  id: 'downloadVersion',
  summary: 'The file of one version',
};

export const RESTORE_VERSION: Operation = {
  id: 'restoreVersion',
  tag: 'One frame',
  summary: 'Make a former version the current one',
  who: 'correct',
  answers: { 200: json('Versions', 'The versions.') },
  problems: ['not_found', 'damaged', 'header_missing', 'header_invalid'],
};

export const CORRECTIONS: Operation = {
  id: 'getCorrections',
  tag: 'One frame',
  summary: 'Header values that people set right, and their history',
  who: 'read',
  answers: { 200: json('Corrections', 'The values, and what the file says.') },
  problems: ['not_found'],
  requests: [{ summary: 'What was set right', query: {} }],
};

const PROFILE: ApiParameter = {
  name: 'profile',
  key: 'profile',
  description: 'the profile to read the headers by; empty for the one that fits them',
  schema: text(),
  examples: ['pyobs'],
};

const WHY_SCHEMA: Schema = { ...text(), maxLength: MAX_WHY };

const WHY: ApiParameter = {
  name: 'why',
  description: 'what is said about the change, in its history',
  schema: WHY_SCHEMA,
  examples: ['wheel was misread'],
};

const VALUES: ApiBody = {
  description: 'Values by keyword; null takes a keyword as absent.',
  content: {
    'application/json': { schema: refTo('HeaderValues'), example: { FILTER: 'R', GAIN: 1.5 } },
  },
};

const CORRECT: Omit<Operation, 'id' | 'summary'> = {
  tag: 'One frame',
  description:
    'The file is not touched, and keeps its place. Lists, searches and the frame itself go by the new values; `headers/` shows both.',
  who: 'correct',
  parameters: [PROFILE, WHY],
  body: VALUES,
  answers: { 200: json('Corrections', 'As they are now.') },
  problems: [
    'bad_request',
    'not_found',
    'header_missing',
    'header_invalid',
    'unsupported',
    'damaged',
  ],
};

export const PATCH_CORRECTIONS: Operation = {
  ...CORRECT,
  id: 'patchCorrections',
  summary: 'Set some header values right',
};

export const PUT_CORRECTIONS: Operation = {
  ...CORRECT,
  id: 'putCorrections',
  summary: 'Set header values right, and withdraw all other corrections',
};

export const WITHDRAW_CORRECTION: Operation = {
  id: 'withdrawCorrection',
  tag: 'One frame',
  summary: 'Withdraw the correction of one keyword',
  description:
    'It is as in the file again; all other corrections stay. The history keeps both. One that is not corrected stays as it is.',
  who: 'correct',
  parameters: [WHY],
  answers: { 200: json('Corrections', 'As they are now.') },
  problems: ['bad_request', 'not_found', 'header_missing', 'header_invalid', 'damaged'],
};

export const CORRECT_MANY: Operation = {
  id: 'correctFrames',
  tag: 'Many files',
  summary: 'Set header values of many frames right',
  who: 'correct',
  body: {
    description: 'The frames, at most 500, and the values.',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            ids: { type: 'array', items: { type: 'integer' }, maxItems: 500 },
            corrections: refTo('HeaderValues'),
            profile: { type: ['string', 'null'] },
            why: WHY_SCHEMA,
          },
          required: ['ids'],
        },
        example: { ids: [1, 2], corrections: { OBJECT: 'M 31' } },
      },
    },
  },
  answers: { 200: json('ManyCorrected', 'What became of each.') },
  problems: ['bad_request', 'unsupported'],
};

export const NOTES: Operation = {
  id: 'listNotes',
  tag: 'One frame',
  summary: 'What people wrote about it',
  who: 'read-notes',
  answers: { 200: json('Notes', 'The notes.') },
  problems: ['not_found'],
  requests: [{ summary: 'All notes', query: {} }],
};

export const ADD_NOTE: Operation = {
  id: 'addNote',
  tag: 'One frame',
  summary: 'Write a note',
  description: 'Notes are never changed; another one is written.',
  who: 'upload',
  body: {
    description: 'The note, at most 4000 characters.',
    content: {
      'application/json': {
        schema: { type: 'object', properties: { text: text() }, required: ['text'] },
        example: { text: 'Satellite trail in the upper left.' },
      },
    },
  },
  answers: { 201: json('Note', 'The note.') },
  problems: ['bad_request', 'not_found', 'unsupported'],
};

export const QUARANTINE: Operation = {
  id: 'listQuarantine',
  tag,
  summary: 'Files that were refused',
  who: 'upload',
  parameters: [
    {
      name: 'code',
      description: 'only those refused for this',
      schema: text(),
      examples: ['header_missing'],
    },
    {
      name: 'keyword',
      description: 'only those to which this keyword is in the way',
      schema: text(),
      examples: ['DATE-OBS'],
    },
    ...LIST_PAGE,
  ],
  answers: { 200: json('Quarantine', 'The files.') },
  problems: ['bad_request'],
  requests: [{ summary: 'The newest', query: {} }],
};

export const REFUSED: Operation = {
  id: 'getRefused',
  tag,
  summary: 'A refused file: its headers as far as they can be read, and what is wrong',
  who: 'upload',
  answers: { 200: json('RefusedFileWithCards', 'The file.') },
  problems: ['not_found', 'damaged', 'busy'],
  requests: [{ summary: 'One file', query: {} }],
};

export const DOWNLOAD_REFUSED: Operation = {
  ...DOWNLOAD,
  id: 'downloadRefused',
  tag,
  summary: 'The refused file itself',
  who: 'upload',
  answers: {
    ...DOWNLOAD.answers,
    200: { ...file(DOWNLOAD.answers[200]), description: 'The file as it was sent.' },
    206: { ...file(DOWNLOAD.answers[206]), description: 'The part that Range asks for.' },
  },
};

/** The same answer with bytes of no certain kind. */
function file(answer: ApiAnswer | undefined): Omit<ApiAnswer, 'description'> {
  const { headers } = answer ?? {};
  const content = { 'application/octet-stream': undefined };
  return headers === undefined ? { content } : { headers, content };
}

const MEND = {
  overrides: refTo('HeaderValues'),
  profile: {
    type: ['string', 'null'],
    description: 'name of a profile; null for the one that fits',
  },
  why: WHY_SCHEMA,
} as const;

const SELECTION = {
  ids: { ...listOf({ type: 'integer' }), maxItems: 500 },
  code: text('all that were refused for this'),
  all: { type: 'boolean', description: 'true for all files' },
} as const;

export const RETRY: Operation = {
  id: 'retryRefused',
  tag,
  summary: 'Try a refused file again, with other header values or another profile',
  description:
    'The bytes stay as they are: the values lie over its headers, and are kept as corrections of the frame. What is not given is as in the last try. A file that is refused again stays in quarantine with the new reason. Of a file that another account sent, only an admin changes the public date or the proposal.',
  who: 'upload',
  body: {
    description: 'Values by keyword, and a profile.',
    content: {
      'application/json': {
        schema: { type: 'object', properties: MEND },
        example: { overrides: { 'DATE-OBS': '2026-03-01T20:00:00' } },
      },
    },
  },
  answers: { 200: json('RetryResult', 'What became of it.') },
  problems: ['bad_request', 'not_found', 'unsupported', 'damaged', 'busy'],
};

export const RETRY_MANY: Operation = {
  id: 'retryManyRefused',
  tag,
  summary: 'Try many refused files again',
  description: 'At most 500 at once.',
  who: 'upload',
  body: {
    description: 'Which files, and how to read them.',
    content: {
      'application/json': {
        schema: { type: 'object', properties: { ...SELECTION, ...MEND } },
        example: { code: 'header_missing', overrides: { SITEID: 'hill' } },
      },
    },
  },
  answers: { 200: json('RetryResults', 'What became of each.') },
  problems: ['bad_request', 'not_found', 'unsupported', 'damaged', 'busy'],
};

export const DISCARD: Operation = {
  id: 'discardRefused',
  tag,
  summary: 'Throw a refused file away',
  who: 'correct',
  answers: { 204: { description: 'It is gone.' } },
  problems: ['not_found'],
};

export const DISCARD_MANY: Operation = {
  id: 'discardManyRefused',
  tag,
  summary: 'Throw many refused files away',
  description: 'At most 500 at once.',
  who: 'correct',
  body: {
    description: 'Which files.',
    content: {
      'application/json': {
        schema: { type: 'object', properties: SELECTION },
        example: { code: 'fits_invalid' },
      },
    },
  },
  answers: { 200: json('Discarded', 'Those that are gone.') },
  problems: ['bad_request', 'not_found', 'unsupported'],
};
