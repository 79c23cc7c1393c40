import {
  eachSetup,
  findNearest,
  type FrameSetup,
  type SetupBound,
  type SetupQuery,
  type Viewer,
} from '../../catalog/index.js';
import { groupBy } from '../../lib/groups.js';
import { cameraKey, type Missing } from '../../nights/index.js';
import type { Web } from '../page.js';
import { countOf, formatCount, NONE } from '../render.js';
import { listOf, type NightData, type NightFrameRow } from './data.js';
import { filterHeads, nameOfFilter, type FilterHead } from './integration.js';
import { camerasOf, filtersOf, type Camera } from './timeline.js';

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
  /** Head of its column, for narrow screens and for those who hear it… */
  readonly head: string;
  /** …and without the word that all of its columns share. */
  readonly short: string;
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
  const ofCamera = groupBy(shown, cameraKey);
  const holes = report.missing.flatMap((missing): OneMissing[] =>
    missing.of.length === 0 ? [{ missing, of: null }] : missing.of.map((of) => ({ missing, of })),
  );
  const lacks = holes.slice(0, MOST_HOLES).map((each) => toLack(data, each));
  const best = await findBest(web, lacks, viewer);
  const told = lacks.map((lack, at) => toHole(web, lack, best[at]));
  const rest = holes.length - told.length;
  return {
    filters,
    rows: cameras.map((camera) => ({
      camera: camera.name,
      cells: cellsOf(data, camera, ofCamera.get(camera.key) ?? [], filters),
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
  camera: Camera,
  rows: readonly NightFrameRow[],
  filters: readonly FilterHead[],
): MatrixCell[] {
  const { missing } = data.report;
  const lacks = (kind: Missing['kind'], of?: string): boolean =>
    missing.some((each) => {
      return (
        each.kind === kind &&
        cameraKey(each) === camera.key &&
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
    url: some.length === 0 ? '' : listOf(data, { ...filtersOf(camera), ...query }),
    head: head.name,
    short: head.name.replace(/ flat$/, ''),
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

function toHole(web: Web, lack: Lack, best: FrameSetup | undefined): Hole {
  const { missing, of, touched } = lack;
  const words = { bias: 'biases', dark: 'darks', flat: 'flats' }[missing.kind];
  const [first] = touched;
  return {
    title: `Science without ${words}: ${of === null ? '' : `${of} `}on ${missing.camera}`,
    touches: countOf(touched.length, 'frame'),
    ...(first === undefined
      ? { nearest: '', nearestUrl: '', whyUrl: '' }
      : {
          ...toNearest(web, lack, first, best),
          whyUrl: `${web.base}/frames/${first.id}/#calibrations`,
        }),
  };
}

/** What is missing, the frames that it touches, and how to look for the nearest of all there are. */
interface Lack extends OneMissing {
  readonly touched: readonly NightFrameRow[];
  readonly search: Omit<SetupQuery, 'limit'>;
}

function toLack(data: NightData, { missing, of }: OneMissing): Lack {
  const { kind, instrument } = missing;
  const key = cameraKey(missing);
  const touched = data.rows.filter((row) => {
    if (!row.isScience || row.reductionLevel > 0 || cameraKey(row) !== key) return false;
    if (kind === 'flat') return (row.filter ?? 'no filter') === of;
    return of === null || `${row.exposureSec ?? ''} s` === of;
  });
  const filter = touched[0]?.filter ?? null;
  const exposureSec = touched[0]?.exposureSec ?? null;
  const bounds: SetupBound[] = [];
  if (kind === 'flat' && filter !== null) bounds.push({ fact: 'filter', is: filter });
  if (kind === 'dark' && exposureSec !== null) {
    bounds.push({ fact: 'exposureSec', min: exposureSec, max: Number.MAX_VALUE, orUnknown: false });
  }
  return {
    missing,
    of,
    touched,
    search: {
      instrument,
      kinds: kind === 'flat' ? ['flat', 'skyflat'] : [kind],
      isReduced: null,
      aroundMs: touched[0]?.dateObsMs ?? 0,
      withinMs: EVER_MS,
      bounds,
    },
  };
}

/** Looks for the nearest calibrations of other nights in time, whether the rules would take them or not. */
async function findBest(
  { services: { catalog } }: Web,
  lacks: readonly Lack[],
  viewer: Viewer,
): Promise<(FrameSetup | undefined)[]> {
  const searches = lacks.map(({ search }) => search);
  const ids = await findNearest(catalog, searches, viewer);
  const setups = new Map<number | null, FrameSetup>();
  const found = ids.filter((id) => id !== null);
  for await (const some of eachSetup(catalog, found, viewer)) {
    for (const setup of some) setups.set(setup.id, setup);
  }
  return ids.map((id) => setups.get(id));
}

function toNearest(
  { base }: Web,
  { missing: { kind, instrument }, search }: Lack,
  { filter, exposureSec }: NightFrameRow,
  best: FrameSetup | undefined,
): Pick<Hole, 'nearest' | 'nearestUrl'> {
  if (best === undefined) {
    return { nearest: 'There are none at all: take some, or upload them.', nearestUrl: '' };
  }
  const query = new URLSearchParams({ night: best.night ?? '', INSTRUMENT: instrument });
  for (const each of search.kinds) query.append('IMAGETYPE', each);
  if (kind === 'flat' && filter !== null) query.append('FILTER', filter);
  if (kind === 'dark' && exposureSec !== null) query.append('EXPTIME', String(exposureSec));
  const awayMs = (best.dateObsMs ?? 0) - search.aroundMs;
  const days = Math.round(Math.abs(awayMs) / DAY_MS);
  const age =
    days === 0 ? 'of this night' : `${countOf(days, 'night')} ${awayMs > 0 ? 'later' : 'old'}`;
  return { nearest: `The nearest are ${age}.`, nearestUrl: `${base}/frames/?${query.toString()}` };
}

const DAY_MS = 86_400_000;
/** Longer than there is photography. */
const EVER_MS = 1000 * 366 * DAY_MS;
