/** Where the time of lists goes: functions of the main thread by their own time, while others are asked. */
import fs from 'node:fs';
import path from 'node:path';
import { listCases } from './cases.mjs';
import { untilQuiet, watch } from './machine.mjs';
import { quantile, startServer } from './server.mjs';

const ASKED = 120;
const SHOWN = 28;

/** @param cases names of cases; each has a server of its own */
export async function profileLists(dataDir, rows, cases) {
  for (const name of cases) {
    const found = listCases(rows).find((each) => each.name === name);
    if (found === undefined) throw new Error(`There is no case ${name}.`);
    const folder = path.join(dataDir, '..', `profile-${name}`);
    fs.rmSync(folder, { recursive: true, force: true });
    const server = await startServer(dataDir, {
      nodeArgs: ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir', folder],
    });
    for (let k = 0; k < 40; k += 1) await server.get(found.other(k)); // compiled by then
    await untilQuiet(server.pid); // what an earlier part left to be done is done
    const from = process.hrtime.bigint() / 1000n;
    const done = watch(server.pid);
    const times = [];
    for (let k = 0; k < ASKED; k += 1) times.push((await server.get(found.other(40 + k))).ms);
    const load = done();
    const to = process.hrtime.bigint() / 1000n;
    await server.stop();
    const each = (seconds) => ((seconds * 1000) / ASKED).toFixed(2);
    console.log(
      `\n${name} at ${rows} rows, ${ASKED} different requests: p50 ${quantile(times, 0.5).toFixed(1)} ms; ` +
        `CPU of each: main thread ${each(load.mainCpu)} ms, other threads ${each(load.serverCpu - load.mainCpu)} ms; ` +
        `${load.foreignCores.toFixed(1)} cores used by others`,
    );
    for (const { ms, where } of ownTimes(folder, Number(from), Number(to)).slice(0, SHOWN)) {
      console.log(`${(ms / ASKED).toFixed(3).padStart(9)} ms  ${where}`);
    }
  }
}

/** Own time of each function between two moments of the monotonic clock (µs), longest first. */
function ownTimes(folder, from, to) {
  const profiles = fs
    .readdirSync(folder)
    .map((name) => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')));
  // Workers write one each; the main thread begins before them all.
  const profile = profiles.sort((a, b) => a.startTime - b.startTime)[0];
  const places = new Map(profile.nodes.map((node) => [node.id, placeOf(node.callFrame)]));
  const sums = new Map();
  let now = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const spent = profile.timeDeltas[index];
    now += spent;
    if (now < from || now > to) continue;
    const where = places.get(id);
    sums.set(where, (sums.get(where) ?? 0) + spent / 1000);
  }
  return [...sums].map(([where, ms]) => ({ where, ms })).sort((a, b) => b.ms - a.ms);
}

function placeOf({ functionName, url, lineNumber }) {
  const file = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/(?=(?:dist|node_modules)\/)/, '')
    .replace('node_modules/', '');
  return `${functionName || '(anonymous)'}${file === '' ? '' : `  ${file}:${lineNumber + 1}`}`;
}
