import type {
  Elsewhere,
  FirstCopy,
  FrameMeasures,
  NightFrame,
  StoredFinding,
} from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import { findWrongExposures } from './exposures.js';

/** Findings by id of the frame that they are about. */
export type FoundByFrame = ReadonlyMap<number, readonly StoredFinding[]>;

/** Clocks and headers that tell only whole seconds let exposures seem to overlap by as much. */
const OVERLAP_SLACK_MS = 1_500;
/** A counter that jumps farther was set, or belongs to something else. */
const MOST_MISSING = 200;
/** So many names have to count before a number that is left out means anything. */
const LEAST_NAMES = 4;
/** Part of the steps of a counter that must be steps of one. */
const STEADY = 0.7;

/**
 * Compares the frames of a night with those before and after them: numbers left out in their names,
 * exposures that overlap on one camera or cannot be, the same exposure or the same pixels twice. Other frames are
 * told by their ids: whoever sees the one need not be allowed to know the name of the other.
 *
 * @param frames of one night, in order of time
 * @param copies of their pixels in all the archive, as `readFirstCopies` has them
 * @param elsewhere what came for the night and is no frame of it: it is not missing
 */
export function checkSequence(
  frames: readonly NightFrame[],
  copies: ReadonlyMap<number, FirstCopy>,
  elsewhere: Elsewhere = new Map(),
): FoundByFrame {
  const { found, tell } = collect();
  for (const camera of groupBy(frames, cameraOf).values()) {
    findMissing(camera, elsewhere, tell);
    const wrong = findWrongExposures(camera);
    for (const [id, finding] of wrong) tell(id, finding);
    // One that cannot be overlaps with everything.
    findOverlaps(
      camera.filter(({ id }) => !wrong.has(id)),
      tell,
    );
  }
  findTwins(frames, copies, tell);
  return found;
}

/** What can be told of frames without a date: exposures that cannot be, and copies of other frames. */
export function checkUndated(
  frames: readonly NightFrame[],
  copies: ReadonlyMap<number, FirstCopy>,
): FoundByFrame {
  const { found, tell } = collect();
  for (const [id, finding] of findWrongExposures(frames)) tell(id, finding);
  for (const frame of frames) {
    const first = copies.get(frame.id);
    if (first !== undefined) tell(frame.id, samePixels(first, frame));
  }
  return found;
}

function collect(): { readonly found: Map<number, StoredFinding[]>; readonly tell: Tell } {
  const found = new Map<number, StoredFinding[]>();
  return {
    found,
    tell: (id, finding) => void found.set(id, [...(found.get(id) ?? []), finding]),
  };
}

type Tell = (id: number, finding: StoredFinding) => void;

function cameraOf(frame: NightFrame): string {
  const { siteId, telescope, instrument, reductionLevel } = frame;
  return JSON.stringify([siteId, telescope, instrument, reductionLevel]);
}

/** A name in parts: texts at even places, digits at odd ones. */
interface Name {
  readonly frame: NightFrame;
  readonly parts: readonly string[];
}

/** Numbers that are left out in the names of a camera. */
function findMissing(camera: readonly NightFrame[], elsewhere: Elsewhere, tell: Tell): void {
  const dated = camera.filter(({ dateObsMs }) => dateObsMs !== null);
  const names = dated.map((frame): Name => ({ frame, parts: frame.basename.split(/(\d+)/) }));
  for (const alike of groupBy(names, ({ parts }) => parts.length).values()) {
    if (tellMissing(alike, elsewhere, tell)) continue;
    // Not one counter for all: perhaps one for each object.
    const rest = ({ parts }: Name): string => JSON.stringify(parts.toSpliced(-2, 1));
    for (const series of groupBy(alike, rest).values()) tellMissing(series, elsewhere, tell);
  }
}

