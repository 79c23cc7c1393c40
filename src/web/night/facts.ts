import { groupBy } from '../../lib/groups.js';
import { gapsOf, type InstrumentUse } from '../../nights/index.js';
import { countOf, formatCount, formatDuration, formatNumber, NONE } from '../render.js';
import type { NightData } from './data.js';
import { mainSky } from './timeline.js';

/** A figure with the words that it needs. */
export interface NightFact {
  readonly figure: string;
  readonly unit: string;
  readonly words: string;
  /** '' if it leads nowhere. */
  readonly url: string;
  readonly isBad: boolean;
}

/** How a night stands: over, or going on. */
export interface NightState {
  readonly word: string;
  /** `last frame 02:55 UTC`; '' if none has a date. */
  readonly last: string;
  readonly isOver: boolean;
}

const HOUR_MS = 3_600_000;

/** Six figures: frames, light, dark, sharpness, gaps, and what waits for someone. */
export function toFacts(data: NightData): NightFact[] {
  const { report, base, shown } = data;
  const science = shown.filter(({ isScience }) => isScience);
  const main = mainCamera(report.instruments);
  const seconds = science.reduce((sum, { exposureSec }) => sum + (exposureSec ?? 0), 0);
  const cameras = new Set(science.map(({ instrument }) => instrument)).size;
  const frames: NightFact = {
    ...PLAIN,
    figure: formatCount(data.rows.length),
    words: `${data.rows.length === 1 ? 'frame' : 'frames'}, ${formatCount(science.length)} of them science`,
  };
  const light: NightFact = {
    ...PLAIN,
    figure: seconds === 0 ? NONE : formatDuration(seconds),
    words: cameras > 1 ? `on targets, ${countOf(cameras, 'camera')}` : 'on targets',
  };
  const used = main?.used ?? null;
  const dark: NightFact = {
    ...PLAIN,
    figure: used === null ? NONE : formatNumber(used * 100, 0),
    unit: used === null ? '' : '%',
    words: used === null ? darkWords(data) : `of the dark used, ${main?.instrument ?? ''}`,
  };
  return [
    frames,
    light,
    dark,
    sharpness(data, main),
    gapFact(report.instruments),
    waiting(data, base),
  ];
}

const PLAIN = { unit: '', url: '', isBad: false } as const;

/** The camera that looked at the sky for longest. */
function mainCamera(instruments: readonly InstrumentUse[]): InstrumentUse | undefined {
  return [...instruments].sort((a, b) => b.openSec - a.openSec || b.frames - a.frames)[0];
}

function darkWords({ report }: NightData): string {
  return report.skies.length === 0
    ? 'of the dark used: the site is not known'
    : 'there was no dark';
}

function sharpness({ report }: NightData, main: InstrumentUse | undefined): NightFact {
  const own = report.medians.filter(({ instrument }) => instrument === main?.instrument);
  const [most] = own.sort((a, b) => b.frames - a.frames);
  const inArcsec = most?.fwhmArcsec !== null;
  const value = most === undefined ? null : inArcsec ? most.fwhmArcsec : most.fwhmPx;
  const usual = most === undefined ? null : inArcsec ? most.usualFwhmArcsec : most.usualFwhmPx;
  const unit = inArcsec ? '″' : '\u202fpx';
  const filter = most?.filter ?? null;
  const of = filter === null ? '' : ` in ${filter}`;
  const beside =
    usual === null ? ', nothing to compare with' : `, usual ${formatNumber(usual, 1)}${unit}`;
  return {
    ...PLAIN,
    figure: value === null ? NONE : `${formatNumber(value, 1)}${inArcsec ? '″' : ''}`,
    unit: value === null || inArcsec ? '' : 'px',
    words: value === null ? 'median FWHM: nothing measured' : `median FWHM${of}${beside}`,
  };
}

function gapFact(instruments: readonly InstrumentUse[]): NightFact {
  const gaps = gapsOf(instruments);
  const [longest] = gaps;
  const isKnown = instruments.some((use) => use.gaps !== null);
  const figure = isKnown ? formatCount(gaps.length) : NONE;
  if (longest === undefined) return { ...PLAIN, figure, words: 'gaps between frames' };
  const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  const of = instruments.length > 1 ? `, ${longest.camera}` : '';
  const span = `${clock(longest.fromMs)}–${clock(longest.toMs)} UTC${of}`;
  return {
    ...PLAIN,
    figure,
    words: gaps.length === 1 ? `gap, ${span}` : `gaps, the longest ${span}`,
  };
}

function waiting({ report }: NightData, base: string): NightFact {
  const { refused } = report;
  if (refused !== null && refused.length > 0) {
    const words = 'quarantined: see reasons and repair';
    return {
      figure: formatCount(refused.length),
      unit: '',
      words,
      url: `${base}/quarantine/`,
      isBad: true,
    };
  }
  const doubtful = new Set(
    report.findings.filter(({ level }) => level !== 'note').map(({ frameId }) => frameId),
  ).size;
  return {
    ...PLAIN,
    figure: formatCount(doubtful),
    words: `${doubtful === 1 ? 'frame' : 'frames'} with something odd`,
    url: doubtful === 0 ? '' : '#findings',
  };
}

/** Whether a night is over: when the Sun is up again, or, where no site is known, the next noon. */
export function stateOf(data: NightData, now: number): NightState {
  const { report, rows } = data;
  const sky = mainSky(report.skies, data.shown)?.sky;
  const noonMs = Date.parse(`${report.night}T12:00:00Z`);
  const endMs = sky?.sunset.morningMs ?? sky?.toMs ?? noonMs + 24 * HOUR_MS;
  const last = rows.findLast(({ dateObsMs }) => dateObsMs !== null)?.dateObsMs ?? null;
  const when = last === null ? '' : `last frame ${new Date(last).toISOString().slice(11, 16)} UTC`;
  if (now >= endMs) return { word: 'complete', last: when, isOver: true };
  return { word: 'going on', last: when, isOver: false };
}

/** Sizes of the night, in bytes. */
export function sizesOf(data: NightData): { readonly all: number; readonly science: number } {
  const sums = groupBy(data.rows, ({ isScience }) => isScience);
  const sum = (isScience: boolean): number =>
    (sums.get(isScience) ?? []).reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  return { all: sum(true) + sum(false), science: sum(true) };
}
