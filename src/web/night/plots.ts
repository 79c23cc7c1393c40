import { findUsual, nightNumber, type Catalog } from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { cameraKey } from '../../nights/index.js';
import { AppError } from '../../lib/errors.js';
import { filterSlot, formatNumber } from '../render.js';
import { round } from '../roll/scale.js';
import type { NightData, NightFrameRow } from './data.js';
import { camerasOf } from './timeline.js';
import { drawPlot, type Drawn } from './draw.js';
import { median } from './integration.js';

/** What can be plotted of a night. */
interface Quantity {
  readonly label: string;
  readonly short: string;
  readonly unit: string;
  readonly decimals: number;
  readonly of: (row: NightFrameRow) => number | null;
  /** Only frames of the sky have it. */
  readonly isOfSky: boolean;
  /** Findings that make a point one to look at. */
  readonly odd: readonly string[];
  /** Name of the measure whose usual values are known. */
  readonly usual: 'fwhm' | 'background' | null;
}

const QUANTITIES: Readonly<Record<string, Quantity>> = {
  fwhm: {
    label: 'FWHM',
    short: 'FWHM',
    unit: 'arcsec',
    decimals: 1,
    of: ({ fwhmArcsec }) => fwhmArcsec,
    isOfSky: true,
    odd: ['unusual-fwhm', 'trailed', 'defocused', 'unusual-elongation'],
    usual: 'fwhm',
  },
  sky: {
    label: 'Sky background',
    short: 'sky',
    unit: 'counts per pixel',
    decimals: 0,
    of: ({ background }) => background,
    isOfSky: true,
    odd: ['unusual-background'],
    usual: 'background',
  },
  focus: {
    label: 'Focus',
    short: 'focus',
    unit: 'in the unit of the focuser',
    decimals: 2,
    of: ({ focus }) => focus,
    isOfSky: false,
    odd: ['defocused'],
    usual: null,
  },
  temperature: {
    label: 'Camera temperature',
    short: 'temperature',
    unit: '°C',
    decimals: 1,
    of: ({ ccdTempC }) => ccdTempC,
    isOfSky: false,
    odd: [],
    usual: null,
  },
  airmass: {
    label: 'Airmass',
    short: 'airmass',
    unit: '',
    decimals: 2,
    of: ({ airmass }) => airmass,
    isOfSky: true,
    odd: [],
    usual: null,
  },
  moon: {
    label: 'Moon distance',
    short: 'Moon',
    unit: 'degrees',
    decimals: 0,
    of: ({ moonDistanceDeg }) => moonDistanceDeg,
    isOfSky: true,
    odd: [],
    usual: null,
  },
};

/** Most plots that stand above each other. */
const MOST_PLOTS = 2;
const AT_FIRST = ['fwhm', 'sky'];
/** Places of the quantiles between which nine of ten usual values lie; each step is 5 %. */
const [LOW, HIGH] = [1, 19];

/** Which plots are asked for, as the address says it. */
export interface PlotState {
  /** Names of quantities; empty: those that tell most. */
  readonly plots: readonly string[];
  readonly x: 'time' | 'altitude';
  /** Name of the camera; '' for the one with most frames of the sky. */
  readonly camera: string;
}

/** A choice that is a link. */
interface Choice {
  readonly label: string;
  readonly url: string;
  readonly isChosen: boolean;
}

/** The panel of plots. */
export interface Plots {
  readonly drawn: readonly Drawn[];
  readonly axes: readonly Choice[];
  readonly cameras: readonly Choice[];
  readonly choices: readonly Choice[];
  /** `FWHM, sky` */
  readonly chosen: string;
}

/** Reads the state of the plots. @throws 'bad_request' naming the parameter */
export function parsePlots(parameters: ReadonlyMap<string, readonly string[]>): PlotState {
  const last = (name: string): string => parameters.get(name)?.at(-1) ?? '';
  const asked = last('plots')
    .split(',')
    .filter((name) => name !== '');
  const strange = asked.find((name) => !Object.hasOwn(QUANTITIES, name));
  if (strange !== undefined) throw unknownChoice('plots', Object.keys(QUANTITIES));
  const x = last('x');
  if (!['', 'time', 'altitude'].includes(x)) throw unknownChoice('x', ['time', 'altitude']);
  return {
    plots: [...new Set(asked)].slice(0, MOST_PLOTS),
    x: x === 'altitude' ? 'altitude' : 'time',
    camera: last('camera'),
  };
}

function unknownChoice(parameter: string, choices: readonly string[]): AppError {
  const message = `${parameter} is one of ${choices.join(', ')}.`;
  return new AppError('bad_request', message, { parameter });
}

/** The plots of a night; null if there is nothing to plot. */
export async function toPlots(
  catalog: Catalog,
  data: NightData,
  state: PlotState,
): Promise<Plots | null> {
  const science = data.shown.filter(({ isScience }) => isScience);
  const cameras = camerasOf(science);
  const counts = groupBy(science, cameraKey);
  const framesOf = ({ key }: { readonly key: string }): number => counts.get(key)?.length ?? 0;
  const asked = cameras.find(({ name }) => name === state.camera);
  const camera = asked ?? [...cameras].sort((a, b) => framesOf(b) - framesOf(a))[0];
  if (camera === undefined) return null;
  const own = data.shown.filter((row) => cameraKey(row) === camera.key);
  const offered = Object.keys(QUANTITIES).filter((name) => pointsOf(own, name, state.x).length > 0);
  const names = (state.plots.length > 0 ? state.plots : AT_FIRST).filter((name) =>
    offered.includes(name),
  );
  const shown = names.length > 0 ? names : offered.slice(0, 1);
  const drawn = await Promise.all(
    shown.map((name) => draw(catalog, data, own, { name, x: state.x, camera: camera.name })),
  );
  const url = (change: Partial<PlotState>): string =>
    plotUrl(data, { ...state, plots: shown, camera: camera.name, ...change });
  return {
    drawn,
    axes: (['time', 'altitude'] as const).map((x) => ({
      label: x === 'time' ? 'Time' : 'Altitude',
      url: url({ x }),
      isChosen: x === state.x,
    })),
    cameras:
      cameras.length < 2
        ? []
        : cameras.map(({ name }) => ({
            label: name,
            url: url({ camera: name }),
            isChosen: name === camera.name,
          })),
    choices: offered.map((name) => ({
      label: QUANTITIES[name]?.label ?? name,
      url: url({ plots: toggled(shown, name) }),
      isChosen: shown.includes(name),
    })),
    chosen: shown.map((name) => QUANTITIES[name]?.short ?? name).join(', '),
  };
}

