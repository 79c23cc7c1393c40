import { groupBy } from '../../lib/groups.js';
import { formatInstant } from '../../lib/time.js';
import type { Gap } from '../../nights/index.js';
import { countOf, formatCount, formatDuration, kindLabel } from '../render.js';
import { endOf, startOf, type RollBar, type RollCamera } from '../roll/lanes.js';
import { barClass } from '../roll/mini.js';
import { round, type Scale } from '../roll/scale.js';
import { listOf, type NightData, type NightFrameRow } from './data.js';
import { barWords, formatSeconds } from './words.js';

/** Pixels: room for the brackets above the rows, one more line of names, a row, and a bar in it. */
const BRACKETS = 30;
const LINE = 13;
const ROW = 17;
const BAR = 11;
const TICK = 6;
/** Between two bars that touch, per cent: a pixel. */
const SEAM = 0.08;
/** Width that texts are laid out for, and those of letters in bold and in plain; pixels. */
const USUAL_WIDTH = 1250;
const LETTER = 7;
const SMALL_LETTER = 6.1;
/** Between a name and the next, pixels. */
const NAME_GAP = 8;
/** Lines of names over the brackets of a camera, and the fewest letters that a cut name has. */
const MOST_LINES = 3;
const LEAST_LETTERS = 3;
/** Letters beside the drawing: names above the rows have its whole width, beside them half of it. */
const LONGEST_NAME = 15;
const LONGEST_BESIDE = 9;
const LONGEST_ROW = 5;
/** A gap that its time can be written into, pixels. */
const LEAST_WRITTEN = 46;
const WIDE_GAP = 110;
const LEAST_TOLD = 150;

/** One camera: x and widths in per cent, y and heights in pixels. */
export interface Lane {
  readonly y: number;
  readonly height: number;
  /** As much of the name as there is room for, and where it stands. */
  readonly name: { readonly text: string; readonly y: number };
  readonly lines: readonly { readonly y: number; readonly text: string }[];
  readonly rows: readonly {
    readonly y: number;
    readonly label: string;
    readonly slot: string;
    readonly isCal: boolean;
  }[];
  readonly bars: readonly Bar[];
  readonly brackets: readonly Bracket[];
  readonly captions: readonly { readonly x: number; readonly y: number; readonly text: string }[];
  readonly gaps: readonly LaneGap[];
}

interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly className: string;
  readonly url: string;
  /** Name, target, filter and exposure, start, what is odd: parted by ` · `. */
  readonly label: string;
  /** Id of the frame, and the bytes its small picture is of; '' for runs. */
  readonly id: string;
  readonly sha: string;
  readonly mark: 'doubtful' | 'bad' | '';
  readonly middle: number;
}

interface Bracket {
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
  readonly name: string;
  readonly what: string;
  /** Where the words stand: a line leads up to those that have others below them. */
  readonly textY: number;
}

interface LaneGap {
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
  readonly middle: number;
  /** False for dark at the ends of the night, which is not a gap between frames. */
  readonly isHatched: boolean;
  readonly texts: readonly { readonly y: number; readonly text: string }[];
}

/** Lays out a camera. @param at where it begins, and how long a gap is at least */
export function makeLane(
  data: NightData,
  camera: RollCamera<NightFrameRow>,
  scale: Scale,
  at: { readonly y: number; readonly leastMinutes: number },
): Lane {
  const { y } = at;
  const { telescope, instrument, exposures } = camera;
  const names = nameRuns(exposures, scale);
  const lines = names.reduce((most, { line }) => Math.max(most, line), 0);
  const head = BRACKETS + lines * LINE;
  const top = y + head;
  const rowY = (index: number): number => top + index * ROW;
  const height = head + camera.rows.length * ROW;
  const name = instrument === '' ? 'no camera name' : instrument;
  return {
    y,
    height,
    name: {
      text: cut(name, LONGEST_NAME),
      y: name.length > LONGEST_BESIDE ? top - 6 : top + 9,
    },
    lines: [telescope, countLine(exposures.length)]
      .filter((text) => text !== '')
      .map((text, index) => ({ y: top + 9 + 15 * (index + 1), text: cut(text, LONGEST_BESIDE) })),
    rows: camera.rows.map(({ label, slot, isCal }, index) => ({
      y: rowY(index) + ROW / 2,
      label: cut(label, LONGEST_ROW),
      slot,
      isCal,
    })),
    bars: camera.rows.flatMap((row, index) => row.bars.map((bar) => toBar(data, bar, rowY(index)))),
    brackets: names.map(({ x1, x2, name: text, what, line }) => {
      const bracketY = top - LINE;
      return { x1, x2, y: bracketY, name: text, what, textY: bracketY - 4 - line * LINE };
    }),
    captions: captionsOf(camera, scale, { y: top - BRACKETS, rowY }),
    gaps: gapsOf(data, camera, scale, { top: top - BRACKETS + 10, bottom: y + height, ...at }),
  };
}

