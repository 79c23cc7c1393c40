import {
  beginMeasuringAnew,
  countSelected,
  endJudging,
  listSelected,
  listUnjudged,
  type MeasureSelection,
} from '../catalog/index.js';
import { mapConcurrently } from '../lib/pool.js';
import { MEASURE_METHOD } from '../quality/index.js';
import { judgeNight, judgeUndated } from './judge.js';
import { measureFrame, type MeasureParts, type MeasureResult } from './measure-frame.js';

/** Which frames are measured by a command. */
export interface RerunOptions extends Omit<MeasureSelection, 'measuredBefore' | 'unlessMethod'> {
  /** Frames that have numbers of the current method as well. */
  readonly isForced: boolean;
  /** Files at a time. */
  readonly lanes: number;
  readonly signal: AbortSignal;
  /** Called after each frame. */
  readonly onProgress: (progress: RerunProgress) => void;
  /** Called for each frame that could not be measured. */
  readonly onProblem: (key: string, error: string) => void;
}

export interface RerunProgress {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What became of the frames. */
export type RerunSummary = Readonly<Record<MeasureResult, number>> & {
  readonly frames: number;
  readonly nights: number;
  readonly isBrokenOff: boolean;
  /** When the forced measuring began that was broken off and is gone on with, epoch ms; null: it is a new one. */
  readonly begunMs: number | null;
};

const BATCH = 50;

/**
 * Measures frames of the archive anew, newest first, beside a serving process, and compares their nights
 * with what is usual. Broken off, it goes on where it was: frames with numbers of the current method are
 * left out, and with `isForced` those that were measured since it was first begun.
 */
export async function measureAnew(
  parts: MeasureParts,
  { isForced, lanes, signal, onProgress, onProblem, ...selection }: RerunOptions,
): Promise<RerunSummary> {
  const { catalog } = parts;
  const begun = isForced ? await beginMeasuringAnew(catalog, selection) : undefined;
  const wanted: MeasureSelection = {
    ...selection,
    ...(begun === undefined ? { unlessMethod: MEASURE_METHOD } : { measuredBefore: begun.sinceMs }),
  };
  const total = await countSelected(catalog, wanted);
  const tally = { measured: 0, unmeasured: 0, skipped: 0, changed: 0, failed: 0, away: 0 };
  let [files, bytes] = [0, 0];
  for (let below = Number.MAX_SAFE_INTEGER; !signal.aborted;) {
    const frames = await listSelected(catalog, wanted, { below, limit: BATCH });
    const last = frames.at(-1);
    if (last === undefined) break;
    await mapConcurrently(frames, lanes, async (frame) => {
      if (signal.aborted) return;
      const { result, error } = await measureFrame(parts, frame);
      tally[result] += 1;
      if (error !== undefined) onProblem(frame.key, error);
      files += 1;
      bytes += frame.sizeBytes;
      const { frames: totalFiles, bytes: totalBytes } = total;
      onProgress({ files, totalFiles, bytes, totalBytes });
    });
    below = last.frameId;
  }
  const nights = await judgeAll(parts, signal);
  const isBrokenOff = signal.aborted;
  if (!isBrokenOff) await begun?.end();
  const begunMs = begun?.isContinued === true ? begun.sinceMs : null;
  return { ...tally, frames: files, nights, isBrokenOff, begunMs };
}

/** Judges all nights that wait for it, oldest first, then frames without one. @returns how many nights */
async function judgeAll({ catalog }: MeasureParts, signal: AbortSignal): Promise<number> {
  for (let judged = 0; ; judged += 1) {
    const [night] = signal.aborted ? [] : await listUnjudged(catalog, 1);
    if (night === undefined) {
      while (!signal.aborted && (await judgeUndated(catalog)));
      return judged;
    }
    await judgeNight(catalog, night.nightNo);
    await endJudging(catalog, night);
  }
}
