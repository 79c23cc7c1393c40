import type { Span } from '../almanac/index.js';
import { cameraKey, nameCameras } from './cameras.js';

/** An exposure as far as it matters for the use of a night; instants are epoch ms. */
export interface Exposure {
  readonly id: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the sky for its own sake, not a calibration or a test. */
  readonly isScience: boolean;
  /** Through clouds, by what was measured. */
  readonly isCloudy: boolean;
}

/** A stretch of the dark in which a camera took nothing. */
export interface Gap extends Span {
  readonly minutes: number;
  /** The frame before it and the one after it; null at the ends of the dark. */
  readonly afterFrame: number | null;
  readonly beforeFrame: number | null;
  /** What the frames around it let one think; null if nothing. */
  readonly why: 'clouds' | null;
  /** Whether somebody should find out what happened: it is long, and nothing explains it. */
  readonly needsHand: boolean;
}

/**
 * The stretches of the dark without a frame that are long enough to be told of. Between frames it is a
 * gap: the camera had begun, and went on later. A night that begins late or stops early is told of
 * apart: people go to bed, and objects set.
 */
export interface Stretches {
  readonly gaps: readonly Gap[];
  /** At the ends of the dark, or all of it: none of them needs a hand. */
  readonly unused: readonly Gap[];
}

/** What a camera did with a night. */
export interface InstrumentUse {
  readonly siteId: string;
  readonly telescope: string;
  readonly instrument: string;
  /** Raw frames of all kinds. */
  readonly frames: number;
  /** Seconds of open shutter of science frames in the dark, what overlaps counted once. */
  readonly openSec: number;
  /** The same as a part of the dark, 0…1; null if it is not known when it was dark. */
  readonly used: number | null;
  /** As in `Stretches`; null if it was not dark, or is not known when it was. */
  readonly gaps: readonly Gap[] | null;
  readonly unused: readonly Gap[] | null;
}

const MINUTE_MS = 60_000;
/** Frames next to a gap that tell why there is one. */
const NEAR = 3;
/** A gap of so many times the least one is long: shorter ones are a flip of the mount, or a focus run. */
const LONG = 2;

/** Spans that overlap or touch put together, in order of time. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    if (last === undefined || span.fromMs > last.toMs) merged.push(span);
    else merged[merged.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
  }
  return merged;
}

/** How long the shutter was open for science, ms: within a span if there is one, overlaps once. */
export function openMs(exposures: readonly Exposure[], within: Span | null): number {
  const clipped = exposures
    .filter(({ isScience }) => isScience)
    .map(({ fromMs, toMs }) => ({
      fromMs: Math.max(fromMs, within?.fromMs ?? -Infinity),
      toMs: Math.min(toMs, within?.toMs ?? Infinity),
    }))
    .filter(({ fromMs, toMs }) => toMs > fromMs);
  return mergeSpans(clipped).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/**
 * Stretches of the dark longer than `leastMs` without any exposure.
 *
 * @param exposures of one camera, in order of time
 */
export function findGaps(exposures: readonly Exposure[], dark: Span, leastMs: number): Stretches {
  const found: Gap[] = [];
  let freeFromMs = dark.fromMs;
  let last: number | null = null;
  const close = (untilMs: number, next: number | null): void => {
    const toMs = Math.min(untilMs, dark.toMs);
    const lengthMs = toMs - freeFromMs;
    if (lengthMs <= leastMs) return;
    const edge = next ?? exposures.length;
    const around = exposures.slice(Math.max(0, edge - NEAR), edge + NEAR);
    const why = around.some(({ isCloudy }) => isCloudy) ? 'clouds' : null;
    const isBetween = last !== null && next !== null;
    found.push({
      fromMs: freeFromMs,
      toMs,
      minutes: Math.round(lengthMs / MINUTE_MS),
      afterFrame: last === null ? null : (exposures[last]?.id ?? null),
      beforeFrame: next === null ? null : (exposures[next]?.id ?? null),
      why,
      needsHand: isBetween && why === null && lengthMs >= LONG * leastMs,
    });
  };
  for (const [at, { fromMs, toMs }] of exposures.entries()) {
    if (toMs <= dark.fromMs) continue;
    if (fromMs >= dark.toMs) break;
    close(fromMs, at);
    freeFromMs = Math.max(freeFromMs, toMs);
    last = at;
  }
  close(dark.toMs, null);
  const isBetween = ({ afterFrame, beforeFrame }: Gap): boolean =>
    afterFrame !== null && beforeFrame !== null;
  return { gaps: found.filter(isBetween), unused: found.filter((gap) => !isBetween(gap)) };
}

/** A gap with what its camera is called among those of its night. */
export interface CameraGap extends Gap {
  readonly camera: string;
}

/** The gaps of all cameras of a night, the longest first: what pages, answers and reports count. */
export function gapsOf(instruments: readonly InstrumentUse[]): readonly CameraGap[] {
  return ofCameras(instruments, ({ gaps }) => gaps);
}

/** The dark that cameras left unused at its ends, the longest first. */
export function unusedOf(instruments: readonly InstrumentUse[]): readonly CameraGap[] {
  return ofCameras(instruments, ({ unused }) => unused);
}

function ofCameras(
  instruments: readonly InstrumentUse[],
  stretchesOf: (use: InstrumentUse) => readonly Gap[] | null,
): readonly CameraGap[] {
  const names = nameCameras(instruments);
  const told = instruments.flatMap((use) => {
    const camera = names.get(cameraKey(use)) ?? use.instrument;
    return (stretchesOf(use) ?? []).map((gap) => ({ ...gap, camera }));
  });
  return told.sort((a, b) => b.minutes - a.minutes);
}