/** The room beside the rows is that of three figures and the word. */
function countLine(frames: number): string {
  const words = countOf(frames, 'frame');
  return words.length > LONGEST_BESIDE ? `${formatCount(frames)} fr.` : words;
}

function toBar(data: NightData, bar: RollBar<NightFrameRow>, rowY: number): Bar {
  const { exposures, type } = bar;
  const [first] = exposures;
  const isOne = exposures.length === 1;
  const height = type === 'bias' || type === 'test' ? TICK : BAR;
  const width = bar.width > 4 * SEAM ? bar.width - SEAM : bar.width;
  return {
    x: bar.x,
    y: rowY + (ROW - height) / 2,
    width: round(width),
    height,
    className: barClass(bar),
    url:
      isOne && first !== undefined ? `${data.base}/frames/${first.id}/` : runUrl(data, exposures),
    label: barWords(exposures),
    id: isOne && first !== undefined ? String(first.id) : '',
    sha: isOne && first !== undefined ? first.sha256.slice(0, 12) : '',
    mark: markOf(exposures),
    middle: round(bar.x + width / 2),
  };
}

/** What people say counts before what the archive finds. */
function markOf(rows: readonly NightFrameRow[]): Bar['mark'] {
  if (rows.some(({ flag }) => flag === 'bad')) return 'bad';
  const isDoubtful = ({ flag, doubts }: NightFrameRow): boolean =>
    flag === 'doubtful' || (flag !== 'good' && doubts.length > 0);
  return rows.some(isDoubtful) ? 'doubtful' : '';
}

/** The frames of a run as a list. */
function runUrl(data: NightData, run: readonly NightFrameRow[]): string {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return listOf(data);
  return listOf(data, {
    INSTRUMENT: first.instrument,
    ...(first.filter === null ? {} : { FILTER: first.filter }),
    start: formatInstant(startOf(first)),
    end: formatInstant(startOf(last)),
  });
}

/** As many letters as there is room for. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

/** A run of one target with the words that stand over its bracket; x in per cent. */
export interface NamedRun {
  readonly x1: number;
  readonly x2: number;
  readonly name: string;
  readonly what: string;
  /** 0 stands directly over the bracket, 1 above that. */
  readonly line: number;
}

/** Runs of one target, each with its place across and what was taken. */
function runsOf(exposures: readonly NightFrameRow[], scale: Scale) {
  const runs: NightFrameRow[][] = [];
  for (const row of exposures) {
    if (!row.isScience || row.target === '') continue;
    if (runs.at(-1)?.at(-1)?.target === row.target) runs.at(-1)?.push(row);
    else runs.push([row]);
  }
  return runs.flatMap((run) => {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) return [];
    const seconds = formatSeconds(run.map(({ exposureSec }) => exposureSec));
    return [
      {
        x1: scale.xOf(startOf(first)),
        x2: scale.xOf(endOf(last)),
        name: first.target,
        what: `${run.length} × ${seconds}`,
      },
    ];
  });
}

/**
 * Over each run of one target its name, and what was taken if there is room for it. Laid out from the
 * right: a name that would run into the next ones stands a line above them, so that what leads up to it
 * crosses none.
 */
export function nameRuns(exposures: readonly NightFrameRow[], scale: Scale): NamedRun[] {
  const pixelsOf = (percent: number): number => (percent / 100) * USUAL_WIDTH;
  const placed: NamedRun[] = [];
  for (const run of runsOf(exposures, scale).reverse()) {
    const from = pixelsOf(run.x1);
    /** Free pixels to the right, on a line. */
    const roomOn = (line: number): number => {
      const over = placed.filter((each) => each.name !== '' && each.line >= line);
      const next = over.reduce((least, { x1 }) => Math.min(least, pixelsOf(x1)), USUAL_WIDTH);
      return next - from - NAME_GAP;
    };
    const lines = Array.from({ length: MOST_LINES }, (_, line) => line);
    const line = lines.find((each) => roomOn(each) >= run.name.length * LETTER) ?? MOST_LINES - 1;
    const letters = Math.floor(roomOn(line) / LETTER);
    const name = letters < LEAST_LETTERS ? '' : cut(run.name, letters);
    const full = name.length * LETTER + run.what.length * SMALL_LETTER + NAME_GAP;
    const hasWhat = name === run.name && roomOn(line) >= full;
    placed.push({ ...run, name, what: hasWhat ? run.what : '', line: name === '' ? 0 : line });
  }
  return placed.reverse();
}

