import {
  eachSetup,
  listSetups,
  readKeywords,
  toSetup,
  type Catalog,
  type Frame,
  type FrameSetup,
  type SetupBound,
  type Viewer,
} from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import { mapConcurrently } from '../lib/pool.js';
import { boundsOf, setupKey, type HeaderSetup } from './compare.js';
import {
  draftMatches,
  finishMatches,
  middleOf,
  noMatch,
  whyNotNeeded,
  type Draft,
  type KindMatch,
  type Target,
} from './match.js';
import { CALIBRATION_KINDS, type CalibrationKind, type CalibrationRules } from './rules.js';

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
}

/** Frames that are looked at for one kind: masters, raw frames that may fit, and others. */
const MASTERS = 20;
const RAW_FRAMES = 300;
const OTHERS = 200;
/** Raw frames that are looked at where only the best set is wanted. */
const RAW_FRAMES_FOR_ONE = 120;
/** Raw frames that are looked at if the nearest of them are all of one night: most of one set. */
const MOST_OF_A_SET = 2000;
/** How much further than what may fit those are looked for that do not. */
const FURTHER = 4;
/** Ways in which many frames may have been taken, times kinds of calibrations. */
const MAX_SEARCHES = 5000;
const AT_ONCE = 4;
/** Frames of one setup whose headers are read, to see whether they were really taken in one way. */
const SAMPLES = 3;
const DAY_MS = 86_400_000;

const NO_HEADERS: HeaderSetup = new Map();

