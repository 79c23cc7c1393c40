import type { FrameMeasures, Quantiles, Ranked, Ranks, StoredFinding } from '../catalog/index.js';

/** A measure that is compared with what is usual. */
interface Compared {
  readonly name: Ranked;
  /** Its value; null if the frame has none. */
  readonly of: (measures: FrameMeasures) => number | null;
  /** Whether it grows with the exposure: then only frames that were exposed as long are compared. */
  readonly isOfExposure: boolean;
  /** How its values are told; as they are, unless it says otherwise. */
  readonly unit?: 'stars' | 'percent';
  /** By kind of frame, what is out of the usual. */
  readonly faults: Readonly<Partial<Record<string, Fault>>>;
}

interface Fault {
  readonly code: string;
  readonly label: string;
  readonly side: 'high' | 'low' | 'both';
  /** The middle half is taken to be at least as wide as this part of the median… */
  readonly leastPart: number;
  /** …and as this: of measures that are 0 mostly it has no width of its own. */
  readonly leastWidth: number;
  /** Codes of findings that say the same: after these it is not said again. */
  readonly unless: readonly string[];
}

/** Beyond the quartile by so many widths of the middle half a value is out of the usual. */
const WIDTHS = 3;

const fault = (
  code: string,
  label: string,
  side: Fault['side'],
  least: { readonly part?: number; readonly width?: number },
  unless: readonly string[] = [],
): Fault => ({
  code,
  label,
  side,
  leastPart: least.part ?? 0,
  leastWidth: least.width ?? 0,
  unless,
});

const level = (part: number): Fault => fault('unusual-level', 'Level', 'both', { part });
const noise = (part: number, unless: readonly string[] = []): Fault =>
  fault('unusual-noise', 'Noise', 'high', { part }, unless);
const gradient = (width: number, unless: readonly string[] = []): Fault =>
  fault('unusual-gradient', 'Gradient of the background', 'high', { width }, unless);
const saturated = (width: number): Fault =>
  fault('unusual-saturation', 'Saturated pixels', 'high', { width }, ['saturated']);
const hotPixels = fault('unusual-hot-pixels', 'Hot pixels', 'high', { part: 0.25, width: 20 }, [
  'hot-pixels',
]);

/** Of flats with such a level nothing else need be told. */
const WRONG_LIGHT = ['unusual-level', 'underexposed', 'overexposed', 'saturated'];

/** In the order in which findings are made: what is said first need not be said by what comes later. */
const COMPARED: readonly Compared[] = [
  {
    name: 'fwhm',
    of: ({ fwhmPx }) => fwhmPx, // within a group the scale is the same
    isOfExposure: false,
    unit: 'stars',
    faults: { sky: fault('unusual-fwhm', 'FWHM', 'high', { part: 0.15 }) },
  },
  {
    name: 'hfr',
    of: ({ hfrPx }) => hfrPx,
    isOfExposure: false,
    unit: 'stars',
    faults: {
      sky: fault('unusual-hfr', 'Half-flux radius', 'high', { part: 0.15 }, ['unusual-fwhm']),
    },
  },
  {
    name: 'elongation',
    of: ({ elongation }) => elongation,
    isOfExposure: false,
    faults: { sky: fault('unusual-elongation', 'Elongation', 'high', { part: 0.07 }) },
  },
  {
    name: 'stars',
    of: ({ stars }) => stars,
    isOfExposure: true,
    faults: {}, // each field has its own number
  },
  {
    name: 'background',
    of: ({ background }) => background,
    isOfExposure: true,
    faults: {
      sky: fault('unusual-background', 'Background', 'high', { part: 0.2 }, ['saturated']),
      bias: level(0.01),
      dark: level(0.02),
      flat: fault('unusual-level', 'Level', 'both', { part: 0.1 }, WRONG_LIGHT),
    },
  },
  {
    name: 'backgroundGradient',
    of: ({ backgroundGradient }) => backgroundGradient,
    isOfExposure: true,
    unit: 'percent',
    faults: {
      sky: gradient(0.02),
      dark: gradient(0.01),
      flat: gradient(0.02, ['uneven', ...WRONG_LIGHT]),
    },
  },
  {
    name: 'noise',
    of: (measures) => measures.noise,
    isOfExposure: true,
    faults: { bias: noise(0.1), dark: noise(0.1), flat: noise(0.2, WRONG_LIGHT) },
  },
  {
    name: 'saturated',
    of: ({ saturatedFraction }) => saturatedFraction,
    isOfExposure: true,
    unit: 'percent',
    faults: {
      sky: saturated(0.001),
      bias: saturated(0.0001),
      dark: saturated(0.0001),
      flat: saturated(0.001),
    },
  },
  {
    name: 'hotPixels',
    of: (measures) => measures.hotPixels,
    isOfExposure: true,
    faults: { bias: hotPixels, dark: hotPixels },
  },
  {
    name: 'transparency',
    of: ({ transparency }) => transparency,
    isOfExposure: false, // each field is compared with itself
    unit: 'percent',
    faults: {
      sky: fault('unusual-transparency', 'Transparency', 'low', { width: 0.07 }, ['clouds']),
    },
  },
];

