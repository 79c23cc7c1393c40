import type { Knex } from 'knex';
import { separationDeg } from '../sky/index.js';
import type { Cap } from './sky-index.js';

/** Bands of the sky, and cells: as migration 0036 has them. */
const BANDS = 3600;
const BAND_DEG = 180 / BANDS;
const CELLS_OF_BAND = 10_000;
/** Cells around a band, if it were the equator. */
const AROUND_EQUATOR = 7200;
/** Degrees that a frame on the edge of a cell may be off: more than any rounding. */
const SLACK_DEG = 1e-7;

const RADIAN = Math.PI / 180;

/** More cells than this are no choice any more: their list would be as long as that of their frames. */
const MOST = 5_000;

/** Cells with frames that a cap meets. */
export interface MetCells {
  readonly ids: readonly number[];
  /** True if the cap holds all of them; else some lie across its edge. */
  readonly areInside: boolean;
}

/**
 * @param cap radius in [0, 180] degrees
 * @returns undefined if there are very many
 */
export async function cellsIn(db: Knex, cap: Cap): Promise<MetCells | undefined> {
  const rows = await db.raw<{ id: number }[]>(
    `select sky_cells.id from json_each(?) as span
     cross join sky_cells on sky_cells.id between span.value ->> 0 and span.value ->> 1
     limit ${MOST + 1}`,
    [JSON.stringify(spansOf(cap))],
  );
  if (rows.length > MOST) return undefined;
  const places = rows.map(({ id }) => ({ id, place: placeOf(id, cap) }));
  const met = places.filter(({ place }) => place !== 'outside');
  return {
    ids: met.map(({ id }) => id),
    areInside: met.every(({ place }) => place === 'inside'),
  };
}

interface Band {
  readonly index: number;
  readonly lowDeg: number;
  readonly highDeg: number;
  readonly around: number;
}

function bandAt(index: number): Band {
  const lowDeg = index * BAND_DEG - 90;
  const middle = Math.cos((lowDeg + BAND_DEG / 2) * RADIAN);
  const around = Math.max(1, Math.floor(AROUND_EQUATOR * middle));
  return { index, lowDeg, highDeg: lowDeg + BAND_DEG, around };
}

/** First and last cells of all stretches of bands that hold every cell which a cap may meet. */
function spansOf(cap: Cap): [number, number][] {
  const indexOf = (decDeg: number): number =>
    Math.min(BANDS - 1, Math.max(0, Math.floor((decDeg + 90) / BAND_DEG)));
  const first = indexOf(cap.decDeg - cap.radiusDeg - SLACK_DEG);
  const last = indexOf(cap.decDeg + cap.radiusDeg + SLACK_DEG);
  const spans: [number, number][] = [];
  for (let index = first; index <= last; index += 1) spans.push(...spansOfBand(bandAt(index), cap));
  return spans;
}

function spansOfBand(band: Band, cap: Cap): [number, number][] {
  const { index, around } = band;
  const span = (from: number, to: number): [number, number] => [
    index * CELLS_OF_BAND + from,
    index * CELLS_OF_BAND + to,
  ];
  const reachDeg = reachIn(band, cap) + 2 * SLACK_DEG; // for its rounding, and for that of cells
  const cellAt = (raDeg: number): number => Math.floor((raDeg / 360) * around);
  const last = around - 1;
  const first = cellAt(cap.raDeg - reachDeg);
  const further = cellAt(cap.raDeg + reachDeg) - first;
  if (further >= last) return [span(0, last)];
  // Around the sky, right ascension begins anew.
  const from = (first + around) % around;
  const to = from + further;
  return to <= last ? [span(from, to)] : [span(from, last), span(0, to - around)];
}

/** How far in right ascension a cap reaches within a band, degrees: 180 for all of it. */
function reachIn({ lowDeg, highDeg }: Band, { decDeg, radiusDeg }: Cap): number {
  const isPolar = Math.abs(decDeg) + radiusDeg >= 90 - BAND_DEG;
  if (isPolar || radiusDeg >= 90) return 180;
  const [dec, radius] = [decDeg * RADIAN, radiusDeg * RADIAN];
  // The widest place of a cap lies nearer to the pole than its middle, at sin δ = sin δ₀ / cos r.
  const widest = Math.asin(Math.max(-1, Math.min(1, Math.sin(dec) / Math.cos(radius))));
  const at = Math.min(highDeg * RADIAN, Math.max(lowDeg * RADIAN, widest));
  // By haversines, which small angles keep all their digits in, as they do not in cosines.
  const share = (haversine(radius) - haversine(at - dec)) / (Math.cos(at) * Math.cos(dec));
  if (share <= 0) return BAND_DEG / Math.cos(at); // it only just touches the band
  return share >= 1 ? 180 : (2 * Math.asin(Math.sqrt(share))) / RADIAN;
}

function haversine(angle: number): number {
  return Math.sin(angle / 2) ** 2;
}

function placeOf(id: number, cap: Cap): 'inside' | 'across' | 'outside' {
  const band = bandAt(Math.floor(id / CELLS_OF_BAND));
  const widthDeg = 360 / band.around;
  const raDeg = ((id % CELLS_OF_BAND) + 0.5) * widthDeg;
  const decDeg = (band.lowDeg + band.highDeg) / 2;
  // Half of its diagonal, as if it were flat: on the sphere its corners are no farther from its middle.
  const nearestDeg = Math.min(Math.abs(band.lowDeg), Math.abs(band.highDeg));
  const flatDeg = Math.hypot(BAND_DEG, widthDeg * Math.cos(nearestDeg * RADIAN));
  const halfDeg = flatDeg / 2 + SLACK_DEG;
  const awayDeg = separationDeg({ raDeg, decDeg }, cap);
  if (awayDeg + halfDeg <= cap.radiusDeg) return 'inside';
  return awayDeg - halfDeg > cap.radiusDeg ? 'outside' : 'across';
}
