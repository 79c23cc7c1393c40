import {
  eachSetup,
  findNearest,
  listSetups,
  toSetup,
  type Catalog,
  type Frame,
  type FrameSetup,
  type SetupBound,
  type SetupQuery,
  type Viewer,
} from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import { mapConcurrently } from '../lib/pool.js';
import { boundsOf, setupKey } from './compare.js';
import { createHeaderReader, lookAtHeaders, type HeaderReader } from './headers.js';
import {
  draftMatches,
  finishMatches,
  fits,
  MAX_MATCHES,
  noMatch,
  whyNotNeeded,
  type KindMatch,
  type Target,
} from './match.js';
import {
  CALIBRATION_KINDS,
  type CalibrationKind,
  type CalibrationRule,
  type CalibrationRules,
} from './rules.js';

/** What there is of each kind for a frame. */
export type FrameCalibrations = Readonly<Record<CalibrationKind, KindMatch>>;

/** Finds the frames with which others are calibrated. */
export interface Calibrations {
  /** Everything that fits a frame, and the nearest of what does not. */
  find(frame: Frame, viewer: Viewer): Promise<FrameCalibrations>;
  /**
   * Ids of what is chosen for many frames, each once, ascending. Frames of one night that were taken
   * in the same way are answered for together, by the first of them.
   *
   * @throws 'too_large' if they were taken in too many different ways
   */
  findAll(frameIds: readonly number[], viewer: Viewer): Promise<number[]>;
  /**
   * What is missing for many frames: kinds for which nothing fits, with one frame of each way in which
   * those were taken that lack it. @throws as `findAll`
   */
  findMissing(frameIds: readonly number[], viewer: Viewer): Promise<MissingCalibration[]>;
}

/** A kind of calibration for which nothing fits. */
export interface MissingCalibration {
  readonly kind: CalibrationKind;
  /** One of the frames that lack it. */
  readonly setup: FrameSetup;
}

/**
 * Frames that are looked at for one kind: the nearest, and more of them as long as too few have the
 * right headers, which the catalogue cannot be asked for.
 */
const MASTERS = [20, 200, 2000];
const RAW_FRAMES = [300, 2000, 6000];
/** The same where only the best set is wanted. */
const RAW_FRAMES_FOR_ONE = [120, 2000, 6000];
/** Masters, and raw frames, that are looked at although they cannot fit, so that it is told why. */
const OTHER_MASTERS = 20;
const OTHERS = 200;
/** How much further than what may fit those are looked for that do not. */
const FURTHER = 4;
/** Ways in which many frames may have been taken, times kinds of calibrations. */
const MAX_SEARCHES = 5000;
const AT_ONCE = 4;
/** Frames of one setup whose headers are read, to see whether they were really taken in one way. */
const SAMPLES = 3;
const DAY_MS = 86_400_000;

/** For whom is searched, and what headers have been read for it. */
interface Search {
  readonly viewer: Viewer;
  readonly reader: HeaderReader;
}

/** What a first look for a calibration tells: there is one, none, or it must be looked for further. */
type Look = 'fits' | 'none' | 'unclear';

/** A kind of calibration, and one of the frames that are in want of it. */
type Wanted = readonly [Target, CalibrationKind];

