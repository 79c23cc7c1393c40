import { SOLUTION_FORMATS } from '../solution.js';
import type { Operation } from './operations.js';
import {
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

const point = object({ ra: number(), dec: number() });

/** How plate-solving stands, for those who watch over the archive. */
export const SOLVING_STATE = object({
  solver: text('of the setting SOLVER'),
  waiting: integer('frames'),
  solved: integer('frames'),
  failed: integer('frames'),
  skipped: integer('frames that have nothing to be solved'),
  problem: orNull(text('why nothing is solved though something should be')),
});

export const SOLUTION: Operation = {
  id: 'getSolution',
  tag: 'One frame',
  summary: 'Where it lies by its stars',
  description:
    'What a plate-solving program (setting SOLVER) has found of the pixels of the current version. It is kept beside the file, never in it.',
  who: 'read',
  parameters: [
    {
      name: 'format',
      description: '`header`: the WCS as the lines of a FITS header; 404 as long as there is none',
      schema: oneOf(SOLUTION_FORMATS),
      examples: ['json'],
    },
  ],
  answers: {
    200: {
      description: 'How it stands, and what was found.',
      content: {
        'application/json': object({
          id: integer('of the frame'),
          state: oneOf(['none', 'waiting', 'solved', 'failed', 'skipped']),
          attempts: integer(),
          error: orNull(text('why it could not be solved the last time')),
          solution: orNull(
            object({
              solver: text(),
              solved: instant(),
              ra: orNull(number('of the centre, ICRS, degrees')),
              dec: orNull(number()),
              scale: number('arcseconds of a pixel'),
              rotation: number('of up in the image, degrees from north through east'),
              mirrored: flag(),
              corners: listOf(orNull(point)),
              wcs: mapOf({ type: ['string', 'number'] }, 'by keyword'),
              pointing_off_deg: orNull(
                number('between where the header says that it pointed and the centre, degrees'),
              ),
            }),
          ),
        }),
        'text/plain': undefined,
      },
    },
  },
  problems: ['bad_request', 'not_found'],
  requests: [{ summary: 'How it stands', query: {} }],
};
