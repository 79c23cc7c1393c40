import type { NightReport } from '../nights/index.js';

/** How the archive stands, as far as it matters on the morning after a night. */
export interface Standing {
  /** `1.5 of 20.0 GiB`. */
  readonly room: string;
  readonly isLow: boolean;
  /** Stored files that the audit found damaged or missing. */
  readonly damagedFiles: number;
  /** Null without back-ups. */
  readonly backup: { readonly isOverdue: boolean; readonly error: string | null } | null;
}

export interface ReportLine {
  readonly text: string;
  /** Whether somebody has to do something. */
  readonly needsHand: boolean;
}

/** A night in about ten lines. */
export interface Report {
  readonly night: string;
  readonly subject: string;
  readonly lines: readonly ReportLine[];
}

/** Things that are named in a line; of the others it is told how many. */
const NAMED = 4;
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
  const needs = lines.filter(({ needsHand }) => needsHand).length;
  const end = needs === 0 ? 'nothing needs a hand' : `${count(needs, 'thing')} to look at`;
  return { night, subject: `Night ${night}: ${count(frames, 'frame')}, ${end}`, lines };
}

function nightLines(found: NightReport | undefined): ReportLine[] {
  if (found === undefined) return [line('No frame came.', true)];
  if (found.rows.length === 0) return [line('No frame came.', true), ...refusedLines(found)];
  return [
    countLine(found),
    targetLine(found),
    darkLine(found),
    gapLine(found),
    widthLine(found),
    findingLine(found),
    missingLine(found),
    ...refusedLines(found),
  ];
}

function countLine({ rows }: NightReport): ReportLine {
  const kinds = tally(rows.map(({ imageKind }) => imageKind));
  const told = kinds.map(([kind, frames]) => `${frames} ${kind}`).join(', ');
  return line(`Frames: ${rows.length} (${told}).`);
}

function targetLine({ targets }: NightReport): ReportLine {
  if (targets.length === 0) return line('Targets: none.');
  const told = targets.map(({ name, exposureSec }) => `${name} ${formatHours(exposureSec)}`);
  return line(`Targets: ${listed(told)}.`);
}

function darkLine({ instruments }: NightReport): ReportLine {
  const told = instruments.flatMap(({ instrument, used, openSec }) =>
    used === null ? [] : [`${instrument} ${Math.round(used * 100)} % (${formatHours(openSec)})`],
  );
  if (told.length > 0) return line(`Used of the dark: ${listed(told)}.`);
  return line('Used of the dark: not known, since the site has no coordinates.');
}

function gapLine({ instruments }: NightReport): ReportLine {
  const gaps = instruments.flatMap(({ instrument, gaps }) =>
    (gaps ?? []).map((gap) => ({ ...gap, instrument })),
  );
  if (instruments.length > 0 && instruments.every((each) => each.gaps === null)) {
    return line('Gaps in the dark: not known.');
  }
  if (gaps.length === 0) return line('Gaps in the dark: none.');
  const told = [...gaps]
    .sort((a, b) => b.minutes - a.minutes)
    .map(({ instrument, fromMs, toMs, why }) => {
      const because = why === null ? '' : `, ${why}`;
      return `${instrument} ${formatTime(fromMs)}–${formatTime(toMs)} UTC${because}`;
    });
  // Clouds explain themselves.
  return line(
    `Gaps in the dark: ${listed(told)}.`,
    gaps.some(({ why }) => why === null),
  );
}

function widthLine({ medians }: NightReport): ReportLine {
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
  if (measured.length === 0) return line('FWHM: nothing measured.');
  const text = `FWHM: ${listed(measured.map((each) => each.text))}.`;
  return line(
    text,
    measured.some(({ isBlurred }) => isBlurred),
  );
}

function findingLine({ findings }: NightReport): ReportLine {
  const serious = findings.filter(({ level }) => level !== 'note');
  if (serious.length === 0) return line('Findings: none.');
  const told = tally(serious.map(({ code }) => code)).map(([code, frames]) => `${frames} ${code}`);
  return line(`Findings: ${listed(told)}.`, true);
}

function missingLine({ missing }: NightReport): ReportLine {
  if (missing.length === 0) return line('Calibrations: none is missing.');
  return line(`Calibrations: ${listed(missing.map(({ text }) => text))}.`, true);
}

function refusedLines({ refused }: NightReport): ReportLine[] {
  if (refused === null) return [];
  if (refused.length === 0) return [line('Refused uploads: none.')];
  const told = refused.map(({ uploadName, reason }) => `${uploadName} (${withoutStop(reason)})`);
  return [line(`Refused uploads: ${refused.length}: ${listed(told)}.`, true)];
}

function standingLines({ room, isLow, damagedFiles, backup }: Standing): ReportLine[] {
  const files =
    damagedFiles === 0
      ? line('Stored files: none is known to be damaged.')
      : line(`Stored files: ${damagedFiles} damaged or missing; see \`platevault check\`.`, true);
  return [line(`Room: ${room} free.`, isLow), files, backupLine(backup)];
}

function backupLine(backup: Standing['backup']): ReportLine {
  if (backup === null) return line('Back-ups: none are made by themselves.');
  if (backup.error !== null) return line(`Back-ups: ${withoutStop(backup.error)}.`, true);
  return backup.isOverdue ? line('Back-ups: overdue.', true) : line('Back-ups: up to date.');
}

function line(text: string, needsHand = false): ReportLine {
  return { text, needsHand };
}

function count(number: number, noun: string): string {
  const told = number === 0 ? 'no' : String(number);
  return `${told} ${noun}${number === 1 ? '' : 's'}`;
}

/** The most frequent first. */
function tally(words: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function listed(things: readonly string[]): string {
  const more = things.length - NAMED;
  return [...things.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])].join('; ');
}

function formatHours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1)} h`;
}

function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}

function withoutStop(text: string): string {
  return text.replace(/[.\s]+$/, '');
}
