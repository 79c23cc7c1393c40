/** Measuring frames: what one takes, and what it takes away from uploads. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createPixelPool } from '../dist/pixels/index.js';
import { frameMaker, moffat } from './frames.mjs';
import { memoryOf, untilQuiet, watch } from './machine.mjs';
import { inParallel, quantile, sleep, startServer } from './server.mjs';

const SIDE = 4096;
const TIMES = 24;
const UPLOADS = 200;
const CLIENTS = 8;
const LONGEST_WAIT_MS = 300_000;
const MIB = 2 ** 20;

/** @param frames the maker of frames that all parts share */
export async function benchQuality(frames, report) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'platevault-quality-'));
  try {
    await benchWorker(folder, frames(SIDE, SIDE, 4), { report, name: 'measure 4k' });
    for (const fwhmPx of [3.5, 5]) {
      const make = frameMaker(SIDE, SIDE, 4, moffat(fwhmPx));
      const name = `measure 4k, stars of ${fwhmPx} pixels with wings`;
      await benchWorker(folder, make, { report, name });
    }
    await benchUploads(folder, frames(2048, 2048, 2), report);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** One frame again and again in a worker of this process, beside what its pixels alone take. */
async function benchWorker(folder, make, { report, name }) {
  const file = path.join(folder, 'frame.fits');
  fs.writeFileSync(file, Buffer.concat(make(0).pieces));
  const limits = { maxExpandedBytes: 1e9, maxExpansionRatio: 1000, tempDir: folder };
  const known = { kind: 'sky', saturation: null, pixelScaleArcsec: null, exposureSec: 30 };
  const request = { path: file, limits, maxPixels: 1e9, ...known };
  const pool = createPixelPool({ workers: 1 });
  try {
    // The thread itself, and what the codec needs, are there before anything is counted.
    await pool.run('fingerprint', { path: file });
    globalThis.gc?.();
    const before = memoryOf(process.pid).own;
    const done = watch(process.pid);
    const times = [];
    let measures;
    for (let time = 0; time < TIMES; time += 1) {
      const began = performance.now();
      measures = await pool.run('measureFile', request);
      times.push(performance.now() - began);
    }
    const load = done();
    const beyond = load.memory.peakOwn - before - (SIDE * SIDE * 2) / MIB;
    const [first, ...later] = times;
    const more =
      `${measures.stars} stars; first ${first.toFixed(0)}, best ${Math.min(...later).toFixed(0)}, ` +
      `worst ${Math.max(...later).toFixed(0)} of ${TIMES}`;
    const { foreignCores } = load;
    // All of it is the worker's, but for next to nothing.
    const cpuMs = (load.serverCpu * 1000) / TIMES;
    report.add({
      part: 'quality',
      name,
      unit: 'ms',
      ours: quantile(later, 0.5),
      budget: 350,
      cpuMs,
      foreignCores,
      more,
    });
    report.add({
      part: 'quality',
      name: `memory of ${name.replace('measure', 'measuring')}, beyond the pixels`,
      unit: 'MiB',
      ours: beyond,
      budget: 80,
      more: 'highest of all times, without mapped files',
    });
  } finally {
    await pool.close();
  }
}

/** The same uploads with and without measuring, in both orders: disks are not equally quick twice. */
async function benchUploads(folder, make, report) {
  const rates = { on: [], off: [] };
  let foreign = 0;
  const waits = [];
  for (const way of ['off', 'on', 'on', 'off']) {
    const dataDir = path.join(folder, 'archive');
    const env = { MEASURE: String(way === 'on') };
    const server = await startServer(dataDir, { env });
    try {
      await untilQuiet(server.pid);
      const uploads = Array.from({ length: UPLOADS }, (_, index) => make(index));
      const done = watch(server.pid);
      await inParallel(uploads, CLIENTS, (frame) => server.upload(frame));
      const { seconds, foreignCores } = done();
      foreign = Math.max(foreign, foreignCores);
      rates[way].push((uploads[0].bytes * UPLOADS) / 1e6 / seconds);
      if (way === 'on') waits.push(await untilMeasured(server));
    } finally {
      await server.stop();
      fs.rmSync(dataDir, { recursive: true, force: true });
    }
  }
  const mean = (list) => list.reduce((sum, each) => sum + each, 0) / list.length;
  const shown = (list) => list.map((each) => each.toFixed(0)).join(' and ');
  const add = (name, unit, ours, budget, more) =>
    report.add({ part: 'quality', name, unit, ours, budget, foreignCores: foreign, more });
  const rate = `at least 0.9; measuring ${shown(rates.on)} MB/s, not measuring ${shown(rates.off)}`;
  add(
    'ingest 2k, 8 clients, measuring over not',
    '',
    mean(rates.on) / mean(rates.off),
    undefined,
    rate,
  );
  const words = `${UPLOADS} frames; ${shown(waits)} s in the two runs`;
  add('last upload to last measured', 's', Math.max(...waits), 60, words);
}

/** Seconds until no frame waits to be measured. @throws if some still do after a long time */
async function untilMeasured(server) {
  const began = performance.now();
  while (performance.now() - began < LONGEST_WAIT_MS) {
    const { text } = await server.get('/metrics/');
    const waiting = [...text.matchAll(/^platevault_measure_waiting\{[^}]*\} (\d+)/gm)];
    const measured = /^platevault_measured_frames (\d+)/m.exec(text);
    if (waiting.length === 0 || measured === null)
      throw new Error('There are no figures of measuring.');
    const left = waiting.reduce((sum, [, count]) => sum + Number(count), 0);
    if (left === 0 && Number(measured[1]) >= UPLOADS) return (performance.now() - began) / 1000;
    await sleep(250);
  }
  throw new Error('The frames were not measured in time.');
}
