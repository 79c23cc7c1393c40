import type { Catalog } from './db.js';
import { MAX_NIGHT_ROWS } from './nights.js';
import { visibleTo, type Viewer } from './visibility.js';

/** What plots and pictures of a night need beside its log. Units as in `FrameFacts`. */
export interface NightDetail {
  readonly id: number;
  readonly altDeg: number | null;
  readonly airmass: number | null;
  readonly ccdTempC: number | null;
  readonly focus: number | null;
  readonly moonDistanceDeg: number | null;
  readonly sizeBytes: number;
  /** Of the bytes that are shown now. */
  readonly sha256: string;
}

const DETAIL = {
  id: 'frames.id',
  altDeg: 'frames.alt_deg',
  airmass: 'frames.airmass',
  ccdTempC: 'frames.ccd_temp_c',
  focus: 'frames.focus',
  moonDistanceDeg: 'frames.moon_distance_deg',
  sizeBytes: 'versions.size_bytes',
  sha256: 'versions.sha256',
} as const satisfies Record<keyof NightDetail, string>;

/** Of the frames of one night that `viewer` may see, by id: those that `listNightRows` gives. */
export async function listNightDetails(
  { read }: Catalog,
  night: string,
  viewer: Viewer,
): Promise<ReadonlyMap<number, NightDetail>> {
  const rows: NightDetail[] = await read
    .from(read.raw('frames indexed by frames_night_date'))
    .join('versions', 'versions.id', 'frames.version_id')
    .whereIn('frames.night_id', read('nights').where({ night }).select('id'))
    .modify(visibleTo, viewer)
    .limit(MAX_NIGHT_ROWS)
    .select(DETAIL);
  return new Map(rows.map((row) => [row.id, row]));
}
