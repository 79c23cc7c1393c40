#!/usr/bin/env node
/**
 * Damages files at random and reads them: `npm run fuzz -- [mutations] [seed]`. Nothing but an
 * AppError of the codec may come out, nothing may take more than 2 s, and the memory of the process
 * stays below a bound. Prints the seed; the same seed does the same. Files are built here; small ones
 * of the corpus (FITS_CORPUS) join in where it is.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { exercise } from './exercise.mjs';
import { makeRandom, mutate } from './mutate.mjs';
import { buildOriginals } from './originals.mjs';

const MAX_MS = 2000;
const MAX_RSS_MB = 900;
const CORPUS_FILE_BYTES = 60_000;

const mutations = Number(process.argv[2] ?? 200_000);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const root = fileURLToPath(new URL('../..', import.meta.url));
const corpus = process.env.FITS_CORPUS ?? path.join(root, '../shared/fits');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'platevault-fuzz-'));

try {
  process.exitCode = await run();
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

async function run() {
  const originals = [...(await buildOriginals(folder)), ...corpusFiles()];
  console.log(`fuzz: seed ${seed}, ${mutations} mutations of ${originals.length} files`);
  for (const { name, bytes } of originals) {
    // What is whole is read without any error that is not the codec's own, too.
    if (!(await attempt({ name, bytes, kinds: [] }))) return 1;
  }
  const random = makeRandom(seed);
  const tally = new Map();
  for (let index = 0; index < mutations; index += 1) {
    const original = originals[Math.floor(random() * originals.length)];
    const { bytes, kinds } = mutate(original.bytes, random);
    const outcome = await attempt({ name: original.name, bytes, kinds, index });
    if (outcome === undefined) return 1;
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
    if (index > 0 && index % 20_000 === 0) console.log(`fuzz: ${index} done`);
  }
  const outcomes = [...tally].sort().map(([outcome, count]) => `${outcome} ${count}`);
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`fuzz: all well. ${outcomes.join(', ')}; peak RSS ${peak} MB`);
  return 0;
}

/** What came of a file, or undefined after a fault, which is printed and kept. */
async function attempt({ name, bytes, kinds, index }) {
  const file = path.join(folder, 'frame.fits');
  fs.writeFileSync(file, bytes);
  const started = performance.now();
  let outcome;
  let fault;
  try {
    outcome = await exercise(file, folder);
  } catch (error) {
    fault = error?.stack ?? String(error);
  }
  const ms = performance.now() - started;
  const rss = process.resourceUsage().maxRSS / 1024;
  if (ms > MAX_MS) fault ??= `took ${Math.round(ms)} ms`;
  if (rss > MAX_RSS_MB) fault ??= `memory rose to ${Math.round(rss)} MB`;
  if (fault === undefined) return outcome;
  const kept = path.join(os.tmpdir(), `fuzz-${seed}-${index ?? 'whole'}.fits`);
  fs.writeFileSync(kept, bytes);
  console.error(`fuzz: seed ${seed}, mutation ${index}, ${name} (${kinds.join(', ')}): ${kept}`);
  console.error(fault);
  return undefined;
}

function corpusFiles() {
  const files = path.join(corpus, 'files');
  if (!fs.existsSync(files)) return [];
  return fs
    .readdirSync(files, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(files, name))
    .filter((name) => {
      const stat = fs.statSync(name);
      return stat.isFile() && stat.size > 0 && stat.size <= CORPUS_FILE_BYTES;
    })
    .sort()
    .map((name) => ({ name: path.relative(files, name), bytes: fs.readFileSync(name) }));
}