/** Takes a plot away, or adds it: in place of the last where there is no room for it. */
function toggled(shown: readonly string[], name: string): readonly string[] {
  if (shown.includes(name)) return shown.length > 1 ? shown.filter((each) => each !== name) : shown;
  return [...shown.slice(0, MOST_PLOTS - 1), name];
}

function plotUrl({ base, night }: NightData, { plots, x, camera }: PlotState): string {
  const query = new URLSearchParams();
  query.set('plots', plots.join(','));
  if (x !== 'time') query.set('x', x);
  if (camera !== '') query.set('camera', camera);
  return `${base}/nights/${night}/?${query.toString().replaceAll('%2C', ',')}#quality`;
}

/** Frames with a value, and where they stand on the axis across: epoch ms, or degrees. */
function pointsOf(
  rows: readonly NightFrameRow[],
  name: string,
  x: PlotState['x'],
): { readonly row: NightFrameRow; readonly across: number; readonly value: number }[] {
  const quantity = QUANTITIES[name];
  return rows.flatMap((row) => {
    const value =
      quantity === undefined || (quantity.isOfSky && !row.isScience) ? null : quantity.of(row);
    const across = x === 'time' ? row.dateObsMs : row.altDeg;
    return value === null || across === null ? [] : [{ row, across, value }];
  });
}

async function draw(
  catalog: Catalog,
  data: NightData,
  rows: readonly NightFrameRow[],
  {
    name,
    x,
    camera,
  }: { readonly name: string; readonly x: PlotState['x']; readonly camera: string },
): Promise<Drawn> {
  const quantity = QUANTITIES[name];
  const points = pointsOf(rows, name, x);
  const band = await bandOf(
    catalog,
    data.night,
    points.map(({ row }) => row),
    quantity?.usual ?? null,
  );
  const { decimals = 1, unit = '', label = name, odd = [] } = quantity ?? {};
  const suffix = name === 'fwhm' ? '″' : '';
  return drawPlot({
    title: [label, unit].filter((text) => text !== '').join(', '),
    camera,
    isTime: x === 'time',
    decimals,
    band,
    points: points.map(({ row, across, value }) => ({
      id: row.id,
      across,
      value,
      slot: row.filter === null ? 'none' : filterSlot(row.filter),
      odd: row.doubts.some(({ code }) => odd.includes(code))
        ? [row.number, `${formatNumber(value, decimals)}${suffix}`, ...verdictOf(row)].join(' · ')
        : '',
      url: `${data.base}/frames/${row.id}/`,
    })),
  });
}

const VERDICTS: Readonly<Record<string, string>> = {
  trailed: 'trailed',
  defocused: 'out of focus',
};

function verdictOf({ doubts }: NightFrameRow): string[] {
  return doubts.flatMap(({ code }) => VERDICTS[code] ?? []).slice(0, 1);
}

/**
 * Between which values nine of ten frames of the last ninety nights lie: of all groups of frames that
 * are shown together. What grows with the exposure is compared with frames that were exposed as long.
 */
async function bandOf(
  catalog: Catalog,
  night: string,
  rows: readonly NightFrameRow[],
  usual: Quantity['usual'],
): Promise<{ readonly low: number; readonly high: number } | null> {
  if (usual === null) return null;
  const groups = [...groupBy(rows, ({ groupId }) => groupId)];
  const found = await Promise.all(
    groups.map(async ([groupId, some]) => {
      if (groupId === null) return [];
      const exposure = usual === 'background' ? commonest(some) : null;
      const kept = await findUsual(catalog, groupId, nightNumber(night), exposure);
      const quantiles = kept?.quantiles[usual];
      const [low, high] = [quantiles?.[LOW], quantiles?.[HIGH]];
      // What is usual of the width of stars is kept in pixels.
      const scale = usual === 'fwhm' ? scaleOf(some) : 1;
      return low === undefined || high === undefined
        ? []
        : [{ low: low * scale, high: high * scale }];
    }),
  );
  const bands = found.flat();
  if (bands.length === 0) return null;
  return {
    low: round(Math.min(...bands.map(({ low }) => low))),
    high: round(Math.max(...bands.map(({ high }) => high))),
  };
}

function commonest(rows: readonly NightFrameRow[]): number | null {
  const groups = [...groupBy(rows, ({ exposureSec }) => exposureSec)];
  return groups.sort(([, a], [, b]) => b.length - a.length)[0]?.[0] ?? null;
}

function scaleOf(rows: readonly NightFrameRow[]): number {
  const scales = rows.flatMap(({ fwhmArcsec, fwhmPx }) =>
    fwhmArcsec === null || fwhmPx === null || fwhmPx === 0 ? [] : [fwhmArcsec / fwhmPx],
  );
  return median(scales) ?? 1;
}