export function createCalibrations(catalog: Catalog, rules: CalibrationRules): Calibrations {
  const listNearest = (
    target: Target,
    kind: CalibrationKind,
    wanted: { isReduced: boolean; bounds: readonly SetupBound[]; limit: number },
    viewer: Viewer,
  ): Promise<FrameSetup[]> =>
    listSetups(catalog, { ...searchFor(target, rules[kind], wanted), limit: wanted.limit }, viewer);

  /** What may fit, nearest first: enough of which has the right headers, or all that there is. */
  const listFitting = async (
    target: Target,
    kind: CalibrationKind,
    { isReduced, steps }: { readonly isReduced: boolean; readonly steps: readonly number[] },
    { viewer, reader }: Search,
  ): Promise<readonly FrameSetup[]> => {
    const rule = rules[kind];
    const bounds = boundsOf(target.setup, rule);
    let frames: readonly FrameSetup[] = [];
    for (const limit of steps) {
      frames = await listNearest(target, kind, { isReduced, bounds, limit }, viewer);
      if (frames.length < limit) return frames;
      const whole = isReduced ? frames : withoutLastNight(frames);
      if (whole.length === 0) continue; // not even one set is whole
      frames = whole;
      const draft = draftMatches(target, frames, rule);
      const { fitting } = await lookAtHeaders(target, draft, rule, reader);
      const [fits, all] = isReduced
        ? [fitting.masters, draft.masters.length]
        : [fitting.sets, draft.sets.length];
      if (fits >= Math.min(all, MAX_MATCHES)) return frames;
    }
    return frames;
  };

  /** Judges headers too: those of every frame of what is chosen and of the best set. */
  const finish = async (
    target: Target,
    kind: CalibrationKind,
    candidates: readonly FrameSetup[],
    { reader }: Search,
  ): Promise<KindMatch> => {
    const rule = rules[kind];
    const drafted = draftMatches(target, candidates, rule);
    const { draft, headersOf } = await lookAtHeaders(target, drafted, rule, reader);
    for (;;) {
      const found = finishMatches(target, draft, rule, headersOf);
      if (rule.sameHeaders.length === 0) return found;
      const best = [found.chosen, found.sets[0]].flatMap((each) => each?.frames ?? []);
      if (best.every((frame) => reader.of(frame) !== undefined)) return found;
      await reader.read(best);
    }
  };

  /** Everything that fits, and the nearest of what does not. */
  const matchAll = async (
    target: Target,
    kind: CalibrationKind,
    search: Search,
  ): Promise<KindMatch> => {
    const { viewer } = search;
    const notNeeded = whyNotNeeded(target.setup, rules[kind]);
    if (notNeeded !== '') return noMatch(notNeeded);
    const any = { bounds: [] };
    const found = await Promise.all([
      listFitting(target, kind, { isReduced: true, steps: MASTERS }, search),
      listFitting(target, kind, { isReduced: false, steps: RAW_FRAMES }, search),
      listNearest(target, kind, { ...any, isReduced: true, limit: OTHER_MASTERS }, viewer),
      listNearest(target, kind, { ...any, isReduced: false, limit: OTHERS }, viewer),
    ]);
    const candidates = new Map(found.flat().map((frame) => [frame.id, frame]));
    return finish(target, kind, [...candidates.values()], search);
  };

  /** What is chosen alone: raw frames are not looked for where a master does. */
  const choose = async (
    target: Target,
    kind: CalibrationKind,
    search: Search,
  ): Promise<readonly FrameSetup[]> => {
    const ofMasters = { isReduced: true, steps: MASTERS };
    const masters = await listFitting(target, kind, ofMasters, search);
    if (masters.length > 0) {
      const { chosen } = await finish(target, kind, masters, search);
      if (chosen?.scale === null) return chosen.frames;
    }
    const ofRaw = { isReduced: false, steps: RAW_FRAMES_FOR_ONE };
    const raw = await listFitting(target, kind, ofRaw, search);
    return (await finish(target, kind, [...masters, ...raw], search)).chosen?.frames ?? [];
  };

  const toTargets = async (
    setups: readonly FrameSetup[],
    { reader }: Search,
  ): Promise<Target[]> => {
    await reader.read(setups);
    return setups.map((setup) => ({ setup, headers: reader.of(setup) ?? new Map() }));
  };

  /** What some frames need, each way in which they were taken once for each kind of calibration. */
  const listWanted = async (frameIds: readonly number[], search: Search): Promise<Wanted[]> => {
    const samples = new Map<string, FrameSetup[]>();
    for await (const setups of eachSetup(catalog, frameIds, search.viewer)) {
      for (const setup of setups) addSample(samples, setup, rules);
    }
    const targets = await toTargets([...samples.values()].flat(), search);
    const searches = new Map<string, Wanted>();
    for (const target of targets) {
      for (const kind of CALIBRATION_KINDS) {
        const rule = rules[kind];
        if (whyNotNeeded(target.setup, rule) !== '') continue;
        const settings = rule.sameHeaders.map((name) => target.headers.get(name));
        const { instrument } = target.setup;
        const key = JSON.stringify([kind, instrument, wayOf(target.setup, rules, kind), settings]);
        if (!searches.has(key)) searches.set(key, [target, kind]);
      }
    }
    if (searches.size > MAX_SEARCHES) throw tooManyWays();
    return [...searches.values()];
  };

  /** Looks at one of the nearest of each sort: of a hundred wanted in the time of one search. */
  const lookAtNearest = async (wanted: readonly Wanted[], search: Search): Promise<Look[]> => {
    const sorts = [true, false] as const;
    const searches = wanted.flatMap(([target, kind]) => {
      const bounds = boundsOf(target.setup, rules[kind]);
      return sorts.map((isReduced) => searchFor(target, rules[kind], { isReduced, bounds }));
    });
    const nearest = await findNearest(catalog, searches, search.viewer);
    const setups = new Map<number, FrameSetup>();
    const ids = new Set(nearest.filter((id) => id !== null));
    for await (const some of eachSetup(catalog, [...ids], search.viewer)) {
      for (const setup of some) setups.set(setup.id, setup);
    }
    const targets = await toTargets([...setups.values()], search);
    const candidates = new Map(targets.map((candidate) => [candidate.setup.id, candidate]));
    return wanted.map(([target, kind], index) => {
      const found = sorts.flatMap((_, sort) => {
        const id = nearest[index * sorts.length + sort] ?? null;
        return id === null ? [] : [candidates.get(id)];
      });
      if (found.length === 0) return 'none';
      const isFine = found.some((one) => one !== undefined && fits(target, one, rules[kind]));
      return isFine ? 'fits' : 'unclear';
    });
  };

  return {
    async find(frame, viewer) {
      const search: Search = { viewer, reader: createHeaderReader(catalog, rules) };
      const [target] = await toTargets([toSetup(frame)], search);
      if (target === undefined) throw new RangeError('one frame is one target');
      const entries = await Promise.all(
        CALIBRATION_KINDS.map(async (kind) => [kind, await matchAll(target, kind, search)]),
      );
      return Object.fromEntries(entries) as FrameCalibrations;
    },

    async findAll(frameIds, viewer) {
      const search: Search = { viewer, reader: createHeaderReader(catalog, rules) };
      const wanted = await listWanted(frameIds, search);
      const found = await mapConcurrently(wanted, AT_ONCE, async ([target, kind]) => {
        const frames = await choose(target, kind, search);
        return frames.map(({ id }) => id);
      });
      return [...new Set(found.flat())].sort((a, b) => a - b);
    },

    async findMissing(frameIds, viewer) {
      const search: Search = { viewer, reader: createHeaderReader(catalog, rules) };
      const wanted = await listWanted(frameIds, search);
      const looks = await lookAtNearest(wanted, search);
      const looked = wanted.map((each, index) => [each, looks[index]] as const);
      const missing = await mapConcurrently(looked, AT_ONCE, async ([[target, kind], look]) => {
        if (look === 'fits') return [];
        const found = look === 'none' ? [] : await choose(target, kind, search);
        return found.length > 0 ? [] : [{ kind, setup: target.setup }];
      });
      return missing.flat();
    },
  };
}

