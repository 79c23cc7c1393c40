import { CALIBRATION_KINDS } from '../../calibration/index.js';
import { ACTIONS, IMAGE_KINDS, SCOPES } from '../../catalog/index.js';
import { refTo, type Schema } from '../../openapi/index.js';
import { FRAME_SCHEMAS } from '../frame-schema.js';
import { KEEPING_SCHEMAS } from './keeping-schemas.js';
import {
  address,
  day,
  flag,
  instant,
  integer,
  listOf,
  mapOf,
  number,
  object,
  oneOf,
  orNull,
  text,
} from './words.js';

const choices = listOf(text());

const calibrationFrame = object({
  id: integer(),
  basename: text(),
  filename: text(),
  url: address(),
  DATE_OBS: orNull(instant()),
  night: orNull(day()),
  type: oneOf(IMAGE_KINDS),
  RLEVEL: integer(),
  FILTER: orNull(text()),
  EXPTIME: orNull(number()),
});

/** Schemas of all answers, by name. Objects may get further keys; none is renamed or taken away. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  ...FRAME_SCHEMAS,
  ...KEEPING_SCHEMAS,
  FrameList: object({
    count: integer('all matches'),
    count_estimated: flag('always false: the count is exact'),
    next: orNull(address('the next page')),
    previous: orNull(address('the page before')),
    results: listOf(refTo('Frame')),
  }),
  FramesByCursor: object({
    next: orNull(address('the next page')),
    previous: orNull(address('the page before')),
    results: listOf(refTo('Frame')),
  }),
  Aggregate: object({
    imagetypes: choices,
    sites: choices,
    telescopes: choices,
    instruments: choices,
    filters: listOf(text(), '`None` for frames without one'),
    binnings: choices,
    obstypes: listOf(text(), 'the same as imagetypes'),
    proposals: choices,
    generated_at: instant(),
  }),
  Upload: object(
    {
      created: integer('files that are safe in the archive now, also if they were there before'),
      filenames: listOf(text(), 'their names'),
      errors: listOf(text(), 'why files were refused; absent if none was'),
      files: listOf(
        object({
          name: text('as it was sent'),
          basename: orNull(text()),
          id: orNull(integer()),
          version: orNull(integer()),
          status: oneOf(['stored', 'new-version', 'already-there', 'refused', 'failed']),
          error: orNull(text()),
          warnings: listOf(text()),
          sha256: text(),
          size: integer('bytes'),
        }),
        'what became of each part, in their order',
      ),
    },
    ['errors'],
  ),
  Calibrations: object({
    id: integer(),
    basename: text(),
    ...Object.fromEntries(CALIBRATION_KINDS.map((kind) => [kind, refTo('CalibrationsOfKind')])),
    chosen: listOf(integer(), 'ids of the best of each kind'),
    zip: address('the frame with the chosen ones'),
  }),
  CalibrationsOfKind: object({
    needed: flag(),
    reason: orNull(text('why not needed')),
    wanted: mapOf(text(), 'what is looked for: name and value'),
    masters: listOf(refTo('Calibration'), 'the best first'),
    sets: listOf(refTo('Calibration'), 'raw frames of one night that go together, the best first'),
    rejected: listOf(
      object({
        what: oneOf(['master', 'set']),
        age_days: number(),
        night: orNull(day()),
        type: oneOf(IMAGE_KINDS),
        basename: text(),
        count: integer(),
        ids: listOf(integer()),
        reasons: listOf(text()),
      }),
      'what comes nearest of those that do not fit, and why',
    ),
  }),
  Calibration: object({
    chosen: flag('the one to use'),
    age_days: number('from the calibration to the frame; negative if it was taken later'),
    night: orNull(day()),
    scale: orNull(number('what the dark is to be multiplied by')),
    notes: listOf(text()),
    count: integer(),
    frames: listOf(calibrationFrame),
  }),
  Finding: object({
    hdu: integer(),
    keyword: text(),
    offset: integer('byte of the stored file, expanded if it is compressed as a whole'),
    severity: oneOf(['error', 'warning']),
    code: text(),
    message: text(),
  }),
  Table: object(
    {
      hdu: integer(),
      name: text('EXTNAME'),
      count: integer('rows'),
      columns: listOf(
        object({
          name: text(),
          unit: text(),
          type: text('int16, float64, text, …'),
          shape: listOf(orNull(integer()), 'of a cell, slowest first; [] for a single value'),
        }),
      ),
      rows: listOf({ type: 'object' }, 'an object each, by name of column'),
    },
    // A file without a table has neither rows nor a name.
    ['hdu', 'name', 'count'],
  ),
  Token: object({ token: text('for the header Authorization: Token …') }),
  TokenFacts: object({
    id: integer(),
    name: text(),
    hint: text('how it begins'),
    scope: oneOf(SCOPES),
    created: instant(),
    expires: orNull(instant()),
    last_used: orNull(instant('within a minute')),
    expired: flag(),
  }),
  Profile: object({
    username: text('empty for visitors'),
    profile: object(
      { proposals: listOf(text(), 'whose frames are shown, public or not; in order') },
      ['proposals'],
    ),
    is_staff: flag('admins'),
  }),
  AuditPage: object({
    next: orNull(address('the lines before these')),
    results: listOf(refTo('AuditLine')),
  }),
  AuditLine: object({
    id: integer(),
    at: instant(),
    actor: text('name of the user; empty for visitors'),
    address: text('of the client; empty for commands'),
    action: oneOf(Object.keys(ACTIONS)),
    subject: text('such as frame:12 or user:ana'),
    outcome: oneOf(['done', 'refused']),
    old: { description: 'what was there before' },
    detail: { description: 'what there is to know besides' },
  }),
  LoginProblem: object({ non_field_errors: listOf(text()) }),
  Root: object({
    name: text(),
    version: text(),
    frames: address(),
    aggregate: address(),
    upload: address(),
    health: address(),
    openapi: address('this document'),
  }),
  Health: object({ status: { type: 'string', const: 'ok' }, version: text() }),
  Problem: object({ detail: text('what happened, and what to do') }),
  ParameterProblem: {
    description: 'A bad value is told under the name of its parameter, too. Of a region, a list.',
    anyOf: [
      { ...object({ detail: text() }), additionalProperties: listOf(text()) },
      listOf(text()),
    ],
  },
};
