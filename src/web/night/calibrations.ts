import {
  listFramesByCursor,
  parseConditions,
  readFrames,
  type Frame,
  type Viewer,
} from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { formatInstant } from '../../lib/time.js';
import type { Missing } from '../../nights/index.js';
import type { Web } from '../page.js';
import { countOf, formatCount, NONE } from '../render.js';
import { listOf, type NightData, type NightFrameRow } from './data.js';
import { filterHeads, nameOfFilter, type FilterHead } from './integration.js';
import { camerasOf } from './timeline.js';

/** Which calibrations each camera took this night, and what its science frames lack. */
export interface CalibrationMatrix {
  readonly filters: readonly FilterHead[];
  readonly rows: readonly { readonly camera: string; readonly cells: readonly MatrixCell[] }[];
  readonly holes: readonly Hole[];
  /** `and 3 more`, '' if all are told. */
  readonly more: string;
}

interface MatrixCell {
  readonly text: string;
  readonly isNone: boolean;
  readonly url: string;
  /** Head of its column, for narrow screens and for those who hear it. */
  readonly head: string;
  readonly slot: string;
}

/** A sentence about what is missing, how much it touches, and the way out. */
export interface Hole {
  readonly title: string;
  readonly touches: string;
  readonly nearest: string;
  /** '' if there is none. */
  readonly nearestUrl: string;
  /** Where it is told why others do not fit; '' if nowhere. */
  readonly whyUrl: string;
}

/** Sentences that are told one by one. */
const MOST_HOLES = 4;

/** What is missing of one kind, of one filter or exposure. */
interface OneMissing {
  readonly missing: Missing;
  readonly of: string | null;
}

/** The matrix of a night; null if there is neither science nor calibration. */
export async function toMatrix(
  web: Web,
  data: NightData,
  viewer: Viewer,
): Promise<CalibrationMatrix | null> {
  const { report, shown } = data;
  const lit = shown.filter((row) => row.isScience || isFlat(row));
  const cameras = camerasOf(shown);
  if (cameras.length === 0) return null;
  const filters = filterHeads(lit);
  const ofCamera = groupBy(shown, ({ instrument }) => instrument);
  const holes = report.missing.flatMap((missing): OneMissing[] =>
    missing.of.length === 0 ? [{ missing, of: null }] : missing.of.map((of) => ({ missing, of })),
  );
  const told = await Promise.all(
    holes.slice(0, MOST_HOLES).map((each) => toHole(web, data, each, viewer)),
  );
  const rest = holes.length - told.length;
  return {
    filters,
    rows: cameras.map(({ instrument }) => ({
      camera: instrument,
      cells: cellsOf(data, instrument, ofCamera.get(instrument) ?? [], filters),
    })),
    holes: told,
    more: rest > 0 ? `and ${formatCount(rest)} more` : '',
  };
}

function isFlat({ imageKind }: NightFrameRow): boolean {
  return imageKind === 'flat' || imageKind === 'skyflat';
}

function cellsOf(
  data: NightData,
  instrument: string,
  rows: readonly NightFrameRow[],
  filters: readonly FilterHead[],
): MatrixCell[] {
  const { missing } = data.report;
  const lacks = (kind: Missing['kind'], of?: string): boolean =>
    missing.some((each) => {
      return (
        each.kind === kind &&
        each.instrument === instrument &&
        (of === undefined || each.of.includes(of))
      );
    });
  const cell = (
    some: readonly NightFrameRow[],
    isMissing: boolean,
    head: { readonly name: string; readonly slot: string },
    query: Readonly<Record<string, string>>,
  ): MatrixCell => ({
    // What another night has, and fits, is no hole.
    text: isMissing ? 'none' : some.length === 0 ? NONE : formatCount(some.length),
    isNone: isMissing,
    url: some.length === 0 ? '' : listOf(data, { INSTRUMENT: instrument, ...query }),
    head: head.name,
    slot: head.slot,
  });
  const ofKind = (kind: 'bias' | 'dark', name: string): MatrixCell => {
    const some = rows.filter(({ imageKind }) => imageKind === kind);
    return cell(some, lacks(kind), { name, slot: 'none' }, { IMAGETYPE: kind });
  };
  return [
    ofKind('bias', 'Bias'),
    ofKind('dark', 'Dark'),
    ...filters.map(({ name, slot }) => {
      const some = rows.filter((row) => isFlat(row) && nameOfFilter(row) === name);
      const isMissing = lacks('flat', name === 'none' ? 'no filter' : name);
      const query = { FILTER: name, exclude_configuration_type: 'OBJECT' };
      return cell(some, isMissing, { name: `${name} flat`, slot }, query);
    }),
  ];
}

