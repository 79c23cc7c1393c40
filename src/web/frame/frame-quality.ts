import { may } from '../../auth/index.js';
import {
  findMeasures,
  FLAGS,
  listFindings,
  listVisibleMarks,
  MAX_TAG,
  type Frame,
  type FrameMeasures,
  type StoredFinding,
  type Viewer,
} from '../../catalog/index.js';
import type { Fact } from './frame-file.js';
import type { Told } from './frame-said.js';
import type { Web } from '../page.js';
import { formatCount, formatDateTime, formatNumber } from '../render.js';

/** How a finding looks: as the findings of a check do. */
const LOOKS: Readonly<Record<StoredFinding['level'], { icon: string; style: string }>> = {
  error: { icon: 'bad', style: 'is-error' },
  warning: { icon: 'warn', style: 'is-warning' },
  note: { icon: 'warn', style: 'is-note' },
};

const FLAG_ICONS = { good: 'tick', doubtful: 'warn', bad: 'bad' } as const;

/** What was measured of a frame, what was found out, and what people took it for, with the forms for that. */
export async function toQuality({ services, base }: Web, frame: Frame, viewer: Viewer, told: Told) {
  const { read } = services.catalog;
  const [measures, findings, marks] = await Promise.all([
    findMeasures(read, frame.id),
    listFindings(read, frame.id),
    listVisibleMarks(services.catalog, frame, viewer),
  ]);
  const url = `${base}/frames/${frame.id}/`;
  const mayMark = may(viewer, 'upload');
  const signed = ({ by, atMs }: { by: string; atMs: number }): string =>
    by === '' ? '' : `${by}, ${formatDateTime(atMs)} UTC`;
  return {
    told: told.form === 'mark' ? told : null,
    measures,
    facts: measures === undefined ? [] : toFacts(measures),
    isMeasured: measures !== undefined,
    findings: findings.map(({ level, text }) => ({ text, ...LOOKS[level] })),
    flags: FLAGS.map((flag, at) => {
      const isGiven = marks.flag?.value === flag;
      return { flag, key: String(at + 1), icon: FLAG_ICONS[flag], isGiven };
    }),
    flag: marks.flag === null ? null : { flag: marks.flag.value, signed: signed(marks.flag) },
    tags: marks.tags.map((tag) => ({
      tag: tag.value,
      signed: signed(tag),
      url: `${base}/frames/?${new URLSearchParams({ tag: tag.value }).toString()}`,
    })),
    maxTag: MAX_TAG,
    markUrl: mayMark ? `${url}mark/` : '',
  };
}

/** Measures that make sense, in words; with the rank where it is known. */
function toFacts(measures: FrameMeasures): Fact[] {
  const { ranks, stars, fwhmArcsec, fwhmPx, hfrPx, elongation, background, noise } = measures;
  const { saturatedFraction, hotPixels, transparency, backgroundGradient } = measures;
  const facts: (readonly [label: string, text: string | null])[] = [
    ['FWHM', fwhmPx === null ? null : withRank(widthOf(fwhmArcsec, fwhmPx), ranks.fwhm)],
    ['Half flux', hfrPx === null ? null : `${formatNumber(round(hfrPx))} px`],
    [
      'Elongation',
      elongation === null ? null : withRank(formatNumber(round(elongation)), ranks.elongation),
    ],
    ['Stars', stars === null ? null : withRank(formatCount(stars), ranks.stars)],
    [
      'Background',
      background === null ? null : withRank(formatNumber(round(background)), ranks.background),
    ],
    ['Gradient', backgroundGradient === null ? null : percent(backgroundGradient)],
    ['Noise', noise === null ? null : withRank(formatNumber(round(noise)), ranks.noise)],
    ['Saturated', saturatedFraction === null ? null : percent(saturatedFraction)],
    ['Hot pixels', hotPixels === null ? null : formatCount(hotPixels)],
    ['Transparency', transparency === null ? null : percent(transparency)],
  ];
  return facts.flatMap(([label, text]) => (text === null ? [] : [{ label, text }]));
}

function widthOf(arcsec: number | null, px: number): string {
  const pixels = `${formatNumber(round(px))} px`;
  return arcsec === null ? pixels : `${formatNumber(round(arcsec))}″ (${pixels})`;
}

/** `3.1, above 80 % of the usual`. */
function withRank(text: string, rank: number | null): string {
  return rank === null ? text : `${text}, above ${rank} % of the usual`;
}

function percent(share: number): string {
  return share === 0 ? NONE_AT_ALL : `${formatNumber(round(100 * share))} %`;
}

const NONE_AT_ALL = '0 %';

/** Three digits: no measure is better than that. */
function round(value: number): number {
  return Number(value.toPrecision(Math.abs(value) >= 1000 ? 4 : 3));
}