/** What is asked of the catalogue, so far as its columns tell; without bounds, of a longer time. */
function searchFor(
  { setup }: Target,
  { kinds, masterDays, rawDays }: CalibrationRule,
  { isReduced, bounds }: { readonly isReduced: boolean; readonly bounds: readonly SetupBound[] },
): Omit<SetupQuery, 'limit'> {
  const days = (isReduced ? masterDays : rawDays) * (bounds.length > 0 ? 1 : FURTHER);
  const around = { aroundMs: setup.dateObsMs ?? 0, withinMs: days * DAY_MS };
  return { instrument: setup.instrument, kinds, isReduced, bounds, ...around };
}

/** Of raw frames in order of distance, cut somewhere: without the night of which some may be missing. */
function withoutLastNight(frames: readonly FrameSetup[]): readonly FrameSetup[] {
  const last = frames.at(-1)?.night;
  return frames.filter(({ night }) => night !== last);
}

/** How a frame was taken, as far as one kind of calibration cares; its type does not matter then. */
function wayOf(setup: FrameSetup, rules: CalibrationRules, kind: CalibrationKind): string {
  return setupKey({ ...setup, imageKind: 'other' }, rules[kind]);
}

/** Keeps a few frames of each way in which frames were taken. */
function addSample(
  samples: Map<string, FrameSetup[]>,
  setup: FrameSetup,
  rules: CalibrationRules,
): void {
  const needs = CALIBRATION_KINDS.filter((kind) => whyNotNeeded(setup, rules[kind]) === '');
  if (needs.length === 0) return;
  const words = [setup.instrument, ...needs, ...needs.map((kind) => wayOf(setup, rules, kind))];
  const key = words.join(' ');
  const kept = samples.get(key);
  if (kept === undefined) samples.set(key, [setup]);
  else if (kept.length < SAMPLES) kept.push(setup);
  else kept[SAMPLES - 1] = setup; // the first ones and the last
  if (samples.size * CALIBRATION_KINDS.length > MAX_SEARCHES * SAMPLES) throw tooManyWays();
}

function tooManyWays(): AppError {
  const message = 'These frames were taken in too many ways to find their calibrations at once.';
  return new AppError('too_large', `${message} Ask for fewer.`);
}
