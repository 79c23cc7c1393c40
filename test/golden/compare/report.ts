/** What was compared in one file: one line of the table that the suite prints. */
export interface Findings {
  readonly path: string;
  /** Format and container, or why the file is refused. */
  readAs: string;
  hdus: number;
  headers: Count;
  images: Count;
  tables: Count;
  sums: Count;
  wcs: Count;
  /** Greatest distance, arcseconds. */
  worstArcsec: number | undefined;
  /** What differs; [] if all is equal. */
  readonly problems: string[];
  /** What is not as usual, and why it may be so. */
  readonly notes: string[];
}

/** How many were compared, and how many of them were equal. */
export interface Count {
  readonly compared: number;
  readonly equal: number;
}

const NONE: Count = { compared: 0, equal: 0 };

export function newFindings(path: string): Findings {
  const counts = { headers: NONE, images: NONE, tables: NONE, sums: NONE, wcs: NONE };
  const rest = { readAs: '', hdus: 0, worstArcsec: undefined, problems: [], notes: [] };
  return { path: path.replace(/^files\//, ''), ...counts, ...rest };
}

export type Counted = 'headers' | 'images' | 'tables' | 'sums' | 'wcs';

/** Counts one comparison with what differs in it. */
export function record(
  findings: Findings,
  what: Counted,
  index: number,
  problems: readonly string[],
): void {
  const { compared, equal } = findings[what];
  const isEqual = problems.length === 0;
  findings[what] = { compared: compared + 1, equal: equal + (isEqual ? 1 : 0) };
  findings.problems.push(...problems.map((text) => `HDU ${index}, ${what}: ${text}`));
}

/** All findings as a table, and the sums of its columns. */
export function formatReport(all: readonly Findings[]): string {
  const lines = [
    line('file', 'read as', 'HDUs', ['headers', 'images', 'tables', 'sums', 'WCS', '″'], 'verdict'),
    ...all.map(formatFindings),
    line(
      `${all.length} files`,
      '',
      String(total(all, ({ hdus }) => hdus)),
      [...COUNTED.map((what) => totalOf(all, what)), formatArcsec(worst(all))],
      `${all.filter(({ problems }) => problems.length > 0).length} differ`,
    ),
  ];
  return `\n${lines.join('\n')}\n`;
}

const COUNTED: readonly Counted[] = ['headers', 'images', 'tables', 'sums', 'wcs'];

/** How many there are of something in all files. */
export function countOf(all: readonly Findings[], what: Counted): number {
  return total(all, (findings) => findings[what].compared);
}

function formatFindings(findings: Findings): string {
  const { path, readAs, hdus, problems, notes } = findings;
  const verdict = problems.length > 0 ? `DIFFERS: ${problems[0]?.slice(0, 200) ?? ''}` : 'equal';
  const isRefused = hdus === 0;
  const numbers = [
    ...COUNTED.map((what) => formatCount(findings[what])),
    formatArcsec(findings.worstArcsec),
  ];
  const all = [isRefused && problems.length === 0 ? 'refused' : verdict, ...new Set(notes)];
  return line(path, readAs, isRefused ? '' : String(hdus), numbers, all.join('; '));
}

function line(
  path: string,
  readAs: string,
  hdus: string,
  numbers: readonly string[],
  verdict: string,
): string {
  const columns = numbers.map((text) => text.padStart(8)).join('');
  return `${path.padEnd(62)} ${readAs.padEnd(17)}${hdus.padStart(5)}${columns}  ${verdict}`;
}

const formatCount = ({ compared, equal }: Count): string =>
  compared === 0 ? '-' : `${equal}/${compared}`;

const formatArcsec = (arcsec: number | undefined): string =>
  arcsec === undefined ? '-' : arcsec.toExponential(0);

const total = (all: readonly Findings[], of: (findings: Findings) => number): number =>
  all.reduce((sum, findings) => sum + of(findings), 0);

const totalOf = (all: readonly Findings[], what: Counted): string =>
  formatCount({ compared: countOf(all, what), equal: total(all, (each) => each[what].equal) });

const worst = (all: readonly Findings[]): number =>
  Math.max(0, ...all.map(({ worstArcsec }) => worstArcsec ?? 0));
