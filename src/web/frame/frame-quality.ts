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
  const { ranks, fwhmArcsec } = measures;
  const plain = (value: number): string => formatNumber(round(value));
  const facts: readonly Measure<keyof typeof ranks>[] = [
    ['FWHM', 'fwhm', measures.fwhmPx, (px) => widthOf(fwhmArcsec, px)],
    ['Half flux', 'hfr', measures.hfrPx, (px) => `${plain(px)} px`],
    ['Elongation', 'elongation', measures.elongation, plain],
    ['Stars', 'stars', measures.stars, formatCount],
    ['Background', 'background', measures.background, plain],
    ['Gradient', 'backgroundGradient', measures.backgroundGradient, percent],
    ['Noise', 'noise', measures.noise, plain],
    ['Saturated', 'saturated', measures.saturatedFraction, percent],
    ['Hot pixels', 'hotPixels', measures.hotPixels, formatCount],
    ['Transparency', 'transparency', measures.transparency, percent],
  ];
  return facts.flatMap(([label, name, value, format]) =>
    value === null ? [] : [{ label, text: withRank(format(value), ranks[name]) }],
  );
}

/** What a measure is called, its rank, its value, and how that is told. */
type Measure<Name> = readonly [
  label: string,
  rank: Name,
  value: number | null,
  format: (value: number) => string,
];

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