async function toHole(
  web: Web,
  data: NightData,
  { missing, of }: OneMissing,
  viewer: Viewer,
): Promise<Hole> {
  const { kind, instrument } = missing;
  const touched = data.rows.filter((row) => {
    if (!row.isScience || row.reductionLevel > 0 || row.instrument !== instrument) return false;
    if (kind === 'flat') return (row.filter ?? 'no filter') === of;
    return of === null || `${row.exposureSec ?? ''} s` === of;
  });
  const words = { bias: 'biases', dark: 'darks', flat: 'flats' }[kind];
  const [first] = touched;
  const nearest =
    first === undefined
      ? { nearest: '', nearestUrl: '', whyUrl: '' }
      : await findNearest(web, kind, first, viewer);
  return {
    title: `Science without ${words}: ${of === null ? '' : `${of} `}on ${instrument}`,
    touches: countOf(touched.length, 'frame'),
    ...nearest,
  };
}

/**
 * Looks for the nearest calibrations of other nights in time, whether the rules would take them or not.
 *
 * @param frame one that lacks them
 */
async function findNearest(
  { services, base }: Web,
  kind: Missing['kind'],
  frame: NightFrameRow,
  viewer: Viewer,
): Promise<Pick<Hole, 'nearest' | 'nearestUrl' | 'whyUrl'>> {
  const atMs = frame.dateObsMs ?? 0;
  const asked = new Map<string, readonly string[]>([
    ['INSTRUMENT', [frame.instrument]],
    ['IMAGETYPE', kind === 'flat' ? ['flat', 'skyflat'] : [kind]],
    ...(kind === 'flat' && frame.filter !== null ? [['FILTER', [frame.filter]] as const] : []),
    ...(kind === 'dark' && frame.exposureSec !== null
      ? [['EXPTIME', [String(frame.exposureSec)]] as const]
      : []),
  ]);
  const look = async (bound: 'start' | 'end'): Promise<Frame | undefined> => {
    const conditions = parseConditions(new Map([...asked, [bound, [formatInstant(atMs)]]]));
    const order = { column: 'frames.date_obs_ms', descending: bound === 'end' };
    const query = { conditions, order, limit: 1 };
    return (await listFramesByCursor(services.catalog, readFrames, query, viewer)).items[0];
  };
  const whyUrl = `${base}/frames/${frame.id}/#calibrations`;
  const found = (await Promise.all([look('end'), look('start')])).flatMap((each) => each ?? []);
  const [best] = found.sort((a, b) => distance(a, atMs) - distance(b, atMs));
  if (best === undefined) {
    return { nearest: 'There are none at all: take some, or upload them.', nearestUrl: '', whyUrl };
  }
  const query = new URLSearchParams({ night: best.night ?? '' });
  for (const [name, values] of asked) for (const value of values) query.append(name, value);
  const days = Math.round(distance(best, atMs) / DAY_MS);
  const isLater = (best.dateObsMs ?? 0) > atMs;
  const age =
    days === 0 ? 'of this night' : `${countOf(days, 'night')} ${isLater ? 'later' : 'old'}`;
  return {
    nearest: `The nearest are ${age}.`,
    nearestUrl: `${base}/frames/?${query.toString()}`,
    whyUrl,
  };
}

const DAY_MS = 86_400_000;

function distance({ dateObsMs }: Frame, atMs: number): number {
  return Math.abs((dateObsMs ?? Infinity) - atMs);
}