export function createCalibrations(catalog: Catalog, rules: CalibrationRules): Calibrations {
  const listNearest = (
    { setup }: Target,
    kind: CalibrationKind,
    wanted: { isReduced: boolean; bounds: readonly SetupBound[]; limit: number },
    viewer: Viewer,
  ): Promise<FrameSetup[]> => {
    const { kinds, masterDays, rawDays } = rules[kind];
    const days =
      (wanted.isReduced ? masterDays : rawDays) * (wanted.bounds.length > 0 ? 1 : FURTHER);
    const around = { aroundMs: setup.dateObsMs ?? 0, withinMs: days * DAY_MS };
    const query = { instrument: setup.instrument, kinds, ...around, ...wanted };
    return listSetups(catalog, query, viewer);
  };

  /** Raw frames that may fit; the sets among them are whole. */
  const listRaw = async (
    target: Target,
    kind: CalibrationKind,
    { bounds, enough }: { readonly bounds: readonly SetupBound[]; readonly enough: number },
    viewer: Viewer,
  ): Promise<readonly FrameSetup[]> => {
    for (const limit of [enough, MOST_OF_A_SET]) {
      const frames = await listNearest(target, kind, { isReduced: false, bounds, limit }, viewer);
      const last = frames.at(-1)?.night;
      const isCut = frames.length === limit;
      const whole = isCut ? frames.filter(({ night }) => night !== last) : frames;
      if (whole.length > 0 || !isCut || limit === MOST_OF_A_SET) {
        return whole.length > 0 ? whole : frames;
      }
    }
    return [];
  };

  /**
   * Judges headers too: those of every frame of what is chosen and of the best set; in other sets
   * that of the frame in the middle, which stands for them.
   */
  const finish = async (
    target: Target,
    kind: CalibrationKind,
    draft: Draft,
  ): Promise<KindMatch> => {
    const rule = rules[kind];
    const headers = new Map<number, HeaderSetup>();
    const standIns = new Map<number, FrameSetup>();
    const drafted = [...draft.masters, ...draft.sets];
    for (const { frames } of drafted) {
      for (const frame of frames) standIns.set(frame.id, middleOf(frames));
    }
    let unread = rule.sameHeaders.length === 0 ? [] : [...new Set(standIns.values())];
    for (;;) {
      for (const [version, values] of await readHeaders(unread)) headers.set(version, values);
      for (const { versionId } of unread) {
        if (!headers.has(versionId)) headers.set(versionId, NO_HEADERS);
      }
      const found = finishMatches(target, draft, rule, (frame) => {
        const standIn = standIns.get(frame.id)?.versionId ?? frame.versionId;
        return headers.get(frame.versionId) ?? headers.get(standIn) ?? NO_HEADERS;
      });
      if (rule.sameHeaders.length === 0) return found;
      const best = [found.chosen, found.sets[0]].flatMap((each) => each?.frames ?? []);
      unread = best.filter(({ versionId }) => !headers.has(versionId));
      if (unread.length === 0) return found;
    }
  };

  /** Everything that fits, and the nearest of what does not. */
  const matchAll = async (
    target: Target,
    kind: CalibrationKind,
    viewer: Viewer,
  ): Promise<KindMatch> => {
    const rule = rules[kind];
    const notNeeded = whyNotNeeded(target.setup, rule);
    if (notNeeded !== '') return noMatch(notNeeded);
    const bounds = boundsOf(target.setup, rule);
    const found = await Promise.all([
      listNearest(target, kind, { isReduced: true, bounds, limit: MASTERS }, viewer),
      listRaw(target, kind, { bounds, enough: RAW_FRAMES }, viewer),
      listNearest(target, kind, { isReduced: true, bounds: [], limit: MASTERS }, viewer),
      listNearest(target, kind, { isReduced: false, bounds: [], limit: OTHERS }, viewer),
    ]);
    const candidates = new Map(found.flat().map((frame) => [frame.id, frame]));
    return finish(target, kind, draftMatches(target, [...candidates.values()], rule));
  };

  /** What is chosen alone: raw frames are not looked for where a master does. */
  const choose = async (
    target: Target,
    kind: CalibrationKind,
    viewer: Viewer,
  ): Promise<readonly FrameSetup[]> => {
    const rule = rules[kind];
    const bounds = boundsOf(target.setup, rule);
    const limit = MASTERS;
    const masters = await listNearest(target, kind, { isReduced: true, bounds, limit }, viewer);
    if (masters.length > 0) {
      const { chosen } = await finish(target, kind, draftMatches(target, masters, rule));
      if (chosen?.scale === null) return chosen.frames;
    }
    const enough = RAW_FRAMES_FOR_ONE;
    const raw = await listRaw(target, kind, { bounds, enough }, viewer);
    const draft = draftMatches(target, [...masters, ...raw], rule);
    return (await finish(target, kind, draft)).chosen?.frames ?? [];
  };

  const readHeaders = async (frames: readonly FrameSetup[]): Promise<Map<number, HeaderSetup>> => {
    const names = Object.entries(rules.headers);
    const versions = frames.map(({ versionId }) => versionId);
    const found = await readKeywords(catalog, versions, Object.values(rules.headers).flat());
    return new Map(
      [...found].map(([version, values]) => {
        const settings = names.flatMap(([name, keywords]) => {
          const keyword = keywords.find((word) => values.has(word));
          return keyword === undefined ? [] : [[name, values.get(keyword) ?? ''] as const];
        });
        return [version, new Map(settings)];
      }),
    );
  };

  const toTargets = async (setups: readonly FrameSetup[]): Promise<Target[]> => {
    const headers = await readHeaders(setups);
    return setups.map((setup) => ({ setup, headers: headers.get(setup.versionId) ?? NO_HEADERS }));
  };

  return {
    async find(frame, viewer) {
      const [target] = await toTargets([toSetup(frame)]);
      if (target === undefined) throw new RangeError('one frame is one target');
      const entries = await Promise.all(
        CALIBRATION_KINDS.map(async (kind) => [kind, await matchAll(target, kind, viewer)]),
      );
      return Object.fromEntries(entries) as FrameCalibrations;
    },

    async findAll(frameIds, viewer) {
      const samples = new Map<string, FrameSetup[]>();
      for await (const setups of eachSetup(catalog, frameIds, viewer)) {
        for (const setup of setups) addSample(samples, setup, rules);
      }
      const targets = await toTargets([...samples.values()].flat());
      const searches = new Map<string, readonly [Target, CalibrationKind]>();
      for (const target of targets) {
        for (const kind of CALIBRATION_KINDS) {
          const rule = rules[kind];
          if (whyNotNeeded(target.setup, rule) !== '') continue;
          const settings = rule.sameHeaders.map((name) => target.headers.get(name));
          const { instrument } = target.setup;
          const key = JSON.stringify([
            kind,
            instrument,
            wayOf(target.setup, rules, kind),
            settings,
          ]);
          if (!searches.has(key)) searches.set(key, [target, kind]);
        }
      }
      if (searches.size > MAX_SEARCHES) throw tooManyWays();
      const found = await mapConcurrently([...searches.values()], AT_ONCE, async (search) => {
        const frames = await choose(...search, viewer);
        return frames.map(({ id }) => id);
      });
      return [...new Set(found.flat())].sort((a, b) => a - b);
    },
  };
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
  const key = [setup.instrument, ...needs, ...needs.map((kind) => wayOf(setup, rules, kind))];
  const kept = samples.get(key.join(' '));
  if (kept === undefined) samples.set(key.join(' '), [setup]);
  else if (kept.length < SAMPLES) kept.push(setup);
  else kept[SAMPLES - 1] = setup; // the first ones and the last
  if (samples.size * CALIBRATION_KINDS.length > MAX_SEARCHES * SAMPLES) throw tooManyWays();
}

function tooManyWays(): AppError {
  const message = 'These frames were taken in too many ways to find their calibrations at once.';
  return new AppError('too_large', `${message} Ask for fewer.`);
}