/** What bars without a target are: `Sky flats`, `10 bias`. */
function captionsOf(
  camera: RollCamera<NightFrameRow>,
  scale: Scale,
  { y, rowY }: { readonly y: number; readonly rowY: (index: number) => number },
): Lane['captions'] {
  const captions: { readonly x: number; readonly y: number; readonly text: string }[] = [];
  const [flat] = camera.exposures.filter(({ imageKind }) => /flat/.test(imageKind));
  if (flat !== undefined) {
    const text = flat.imageKind === 'skyflat' ? 'Sky flats' : 'Flats';
    captions.push({ x: scale.xOf(startOf(flat)), y: y + 13, text });
  }
  const cal = camera.rows.findIndex(({ isCal }) => isCal);
  const bars = camera.rows[cal]?.bars ?? [];
  const runs = [
    ...groupBy(
      bars.flatMap((bar) => [...bar.exposures]),
      runKey(),
    ).values(),
  ];
  for (const [index, run] of runs.entries()) {
    const [last, next] = [run.at(-1), runs[index + 1]?.[0]];
    if (last === undefined) continue;
    const text = `${run.length} ${kindLabel(last.imageKind).toLowerCase()}`;
    const x = scale.xOf(endOf(last)) + 0.6;
    const until = next === undefined ? 100 : scale.xOf(startOf(next));
    const room = ((until - x) / 100) * USUAL_WIDTH;
    if (room > text.length * SMALL_LETTER) captions.push({ x, y: rowY(cal) + 12, text });
  }
  return captions;
}

/** Tells runs of one kind apart that another kind, or an hour, lies between. */
function runKey(): (row: NightFrameRow) => number {
  let run = 0;
  let last: NightFrameRow | undefined;
  return (row) => {
    const isSame =
      last?.imageKind === row.imageKind && (row.dateObsMs ?? 0) - endOf(last) < 3_600_000;
    if (!isSame) run += 1;
    last = row;
    return run;
  };
}

function gapsOf(
  { report }: NightData,
  camera: RollCamera<NightFrameRow>,
  scale: Scale,
  {
    top,
    bottom,
    leastMinutes,
  }: { readonly top: number; readonly bottom: number; readonly leastMinutes: number },
): LaneGap[] {
  const use = report.instruments.find(
    ({ siteId, telescope, instrument }) =>
      siteId === camera.siteId &&
      telescope === camera.telescope &&
      instrument === camera.instrument,
  );
  const told = (gap: Gap, isHatched: boolean): LaneGap[] => {
    const x = scale.xOf(gap.fromMs);
    const width = round(scale.xOf(gap.toMs) - x);
    const pixels = (width / 100) * USUAL_WIDTH;
    if (gap.minutes < leastMinutes || width <= 0) return [];
    const texts = gapTexts(gap, pixels, isHatched);
    const middle = (top + bottom) / 2 - (texts.length - 1) * 7;
    return [
      {
        x,
        width,
        y: top,
        height: bottom - top,
        middle: round(x + width / 2),
        isHatched,
        texts: texts.map((text, index) => ({ y: round(middle + index * 14 + 4), text })),
      },
    ];
  };
  return [
    ...(use?.gaps ?? []).flatMap((gap) => told(gap, true)),
    ...(use?.unused ?? []).flatMap((gap) => told(gap, false)),
  ];
}

/** How long a gap is, as far as there is room to say it. */
function gapTexts({ minutes, why }: Gap, pixels: number, isHatched: boolean): string[] {
  const time = formatDuration(minutes * 60);
  if (!isHatched) return pixels < LEAST_TOLD ? [] : [`${time} of dark not used`];
  if (pixels < LEAST_WRITTEN) return [];
  const clouds = why === null ? [] : [pixels < WIDE_GAP ? 'clouds' : 'clouds around it'];
  return pixels < WIDE_GAP ? ['gap', time, ...clouds] : [`gap, ${time}`, ...clouds];
}
