import type { Span } from '../almanac/index.js';

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
}

/** Whether a camera stood still between frames; before the first and after the last is no gap to people. */
export function isBetweenFrames({ afterFrame, beforeFrame }: Gap): boolean {
  return afterFrame !== null && beforeFrame !== null;
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
  /** Null if it is not known when it was dark. */
  readonly gaps: readonly Gap[] | null;
}

const MINUTE_MS = 60_000;
/** Frames next to a gap that tell why there is one. */
const NEAR = 3;

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
export function findGaps(exposures: readonly Exposure[], dark: Span, leastMs: number): Gap[] {
  const gaps: Gap[] = [];
  let freeFromMs = dark.fromMs;
  let last: number | null = null;
  const close = (untilMs: number, next: number | null): void => {
    const toMs = Math.min(untilMs, dark.toMs);
    if (toMs - freeFromMs <= leastMs) return;
    const minutes = Math.round((toMs - freeFromMs) / MINUTE_MS);
    const edge = next ?? exposures.length;
    const around = exposures.slice(Math.max(0, edge - NEAR), edge + NEAR);
    gaps.push({
      fromMs: freeFromMs,
      toMs,
      minutes,
      afterFrame: last === null ? null : (exposures[last]?.id ?? null),
      beforeFrame: next === null ? null : (exposures[next]?.id ?? null),
      why: around.some(({ isCloudy }) => isCloudy) ? 'clouds' : null,
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
  return gaps;
}
