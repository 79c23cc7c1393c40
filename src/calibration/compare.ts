import type { FrameSetup, SetupBound } from '../catalog/index.js';
import type { CalibrationRule, ExposureRule, SetupName } from './rules.js';

/** Settings that only headers tell, by their name in the rules. */
export type HeaderSetup = ReadonlyMap<string, string>;

/** What speaks against a calibration, and what is to be known about it, in words. */
export interface Judgement {
  /** Empty if it fits. */
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
  /** By what its signal is to be multiplied, because its exposure is another one; null if it is not. */
  readonly scale: number | null;
}

const DAY_MS = 86_400_000;
/** Two spellings of one gain, such as 1.35 and 1.3501. */
const GAIN_PART = 0.001;

/** One thing that a calibration can have in common with a frame. */
interface Property {
  readonly label: string;
  readonly show: (setup: FrameSetup) => string;
  /** Undefined if one of the two does not tell it, although the other does. */
  readonly isSame: (a: FrameSetup, b: FrameSetup) => boolean | undefined;
  /** What frames must be that are not known to differ. */
  readonly bounds: (target: FrameSetup) => readonly SetupBound[];
}

const PROPERTIES: Readonly<Record<SetupName, Property>> = {
  site: textProperty('site', 'siteId'),
  telescope: textProperty('telescope', 'telescope'),
  filter: textProperty('filter', 'filter'),
  binning: {
    label: 'binning',
    show: ({ binningX, binningY }) => `${binningX}x${binningY}`,
    isSame: (a, b) => a.binningX === b.binningX && a.binningY === b.binningY,
    bounds: ({ binningX, binningY }) => [
      exactly('binningX', binningX),
      exactly('binningY', binningY),
    ],
  },
  window: {
    label: 'window',
    show: ({ width, height, originX, originY }) =>
      `${width}×${height}${originX === null || originY === null ? '' : ` at ${originX},${originY}`}`,
    isSame(a, b) {
      if (a.width !== b.width || a.height !== b.height) return false;
      const origins = [equalNumbers(a.originX, b.originX), equalNumbers(a.originY, b.originY)];
      return origins.includes(false) ? false : origins.includes(undefined) ? undefined : true;
    },
    bounds: ({ width, height, originX, originY }) => [
      exactly('width', width),
      exactly('height', height),
      ...(originX === null ? [] : [exactly('originX', originX)]),
      ...(originY === null ? [] : [exactly('originY', originY)]),
    ],
  },
  gain: {
    label: 'gain',
    show: ({ gain }) => String(gain ?? 'unknown'),
    isSame: (a, b) => equalNumbers(a.gain, b.gain, Math.abs(b.gain ?? 0) * GAIN_PART),
    bounds: ({ gain }) => (gain === null ? [] : [around('gain', gain, Math.abs(gain) * GAIN_PART)]),
  },
};

function textProperty(label: string, fact: 'siteId' | 'telescope' | 'filter'): Property {
  return {
    label,
    show: (setup) => setup[fact] ?? 'none',
    isSame: (a, b) => a[fact] === b[fact],
    bounds: (target) => [{ fact, is: target[fact] }],
  };
}

type NumberBound = Extract<SetupBound, { readonly min: number }>;

function exactly(fact: NumberBound['fact'], value: number): NumberBound {
  return { fact, min: value, max: value, orUnknown: true };
}

function around(fact: NumberBound['fact'], value: number, by: number): NumberBound {
  // A little more than allowed: it is judged again, where rounding does not count.
  const margin = 1e-9 * Math.max(1, Math.abs(value));
  return { fact, min: value - by - margin, max: value + by + margin, orUnknown: true };
}

function equalNumbers(a: number | null, b: number | null, within = 0): boolean | undefined {
  if (a === null && b === null) return true;
  return a === null || b === null ? undefined : isWithin(a, b, within);
}

/** Rounding of decimals does not count. */
function isWithin(a: number, b: number, by: number): boolean {
  return Math.abs(a - b) <= by + 1e-9 * Math.max(1, Math.abs(b));
}

/** What speaks against `candidate`, by everything but its headers and its age. */
export function judgeSetup(
  candidate: FrameSetup,
  target: FrameSetup,
  rule: CalibrationRule,
): Judgement {
  const reasons: string[] = [];
  const notes: string[] = [];
  for (const name of rule.same) {
    const { label, show, isSame } = PROPERTIES[name];
    const verdict = isSame(candidate, target);
    if (verdict === undefined) notes.push(`${label} not known of both`);
    else if (!verdict) reasons.push(`${label} ${show(candidate)}, wanted ${show(target)}`);
  }
  const { temperatureC } = rule;
  if (temperatureC !== null) {
    const verdict = equalNumbers(candidate.ccdTempC, target.ccdTempC, temperatureC);
    if (verdict === undefined) notes.push('temperature not known of both');
    else if (!verdict) {
      const wanted = `${formatDegrees(target.ccdTempC)} ± ${temperatureC}\u202f°C`;
      reasons.push(`${formatDegrees(candidate.ccdTempC)}\u202f°C, wanted ${wanted}`);
    }
  }
  const exposure = rule.exposure === null ? null : judgeExposure(candidate, target, rule.exposure);
  return {
    reasons: [...reasons, ...(exposure?.reasons ?? [])],
    notes: [...notes, ...(exposure?.notes ?? [])],
    scale: exposure?.scale ?? null,
  };
}

