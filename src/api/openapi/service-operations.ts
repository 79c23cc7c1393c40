import { PAGE_OR_JSON } from './parameters.js';
import type { Operation } from './operations.js';
import { SOLVING_STATE } from './solving-operations.js';
import { flag, instant, integer, listOf, number, object, oneOf, orNull, text } from './words.js';

const CHECKS = ['database', 'store', 'disk_data', 'disk_archive', 'queue'];

const READY_ANSWER = object({
  status: oneOf(['ready', 'not ready']),
  checks: listOf(
    object(
      {
        name: oneOf(CHECKS),
        state: oneOf(['ok', 'warn', 'fail']),
        text: text('a sentence; for admins alone'),
      },
      ['text'],
    ),
  ),
});

export const READY: Operation = {
  id: 'getReady',
  tag: 'Service',
  summary: 'Whether frames can be read and written now',
  description:
    'For whoever sends requests here, and whoever is to be woken. `warn` asks for a person, and is ready all the same. The queue fails when background work has waited for longer than READY_QUEUE_MINUTES.',
  who: 'anyone',
  answers: {
    200: { description: 'They can.', content: { 'application/json': READY_ANSWER } },
    503: {
      description: 'They cannot: see the checks.',
      content: { 'application/json': READY_ANSWER },
    },
  },
  requests: [{ summary: 'Is it ready?', query: {} }],
};

export const METRICS: Operation = {
  id: 'getMetrics',
  tag: 'Service',
  summary: 'Numbers for Prometheus',
  description:
    'In its text format. Who may depends on the setting METRICS: nobody (`off`: 404), programs of the same machine that come without a proxy and admins (`local`), or admins alone (`token`).',
  who: 'anyone',
  answers: {
    200: { description: 'The numbers.', content: { 'text/plain': undefined } },
  },
  problems: ['unauthenticated', 'forbidden', 'not_found'],
  requests: [{ summary: 'All numbers', query: {} }],
};

const BYTES = { bytes: integer() };

export const OVERVIEW: Operation = {
  id: 'getOverview',
  tag: 'Service',
  summary: 'How the archive stands',
  description: 'What the page of the admin shows.',
  who: 'administer',
  parameters: [PAGE_OR_JSON],
  answers: {
    200: {
      description: 'Disks, holdings, audit, back-ups, and what waits for somebody.',
      content: {
        'application/json': object({
          version: text(),
          uptime: integer('seconds'),
          disks: listOf(
            object({
              place: oneOf(['archive', 'data']),
              free_bytes: integer(),
              total_bytes: integer(),
              free_inodes: integer(),
              room: oneOf(['enough', 'low', 'full']),
              full_in_nights: orNull(integer('nights like the last thirty; null: not in sight')),
              bytes_per_night: orNull(integer()),
            }),
          ),
          lost_disks: listOf(
            object({ place: oneOf(['archive', 'data']), path: text(), reason: text() }),
          ),
          solving: SOLVING_STATE,
          frames: integer(),
          versions: integer('stored files, former versions among them'),
          ...BYTES,
          quarantine: object({ files: integer(), ...BYTES }),
          trash: object({ frames: integer(), ...BYTES }),
          audit: object({
            on: flag(),
            share: number('of the bytes, in this round'),
            round_started: orNull(instant()),
            oldest_check: orNull(instant()),
            expected_end: orNull(instant()),
            findings: listOf(
              object({
                frame: integer(),
                basename: text(),
                version: integer(),
                result: text(),
                found: instant(),
              }),
            ),
          }),
          backup: object({
            on: flag(),
            running: flag(),
            overdue: flag(),
            error: orNull(text()),
            last: orNull(instant()),
            next: orNull(instant()),
          }),
          queue: object({
            total: integer(),
            due: integer(),
            failed: integer(),
            oldest_due: orNull(instant()),
          }),
          measuring: object({
            on: flag(),
            waiting: integer('frames that wait to be measured'),
            failed: integer('of these, those that failed when they were last tried'),
            oldest: orNull(instant('since when the one waits that has waited longest')),
            nights_to_judge: integer('nights to be compared with what is usual'),
            measured: integer('frames measured since the start of the program'),
            per_minute: number('frames measured, over ten minutes'),
            last_error: orNull(text()),
          }),
          failed_jobs: listOf(
            object({
              id: integer(),
              kind: text(),
              attempts: integer(),
              error: text(),
              next_try: instant(),
            }),
          ),
        }),
      },
    },
  },
  requests: [{ summary: 'How it stands', query: { format: 'json' } }],
};
