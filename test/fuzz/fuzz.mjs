#!/usr/bin/env node
/**
 * Damages files at random and reads them: `npm run fuzz -- [mutations] [seed] [first]`. Nothing but
 * an AppError of the codec may come out, nothing may take more than 2 s, no array and not the
 * process may grow beyond a bound. Prints the seed; the same seed does the same, and `first` starts
 * at a mutation that was told. Files are built here; small ones of the corpus (FITS_CORPUS, '' for
 * none) join in where it is.
 */
import { largestArray } from './meter.mjs'; // before all that it measures
import fs from 'node:fs';
import { register } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const MAX_MS = 2000;
/** Nothing but waiting, on a machine however busy. */
const MAX_WAIT_MS = 120_000;
const MAX_RSS_MB = 900;
/** The largest tile that is read has 2^26 pixels of 8 bytes. */
const MAX_ARRAY_MB = 512;
/** After so many there is enough to mend. */
const MAX_FAULTS = 10;
const CORPUS_FILE_BYTES = 60_000;

register('./typescript.mjs', import.meta.url);
const { exercise } = await import('./exercise.mjs');
const { mutate } = await import('./mutate.mjs');
const { buildOriginals } = await import('./originals.mjs');
const { makeRandom, pick } = await import('./random.mjs');

const [mutations, seed, first] = [
  Number(process.argv[2] ?? 200_000),
  Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31)),
  Number(process.argv[4] ?? 0),
];
const root = fileURLToPath(new URL('../..', import.meta.url));
const corpus = process.env.FITS_CORPUS ?? path.join(root, '../shared/fits');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'platevault-fuzz-'));
const file = path.join(folder, 'frame.fits');
const keepAs = (name) => path.join(os.tmpdir(), `fuzz-${seed}-${name}.fits`);
const peaks = { ms: { value: 0 }, arrayMb: { value: 0 } };

/** Files read so far, and the mutation that is being read; watched from another thread. */
const progress = new Int32Array(new SharedArrayBuffer(8));
const watchdog = new Worker(new URL('watchdog.mjs', import.meta.url), {
  workerData: { progress, file, keep: keepAs('hang'), maxMs: MAX_MS * 2, maxWaitMs: MAX_WAIT_MS },
});

// What is thrown where nothing can catch it would end the program.
process.on('uncaughtException', (error) => {
  if (fs.existsSync(file)) fs.copyFileSync(file, keepAs('crash'));
  console.error(`fuzz: seed ${seed}, mutation ${progress[1]} ends the process: ${keepAs('crash')}`);
  console.error(error?.stack ?? String(error));
  process.exit(1);
});

try {
  process.exitCode = await run();
} finally {
  await watchdog.terminate();
  fs.rmSync(folder, { recursive: true, force: true });
}

async function run() {
  const loop = monitorEventLoopDelay();
  loop.enable();
  const groups = [...(await buildOriginals(folder)), corpusFiles()].filter(({ length }) => length);
  const count = groups.reduce((sum, { length }) => sum + length, 0);
  console.log(`fuzz: seed ${seed}, ${mutations} mutations of ${count} files`);
  for (const { name, bytes, isFound } of groups.flat()) {
    const outcome = await attempt({ name, bytes, kinds: [] }, makeRandom(seed));
    if (outcome === undefined) return 1;
    if (isFound || outcome === 'read') continue;
    console.error(`fuzz: ${name}, which was built here, is whole and not read: ${outcome}`);
    return 1;
  }
  const tally = new Map();
  let faults = 0;
  for (let index = first; index < mutations; index += 1) {
    const random = makeRandom(seed * 1_000_003 + index);
    const original = pick(random, pick(random, groups));
    const { bytes, kinds } = mutate(original, random);
    const outcome = await attempt({ name: original.name, bytes, kinds, index }, random);
    if (outcome === undefined) faults += 1;
    if (faults === MAX_FAULTS) return 1;
    tally.set(outcome ?? 'FAULT', (tally.get(outcome ?? 'FAULT') ?? 0) + 1);
    if (index > 0 && index % 20_000 === 0) console.log(`fuzz: ${index} done`);
  }
  report(tally, loop);
  return faults === 0 ? 0 : 1;
}

function report(tally, loop) {
  const outcomes = [...tally].sort().map(([outcome, times]) => `${outcome} ${times}`);
  const rss = Math.round(process.resourceUsage().maxRSS / 1024);
  const cpu = Math.round(process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6);
  console.log(`fuzz: ${tally.has('FAULT') ? 'NOT WELL' : 'all well'}. ${outcomes.join(', ')}`);
  console.log(
    `fuzz: peak RSS ${rss} MB, largest array ${formatPeak(peaks.arrayMb, 'MB')}, slowest mutation ` +
      `${formatPeak(peaks.ms, 'ms')}, longest turn of the event loop ${Math.round(loop.max / 1e6)} ms, ` +
      `${Math.round(performance.now() / 1000)} s (${cpu} s of the processor)`,
  );
}

/** A peak, and at which mutation it was. */
function formatPeak({ value, index }, unit) {
  return `${Math.round(value)} ${unit} (at ${index ?? 'the start'})`;
}

/** What came of a file, or undefined after a fault, which is printed and kept. */
async function attempt({ name, bytes, kinds, index }, random) {
  fs.writeFileSync(file, bytes);
  Atomics.store(progress, 1, index ?? -1);
  Atomics.add(progress, 0, 1);
  const started = performance.now();
  const cpu = process.cpuUsage();
  let outcome;
  let fault;
  try {
    outcome = await exercise(file, folder, random);
  } catch (error) {
    fault = error?.stack ?? String(error);
  }
  const { user, system } = process.cpuUsage(cpu);
  // The less of the two: another process may have had the machine, other threads may have helped.
  const ms = Math.min(performance.now() - started, (user + system) / 1000);
  const arrayMb = largestArray() / 2 ** 20;
  const rssMb = process.resourceUsage().maxRSS / 1024;
  if (ms > peaks.ms.value) peaks.ms = { value: ms, index };
  if (arrayMb > peaks.arrayMb.value) peaks.arrayMb = { value: arrayMb, index };
  if (ms > MAX_MS) fault ??= `took ${Math.round(ms)} ms`;
  if (arrayMb > MAX_ARRAY_MB) fault ??= `asked for ${Math.round(arrayMb)} MB at once`;
  if (rssMb > MAX_RSS_MB) fault ??= `memory rose to ${Math.round(rssMb)} MB`;
  if (fault === undefined) return outcome;
  const kept = keepAs(index ?? 'whole');
  fs.writeFileSync(kept, bytes);
  console.error(`fuzz: seed ${seed}, mutation ${index}, ${name} (${kinds.join(', ')}): ${kept}`);
  console.error(fault);
  return undefined;
}

function corpusFiles() {
  const files = path.join(corpus, 'files');
  if (corpus === '' || !fs.existsSync(files)) return [];
  return fs
    .readdirSync(files, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(files, name))
    .filter((name) => {
      const stat = fs.statSync(name);
      return stat.isFile() && stat.size > 0 && stat.size <= CORPUS_FILE_BYTES;
    })
    .sort()
    .map((name) => {
      return { name: path.relative(files, name), bytes: fs.readFileSync(name), isFound: true };
    });
}
