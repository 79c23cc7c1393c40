import { AppError } from '../lib/errors.js';
import { mapConcurrently } from '../lib/pool.js';
import type { Command, Output } from './command.js';
import { checkArchive, uploadFile } from './demo/client.js';
import type { Archive } from './demo/client.js';
import { listFiles } from './demo/files.js';
import type { DemoFile } from './demo/files.js';
import { CAMERAS } from './demo/observatory.js';
import { lastNight, MAX_FRAMES, MIN_FRAMES, planNight } from './demo/plan.js';
import { createRenderer } from './demo/render.js';

const DEFAULT_URL = 'http://127.0.0.1:8000';
const DEFAULT_FRAMES = 78;
/** A master bias and a reduced frame. */
const PRODUCTS = 2;
const UPLOADS_AT_ONCE = 4;

interface Options {
  readonly night: string;
  readonly frames: number;
  /** Side of the first camera's detector, pixels; the second keeps its proportions. */
  readonly size: number;
  readonly seed: string;
}

interface Tally {
  stored: number;
  alreadyThere: number;
  refused: number;
  /** Files that were taken or refused against expectation, one sentence each. */
  readonly surprises: string[];
}

/** Fills a running archive with a simulated night, through its public API. */
export const demo: Command = {
  usage: 'demo [--night YYYY-MM-DD] [--frames N] [--size PIXELS] [--seed TEXT]',
  summary:
    'Fill a running archive (PLATEVAULT_URL, PLATEVAULT_TOKEN) with a simulated night of frames.',
  exits: {
    0: 'the night is in the archive, and the broken file was refused',
    1: 'something was not as expected',
    2: 'wrong usage',
    3: 'the archive does not answer, or refuses the token',
  },
  options: {
    night: { type: 'string' },
    frames: { type: 'string' },
    size: { type: 'string' },
    seed: { type: 'string' },
  },
  run: async ({ values }, out) => {
    const options = readOptions(values);
    if (typeof options === 'string') {
      out.problem(options);
      return 2;
    }
    const archive = readArchive();
    try {
      await checkArchive(archive);
      return await fillArchive(archive, options, out);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      out.problem(error.message);
      return 3;
    }
  },
};

function readArchive(): Archive {
  const url = process.env['PLATEVAULT_URL'] || DEFAULT_URL;
  return { url: url.replace(/\/*$/, '/'), token: process.env['PLATEVAULT_TOKEN'] ?? '' };
}

/** The options, or a sentence about what is wrong with them. */
function readOptions(values: Readonly<Record<string, unknown>>): Options | string {
  const textOf = (name: string, fallback: string): string => {
    const value = values[name];
    return typeof value === 'string' ? value : fallback;
  };
  const night = textOf('night', lastNight(Date.now()));
  const frames = Number(textOf('frames', String(DEFAULT_FRAMES)));
  const size = Number(textOf('size', String(CAMERAS[0]?.width)));
  if (!/^\d{4}-\d\d-\d\d$/.test(night) || Number.isNaN(Date.parse(night))) {
    return `--night: a date as 2026-11-14 expected, got '${night}'`;
  }
  if (!Number.isInteger(frames) || frames < MIN_FRAMES + PRODUCTS || frames > MAX_FRAMES) {
    return `--frames: a whole number from ${MIN_FRAMES + PRODUCTS} to ${MAX_FRAMES} expected`;
  }
  if (!Number.isInteger(size) || size < 64 || size > 8192) {
    return '--size: a whole number from 64 to 8192 expected';
  }
  return { night, frames, size, seed: textOf('seed', 'platevault') };
}

async function fillArchive(archive: Archive, options: Options, out: Output): Promise<number> {
  const startedAt = performance.now();
  const plan = planNight(options.night, options.frames - PRODUCTS, options.size);
  const files = listFiles(plan, createRenderer(options.seed));
  const { night, frames } = options;
  out.record({ night, frames }, `The night of ${night}: ${frames} frames and a broken file …`);
  const tally: Tally = { stored: 0, alreadyThere: 0, refused: 0, surprises: [] };
  let done = 0;
  await mapConcurrently(files, UPLOADS_AT_ONCE, async (file) => {
    await uploadOne(archive, file, tally, out);
    done += 1;
    showProgress(done, files.length);
  });
  report(archive, options, { tally, seconds: (performance.now() - startedAt) / 1000 }, out);
  return tally.surprises.length === 0 ? 0 : 1;
}

async function uploadOne(
  archive: Archive,
  file: DemoFile,
  tally: Tally,
  out: Output,
): Promise<void> {
  const { outcome, reason } = await uploadFile(archive, file.name, file.make());
  if (outcome === 'stored') tally.stored += 1;
  if (outcome === 'already-there') tally.alreadyThere += 1;
  if (outcome === 'refused') tally.refused += 1;
  const isRefused = outcome === 'refused';
  if (file.isBroken && isRefused) {
    clearProgress();
    const text = `Refused, as it must be: ${file.name} (${reason})`;
    out.record({ name: file.name, expected: 'refused', reason }, text);
  } else if (file.isBroken) {
    tally.surprises.push(`${file.name} is cut off in the middle, but the archive took it`);
  } else if (isRefused) {
    tally.surprises.push(`${file.name} was refused: ${reason}`);
  }
}

function report(
  archive: Archive,
  { night }: Options,
  { tally, seconds }: { tally: Tally; seconds: number },
  out: Output,
): void {
  clearProgress();
  for (const surprise of tally.surprises) out.problem(surprise);
  const known = tally.alreadyThere === 0 ? '' : `, ${tally.alreadyThere} were there already`;
  const url = `${archive.url}frames/?night=${night}`;
  const text =
    `${tally.stored} frames stored${known}, ${tally.refused} refused, ` +
    `in ${seconds.toFixed(1)} s. See ${url}`;
  const { stored, alreadyThere, refused } = tally;
  out.record({ night, stored, alreadyThere, refused, seconds, url }, text);
}

/** One line that is written over itself, for people only. */
function showProgress(done: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} `);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
