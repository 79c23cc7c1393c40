/** A busy evening: many read all kinds of things while some upload. Nobody may get an error or wait. */
import { setTimeout } from 'node:timers/promises';
import { listCases } from './cases.mjs';
import { otherFigureOf } from './figures.mjs';
import { watch } from './machine.mjs';
import { createRandom } from './random.mjs';
import { quantile } from './server.mjs';

const READERS = 32;
const WRITERS = 4;
const PAGES = 200; // nobody turns more pages
export const FIRST_FRAME = 1_000_000; // beyond those that other parts have stored

/** Of a hundred requests; the rest are single frames. */
const SHARES = {
  night_100: 20,
  ui_default: 20,
  multi_100: 8,
  all_100: 5,
  object_sub_100: 5,
  basename_sub_100: 4,
  cone_100: 8,
  mid_offset_100: 3,
  reqnum: 4,
  sort_unindexed_100: 3,
  aggregate: 5,
  aggregate_night: 3,
  related: 4,
};

/** Time of a reader for one question and its answer at the pace of people and pipelines, ms. */
const PACE_MS = 500;

/**
 * Three times the same evening: each reader asks its next question as soon as it has its answer, one
 * of PAGES of each kind, which shows how much there is to be had; so again with the questions of the
 * neutral client, one of each kind, that have to be answered anew only if an upload changed the answer;
 * then with those of the first at a pace of its own for each reader, which shows how long people wait.
 *
 * @param seconds how long each of the three takes
 */
export async function benchMixed(server, { rows, seconds, frames, report }) {
  let firstFrame = FIRST_FRAME;
  for (const [name, way] of [
    ['mixed', {}],
    ['mixed, the same questions', { isSame: true }],
    [`mixed, ${(1000 / PACE_MS) * READERS} questions/s`, { paceMs: PACE_MS }],
  ]) {
    await server.loop();
    const { seen, load, nextFrame } = await runMixed(server, {
      rows,
      seconds,
      frames,
      firstFrame,
      ...way,
    });
    firstFrame = nextFrame;
    tell({ name, report, seen, load, loop: await server.loop() });
  }
}

/** The evening itself. @returns times and errors that clients saw, and what it cost the server */
export async function runMixed(
  server,
  { rows, seconds, frames, firstFrame, paceMs = 0, isSame = false },
) {
  const cases = new Map(listCases(rows).map((each) => [each.name, each]));
  const names = Object.entries(SHARES).flatMap(([name, share]) => Array(share).fill(name));
  while (names.length < 100) names.push('frame');
  const make = frames(2048, 2048, 2);
  const seen = { times: new Map(), errors: [], uploads: [] };
  const done = watch(server.pid);
  const end = performance.now() + seconds * 1000;
  let index = firstFrame;

  const read = async (reader) => {
    const random = createRandom(1000 + reader);
    await setTimeout((paceMs * reader) / READERS); // not all in the same moment
    for (
      let next = performance.now();
      next < end;
      next = Math.max(next + paceMs, performance.now())
    ) {
      await setTimeout(Math.max(0, next - performance.now()));
      const name = random.choice(names);
      const { target: same, other } = cases.get(name);
      const target = isSame ? same : other(random.below(PAGES));
      const ms = await tried(seen, () => server.get(target, { keep: false }));
      if (ms === undefined) continue;
      const times = seen.times.get(name);
      if (times === undefined) seen.times.set(name, [ms]);
      else times.push(ms);
    }
  };
  const write = async () => {
    while (performance.now() < end) {
      const ms = await tried(seen, () => server.upload(make(index++)));
      if (ms !== undefined) seen.uploads.push(ms);
    }
  };
  await Promise.all([
    ...Array.from({ length: READERS }, (_, reader) => read(reader)),
    ...Array.from({ length: WRITERS }, write),
  ]);
  return { seen, load: done(), nextFrame: index };
}

async function tried(seen, work) {
  try {
    return (await work()).ms;
  } catch (error) {
    seen.errors.push(String(error.message).slice(0, 200));
    return undefined;
  }
}

function tell({ name: evening, report, seen, load, loop }) {
  const lists = [...seen.times].filter(([name]) => name !== 'frame').flatMap(([, times]) => times);
  const count = lists.length + (seen.times.get('frame')?.length ?? 0);
  const add = (what, unit, ours, more) => {
    const name = `${evening}: ${what}`;
    report.add({
      part: 'mixed',
      name,
      unit,
      ours,
      more,
      foreignCores: load.foreignCores,
      ...otherFigureOf(name),
    });
  };
  const slowest = [...seen.times]
    .map(([name, times]) => [name, quantile(times, 0.99)])
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([name, ms]) => `${name} ${ms.toFixed(0)}`)
    .join(', ');
  add(
    'p99 of lists',
    'ms',
    quantile(lists, 0.99),
    `p50 ${quantile(lists, 0.5).toFixed(1)}, worst ${Math.max(...lists).toFixed(0)}; p99 of ${slowest}`,
  );
  add(
    'p99 of the event loop',
    'ms',
    loop.p99,
    `p50 ${loop.p50.toFixed(1)}, longest ${loop.max.toFixed(0)}`,
  );
  add('errors', '', seen.errors.length, [...new Set(seen.errors)].slice(0, 3).join(' | '));
  add(
    'answers to 32 readers',
    'req/s',
    count / load.seconds,
    `${((load.mainCpu / load.seconds) * 100).toFixed(0)} % of a core in the main thread, ${(load.serverCpu / load.seconds).toFixed(2)} cores in all`,
  );
  add(
    'uploads of 4 writers',
    'frame/s',
    seen.uploads.length / load.seconds,
    `p50 ${quantile(seen.uploads, 0.5).toFixed(0)} ms, p99 ${quantile(seen.uploads, 0.99).toFixed(0)} ms`,
  );
  add('memory', 'MiB', load.memory.peak, `without mapped files ${load.memory.peakOwn.toFixed(0)}`);
}
