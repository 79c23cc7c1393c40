#!/usr/bin/env node
/**
 * Speed and memory, in one run: `npm run bench [-- parts and options]`. Figures of different machines, or
 * of a busy one, do not compare; ratios within one run do. So each figure that depends on disk or
 * processor stands beside a plain reference, or another program, measured next to it, and the table
 * says how busy others kept the machine. See bench/README.md.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  benchGet,
  benchIngest,
  benchPreviews,
  benchSlow,
  benchStart,
  createFrames,
} from './files.mjs';
import { benchFits } from './fits.mjs';
import { benchLists, checkNeutral } from './lists.mjs';
import { benchMixed } from './mixed.mjs';
import { otherFigureOf } from './figures.mjs';
import { worst } from './machine.mjs';
import { benchPages } from './pages.mjs';
import { profileLists } from './profile.mjs';
import { benchQuality } from './quality.mjs';
import { createReport } from './report.mjs';
import { ROOT, startServer } from './server.mjs';
import { benchSoak } from './soak.mjs';

const OF_FRAMES = {
  start: benchStart,
  ingest: benchIngest,
  preview: benchPreviews,
  get: benchGet,
  slow: benchSlow,
  pages: benchPages,
};
const USUAL = [
  'fits',
  'list',
  'start',
  'ingest',
  'preview',
  'get',
  'slow',
  'mixed',
  'quality',
  'pages',
];
const PARTS = [...USUAL, 'soak', 'profile'];
/** Parts that need no catalogue. */
const NO_ROWS = ['fits', 'quality'];
const MAIN_ROWS = 1_000_000;
const FEW_ROWS = 10_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    large: { type: 'boolean', default: false },
    rows: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '10' },
    cases: { type: 'string', default: 'all_100,night_1000,multi_100' },
    work: { type: 'string' },
    json: { type: 'string' },
  },
});
const unknown = positionals.find((name) => !PARTS.includes(name));
if (unknown !== undefined) {
  throw new Error(`There is no part ${unknown}; there are ${PARTS.join(' ')}.`);
}
const wanted = positionals.length === 0 ? USUAL : positionals;
const folder = values.work ?? fs.mkdtempSync(path.join(os.tmpdir(), 'platevault-bench-'));
const report = createReport();
const frames = createFrames();

try {
  if (wanted.includes('fits')) await benchFits();
  if (wanted.includes('quality')) await benchQuality(frames, report);
  for (const rows of sizes()) await benchArchive(rows);
} finally {
  if (values.work === undefined) fs.rmSync(folder, { recursive: true, force: true });
}
if (worst.pss > 0) {
  const name = 'memory, worst of this run';
  const more = `without mapped files ${worst.own.toFixed(0)}`;
  report.add({ part: 'memory', name, unit: 'MiB', ours: worst.pss, more, ...otherFigureOf(name) });
}
report.print();
if (report.figures.length > 0) {
  const name = `${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.json`;
  report.write(values.json ?? path.join(ROOT, 'bench-results', name));
}

/** Sizes of the catalogues, smallest first. What is not about lists is measured on the main one. */
function sizes() {
  if (values.rows !== undefined) return values.rows.split(',').map(Number);
  if (wanted.includes('list')) {
    return [FEW_ROWS, 100_000, MAIN_ROWS, ...(values.large ? [10_000_000] : [])];
  }
  return wanted.every((name) => NO_ROWS.includes(name)) ? [] : [mainRows()];
}

function mainRows() {
  if (values.rows !== undefined) return Math.max(...sizes().filter((rows) => rows <= MAIN_ROWS));
  return ['list', 'mixed', 'soak', 'profile', 'pages'].some((name) => wanted.includes(name))
    ? MAIN_ROWS
    : FEW_ROWS;
}

async function benchArchive(rows) {
  const dataDir = await makeArchive(rows);
  const isMain = rows === mainRows();
  if (wanted.includes('list')) {
    await withServer(dataDir, async (server) => {
      await benchLists(server, rows, report);
      if (isMain) await checkNeutral(server, rows, report);
    });
  }
  if (!isMain) return;
  // Each part has a server of its own, whose memory nothing else has used.
  for (const [name, part] of Object.entries(OF_FRAMES)) {
    if (!wanted.includes(name)) continue;
    await withServer(dataDir, (server) => part(server, frames, report));
  }
  if (wanted.includes('mixed')) {
    const seconds = Number(values.seconds);
    await withServer(dataDir, (server) => benchMixed(server, { rows, seconds, frames, report }));
  }
  if (wanted.includes('soak')) {
    const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
    await withServer(dataDir, (server) =>
      benchSoak(server, { rows, seconds, rounds, frames, report }),
    );
  }
  if (wanted.includes('profile')) await profileLists(dataDir, rows, values.cases.split(','));
}

async function withServer(dataDir, work) {
  const server = await startServer(dataDir);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

/** An archive with so many rows and no files; one that is there already (`--work`) is copied. */
async function makeArchive(rows) {
  const made = path.join(folder, `rows-${rows}`);
  const done = path.join(made, 'complete');
  if (!fs.existsSync(done)) {
    fs.rmSync(made, { recursive: true, force: true });
    const began = performance.now();
    // In a process of its own, with room for the rows of one slice: else half of its time is garbage.
    const fill = [path.join(ROOT, 'bench', 'fill.mjs'), made, String(rows)];
    execFileSync(process.execPath, ['--max-semi-space-size=64', ...fill], { stdio: 'inherit' });
    const seconds = (performance.now() - began) / 1000;
    const { size } = fs.statSync(path.join(made, 'platevault.sqlite'));
    report.note(
      `${rows} rows written in ${seconds.toFixed(0)} s, ${(rows / seconds).toFixed(0)}/s, ${(size / 1e6).toFixed(0)} MB`,
    );
    fs.writeFileSync(done, '');
  }
  if (values.work === undefined) return made;
  const copy = path.join(folder, 'copy', 'data');
  fs.rmSync(path.dirname(copy), { recursive: true, force: true });
  fs.cpSync(made, copy, { recursive: true });
  return copy;
}
