import type { FrameSetup } from '../catalog/index.js';
import {
  ageDays,
  describeWanted,
  judgeAge,
  judgeHeaders,
  judgeSetup,
  setupKey,
  type HeaderSetup,
} from './compare.js';
import type { CalibrationRule } from './rules.js';

/** A master, or the raw frames of one night that go together. */
export interface Match {
  readonly isMaster: boolean;
  /** One for a master; of a set all, in order of time. */
  readonly frames: readonly FrameSetup[];
  /** From the calibration to the frame; negative if it was taken later. Of a set: of its middle. */
  readonly ageDays: number;
  readonly notes: readonly string[];
  /** By what the calibration is to be multiplied; null if its exposure is that of the frame. */
  readonly scale: number | null;
}

/** A master or a set that does not fit, and why. */
export interface Rejection extends Pick<Match, 'isMaster' | 'frames' | 'ageDays'> {
  readonly reasons: readonly string[];
}

/** What there is of one kind of calibration for a frame; the best first. */
export interface KindMatch {
  /** Why the frame needs none of this kind; '' if it does. */
  readonly notNeeded: string;
  /** What is looked for: name → value, in words. */
  readonly wanted: Readonly<Record<string, string>>;
  readonly masters: readonly Match[];
  readonly sets: readonly Match[];
  /** What comes nearest of those that do not fit. */
  readonly rejected: readonly Rejection[];
  /** The one to use, of `masters` or of `sets`. */
  readonly chosen: Match | null;
}

/** A frame with what only its headers tell. */
export interface Target {
  readonly setup: FrameSetup;
  readonly headers: HeaderSetup;
}

/** Matches of each sort that are told. */
export const MAX_MATCHES = 5;
const MAX_REJECTED = 10;

/** Why a frame needs no calibration by `rule`; '' if it does. */
export function whyNotNeeded(target: FrameSetup, rule: CalibrationRule): string {
  if (!rule.for.includes(target.imageKind)) return `Not needed for type ${target.imageKind}.`;
  if (target.reductionLevel > 0) return 'It is reduced already; see what it was made from.';
  if (target.width === 0) return 'It has no image.';
  if (target.dateObsMs === null) return 'It has no date, so nothing is near to it in time.';
  return '';
}

/** The answer for a frame that needs none. */
export function noMatch(notNeeded: string): KindMatch {
  return { notNeeded, wanted: {}, masters: [], sets: [], rejected: [], chosen: null };
}

/** What fits by the columns of the catalogue, before headers have been looked at; the best first. */
export interface Draft {
  readonly masters: readonly Match[];
  readonly sets: readonly Match[];
  readonly rejected: readonly Rejection[];
}

/**
 * Judges candidates by what the catalogue has as columns. Raw frames are judged one by one; those of
 * one night that fit make a set, those that do not are put together by how they were taken.
 *
 * @param candidates masters and raw frames, in any order
 */
export function draftMatches(
  { setup }: Target,
  candidates: readonly FrameSetup[],
  rule: CalibrationRule,
): Draft {
  const fitting = new Map<string, FrameSetup[]>();
  const failing = new Map<string, FrameSetup[]>();
  for (const frame of candidates) {
    if (frame.id === setup.id) continue;
    const fits = judge(frame, setup, rule).reasons.length === 0;
    const isMaster = frame.reductionLevel > 0;
    const exposure = rule.exposure === null ? '' : (frame.exposureSec?.toPrecision(3) ?? '');
    const key = isMaster
      ? `master ${frame.id}`
      : fits
        ? [frame.imageKind, exposure, frame.night].join(' ')
        : setupKey(frame, rule);
    const groups = fits ? fitting : failing;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [frame]);
    else group.push(frame);
  }
  const matches = [...fitting.values()].map((frames) => toMatch(frames, setup, rule));
  const masters = matches.filter(({ isMaster }) => isMaster).sort(compareMatches(rule));
  const sets = matches.filter(({ isMaster }) => !isMaster).sort(compareMatches(rule));
  return {
    masters,
    sets,
    rejected: [...failing.values()].map((frames) => toRejection(frames, setup, rule)),
  };
}

/**
 * Judges what is left by its headers, and chooses: a master of the same exposure, else a set of it,
 * else one that is to be scaled; the nearest in time of those.
 *
 * @param headersOf what the header of a candidate says
 */
