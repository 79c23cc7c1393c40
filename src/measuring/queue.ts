import { setTimeout as wait } from 'node:timers/promises';
import {
  endJudging,
  listUnjudged,
  listUnmeasured,
  readMeasureQueue,
  sweepUnmeasured,
  type MeasureQueueState,
  type Unmeasured,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { errorFields, type Log } from '../lib/log.js';
import { mapConcurrently } from '../lib/pool.js';
import { MEASURE_METHOD } from '../quality/index.js';
import { judgeNight, judgeUndated } from './judge.js';
import { measureFrame, type MeasureOutcome, type MeasureParts } from './measure-frame.js';

export interface MeasuringParts extends Omit<MeasureParts, 'maxPixels'> {
  readonly config: Config;
  readonly log: Log;
  /** True while something goes on that must not be slowed down. */
  readonly isBusy: () => boolean;
}

/** How measuring stands: for the status page and metrics. */
export interface MeasuringState extends MeasureQueueState {
  /** False with MEASURE=false. */
  readonly isOn: boolean;
  /** Since the start of this process. */
  readonly measured: number;
  /** Frames per minute over the last ten minutes of this process. */
  readonly perMinute: number;
  /** What went wrong last, and when, epoch ms; null if nothing has since the start. */
  readonly lastError: { readonly text: string; readonly atMs: number } | null;
}

/** Measures frames in the background, from when it is started until it is closed. */
export interface Measuring {
  /** Says that there may be frames to measure, so that they need not wait for the next look. */
  wake(): void;
  state(): Promise<MeasuringState>;
  /** Resolves when what is at hand has ended or been let go. */
  close(): Promise<void>;
}

/** Frames asked for at once: so few are in memory. */
const BATCH = 8;
const LOOK_EVERY_MS = 10_000;
const FIRST_REST_MS = 1_500;
const TROUBLE_REST_MS = 60_000;
/** A frame waits this long at most for a quiet moment, looking this often. */
const YIELD_MS = 5_000;
const YIELD_STEP_MS = 50;
/** A night is judged again when so much time has passed, or when no frame waits any more. */
const JUDGE_EVERY_MS = 60_000;
/** While frames of tonight come one by one, their night is not judged more often. */
const JUDGE_REST_MS = 2_000;
const RATE_MS = 600_000;
/** Files in a row that could not be reached: then the disk is likely away, and all others as well. */
const MANY_AWAY = 20;

/**
 * Works off the frames that wait to be measured, newest first, then the nights that wait to be judged,
 * then those frames that no change has queued: that came in bulk, or were there before. All it knows of
 * its way stands in the catalogue: after a crash it goes on where it was.
 */
export function startMeasuring(parts: MeasuringParts): Measuring {
  const { catalog, config, log, isBusy } = parts;
  const stop = new AbortController();
  const { signal } = stop;
  const tally = createTally();
  // Where there are several threads, one is left to pictures that somebody waits for.
  const lanes = Math.max(1, config.PIXEL_WORKERS - 1);
  const whole: MeasureParts = { ...parts, maxPixels: config.MEASURE_MAX_PIXELS };
  let rouse: (() => void) | undefined;
  let rings = 0;
  let away = 0;
  let judgedMs = -Infinity;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const ended = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', ended);
        resolve();
      };
      const timer = setTimeout(ended, ms).unref();
      rouse = ended;
      if (signal.aborted) ended();
      else signal.addEventListener('abort', ended, { once: true });
    });

  const quiet = async (): Promise<void> => {
    for (let waited = 0; isBusy() && waited < YIELD_MS; waited += YIELD_STEP_MS) {
      await wait(YIELD_STEP_MS, undefined, { signal, ref: false });
    }
  };

  const measure = async (frame: Unmeasured): Promise<void> => {
    await quiet();
    signal.throwIfAborted();
    const outcome = await measureFrame(whole, frame, signal);
    tally.add(outcome);
    away = outcome.result === 'away' ? away + 1 : 0;
    if (outcome.result === 'failed') {
      log.warn('frame not measured', { frame: frame.frameId, error: outcome.error });
    }
  };

  /** @returns ms until the next nights may be judged; Infinity if there are none */
  const judge = async (restMs: number): Promise<number> => {
    const nights = await listUnjudged(catalog, BATCH);
    if (nights.length === 0) return Infinity;
    const sinceMs = performance.now() - judgedMs;
    if (sinceMs < restMs) return restMs - sinceMs;
    for (const night of nights) {
      await quiet();
      signal.throwIfAborted();
      await judgeNight(catalog, night.nightNo);
      await endJudging(catalog, night);
    }
    // After a sweep there are many, and none of them is of tonight.
    if (nights.length < BATCH) judgedMs = performance.now();
    return 0;
  };

  /** One step of whatever is to be done. @returns ms to rest */
  const step = async (): Promise<number> => {
    if (away >= MANY_AWAY) {
      away = 0;
      log.warn('measuring waits: many files cannot be reached', {});
      return TROUBLE_REST_MS;
    }
    const frames = await listUnmeasured(catalog, BATCH);
    await mapConcurrently(frames, lanes, measure);
    const judgeMs = await judge(frames.length > 0 ? JUDGE_EVERY_MS : JUDGE_REST_MS);
    if (frames.length > 0) return 0;
    if (judgeMs < Infinity) return judgeMs;
    await quiet();
    if (await judgeUndated(catalog)) return 0;
    return (await sweepUnmeasured(catalog, MEASURE_METHOD)) ? 0 : LOOK_EVERY_MS;
  };

  const loop = async (): Promise<void> => {
    await pause(FIRST_REST_MS);
    while (!signal.aborted) {
      const heard = rings;
      const rest = await step().catch((error: unknown) => {
        if (!signal.aborted) log.warn('measuring cannot go on', errorFields(error));
        return TROUBLE_REST_MS;
      });
      if (rest > 0 && rings === heard) await pause(rest);
    }
  };
  const done = config.MEASURE ? loop() : Promise.resolve();

  return {
    wake() {
      rings += 1;
      rouse?.();
    },
    async state() {
      return { isOn: config.MEASURE, ...(await readMeasureQueue(catalog)), ...tally.read() };
    },
    async close() {
      stop.abort();
      await done;
    },
  };
}

/** Counts what was done in this process. */
function createTally(): {
  add(outcome: MeasureOutcome): void;
  read(): Pick<MeasuringState, 'measured' | 'perMinute' | 'lastError'>;
} {
  const times: number[] = [];
  let measured = 0;
  let lastError: MeasuringState['lastError'] = null;
  const begun = performance.now();
  const forget = (): void => {
    const from = performance.now() - RATE_MS;
    while ((times[0] ?? Infinity) < from) times.shift();
  };
  return {
    add({ result, error }) {
      if (result === 'measured') {
        measured += 1;
        times.push(performance.now());
        forget();
      }
      if (error !== undefined) lastError = { text: error, atMs: Date.now() };
    },
    read() {
      forget();
      const minutes = Math.min(RATE_MS, performance.now() - begun) / 60_000;
      return { measured, perMinute: times.length / Math.max(minutes, 1 / 60), lastError };
    },
  };
}
