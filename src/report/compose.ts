import { gapsOf, unusedOf, type CameraGap, type NightReport } from '../nights/index.js';
import {
  count,
  framesPath,
  line,
  listLine,
  withoutStop,
  type ReportLine,
  type Words,
} from './lines.js';
import { standingLines, type Standing } from './standing.js';

/** A night in about ten lines. */
export interface Report {
  readonly night: string;
  readonly subject: string;
  readonly lines: readonly ReportLine[];
}

/** Frames of one finding that are named. */
const NAMED_FRAMES = 2;
/** Stars this many times as wide as usual are worth a look. */
const BLURRED = 1.5;

/**
 * The night in about ten lines, those that need a hand marked.
 *
 * @param found undefined if there is nothing of it
 * @param standing null for those who may not see it
 */
export function composeReport(
  night: string,
  found: NightReport | undefined,
  standing: Standing | null,
): Report {
  const lines = [...nightLines(found), ...(standing === null ? [] : standingLines(standing))];
  const frames = found?.rows.length ?? 0;
  return {
    night,
    subject: `Night ${night}: ${count(frames, 'frame')}, ${verdictOf(lines)}`,
    lines,
  };
}

/** `nothing needs a hand`, `2 things to look at` */
export function verdictOf(lines: readonly ReportLine[]): string {
  const needs = lines.filter(({ needsHand }) => needsHand).length;
  return needs === 0 ? 'nothing needs a hand' : `${count(needs, 'thing')} to look at`;
}

function nightLines(found: NightReport | undefined): ReportLine[] {
  if (found === undefined) return [line('', ['No frame came.'], true)];
  if (found.rows.length === 0) return [line('', ['No frame came.'], true), ...refusedLines(found)];
  return [
    countLine(found),
    targetLine(found),
    darkLine(found),
    gapLine(found),
    ...unmeasuredLines(found),
    widthLine(found),
    findingLine(found),
    missingLine(found),
    ...refusedLines(found),
  ];
}

function countLine({ night, rows }: NightReport): ReportLine {
  const kinds = tally(rows.map(({ imageKind }) => imageKind));
  const told = kinds.flatMap(([kind, frames], at): Words[] => [
    at === 0 ? '' : ', ',
    { text: `${frames} ${kind}`, path: framesPath(night, { IMAGETYPE: kind }) },
  ]);
  const all = { text: String(rows.length), path: framesPath(night) };
  return line('Frames', [all, ' (', ...told, ').']);
}

function targetLine({ targets }: NightReport): ReportLine {
  if (targets.length === 0) return line('Targets', ['none.']);
  const told = targets.map(({ name, exposureSec }) => [
    { text: name, path: `targets/${encodeURIComponent(name)}/` },
    ` ${formatHours(exposureSec)}`,
  ]);
  return listLine('Targets', told);
}

function darkLine({ instruments, skies }: NightReport): ReportLine {
  const told = instruments.flatMap(({ instrument, used, openSec }) =>
    used === null ? [] : [[`${instrument} ${Math.round(used * 100)} % (${formatHours(openSec)})`]],
  );
  if (told.length > 0) return listLine('Used of the dark', told);
  const [sky] = skies;
  if (sky === undefined) {
    return line('Used of the dark', ['not known, since the site has no coordinates.']);
  }
  const why = (sky.sky.word ?? '').replace(/^[^:]*: /, '');
  return line('Used of the dark', [`it was not dark all night${why === '' ? '' : `: ${why}`}.`]);
}

function gapLine({ night, instruments, skies }: NightReport): ReportLine {
  if (instruments.length > 0 && instruments.every((each) => each.gaps === null)) {
    return line('Gaps in the dark', [`${skies.length === 0 ? 'not known' : 'there was no dark'}.`]);
  }
  const told = (gap: CameraGap, more: string): Words[] => {
    const { camera, fromMs, toMs } = gap;
    const text = `${camera} ${formatTime(fromMs)}–${formatTime(toMs)} UTC`;
    return [{ text, path: `nights/${night}/` }, more];
  };
  const gaps = gapsOf(instruments);
  const unused = unusedOf(instruments);
  const things = [
    ...gaps.map((gap) => told(gap, gap.why === null ? '' : `, ${gap.why}`)),
    ...unused.map((gap) => told(gap, `, ${edgeWords(gap)}`)),
  ];
  if (things.length === 0) return line('Gaps in the dark', ['none.']);
  const all = gaps.length === 0 ? [['none between frames'], ...things] : things;
  const needsHand = gaps.some((gap) => gap.needsHand);
  return listLine('Gaps in the dark', all, needsHand);
}