/** @returns whether the names count at all */
function tellMissing(names: readonly Name[], elsewhere: Elsewhere, tell: Tell): boolean {
  const place = counterOf(names);
  if (place === undefined) return false;
  const numbers = names.map(({ parts }) => Number(parts[place]));
  const known = new Set(numbers);
  for (const [at, { frame, parts }] of names.entries()) {
    const [before, here] = [numbers[at - 1], numbers[at]];
    if (before === undefined || here === undefined) continue;
    if (here - before < 2 || here - before > MOST_MISSING) continue;
    const missing: number[] = [];
    for (let each = before + 1; each < here; each += 1) if (!known.has(each)) missing.push(each);
    const [first] = missing;
    const last = missing.at(-1);
    if (first === undefined || last === undefined) continue;
    const width = parts[place]?.length ?? 0;
    const [from, to] = [first, last].map((each) => String(each).padStart(width, '0'));
    const text =
      missing.length === 1
        ? `A frame is missing before this one: number ${from ?? ''}.`
        : `${missing.length} frames are missing before this one: numbers ${from ?? ''} to ${to ?? ''}.`;
    // The names around it differ by more than the number if the counter is that of all objects.
    const around = [parts, names[at - 1]?.parts ?? parts];
    const places = missing.flatMap((number) => {
      const digits = String(number).padStart(width, '0');
      const named = around.map((each) => each.with(place, digits).join('').toLowerCase());
      return named.flatMap((name) => elsewhere.get(name) ?? []).slice(0, 1);
    });
    tell(frame.id, {
      code: 'missing-before',
      level: 'warning',
      text: text + elsewhereWords(places, missing.length),
    });
  }
  return true;
}

/** ` It is in quarantine.`, ` Of these 2 are in the trash.`; '' if none is here. */
function elsewhereWords(places: readonly ('quarantine' | 'trash')[], missing: number): string {
  const [first] = places;
  if (first === undefined) return '';
  const where = [...new Set(places)].map((each) =>
    each === 'trash' ? 'in the trash' : 'in quarantine',
  );
  if (missing === 1) return ` It is ${where.join()}.`;
  return ` Of these ${places.length} ${places.length === 1 ? 'is' : 'are'} ${where.join(' or ')}.`;
}

/** The part of names that counts up by one nearly always; undefined if none does. */
function counterOf(names: readonly Name[]): number | undefined {
  if (names.length < LEAST_NAMES) return undefined;
  const length = names[0]?.parts.length ?? 0;
  for (let place = length - 2; place > 0; place -= 2) {
    let ones = 0;
    for (const [at, { parts }] of names.entries()) {
      const step = Number(parts[place]) - Number(names[at - 1]?.parts[place] ?? NaN);
      if (step === 1) ones += 1;
    }
    if (ones >= STEADY * (names.length - 1) && !isClock(names, place)) return place;
  }
  return undefined;
}

/** Names may have the time of the end of an exposure, and are written a little later. */
const CLOCK_SLACK_S = 2;
const LONGEST_CLOCK_S = 300;
/** Zones of time differ by whole quarters of an hour. */
const ZONE_STEP_S = 900;

/** Whether a part of names is the time of day, in any zone: one that steps by a second or minute is no counter. */
function isClock(names: readonly Name[], place: number): boolean {
  const fitting = names.filter(({ frame: { dateObsMs, exposureSec }, parts }) => {
    const [, hours, minutes, seconds] = /^(\d\d)(\d\d)(\d\d)?$/.exec(parts[place] ?? '') ?? [];
    if (hours === undefined || dateObsMs === null) return false;
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return false;
    const told = 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds ?? 0);
    const least = seconds === undefined ? -60 - CLOCK_SLACK_S : -CLOCK_SLACK_S;
    const most = Math.min(exposureSec ?? 0, LONGEST_CLOCK_S) + CLOCK_SLACK_S;
    const later = (((told - dateObsMs / 1000 - least) % ZONE_STEP_S) + ZONE_STEP_S) % ZONE_STEP_S;
    return later <= most - least;
  });
  // Counters begin at 0; of a clock it would be the hour after midnight alone.
  const isPastZero = fitting.some(({ parts }) => !parts[place]?.startsWith('00'));
  return isPastZero && fitting.length >= STEADY * names.length;
}

function findOverlaps(camera: readonly NightFrame[], tell: Tell): void {
  let last: { frame: NightFrame; startMs: number; endMs: number } | undefined;
  for (const frame of camera) {
    const { dateObsMs: startMs, exposureSec } = frame;
    if (startMs === null || exposureSec === null) continue;
    const endMs = startMs + exposureSec * 1000;
    // Begun in the same instant, it is the same exposure once more.
    const isOther = last !== undefined && startMs !== last.startMs;
    if (last !== undefined && isOther && last.endMs - startMs > OVERLAP_SLACK_MS) {
      const seconds = Number(((last.endMs - startMs) / 1000).toPrecision(3));
      const text = `Began ${seconds} s before frame ${last.frame.id} of the same camera had ended.`;
      tell(frame.id, { code: 'overlap', level: 'warning', text });
    }
    if (last === undefined || endMs > last.endMs) last = { frame, startMs, endMs };
  }
}