/** Kinds of frames that are exposed as long as it takes to come to some level, or not at all. */
const OF_ANY_EXPOSURE: readonly string[] = ['bias', 'flat'];

/** Names of the measures of frames of a kind that depend on the exposure, and of those that do not. */
export function comparedOf(kind: string, isOfExposure: boolean): readonly Ranked[] {
  const isTimed = !OF_ANY_EXPOSURE.includes(kind);
  const compared = COMPARED.filter((each) => (each.isOfExposure && isTimed) === isOfExposure);
  return compared.map(({ name }) => name);
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

/** Findings of the pixels that say why stars are out of the usual, and the word for it. */
const VERDICTS: Readonly<Record<string, string>> = {
  trailed: 'trailed',
  defocused: 'out of focus',
};

/**
 * What is out of the usual about a frame.
 *
 * @param known.findings what is said of it already, and not again
 * @param known.setting  how the camera was set for it and those that it is compared with; '' if unknown
 */
export function findUnusual(
  measures: FrameMeasures,
  usual: Quantiles,
  { findings, setting }: { readonly findings: readonly StoredFinding[]; readonly setting: string },
): StoredFinding[] {
  const within = setting === '' ? '' : ` with ${setting}`;
  const told = new Set(findings.map(({ code }) => code));
  const found: StoredFinding[] = [];
  for (const { name, of, unit, faults } of COMPARED) {
    const rule = faults[measures.kind];
    const value = of(measures);
    const quantiles = usual[name];
    if (rule === undefined || value === null || quantiles === undefined) continue;
    if (rule.unless.some((code) => told.has(code)) || !isBeyond(value, quantiles, rule)) continue;
    const { factor, sign } = unit === undefined ? PLAIN : scaleOf(unit, measures);
    const show = (each: number): string => `${formatValue(each * factor)}${sign}`;
    const verdict = unit === 'stars' ? verdictOf(findings) : undefined;
    const tail = verdict === undefined ? '' : `: ${verdict}`;
    const text = `${rule.label} ${show(value)}, usual ${show(percentile(quantiles, 50))}${within}${tail}.`;
    found.push({ code: rule.code, level: 'warning', text });
    told.add(rule.code);
  }
  return found;
}

function isBeyond(value: number, quantiles: readonly number[], rule: Fault): boolean {
  const [q25, median, q75] = [25, 50, 75].map((percent) => percentile(quantiles, percent)) as [
    number,
    number,
    number,
  ];
  const width = Math.max(q75 - q25, rule.leastPart * Math.abs(median), rule.leastWidth);
  const isHigh = value > q75 + WIDTHS * width && rule.side !== 'low';
  const isLow = value < q25 - WIDTHS * width && rule.side !== 'high';
  return isHigh || isLow;
}

function percentile(quantiles: readonly number[], percent: number): number {
  return quantiles[percent / STEP] ?? 0;
}

function verdictOf(findings: readonly StoredFinding[]): string | undefined {
  return findings.map(({ code }) => VERDICTS[code]).find((word) => word !== undefined);
}

/** By how much a value is multiplied to be told, and what is put after it. */
interface Scale {
  readonly factor: number;
  readonly sign: string;
}

const PLAIN: Scale = { factor: 1, sign: '' };

function scaleOf(
  unit: NonNullable<Compared['unit']>,
  { fwhmPx, fwhmArcsec }: FrameMeasures,
): Scale {
  if (unit === 'percent') return { factor: 100, sign: ' %' };
  if (fwhmPx === null || fwhmArcsec === null || fwhmPx === 0) return { factor: 1, sign: ' px' };
  return { factor: fwhmArcsec / fwhmPx, sign: '″' };
}

function formatValue(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}
