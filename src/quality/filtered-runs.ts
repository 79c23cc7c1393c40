import type { Parts, Runs } from './runs.js';

/** Works out runs of a filtered row from sums over boxes of one column and w rows. */
export interface RunFilter {
  /**
   * Fills `values` along runs, with the background that is in the lines.
   *
   * @param lineAt the sums that end so many lines after the row: -1 … w - 1
   */
  fill(runs: Runs, values: Float64Array, options: FillOptions): void;
}

interface FillOptions {
  readonly lineAt: (after: number) => Float64Array;
  /** Of the row before, which was the last that was filled. */
  readonly before: Runs | undefined;
}

interface Room {
  readonly taps: number;
  /** Sums of all lines, column by column, and of those along a row once. */
  readonly columns: Float64Array;
  readonly once: Float64Array;
  /** Parts of a line of which the columns are known from the row before, and others. */
  readonly known: Parts;
  readonly fresh: Parts;
}

/** @param length places of a line: those of a row and w - 1 on both sides */
export function createRunFilter(length: number, taps: number): RunFilter {
  const room: Room = {
    taps,
    columns: new Float64Array(length),
    once: new Float64Array(length),
    known: { ends: new Int32Array(2 * length), count: 0 },
    fresh: { ends: new Int32Array(2 * length), count: 0 },
  };
  return {
    fill(runs, values, { lineAt, before }) {
      compare(runs, before, room);
      addColumns(room, lineAt);
      addAlong(room, runs, values);
    },
  };
}

type Line = Float64Array;

/** Columns that were added up for the row before lose a line and take another. */
function addColumns({ taps, columns, known, fresh }: Room, lineAt: (after: number) => Line): void {
  exchange(columns, { entering: lineAt(taps - 1), leaving: lineAt(-1) }, known);
  let line = 0;
  for (; line + 4 <= taps; line += 4) {
    const four = [lineAt(line), lineAt(line + 1), lineAt(line + 2), lineAt(line + 3)] as const;
    addFour(columns, four, { parts: fresh, isFirst: line === 0 });
  }
  for (; line < taps; line += 1) {
    addOne(columns, lineAt(line), { parts: fresh, isFirst: line === 0 });
  }
}

/** Tells the parts of runs, as far as they reach, that belonged to those of before. */
function compare(runs: Runs, before: Runs | undefined, { taps, known, fresh }: Room): void {
  const reach = 2 * (taps - 1);
  known.count = 0;
  fresh.count = 0;
  const old = before?.count ?? 0;
  let other = 0;
  for (let run = 0; run < runs.count; run += 2) {
    const end = (runs.ends[run + 1] ?? 0) + reach;
    let place = runs.ends[run] ?? 0;
    while (place < end) {
      while (other < old && (before?.ends[other + 1] ?? 0) + reach <= place) other += 2;
      const start = other < old ? Math.max(place, before?.ends[other] ?? 0) : end;
      if (start > place) addPart(fresh, place, Math.min(start, end));
      if (start >= end) break;
      place = Math.min(end, (before?.ends[other + 1] ?? 0) + reach);
      addPart(known, start, place);
    }
  }
}

function addPart(parts: Parts, start: number, end: number): void {
  parts.ends[parts.count] = start;
  parts.ends[parts.count + 1] = end;
  parts.count += 2;
}

function exchange(
  columns: Line,
  { entering, leaving }: { entering: Line; leaving: Line },
  { count, ends }: Parts,
): void {
  for (let part = 0; part < count; part += 2) {
    const end = ends[part + 1] ?? 0;
    for (let at = ends[part] ?? 0; at < end; at += 1) {
      columns[at] = (columns[at] ?? 0) + (entering[at] ?? 0) - (leaving[at] ?? 0);
    }
  }
}

function addFour(
  columns: Line,
  [one, two, three, four]: readonly [Line, Line, Line, Line],
  { parts: { count, ends }, isFirst }: { parts: Parts; isFirst: boolean },
): void {
  for (let part = 0; part < count; part += 2) {
    const end = ends[part + 1] ?? 0;
    for (let at = ends[part] ?? 0; at < end; at += 1) {
      const sum = (one[at] ?? 0) + (two[at] ?? 0) + ((three[at] ?? 0) + (four[at] ?? 0));
      columns[at] = isFirst ? sum : (columns[at] ?? 0) + sum;
    }
  }
}

function addOne(
  columns: Line,
  line: Line,
  { parts: { count, ends }, isFirst }: { parts: Parts; isFirst: boolean },
): void {
  for (let part = 0; part < count; part += 2) {
    const end = ends[part + 1] ?? 0;
    for (let at = ends[part] ?? 0; at < end; at += 1) {
      const sum = line[at] ?? 0;
      columns[at] = isFirst ? sum : (columns[at] ?? 0) + sum;
    }
  }
}

/** Running sums along each run, twice. */
function addAlong({ columns, once, taps }: Room, { count, ends }: Runs, values: Line): void {
  const pads = taps - 1;
  for (let run = 0; run < count; run += 2) {
    const start = ends[run] ?? 0;
    const end = (ends[run + 1] ?? 0) + 2 * pads;
    let box = 0;
    for (let at = start; at < start + pads; at += 1) box += columns[at] ?? 0;
    let sum = 0;
    for (let at = start + pads; at < end; at += 1) {
      box += columns[at] ?? 0;
      once[at] = box;
      sum += box;
      box -= columns[at - pads] ?? 0;
      if (at < start + 2 * pads) continue;
      values[at - 2 * pads] = sum;
      sum -= once[at - pads] ?? 0;
    }
  }
}
