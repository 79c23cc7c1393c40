/** The same busy evening over and over: nobody may get an error, and the memory must stay as it is. */
import { memoryOf } from './machine.mjs';
import { FIRST_FRAME, runMixed } from './mixed.mjs';
import { sleep } from './server.mjs';

/** What a round leaves behind is put away within this. */
const REST_MS = 5000;
/** Growth after the first round that is no leak, MiB. */
const MAX_GROWTH = 20;

/** @param seconds length of one round @param rounds after the first, which warms up */
export async function benchSoak(server, { rows, seconds, rounds, frames, report }) {
  const errors = [];
  const memory = [];
  let firstFrame = FIRST_FRAME;
  let answers = 0;
  for (let round = 0; round <= rounds; round += 1) {
    const { seen, nextFrame } = await runMixed(server, { rows, seconds, frames, firstFrame });
    firstFrame = nextFrame;
    errors.push(...seen.errors);
    for (const times of seen.times.values()) answers += times.length;
    answers += seen.uploads.length;
    await sleep(REST_MS);
    memory.push(memoryOf(server.pid).own);
  }
  const [warm, ...later] = memory;
  const growth = Math.max(...later) - warm;
  const shown = memory.map((each) => each.toFixed(0)).join(' ');
  const add = (name, unit, ours, more) => report.add({ part: 'soak', name, unit, ours, more });
  add('soak: errors', '', errors.length, [...new Set(errors)].slice(0, 3).join(' | '));
  add(
    'soak: answers to 36 clients',
    '',
    answers,
    `${rounds} rounds of ${seconds} s and one before`,
  );
  add('soak: growth of memory', 'MiB', growth, `at most ${MAX_GROWTH}; after each round: ${shown}`);
  const last = memory.at(-1) - warm;
  add('soak: memory of the last round over the first', 'MiB', last, '');
}
