/** Lists, cones and counts on catalogues of several sizes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fs from 'node:fs';
import path from 'node:path';
import { listCases } from './cases.mjs';
import { figureOf } from './figures.mjs';
import { untilQuiet, watch } from './machine.mjs';
import { inParallel, quantile, ROOT } from './server.mjs';

const NEUTRAL = path.join(ROOT, '../shared/bench/bench_http.mjs');
const REPEATS = 40;
const LEAST = 5;
const LONGEST_MS = 4_000;
const OTHERS = 24;
const CLIENTS = 8;
const CROWD_MS = 2_000;

/**
 * Each case is asked for the first time, then other queries of its kind once each, then itself again
 * and again, then by eight clients at once.
 */
export async function benchLists(server, rows, report) {
  await untilQuiet(server.pid); // a server that has just started draws its pages
  for (const each of listCases(rows)) report.add(await measure(server, each, rows));
}

async function measure(server, { name, target, other, clients }, rows) {
  const { peer, budget } = figureOf(name, rows);
  const done = watch(server.pid);
  const first = await server.get(target);
  const otherTimes = [];
  for (let k = 0; k < OTHERS; k += 1) otherTimes.push((await server.get(other(k))).ms);
  const times = [];
  const began = performance.now();
  while (times.length < REPEATS) {
    if (times.length >= LEAST && performance.now() - began > LONGEST_MS) break;
    times.push((await server.get(target)).ms);
  }
  const load = done();
  const asked = 1 + OTHERS + times.length;
  const same = await crowd(server, () => target);
  const different =
    clients === undefined ? undefined : await crowd(server, (k) => other(OTHERS + k));
  return {
    part: 'list',
    name,
    rows,
    unit: 'ms',
    peer: peer?.ms,
    budget: budget?.ms,
    ours: quantile(times, 0.5),
    cold: quantile(otherTimes, 0.5),
    foreignCores: load.foreignCores,
    bytes: first.bytes,
    count: countOf(first),
    firstMs: first.ms,
    best: Math.min(...times),
    cpuMs: (load.serverCpu * 1000) / asked,
    mainCpuMs: (load.mainCpu * 1000) / asked,
    p95: quantile(times, 0.95),
    coldP95: quantile(otherTimes, 0.95),
    eight: { ...same, peer: peer?.perSecond, budget: budget?.perSecond },
    ...(different === undefined ? {} : { eightDifferent: different }),
  };
}

function countOf(answer) {
  const { count } = JSON.parse(answer.text);
  return typeof count === 'number' ? count : undefined;
}

/** Eight clients at once for two seconds. */
async function crowd(server, targetOf) {
  const done = watch(server.pid);
  const end = performance.now() + CROWD_MS;
  const times = [];
  let next = 0;
  await inParallel(
    Array.from({ length: CLIENTS }, (_, index) => index),
    CLIENTS,
    async () => {
      while (performance.now() < end) times.push((await server.get(targetOf(next++))).ms);
    },
  );
  const { seconds, serverCpu, mainCpu, foreignCores } = done();
  return {
    perSecond: times.length / seconds,
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    cpuMs: (serverCpu * 1000) / times.length,
    mainCpuMs: (mainCpu * 1000) / times.length,
    foreignCores,
  };
}

/**
 * The client that measured the reference archive, on the same server: it must have the cases that we
 * have, find as many frames, and see about the same times. One line says what came of it.
 */
export async function checkNeutral(server, rows, report) {
  if (!fs.existsSync(NEUTRAL)) {
    report.note('neutral client: absent (../shared/bench), the cases are compared with nothing');
    return;
  }
  const options = ['--mode', 'query', '--seconds', '0', '--budget', '1', '--rows', String(rows)];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [NEUTRAL, ...options, '--base', server.url.href, '--token', server.token],
    { maxBuffer: 2 ** 24 },
  );
  const theirs = JSON.parse(stdout).cases;
  const ours = listCases(rows).map(({ name }) => name);
  const lacking = Object.keys(theirs).filter((name) => !ours.includes(name));
  const more = ours.filter((name) => !Object.hasOwn(theirs, name));
  const failed = Object.keys(theirs).filter((name) => theirs[name].status !== 200);
  const differing = ours.filter((name) => {
    const mine = report.find('list', name, rows)?.count;
    return mine !== undefined && theirs[name]?.count !== mine;
  });
  const word = (what, names) => (names.length === 0 ? '' : `; ${what}: ${names.join(', ')}`);
  const apart =
    word('not here', lacking) +
    word('only here', more) +
    word('failed', failed) +
    word('other counts', differing);
  report.note(
    `neutral client at ${rows} rows: ${Object.keys(theirs).length} cases, ${apart === '' ? 'the same cases and counts as here' : apart.slice(2)}`,
  );
  report.keep('neutral', theirs);
}
