import type { NightDetail, NightRow } from '../../catalog/index.js';
import { cameraKey, type NightReport } from '../../nights/index.js';
import { barType } from '../roll/lanes.js';
import type { Web } from '../page.js';

/** A frame of the night with all that the page shows of it. */
export interface NightFrameRow extends NightRow, NightDetail {
  /** What people call it within the night: `0107`. */
  readonly number: string;
  /** The name of its target, all spellings as one; '' if it has none. */
  readonly target: string;
  readonly isScience: boolean;
  /** Of raw and reduced frames of one camera the raw ones: each light once. */
  readonly isShown: boolean;
  /** What is odd about it: texts of its findings that are more than notes. */
  readonly doubts: readonly { readonly code: string; readonly text: string }[];
}

/** What the parts of the page are made from. */
export interface NightData {
  readonly base: string;
  readonly night: string;
  readonly report: NightReport;
  /** In order of time; those without a date last. */
  readonly rows: readonly NightFrameRow[];
  /** Those that are shown on the timeline and summed up. */
  readonly shown: readonly NightFrameRow[];
}

/** Joins what is told of a night with what plots and pictures need; frames of which one tells alone are left out. */
export function joinNight(
  { base }: Pick<Web, 'base'>,
  report: NightReport,
  details: ReadonlyMap<number, NightDetail>,
): NightData {
  const nameOf = new Map(
    report.targets.flatMap(({ name, names }) => names.map((each) => [each, name] as const)),
  );
  const levels = new Map<string, number>();
  for (const row of report.rows) {
    const key = cameraKey(row);
    levels.set(key, Math.min(levels.get(key) ?? Infinity, row.reductionLevel));
  }
  const doubts = new Map<number, { readonly code: string; readonly text: string }[]>();
  for (const { frameId, level, code, text } of report.findings) {
    if (level !== 'note') doubts.set(frameId, [...(doubts.get(frameId) ?? []), { code, text }]);
  }
  const rows = report.rows.flatMap((row): NightFrameRow[] => {
    const detail = details.get(row.id);
    if (detail === undefined) return []; // deleted since
    return [
      {
        ...row,
        ...detail,
        number: shortName(row.basename),
        target: row.object === null ? '' : (nameOf.get(row.object) ?? row.object),
        isScience: barType(row.imageKind) === 'light',
        isShown: row.reductionLevel === levels.get(cameraKey(row)),
        doubts: doubts.get(row.id) ?? [],
      },
    ];
  });
  return { base, night: report.night, report, rows, shown: rows.filter(({ isShown }) => isShown) };
}

/** The number within a name, as people read it out: the last of three to six digits, else all of it. */
export function shortName(basename: string): string {
  return basename.match(/(?<!\d)\d{3,6}(?!\d)/g)?.at(-1) ?? basename;
}

/** Address of the frames of a night, narrowed by filters of the list. */
export function listOf(
  { base, night }: Pick<NightData, 'base' | 'night'>,
  filters: Readonly<Record<string, string>> = {},
): string {
  return `${base}/frames/?${new URLSearchParams({ night, ...filters }).toString()}`;
}
