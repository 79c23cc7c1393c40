import type { Catalog, FrameReader, Viewer } from '../catalog/index.js';
import { formatCsvText } from '../lib/csv.js';
import {
  eachBatch,
  RANK_COLUMNS,
  textOf,
  valueOf,
  type FrameObject,
  type TableQuery,
} from './list-batches.js';

/** What becomes columns: keys of a frame in JSON, members with a dot, as those of `quality`. */
const COLUMNS = [
  ...'id basename filename DATE_OBS night SITEID TELID INSTRUME OBSTYPE type OBJECT FILTER EXPTIME binning'.split(
    ' ',
  ),
  ...'width height RLEVEL PROPID REQNUM OBSNUM public_date TEL_RA TEL_DEC TEL_ALT TEL_AZ AIRMASS LST HA TEL_FOCU'.split(
    ' ',
  ),
  ...'SUNALT SUNDIST MOONALT MOONFRAC MOONDIST DATAMEAN computed'.split(' '),
  ...'stars fwhm fwhm_px hfr_px elongation elongation_angle background background_gradient noise saturated hot_pixels instrumental_mag transparency'
    .split(' ')
    .map((name) => `quality.${name}`),
  ...RANK_COLUMNS,
  ...'findings flag tags size sha256 md5 version profile created url'.split(' '),
] as const;

/** Frames as CSV (RFC 4180) with a line of names, piece by piece. */
export async function* eachCsvPiece(
  catalog: Catalog,
  read: FrameReader<Buffer>,
  query: TableQuery,
  viewer: Viewer,
): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const frames of eachBatch(catalog, read, query, viewer)) {
    yield frames.map(toLine).join('');
  }
}

function toLine(frame: FrameObject): string {
  return `${COLUMNS.map((column) => toField(valueOf(frame, column))).join(',')}\r\n`;
}

/** Numbers as they are, also those below 0. */
function toField(value: unknown): string {
  return typeof value === 'number' ? String(value) : formatCsvText(textOf(value));
}