function judgeExposure(
  { exposureSec: has }: FrameSetup,
  { exposureSec: wanted }: FrameSetup,
  rule: ExposureRule,
): Judgement {
  const fine = { reasons: [], notes: [], scale: null };
  if (has === null || wanted === null) {
    return has === wanted ? fine : { ...fine, notes: ['exposure not known of both'] };
  }
  const within = exposureWithin(wanted, rule);
  if (isWithin(has, wanted, within)) return fine;
  const isScalable = has > 0 && has >= wanted * rule.scaleFrom && has <= wanted * rule.scaleTo;
  if (isScalable) {
    const scale = Number((wanted / has).toPrecision(6));
    return { ...fine, notes: [`exposure ${has}\u202fs, to be scaled by ${scale}`], scale };
  }
  const text = `exposure ${has}\u202fs, wanted ${wanted} ± ${Number(within.toPrecision(3))}\u202fs`;
  return { ...fine, reasons: [text] };
}

function exposureWithin(wanted: number, { withinSec, withinPercent }: ExposureRule): number {
  return Math.max(withinSec, (wanted * withinPercent) / 100);
}

/** What speaks against the headers of a calibration. */
export function judgeHeaders(
  candidate: HeaderSetup,
  target: HeaderSetup,
  names: readonly string[],
): Pick<Judgement, 'reasons' | 'notes'> {
  const reasons: string[] = [];
  const notes: string[] = [];
  for (const name of names) {
    const has = candidate.get(name);
    const wanted = target.get(name);
    const label = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    if (has === undefined || wanted === undefined) {
      if (has !== wanted) notes.push(`${label} not known of both`);
    } else if (normalise(has) !== normalise(wanted)) {
      reasons.push(`${label} ${has}, wanted ${wanted}`);
    }
  }
  return { reasons, notes };
}

/** `10`, `10.0` and ` 10` are one value, `Fast` and `FAST` too. */
function normalise(value: string): string {
  const number = Number(value);
  return Number.isFinite(number) ? String(number) : value.trim().toLowerCase();
}

/** Days from the calibration to the frame; negative if it was taken later. */
export function ageDays(candidate: FrameSetup, target: FrameSetup): number {
  const days = ((target.dateObsMs ?? 0) - (candidate.dateObsMs ?? 0)) / DAY_MS;
  return Math.round(days * 100) / 100 + 0; // + 0: there is only one zero
}

/** What speaks against the age. */
export function judgeAge(days: number, mostDays: number): readonly string[] {
  if (Math.abs(days) <= mostDays) return [];
  const when = days < 0 ? 'later' : 'older';
  return [`${Math.round(Math.abs(days))} days ${when}, wanted at most ${mostDays}`];
}

/** What frames must be that `judgeSetup` finds nothing against. */
export function boundsOf(target: FrameSetup, rule: CalibrationRule): SetupBound[] {
  const bounds = rule.same.flatMap((name) => PROPERTIES[name].bounds(target));
  const { temperatureC, exposure } = rule;
  if (temperatureC !== null && target.ccdTempC !== null) {
    bounds.push(around('ccdTempC', target.ccdTempC, temperatureC));
  }
  if (exposure !== null && target.exposureSec !== null) {
    const { exposureSec } = target;
    const within = exposureWithin(exposureSec, exposure);
    const { min, max } = around('exposureSec', exposureSec, within);
    bounds.push({
      fact: 'exposureSec',
      min: Math.min(min, exposureSec * exposure.scaleFrom),
      max: Math.max(max, exposureSec * exposure.scaleTo),
      orUnknown: true,
    });
  }
  return bounds;
}

/** What is looked for, in words: name → value. */
export function describeWanted(
  target: FrameSetup,
  headers: HeaderSetup,
  rule: CalibrationRule,
): Record<string, string> {
  const wanted: Record<string, string> = { instrument: target.instrument };
  for (const name of rule.same) wanted[name] = PROPERTIES[name].show(target);
  for (const name of rule.sameHeaders) {
    const value = headers.get(name);
    if (value !== undefined) wanted[name] = value;
  }
  const { temperatureC, exposure } = rule;
  if (temperatureC !== null && target.ccdTempC !== null) {
    wanted.temperature = `${formatDegrees(target.ccdTempC)} ± ${temperatureC}\u202f°C`;
  }
  if (exposure !== null && target.exposureSec !== null) {
    const within = Number(exposureWithin(target.exposureSec, exposure).toPrecision(3));
    wanted.exposure = `${target.exposureSec} ± ${within}\u202fs`;
  }
  return wanted;
}

/** Frames of one night with the same text were taken in the same way, as far as the rule cares. */
export function setupKey(setup: FrameSetup, rule: CalibrationRule): string {
  const { ccdTempC, exposureSec } = setup;
  return JSON.stringify([
    setup.night,
    setup.imageKind,
    ...rule.same.map((name) => PROPERTIES[name].show(setup)),
    rule.temperatureC === null || ccdTempC === null ? null : Math.round(ccdTempC),
    rule.exposure === null ? null : (exposureSec?.toPrecision(3) ?? null),
  ]);
}

function formatDegrees(value: number | null): string {
  return (value ?? 0).toFixed(1).replace('-', '−');
}