export function finishMatches(
  target: Target,
  draft: Draft,
  rule: CalibrationRule,
  headersOf: (frame: FrameSetup) => HeaderSetup,
): KindMatch {
  const matches: Match[] = [];
  const rejected: Rejection[] = [...draft.rejected];
  for (const match of [...draft.masters, ...draft.sets]) {
    const good: FrameSetup[] = [];
    const bad = new Map<string, { frames: FrameSetup[]; reasons: readonly string[] }>();
    let notes: readonly string[] = [];
    for (const frame of match.frames) {
      const judged = judgeHeaders(headersOf(frame), target.headers, rule.sameHeaders);
      const key = judged.reasons.join('\n');
      if (key === '') {
        good.push(frame);
        notes = [...new Set([...notes, ...judged.notes])];
        continue;
      }
      const others = bad.get(key);
      if (others === undefined) bad.set(key, { frames: [frame], reasons: judged.reasons });
      else others.frames.push(frame);
    }
    if (good.length > 0) {
      const kept = toMatch(good, target.setup, rule);
      matches.push({ ...kept, notes: [...kept.notes, ...notes] });
    }
    for (const { frames, reasons } of bad.values()) {
      rejected.push({ ...toRejection(frames, target.setup, rule), reasons });
    }
  }
  matches.sort(compareMatches(rule));
  return {
    notNeeded: '',
    wanted: describeWanted(target.setup, target.headers, rule),
    masters: matches.filter(({ isMaster }) => isMaster).slice(0, MAX_MATCHES),
    sets: matches.filter(({ isMaster }) => !isMaster).slice(0, MAX_MATCHES),
    rejected: rejected.sort(compareAges).slice(0, MAX_REJECTED),
    chosen: matches[0] ?? null,
  };
}

function judge(
  frame: FrameSetup,
  target: FrameSetup,
  rule: CalibrationRule,
): ReturnType<typeof judgeSetup> {
  const judged = judgeSetup(frame, target, rule);
  const most = frame.reductionLevel > 0 ? rule.masterDays : rule.rawDays;
  return { ...judged, reasons: [...judged.reasons, ...judgeAge(ageDays(frame, target), most)] };
}

/** Whether nothing speaks against one frame alone. */
export function fits(target: Target, candidate: Target, rule: CalibrationRule): boolean {
  const { setup, headers } = candidate;
  return (
    setup.id !== target.setup.id &&
    judge(setup, target.setup, rule).reasons.length === 0 &&
    judgeHeaders(headers, target.headers, rule.sameHeaders).reasons.length === 0
  );
}

function inOrder(frames: readonly FrameSetup[]): FrameSetup[] {
  return [...frames].sort((a, b) => (a.dateObsMs ?? 0) - (b.dateObsMs ?? 0) || a.id - b.id);
}

/** The frame in the middle of a set, which stands for all. @param frames in order of time, one or more */
export function middleOf(frames: readonly FrameSetup[]): FrameSetup {
  const middle = frames[Math.floor((frames.length - 1) / 2)];
  if (middle === undefined) throw new RangeError('a set has at least one frame');
  return middle;
}

function toMatch(frames: readonly FrameSetup[], target: FrameSetup, rule: CalibrationRule): Match {
  const sorted = inOrder(frames);
  const middle = middleOf(sorted);
  const isMaster = middle.reductionLevel > 0;
  const { notes, scale } = judgeSetup(middle, target, rule);
  const isFew = !isMaster && sorted.length < rule.fewFrames;
  const few = isFew ? [`only ${sorted.length} frame${sorted.length === 1 ? '' : 's'}`] : [];
  return {
    isMaster,
    frames: sorted,
    ageDays: ageDays(middle, target),
    notes: [...notes, ...few],
    scale,
  };
}

function toRejection(
  frames: readonly FrameSetup[],
  target: FrameSetup,
  rule: CalibrationRule,
): Rejection {
  const sorted = inOrder(frames);
  const middle = middleOf(sorted);
  return {
    isMaster: middle.reductionLevel > 0,
    frames: sorted,
    ageDays: ageDays(middle, target),
    reasons: judge(middle, target, rule).reasons,
  };
}

function compareMatches(rule: CalibrationRule): (a: Match, b: Match) => number {
  const rank = ({ isMaster, scale, frames }: Match): number =>
    (scale === null ? 0 : 3) + (isMaster ? 0 : frames.length >= rule.fewFrames ? 1 : 2);
  return (a, b) => rank(a) - rank(b) || compareAges(a, b);
}

/** The nearest first; of two at the same distance the one that arrived later. */
function compareAges(a: Rejection | Match, b: Rejection | Match): number {
  const id = ({ frames }: Rejection | Match): number => frames[0]?.id ?? 0;
  return Math.abs(a.ageDays) - Math.abs(b.ageDays) || id(b) - id(a);
}
