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
  noMatch,
  whyNotNeeded,
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
const MASTERS = 60;
const RAW_FRAMES = 1000;
const OTHERS = 300;
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
  /** @param isWide whether what does not fit is looked for too */
  const match = async (
    target: Target,
    kind: CalibrationKind,
    isWide: boolean,
    viewer: Viewer,
  ): Promise<KindMatch> => {
    const rule = rules[kind];
    const notNeeded = whyNotNeeded(target.setup, rule);
    if (notNeeded !== '') return noMatch(notNeeded);
    const list = (isReduced: boolean, bounds: readonly SetupBound[], limit: number) => {
      const days = (isReduced ? rule.masterDays : rule.rawDays) * (bounds.length > 0 ? 1 : FURTHER);
      const { instrument, dateObsMs } = target.setup;
      const around = { aroundMs: dateObsMs ?? 0, withinMs: days * DAY_MS };
      const query = { instrument, kinds: rule.kinds, isReduced, ...around, bounds, limit };
      return listSetups(catalog, query, viewer);
    };
    const bounds = boundsOf(target.setup, rule);
    const found = await Promise.all([
      list(true, bounds, MASTERS),
      list(false, bounds, RAW_FRAMES).then(withoutCutNight),
      ...(isWide ? [list(true, [], MASTERS), list(false, [], OTHERS)] : []),
    ]);
    const candidates = new Map(found.flat().map((frame) => [frame.id, frame]));
    const draft = draftMatches(target, [...candidates.values()], rule);
    const frames = [...draft.masters, ...draft.sets].flatMap((each) => each.frames);
    const headers = await readHeaders(rule.sameHeaders.length === 0 ? [] : frames);
    return finishMatches(
      target,
      draft,
      rule,
      ({ versionId }) => headers.get(versionId) ?? NO_HEADERS,
    );
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
        CALIBRATION_KINDS.map(async (kind) => [kind, await match(target, kind, true, viewer)]),
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
        const { chosen } = await match(...search, false, viewer);
        return chosen?.frames.map(({ id }) => id) ?? [];
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

/** Without the night that is furthest away, if there were more frames than were asked for. */
function withoutCutNight(frames: readonly FrameSetup[]): readonly FrameSetup[] {
  if (frames.length < RAW_FRAMES) return frames;
  const last = frames.at(-1)?.night;
  const whole = frames.filter(({ night }) => night !== last);
  return whole.length > 0 ? whole : frames;
}
