import type {
  FieldMagnitude,
  FrameMeasures,
  Quantiles,
  Ranked,
  Ranks,
  StoredFinding,
} from '../catalog/index.js';
import { isRichField } from '../quality/index.js';

/** A measure that is compared with what is usual. */
interface Compared {
  readonly name: Ranked;
  /** Its value; null if the frame has none. */
  readonly of: (measures: FrameMeasures) => number | null;
  /** Whether it grows with the exposure: then only frames that were exposed as long are compared. */
  readonly isOfExposure: boolean;
  /** By kind of frame, what is out of the usual. */
  readonly faults: Readonly<Partial<Record<string, Fault>>>;
}

interface Fault {
  readonly code: string;
  readonly label: string;
  readonly side: 'high' | 'low' | 'both';
  /** Beyond the quartile by so many widths of the middle half… */
  readonly widths: number;
  /** …which is taken for at least this part of the median. */
  readonly leastWidth: number;
}

const fault = (code: string, label: string, side: Fault['side'], leastWidth: number): Fault => ({
  code,
  label,
  side,
  widths: 3,
  leastWidth,
});

const COMPARED: readonly Compared[] = [
  {
    name: 'fwhm',
    of: ({ fwhmPx }) => fwhmPx, // within a group the scale is the same
    isOfExposure: false,
    faults: { sky: fault('unusual-fwhm', 'FWHM', 'high', 0.15) },
  },
  {
    name: 'elongation',
    of: ({ elongation }) => elongation,
    isOfExposure: false,
    faults: { sky: fault('unusual-elongation', 'Elongation', 'high', 0.07) },
  },
  {
    name: 'background',
    of: ({ background }) => background,
    isOfExposure: true,
    faults: {
      sky: fault('unusual-background', 'Background', 'high', 0.2),
      bias: fault('unusual-level', 'Level', 'both', 0.01),
      dark: fault('unusual-level', 'Level', 'both', 0.02),
    },
  },
  {
    name: 'noise',
    of: ({ noise }) => noise,
    isOfExposure: true,
    faults: {
      bias: fault('unusual-noise', 'Noise', 'high', 0.1),
      dark: fault('unusual-noise', 'Noise', 'high', 0.1),
    },
  },
  {
    name: 'stars',
    of: ({ stars }) => stars,
    isOfExposure: true,
    faults: {},
  },
];

/** Names of the measures that depend on the exposure, and of those that do not. */
export function comparedOf(isOfExposure: boolean): readonly Ranked[] {
  return COMPARED.filter((each) => each.isOfExposure === isOfExposure).map(({ name }) => name);
}

/** Steps between two quantiles, percent. */
const STEP = 5;
/** Fewer values tell of nothing that is usual. */
export const LEAST_VALUES = 10;

/** How the values of each measure are distributed; a measure with too few values is left out. */
export function quantilesOf(frames: readonly FrameMeasures[]): Quantiles {
  const quantiles: Record<string, readonly number[]> = {};
  for (const { name, of } of COMPARED) {
    const values = frames.flatMap((frame) => of(frame) ?? []).sort((a, b) => a - b);
    if (values.length < LEAST_VALUES) continue;
    const last = values.length - 1;
    quantiles[name] = Array.from({ length: 100 / STEP + 1 }, (_, step) => {
      const place = (last * step * STEP) / 100;
      const [low, high] = [values[Math.floor(place)] ?? 0, values[Math.ceil(place)] ?? 0];
      return low + (high - low) * (place - Math.floor(place));
    });
  }
  return quantiles;
}

/** Percent of the usual values below `value`, 0 to 100; of equal ones, half count. */
export function rankOf(value: number, quantiles: readonly number[]): number {
  const below = placeOf(value, quantiles, (each) => each < value);
  const upTo = placeOf(value, quantiles, (each) => each <= value);
  return Math.round((STEP * (below + upTo)) / 2);
}

/** Where a value lies among quantiles, in steps of them. */
function placeOf(
  value: number,
  quantiles: readonly number[],
  isBefore: (each: number) => boolean,
): number {
  const next = quantiles.findIndex((each) => !isBefore(each));
  if (next === -1) return quantiles.length - 1;
  if (next === 0) return 0;
  const [low, high] = [quantiles[next - 1] ?? 0, quantiles[next] ?? 0];
  return next - 1 + (high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0);
}

/** The ranks of a frame. @param usual distributions of the measures that it can be compared by */
export function ranksOf(measures: FrameMeasures, usual: Quantiles): Ranks {
  const ranks = COMPARED.map(({ name, of }) => {
    const value = of(measures);
    const quantiles = usual[name];
    return [name, value === null || quantiles === undefined ? null : rankOf(value, quantiles)];
  });
  return Object.fromEntries(ranks) as Ranks;
}

