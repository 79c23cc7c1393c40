import { REPORT_FORMATS } from '../report.js';
import type { Operation } from './operations.js';
import { address, day, flag, listOf, object, oneOf, orNull, text } from './words.js';

export const REPORT: Operation = {
  id: 'getNightReport',
  tag: 'Nights',
  summary: 'One night in ten lines',
  description:
    'What is sent by mail and webhook on the morning after (setting REPORT_AT), as far as you see the frames of the night; how the archive stands is told to admins. `!` stands before what needs a hand.',
  who: 'read',
  parameters: [
    {
      name: 'format',
      description:
        '`text`, which programs get if they do not ask for anything else, `json`, or `html`',
      schema: oneOf(REPORT_FORMATS),
      examples: ['json', 'text'],
    },
  ],
  answers: {
    200: {
      description: 'The report; of a night without frames that none came.',
      content: {
        'text/plain': undefined,
        'text/html': undefined,
        'application/json': object({
          night: day(),
          subject: text(),
          lines: listOf(
            object({
              text: text(),
              needs_hand: flag(),
              links: listOf(object({ text: text(), url: address() }), 'of what the line counts'),
            }),
          ),
          url: orNull(address('of the night')),
        }),
      },
    },
  },
  problems: ['bad_request'],
  requests: [{ summary: 'What was it like?', query: { format: 'json' } }],
};
