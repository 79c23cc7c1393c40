import { refTo, type ApiAnswer, type ApiParameter, type Schema } from '../../openapi/index.js';
import { TARGET_TYPES } from '../../targets/index.js';
import { OBJECT_SORTS } from '../../objects/index.js';
import { FILTER_PARAMETERS } from './filters.js';
import { LIST_PAGE } from './keeping-operations.js';
import type { Operation } from './operations.js';
import { PAGE_OR_JSON } from './parameters.js';
import {
  address,
  day,
  flag,
  integer,
  listOf,
  number,
  object,
  oneOf,
  orNull,
  text,
} from './words.js';

const tag = 'Search';

const json = (name: string, description: string): ApiAnswer => ({
  description,
  content: { 'application/json': refTo(name) },
});

/** `q` is about names here. */
const FRAME_FILTERS = FILTER_PARAMETERS.filter(({ name }) => name !== 'q');

const WORDS: ApiParameter = {
  name: 'q',
  key: 'target_words',
  description: 'part of a name of the object, of the frames or of the catalogue',
  schema: text(),
  examples: ['andromeda'],
};

const ORDER: ApiParameter = {
  name: 'order',
  key: 'up_or_down',
  description: '`asc` or `desc`',
  schema: oneOf(['asc', 'desc']),
  examples: ['asc'],
};

export const TARGET_LIST: Operation = {
  id: 'listTargets',
  tag,
  summary: 'Objects that frames of the sky show',
  description:
    'Names of one object are put together by the catalogue of names, others by their spelling; spellings that point at different fields stay apart. The filters of frames say which frames count. Hours are of one reduction level, that with most of them: a raw frame and what was made of it are the same light.',
  who: 'read',
  parameters: [
    WORDS,
    {
      name: 'sort',
      key: 'target_sort',
      description: 'what to sort by; last_night if not given',
      schema: oneOf(OBJECT_SORTS),
      examples: [...OBJECT_SORTS],
    },
    ORDER,
    ...LIST_PAGE,
    ...FRAME_FILTERS,
    PAGE_OR_JSON,
  ],
  answers: { 200: json('TargetList', 'A page of them.') },
  problems: ['bad_request'],
  requests: [
    { summary: 'Observed last', query: { limit: '5' } },
    { summary: 'Hours of a year', query: { night_start: '2026-01-01', sort: 'hours' } },
  ],
};

export const TARGET: Operation = {
  id: 'getTarget',
  tag,
  summary: 'One object, under any of its names',
  who: 'read',
  parameters: [...FRAME_FILTERS, PAGE_OR_JSON],
  answers: { 200: json('TargetWithNights', 'The object and its nights.') },
  problems: ['bad_request', 'not_found'],
  requests: [{ summary: 'All that there is of it', query: {} }],
};

export const RESOLVE: Operation = {
  id: 'resolveTarget',
  tag,
  summary: 'What a name means, and where it is',
  description:
    'From the catalogue that comes with the program: Messier, NGC, IC, bright stars and others. Nothing is asked elsewhere.',
  who: 'read',
  parameters: [
    {
      name: 'name',
      key: 'object_name',
      description: 'a name in any spelling',
      schema: text(),
      examples: ['M31', 'alpha Lyr'],
    },
  ],
  answers: { 200: json('ResolvedTarget', 'The object.') },
  problems: ['bad_request', 'not_found'],
  requests: [{ summary: 'Where it is', query: { name: 'andromeda' } }],
};

/** The name of an object in a path. */
export const TARGET_PATH: Readonly<Record<string, ApiParameter>> = {
  name: {
    name: 'name',
    description: 'a name of the object, in any spelling',
    schema: text(),
    examples: ['M 31'],
  },
};

const sky = {
  ra: number('ICRS, degrees'),
  dec: number('ICRS, degrees'),
  magnitude: orNull(number()),
  size: orNull(listOf(number(), 'arc minutes, the longer side first')),
};

const sum = { frames: integer(), hours: number('of open shutter') };

const target = {
  name: text('of the catalogue, or the spelling that most frames have'),
  names: listOf(text(), 'its spellings in the frames'),
  aliases: listOf(text(), 'its other names in the catalogue'),
  in_catalogue: flag(),
  type: orNull(text()),
  ...sky,
  ra: orNull(sky.ra),
  dec: orNull(sky.dec),
  ...sum,
  first_night: orNull(day()),
  last_night: orNull(day()),
  filters: listOf(object({ filter: orNull(text()), ...sum })),
  years: listOf(object({ year: orNull(text()), ...sum })),
  filter_years: listOf(object({ filter: orNull(text()), year: orNull(text()), ...sum })),
  instruments: listOf(text()),
  best_fwhm: orNull(
    object({ frame: integer('its id'), fwhm: number('arc seconds') }, ['frame', 'fwhm']),
  ),
  url: address(),
  frames_url: address('its frames'),
};

/** Schemas of these answers, by name. */
export const TARGET_SCHEMAS: Readonly<Record<string, Schema>> = {
  TargetList: object({ count: integer('all that match'), results: listOf(refTo('Target')) }),
  Target: object(target),
  TargetWithNights: object({
    ...target,
    nights: listOf(object({ night: orNull(day()), ...sum }), 'the newest first'),
  }),
  ResolvedTarget: object({
    name: text(),
    aliases: listOf(text()),
    type: oneOf(TARGET_TYPES),
    ...sky,
    near: listOf(object({ name: text(), distance: number('degrees') }), 'what else is close by'),
  }),
};