/** What is out of the usual about a frame. @param verdict a word for it that its pixels gave; '' if none */
export function findUnusual(
  measures: FrameMeasures,
  usual: Quantiles,
  verdict: string,
): StoredFinding[] {
  return COMPARED.flatMap(({ name, of, faults }) => {
    const rule = faults[measures.kind];
    const value = of(measures);
    const quantiles = usual[name];
    if (rule === undefined || value === null || quantiles === undefined) return [];
    const [q25, median, q75] = [25, 50, 75].map((percent) => quantiles[percent / STEP] ?? 0) as [
      number,
      number,
      number,
    ];
    const width = Math.max(q75 - q25, rule.leastWidth * Math.abs(median));
    const isHigh = value > q75 + rule.widths * width && rule.side !== 'low';
    const isLow = value < q25 - rule.widths * width && rule.side !== 'high';
    if (!isHigh && !isLow) return [];
    const scale = name === 'fwhm' ? scaleOf(measures) : { factor: 1, unit: '' };
    const show = (each: number): string => `${formatValue(each * scale.factor)}${scale.unit}`;
    const tail = verdict === '' || name !== 'fwhm' ? '' : `: ${verdict}`;
    const text = `${rule.label} ${show(value)}, usual ${show(median)}${tail}.`;
    return [{ code: rule.code, level: 'warning' as const, text }];
  });
}

function scaleOf({ fwhmPx, fwhmArcsec }: FrameMeasures): { factor: number; unit: string } {
  if (fwhmPx === null || fwhmArcsec === null || fwhmPx === 0) return { factor: 1, unit: ' px' };
  return { factor: fwhmArcsec / fwhmPx, unit: '″' };
}

function formatValue(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** Frames of a field, besides the one at hand, that are needed to tell how clear it was. */
const LEAST_FIELD = 5;
/** Pointings of one field lie within, degrees. */
const FIELD_DEG = 0.1;
/** Light that air takes, magnitudes for each airmass beyond the first: enough to compare one field with itself. */
const EXTINCTION = 0.15;
/** Below this part of its usual light a field was behind clouds. */
const CLOUDED = 0.6;

/**
 * Light of a field that came through, against the clearest tenth of its history, 0 to 1.
 *
 * @param history of the same object and setup, the frame itself among them; copies of one exposure count once
 * @returns null if it is too short
 */
export function transparencyOf(
  frame: FieldMagnitude,
  history: readonly FieldMagnitude[],
): number | null {
  const field = history.filter((each) => isNear(each, frame) && isAsRich(each, frame));
  const near = exposuresOf(field, frame.reductionLevel).map(aboveAir);
  if (near.length <= LEAST_FIELD) return null;
  near.sort((a, b) => a - b);
  const clear = near[Math.floor(near.length / 10)] ?? 0;
  return Math.min(1, 10 ** (-0.4 * (aboveAir(frame) - clear)));
}

function isAsRich(a: FieldMagnitude, b: FieldMagnitude): boolean {
  return isRichField(a.stars ?? 0) === isRichField(b.stars ?? 0);
}

/** Each exposure once: of its copies the one that is reduced as far as the frame, if there is one. */
function exposuresOf(
  field: readonly FieldMagnitude[],
  reductionLevel: number,
): readonly FieldMagnitude[] {
  const exposures = new Map<number, FieldMagnitude>();
  for (const each of field) {
    if (each.dateObsMs === null) continue;
    const isFirst = !exposures.has(each.dateObsMs);
    if (isFirst || each.reductionLevel === reductionLevel) exposures.set(each.dateObsMs, each);
  }
  return [...exposures.values(), ...field.filter(({ dateObsMs }) => dateObsMs === null)];
}

function aboveAir({ instrumentalMag, airmass }: FieldMagnitude): number {
  return airmass === null ? instrumentalMag : instrumentalMag - EXTINCTION * (airmass - 1);
}

function isNear(a: FieldMagnitude, b: FieldMagnitude): boolean {
  if (a.raDeg === null || a.decDeg === null || b.raDeg === null || b.decDeg === null) return true;
  const across = Math.abs(((a.raDeg - b.raDeg + 540) % 360) - 180);
  const shrunk = across * Math.cos((b.decDeg * Math.PI) / 180);
  return Math.hypot(shrunk, a.decDeg - b.decDeg) < FIELD_DEG;
}

/** What to say of a field that was dimmer than it is; nothing if it was not. */
export function findClouds(transparency: number | null): StoredFinding[] {
  if (transparency === null || transparency >= CLOUDED) return [];
  const text = `Only ${Math.round(transparency * 100)} % of the light of this field came through: clouds, dew or a closing dome.`;
  return [{ code: 'clouds', level: 'warning', text }];
}
