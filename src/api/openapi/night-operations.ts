import { IMAGE_KINDS } from '../../catalog/index.js';
import { CALIBRATION_KINDS } from '../../calibration/index.js';
import { refTo, type ApiAnswer, type ApiParameter, type Schema } from '../../openapi/index.js';
import { MAX_DETAILED } from '../night-shapes.js';
import { FILTER_PARAMETERS } from './filters.js';
import { LIST_PAGE } from './keeping-operations.js';
import type { Operation } from './operations.js';
import { PAGE_OR_JSON } from './parameters.js';
import {
  address,
  day,
  flag,
  instant,
  integer,
  listOf,
  number,
  object,
  oneOf,
  orNull,
  text,
} from './words.js';

const tag = 'Nights';

const json = (name: string, description: string): ApiAnswer => ({
  description,
  content: { 'application/json': refTo(name) },
});

const DETAILS: ApiParameter = {
  name: 'details',
  description: `how each night was used, its medians, findings, refused files and notes; of ${MAX_DETAILED} nights at most`,
  schema: { type: 'boolean' },
  examples: [false],
};

export const NIGHT_LIST: Operation = {
  id: 'listNights',
  tag,
  summary: 'Nights, newest first',
  description:
    'With counts by type, filter and instrument, and the time that each object was observed. The filters of frames say which frames count.',
  who: 'read',
  parameters: [...LIST_PAGE, DETAILS, ...FILTER_PARAMETERS, PAGE_OR_JSON],
  answers: { 200: json('NightList', 'A page of them.') },
  problems: ['bad_request'],
  requests: [
    { summary: 'The last', query: { limit: '5' } },
    { summary: 'Nights of one object', query: { target: 'M31' } },
    { summary: 'How the last were used', query: { limit: '5', details: 'true' } },
  ],
};

export const NIGHT: Operation = {
  id: 'getNight',
  tag,
  summary: 'One night whole',
  description:
    'Sun and Moon over its sites, how much of the dark was used and where its gaps are (between frames; what was not used of it before the first frame and after the last is told apart), medians beside what is usual, what was found of frames, calibrations that are missing, refused files (for those who may upload) and notes.',
  who: 'read',
  parameters: [PAGE_OR_JSON],
  answers: { 200: json('Night', 'The night.') },
  problems: ['not_found'],
  requests: [{ summary: 'What was it like?', query: {} }],
};

const hours = number('of open shutter, raw and reduced frames counted once');
const counts = (values: Schema): Schema => listOf(object({ value: values, frames: integer() }));
const crossing = object({ evening: orNull(instant()), morning: orNull(instant()) });

const summary = {
  night: day(),
  frames: integer(),
  first: orNull(instant('start of the first exposure')),
  last: orNull(instant('start of the last exposure')),
  types: counts(oneOf(IMAGE_KINDS)),
  filters: counts(orNull(text())),
  instruments: counts(text()),
  hours,
  targets: listOf(refTo('NightTarget'), 'the longest observed first'),
};

const median = orNull(number());

const gap = object({
  from: instant(),
  to: instant(),
  minutes: integer(),
  after: orNull(integer('id of the frame before it')),
  before: orNull(integer('id of the frame after it')),
  why: orNull(oneOf(['clouds'])),
  needs_hand: flag('whether it is long, between frames, and nothing explains it'),
  text: text(),
});

/** With `details=true`. */
const details = {
  use: listOf(refTo('NightUse'), 'of each instrument'),
  medians: orNull(refTo('NightMedians')),
  findings: listOf(
    object({ code: text(), frames: integer() }),
    'more than notes; the commonest first',
  ),
  quarantined: orNull(integer('refused files, for those who may upload')),
  notes: orNull(integer()),
};

/** Schemas of these answers, by name. */
export const NIGHT_SCHEMAS: Readonly<Record<string, Schema>> = {
  NightList: object({
    count: integer('all that match'),
    results: listOf(object({ ...summary, ...details, url: address() }, Object.keys(details))),
  }),
  NightTarget: object({
    name: text(),
    names: listOf(text(), 'its spellings in the frames'),
    frames: integer(),
    hours,
    filters: listOf(object({ filter: orNull(text()), frames: integer(), hours })),
    url: address(),
  }),
  Night: object({
    ...summary,
    previous: orNull(day('the night with frames before it')),
    next: orNull(day('the night with frames after it')),
    setups: listOf(
      object({
        site: text(),
        telescope: text(),
        instrument: text(),
        type: oneOf(IMAGE_KINDS),
        filter: orNull(text()),
        RLEVEL: integer(),
        frames: integer(),
      }),
    ),
    sites: listOf(
      refTo('NightSky'),
      'of the sites whose coordinates the settings or a header tell',
    ),
    use: listOf(refTo('NightUse'), 'of each instrument'),
    medians: listOf(refTo('NightMedians')),
    findings: listOf(
      object({
        frame: integer('its id'),
        basename: text(),
        code: text(),
        level: oneOf(['note', 'warning', 'error']),
        text: text(),
      }),
      'the worst first',
    ),
    unmeasured: orNull(integer('frames that are still to be measured; null with MEASURE=false')),
    missing: listOf(
      object({
        kind: oneOf(CALIBRATION_KINDS),
        site: text(),
        telescope: text(),
        instrument: text(),
        of: listOf(text(), 'filters of flats, exposures of darks'),
        text: text(),
      }),
    ),
    quarantine: orNull(
      listOf(
        object({ id: integer(), name: text(), code: text(), reason: text(), created: instant() }),
        'null for those who may not upload',
      ),
    ),
    notes: orNull(
      listOf(
        object({ id: integer(), text: text(), by: text(), at: instant() }),
        'null for those who do not see all frames',
      ),
    ),
    frames_url: address(),
    report_url: address('the night in ten lines'),
  }),
  NightSky: object({
    site: text('as the frames have it'),
    name: text(),
    time_zone: orNull(text()),
    sunset: orNull(instant()),
    sunrise: orNull(instant()),
    civil: crossing,
    nautical: crossing,
    astronomical: crossing,
    dark: orNull(object({ from: instant(), to: instant() })),
    dark_hours: number(),
    moonless_hours: number('of the dark'),
    moonrise: orNull(instant()),
    moonset: orNull(instant()),
    moon_fraction: number('lit part of it at midnight, 0 to 1'),
    word: orNull(text('what is unlike other nights')),
  }),
  NightUse: object({
    site: text(),
    telescope: text(),
    instrument: text(),
    frames: integer('raw frames of all kinds'),
    open_hours: number('open shutter of science frames in the dark'),
    used: orNull(number('part of the dark, 0 to 1')),
    gaps: orNull(
      listOf(
        gap,
        'between frames, longer than NIGHT_GAP_MINUTES; null if it was not dark, or is not known when',
      ),
    ),
    unused: orNull(listOf(gap, 'the same before the first frame and after the last')),
  }),
  NightMedians: object({
    instrument: text(),
    filter: orNull(text()),
    binning: text(),
    frames: integer('that were measured'),
    fwhm: orNull(number('arc seconds')),
    fwhm_usual: median,
    fwhm_px: median,
    fwhm_px_usual: median,
    hfr_px: median,
    hfr_px_usual: median,
    elongation: median,
    elongation_usual: median,
    background: median,
    background_usual: orNull(
      number('of frames exposed as long; null if exposures of the night differ'),
    ),
    stars: median,
    stars_usual: median,
    transparency: orNull(number('1 is as clear as it gets')),
    transparency_usual: median,
  }),
};