/** Why the dark before the first frame, or after the last one, is no gap. */
function edgeWords({ afterFrame, beforeFrame }: CameraGap): string {
  if (beforeFrame !== null) return 'before the first frame';
  return afterFrame === null ? 'no frame in the dark' : 'after the last frame';
}

/** Says that the lines below are not the whole truth. */
function unmeasuredLines({ night, rows, unmeasured }: NightReport): ReportLine[] {
  if (unmeasured === null || unmeasured === 0) return [];
  const text = `${unmeasured} of ${count(rows.length, 'frame')}`;
  return [line('Not measured yet', [{ text, path: framesPath(night) }, '.'], true)];
}

function widthLine({ night, medians }: NightReport): ReportLine {
  const measured = medians.flatMap((each) => {
    const { instrument, filter, fwhmArcsec, fwhmPx, usualFwhmArcsec, usualFwhmPx } = each;
    const [value, usual, unit] =
      fwhmArcsec === null
        ? ([fwhmPx, usualFwhmPx, ' px'] as const)
        : ([fwhmArcsec, usualFwhmArcsec, '″'] as const);
    if (value === null) return [];
    const beside = usual === null ? '' : ` (usual ${usual.toFixed(1)}${unit})`;
    const text = `${instrument} ${filter ?? 'no filter'} ${value.toFixed(1)}${unit}${beside}`;
    return [{ text, isBlurred: usual !== null && value > BLURRED * usual }];
  });
  if (measured.length === 0) return line('FWHM', ['nothing measured.']);
  return listLine(
    'FWHM',
    measured.map(({ text }) => [{ text, path: `nights/${night}/#quality` }]),
    measured.some(({ isBlurred }) => isBlurred),
  );
}

function findingLine({ night, rows, findings, unmeasured }: NightReport): ReportLine {
  const serious = findings.filter(({ level }) => level !== 'note');
  if (serious.length === 0) return line('Findings', [`${noneFound(rows.length, unmeasured)}.`]);
  const nameOf = new Map(rows.map(({ id, basename }) => [id, basename]));
  const told = tally(serious.map(({ code }) => code)).map(([code, frames]) => {
    const ids = serious.filter((each) => each.code === code).map(({ frameId }) => frameId);
    const more = ids.length - NAMED_FRAMES;
    const named = ids.slice(0, NAMED_FRAMES).flatMap((id, at): Words[] => {
      return [at === 0 ? '' : ', ', { text: nameOf.get(id) ?? '', path: `frames/${id}/` }];
    });
    const all = { text: `${frames} ${code}`, path: framesPath(night, { finding: code }) };
    return [all, ' (', ...named, more > 0 ? `, ${more} more)` : ')'];
  });
  return listLine('Findings', told, true);
}

/** Of frames that nobody has measured nothing was found, which does not say that they are good. */
function noneFound(frames: number, unmeasured: number | null): string {
  if (unmeasured === null) return 'none, but frames are not measured (MEASURE=false)';
  if (unmeasured === 0) return 'none';
  return unmeasured >= frames ? 'not known yet' : 'none of the frames that are measured';
}

function missingLine({ night, missing }: NightReport): ReportLine {
  if (missing.length === 0) return line('Calibrations', ['none is missing.']);
  const path = `nights/${night}/#calibrations`;
  return listLine(
    'Calibrations',
    missing.map(({ text }) => [{ text, path }]),
    true,
  );
}

function refusedLines({ refused }: NightReport): ReportLine[] {
  if (refused === null) return [];
  if (refused.length === 0) return [line('Refused uploads', ['none.'])];
  const told = refused.map(({ uploadName, reason }) => {
    return [{ text: uploadName, path: 'quarantine/' }, ` (${withoutStop(reason)})`];
  });
  const [first = [], ...others] = told;
  return [listLine('Refused uploads', [[`${refused.length}: `, ...first], ...others], true)];
}

/** The most frequent first. */
function tally<T extends string>(words: readonly T[]): [T, number][] {
  const counts = new Map<T, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function formatHours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1)} h`;
}

function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}
