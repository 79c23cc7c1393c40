import { refTo, type Schema } from '../../openapi/index.js';
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

const VALUE: Schema = {
  type: ['string', 'number', 'boolean', 'null'],
  description: 'null: as if the keyword were not there',
};

const original = orNull(object({ size: integer('bytes'), sha256: text(), md5: text() }));

const refused = {
  id: integer(),
  name: text('as it was sent'),
  size: integer('bytes'),
  sha256: text(),
  code: text('why, in a word'),
  reason: text('why'),
  keyword: orNull(text('the header value that stands in the way')),
  is_mendable: flag('whether other header values or another profile can help'),
  attempts: integer('how often it was tried again'),
  overrides: mapOf(VALUE, 'what it was tried with last'),
  profile: orNull(text()),
  why: orNull(text('what was said about the last try')),
  created: instant(),
};

/** Who changed a header value, when and why. */
const making = {
  by: orNull(text('who set it or made the rule; null for whom the frame is only public')),
  rule: orNull(integer('the rule that gave it, if no person did for this frame')),
  why: orNull(text('as they said; null for whom the frame is only public')),
  at: instant(),
};

/** Schemas of the answers about trash, versions, quarantine, corrections and notes, by name. */
export const KEEPING_SCHEMAS: Readonly<Record<string, Schema>> = {
  Trash: object({
    count: integer(),
    size: integer('bytes of all'),
    days: number('TRASH_DAYS; 0 if nothing goes by itself'),
    results: listOf(refTo('TrashedFrame'), 'what was deleted last comes first'),
  }),
  TrashedFrame: object({
    id: integer('of the frame'),
    basename: text(),
    night: orNull(day()),
    size: integer('bytes of all its versions'),
    versions: integer('how many'),
    deleted: instant(),
    deleted_by: text(),
    reason: text(),
    purged_from: orNull(instant('from when on its files are removed for good')),
  }),
  Restored: object({ id: integer(), basename: text(), frame: address() }),
  Versions: object({
    count: integer(),
    results: listOf(refTo('Version'), 'the first one first'),
    other_names: listOf(
      object({ name: text(), by: text('who sent it'), created: instant() }),
      'under which the same bytes came once more; empty for visitors',
    ),
  }),
  Version: object({
    id: integer(),
    number: integer(),
    is_current: flag(),
    key: text('the sha256, as in version_set'),
    md5: text(),
    sha256: text(),
    extension: text(),
    filename: text(),
    size: integer('bytes'),
    original,
    created: instant(),
    by: orNull(text('who uploaded it; null for visitors')),
    upload_name: orNull(text('null for visitors')),
    url: address('signed: it works without a login until it expires'),
  }),
  Quarantine: object({
    count: integer(),
    size: integer('bytes of all'),
    results: listOf(refTo('RefusedFile'), 'the newest first'),
  }),
  RefusedFile: object(refused),
  RefusedFileWithCards: object({
    ...refused,
    problem: orNull(text('why not all of it can be read')),
    hdus: listOf(
      object({
        hdu: integer(),
        name: text(),
        cards: listOf(object({ key: text(), kind: text(), value: {}, comment: text() })),
      }),
    ),
    findings: listOf(refTo('Finding')),
    profiles: listOf(object({ name: text(), title: text() }), 'those that can be chosen'),
  }),
  RetryResult: object({
    quarantine_id: integer(),
    name: text(),
    basename: orNull(text()),
    id: orNull(integer('of the frame; null if it is still refused')),
    version: orNull(integer()),
    status: oneOf(['stored', 'new-version', 'already-there', 'refused', 'failed']),
    error: orNull(text()),
    code: orNull(text()),
    warnings: listOf(text()),
  }),
  RetryResults: object({
    count: integer(),
    stored: integer(),
    results: listOf(refTo('RetryResult')),
  }),
  Discarded: object({ discarded: integer(), ids: listOf(integer()) }),
  Correction: object({
    keyword: text(),
    value: VALUE,
    original: { description: 'what the file says; null if the keyword is not in it' },
    ...making,
  }),
  CorrectionStep: object({
    keyword: text(),
    old: { description: 'the value before; what the file says if none was set' },
    new: { description: 'the value from then on; what the file says if it was withdrawn' },
    set: flag('false: it was withdrawn'),
    ...making,
  }),
  Corrections: object({
    id: integer('of the frame'),
    profile: text('that its headers are read by'),
    chosen_profile: orNull(text('if a person chose it')),
    results: listOf(refTo('Correction')),
    history: listOf(refTo('CorrectionStep'), 'withdrawn ones too, the oldest first'),
  }),
  ManyCorrected: object({
    corrected: integer(),
    failed: integer(),
    results: listOf(object({ id: integer(), error: orNull(text()), code: orNull(text()) })),
  }),
  Notes: object({ count: integer(), results: listOf(refTo('Note'), 'the oldest first') }),
  Note: object({ id: integer(), text: text(), by: text(), at: instant() }),
  HeaderValues: mapOf(VALUE, 'by keyword'),
};