/**
 * The same exposure in two formats, and the same pixels under two names: each copy is told of once.
 * Beyond time and camera copies are told by their pixels; those that lost something in packing by the sum
 * that their header keeps of the original.
 */
function findTwins(
  frames: readonly NightFrame[],
  copies: ReadonlyMap<number, FirstCopy>,
  tell: Tell,
): void {
  const told = new Set<number>();
  const tellOnce = (id: number, finding: StoredFinding): void => {
    if (!told.has(id)) tell(id, finding);
    told.add(id);
  };
  eachCopy(frames, exposureOf, (first, other) => {
    if (other.extension !== first.extension) tellOnce(other.id, inTwoFormats(first, other));
  });
  for (const frame of frames) {
    const first = copies.get(frame.id);
    if (first !== undefined) tellOnce(frame.id, samePixels(first, frame));
  }
  for (const keyOf of [bySum('contentSum'), measuresOf]) {
    eachCopy(frames, keyOf, (first, other) => {
      tellOnce(other.id, samePixels(first, other));
    });
  }
  // Programs that change pixels may leave the old sum: of two plain files only the pixels count.
  eachCopy(frames, bySum('dataSum'), (first, other) => {
    if (other.extension !== first.extension) tellOnce(other.id, inTwoFormats(first, other));
  });
}

function samePixels(first: FirstCopy, other: NightFrame): StoredFinding {
  if (other.extension !== first.extension) return inTwoFormats(first, other);
  const text = `Has the same pixels as frame ${first.id}.`;
  return { code: 'duplicate', level: 'warning', text };
}

function inTwoFormats(first: FirstCopy, { extension }: NightFrame): StoredFinding {
  const text = `The same exposure as frame ${first.id}, in another format (${extension}).`;
  return { code: 'two-formats', level: 'note', text };
}

/** Calls back for every frame that has a key in common with one of a lower id, and the lowest of these. */
function eachCopy(
  frames: readonly NightFrame[],
  keyOf: (frame: NightFrame) => string | undefined,
  use: (first: NightFrame, other: NightFrame) => void,
): void {
  const keyed = frames.flatMap((frame) => {
    const key = keyOf(frame);
    return key === undefined ? [] : [{ frame, key }];
  });
  for (const same of groupBy(keyed, ({ key }) => key).values()) {
    const [first, ...others] = same.map(({ frame }) => frame).sort((a, b) => a.id - b.id);
    for (const other of others) if (first !== undefined) use(first, other);
  }
}

function exposureOf(frame: NightFrame): string | undefined {
  const { dateObsMs, exposureSec, imageKind, width, height } = frame;
  if (dateObsMs === null) return undefined;
  return JSON.stringify([cameraOf(frame), dateObsMs, exposureSec, imageKind, width, height]);
}

/** Pixels that are all the same are those of any such picture. */
function isPlain({ noise }: FrameMeasures): boolean {
  return noise === null || noise === 0;
}

/** Frames with the same pixels, or the same data before these were packed, by a sum of them. */
function bySum(name: 'contentSum' | 'dataSum'): (frame: NightFrame) => string | undefined {
  return ({ measures, width, height, reductionLevel }) => {
    const sum = measures?.[name] ?? null;
    if (measures === undefined || sum === null || isPlain(measures)) return undefined;
    return JSON.stringify([width, height, reductionLevel, sum]);
  };
}

/**
 * What only the same pixels have in common, of frames that were measured before their pixels were
 * summed: a noise with all its digits, and everything else that was measured. Undefined for pictures
 * that are too plain to tell.
 */
function measuresOf({ measures, width, height, reductionLevel }: NightFrame): string | undefined {
  if (measures === undefined || measures.contentSum !== null || isPlain(measures)) return undefined;
  const { kind, method, background, noise, stars, fwhmPx, hotPixels, instrumentalMag } = measures;
  const { backgroundGradient, saturatedFraction } = measures;
  // A noise of few digits may be that of a whole series of quiet frames.
  if (String(noise).length < 8) return undefined;
  return JSON.stringify([
    [width, height, reductionLevel, kind, method, background, noise],
    [stars, fwhmPx, hotPixels, instrumentalMag, backgroundGradient, saturatedFraction],
  ]);
}
