import type { FrameMeasures, ListedMore, Ranked } from '../../catalog/index.js';
import { formatCount, formatNumber, NONE } from '../render.js';
import { numberColumn, share, type Cell, type Column } from './column.js';

/** Findings about the level of a frame. */
const LEVEL_CODES = ['unusual-background', 'unusual-level', 'underexposed', 'overexposed'];

/** Columns of what was measured, in the order in which they are offered. */
export const MEASURE_COLUMNS: readonly Column[] = [
  {
    ...numberColumn('fwhm', 'FWHM, ″', () => null),
    sort: 'fwhm',
    widthPx: 78,
    cell: (_frame, more) => fwhmCell(more),
  },
  {
    ...numberColumn('background', 'Sky, ct', () => null),
    name: 'Sky background, counts',
    sort: 'background',
    widthPx: 76,
    cell: (_frame, more) =>
      ranked(more, 'background', more?.measures?.background ?? null, LEVEL_CODES),
  },
  {
    ...numberColumn('stars', 'Stars', () => null),
    sort: 'stars',
    cell: (_frame, more) =>
      ranked(more, 'stars', more?.measures?.stars ?? null, ['no-stars', 'few-stars', 'clouds']),
  },
  {
    ...numberColumn('elongation', 'Elong.', () => null),
    name: 'Elongation of the stars',
    sort: 'elongation',
    cell: (_frame, more) => elongationCell(more),
  },
  plainColumn('elongation_angle', 'Angle, °', 'Direction of the long axis of the stars, °', {
    of: ({ elongationAngleDeg }) => elongationAngleDeg,
    digits: 0,
  }),
  measureColumn('hfr_px', 'Half flux, px', {
    name: 'Half-flux radius, px',
    rank: 'hfr',
    of: ({ hfrPx }) => hfrPx,
    show: (value) => formatNumber(value, 1),
    odd: ['unusual-hfr', 'defocused'],
  }),
  plainColumn('instrumental_mag', 'Inst. mag', 'Instrumental magnitude', {
    of: ({ instrumentalMag }) => instrumentalMag,
    digits: 2,
  }),
  measureColumn('transparency', 'Transp., %', {
    name: 'Transparency, %',
    rank: 'transparency',
    of: ({ transparency }) => transparency,
    show: share,
    odd: ['unusual-transparency', 'clouds'],
  }),
  measureColumn('background_gradient', 'Gradient, %', {
    name: 'Gradient of the background, %',
    rank: 'backgroundGradient',
    of: ({ backgroundGradient }) => backgroundGradient,
    show: (value) => formatNumber(100 * value, 1),
    odd: ['unusual-gradient', 'uneven'],
  }),
  measureColumn('noise', 'Noise', {
    name: 'Noise of the background, counts',
    rank: 'noise',
    of: ({ noise }) => noise,
    show: (value) => formatNumber(value, 1),
    odd: ['unusual-noise'],
  }),
  measureColumn('saturated', 'Full, %', {
    name: 'Saturated pixels, %',
    rank: 'saturated',
    of: ({ saturatedFraction }) => saturatedFraction,
    show: (value) => formatNumber(100 * value, 2),
    odd: ['unusual-saturation', 'saturated'],
  }),
  measureColumn('hot_pixels', 'Hot px', {
    name: 'Hot pixels',
    rank: 'hotPixels',
    of: ({ hotPixels }) => hotPixels,
    show: formatCount,
    odd: ['unusual-hot-pixels', 'hot-pixels'],
  }),
];

/** What a column needs to know of a measure. */
interface Measure {
  readonly name: string;
  readonly rank: Ranked;
  readonly of: (measures: FrameMeasures) => number | null;
  readonly show: (value: number) => string;
  /** Codes of findings that make it stand out. */
  readonly odd: readonly string[];
}

/** The column of a measure by which lists are sorted under the same name. */
function measureColumn(key: string, label: string, { name, rank, of, show, odd }: Measure): Column {
  const cell: Column['cell'] = (_frame, more) => {
    const value = more?.measures === undefined ? null : of(more.measures);
    return ranked(more, rank, value, odd, value === null ? NONE : show(value));
  };
  return { ...numberColumn(key, label, () => null, { name, sort: key, widthPx: 92 }), cell };
}

/** The column of a measure that is not compared with what is usual. */
function plainColumn(
  key: string,
  label: string,
  name: string,
  { of, digits }: Pick<Measure, 'of'> & { readonly digits: number },
): Column {
  const read = (more: ListedMore | undefined): string => {
    const value = more?.measures === undefined ? null : of(more.measures);
    return value === null ? NONE : formatNumber(value, digits);
  };
  return numberColumn(key, label, (_frame, more) => read(more), { name, sort: key, widthPx: 92 });
}

/** Whether one of the findings was made; its sentence. */
function findOdd(more: ListedMore | undefined, codes: readonly string[]): string | undefined {
  return more?.findings.find(({ code }) => codes.includes(code))?.text;
}

function ranked(
  more: ListedMore | undefined,
  name: Ranked,
  value: number | null,
  codes: readonly string[],
  text = value === null ? NONE : formatCount(Math.round(value)),
): Cell {
  if (value === null) return { text };
  const rank = more?.measures?.ranks[name] ?? null;
  const odd = findOdd(more, codes);
  const usual = rank === null ? '' : `above ${rank}\u202f% of the usual`;
  return {
    text,
    ...(rank === null ? {} : { rank }),
    ...(odd === undefined ? {} : { isOdd: true }),
    ...(odd === undefined && usual === '' ? {} : { title: odd ?? usual }),
  };
}

/** Arc seconds; pixels, and said so, of what has no scale. */
export function fwhmCell(more: ListedMore | undefined): Cell {
  const { fwhmArcsec = null, fwhmPx = null } = more?.measures ?? {};
  const value = fwhmArcsec ?? fwhmPx;
  const unit = fwhmArcsec === null ? '\u202fpx' : '';
  const text = value === null ? NONE : `${formatNumber(value, 1)}${unit}`;
  return ranked(more, 'fwhm', value, ['unusual-fwhm', 'defocused'], text);
}

function elongationCell(more: ListedMore | undefined): Cell {
  const value = more?.measures?.elongation ?? null;
  const codes = ['unusual-elongation', 'trailed', 'elongated'];
  return ranked(more, 'elongation', value, codes, formatNumber(value, 2));
}
