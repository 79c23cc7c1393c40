import {
  listFramesByCursor,
  type Catalog,
  type FrameOrder,
  type FrameReader,
  type Viewer,
  type Condition,
} from '../catalog/index.js';
import { formatCsvText } from '../lib/csv.js';

/** Frames that are read at once. */
const BATCH = 500;

/** What becomes columns: keys of a frame in JSON, the members of `quality` with a dot. */
const COLUMNS = [
  ...'id basename filename DATE_OBS night SITEID TELID INSTRUME OBSTYPE type OBJECT FILTER EXPTIME binning'.split(
    ' ',
  ),
  ...'width height RLEVEL PROPID REQNUM OBSNUM public_date TEL_RA TEL_DEC TEL_ALT TEL_AZ AIRMASS TEL_FOCU'.split(
    ' ',
  ),
  ...'SUNALT SUNDIST MOONALT MOONFRAC MOONDIST DATAMEAN computed'.split(' '),
  ...'stars fwhm fwhm_px hfr_px elongation background background_gradient noise saturated hot_pixels instrumental_mag transparency'
    .split(' ')
    .map((name) => `quality.${name}`),
  ...'findings flag tags size sha256 md5 version profile created url'.split(' '),
] as const;

/** Which frames, in which order, and how many at most. */
export interface CsvQuery {
  readonly conditions: readonly Condition[];
  readonly order: FrameOrder;
  readonly most: number;
}

/**
 * Frames as CSV (RFC 4180) with a line of names, piece by piece: frames that come in the meantime may
 * be among them, none is twice.
 */
export async function* eachCsvPiece(
  catalog: Catalog,
  read: FrameReader<string>,
  { conditions, order, most }: CsvQuery,
  viewer: Viewer,
): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  let cursor: string | undefined;
  for (let left = most; left > 0; left -= BATCH) {
    const query = { conditions, order, limit: Math.min(left, BATCH), cursor };
    const page = await listFramesByCursor(catalog, read, query, viewer);
    const frames = JSON.parse(`[${page.items.join(',')}]`) as Record<string, unknown>[];
    yield frames.map(toLine).join('');
    if (page.next === null) return;
    cursor = page.next;
  }
}

function toLine(frame: Readonly<Record<string, unknown>>): string {
  const fields = COLUMNS.map((column) => {
    const [key = '', member] = column.split('.');
    const value = frame[key];
    if (member === undefined) return toField(value);
    return toField((value as Record<string, unknown> | null | undefined)?.[member]);
  });
  return `${fields.join(',')}\r\n`;
}

/** Numbers as they are, also those below 0; lists with a blank between, objects in them by their code. */
function toField(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return formatCsvText(value.map(wordOf).join(' '));
  return formatCsvText(typeof value === 'string' ? value : JSON.stringify(value));
}

function wordOf(each: unknown): string {
  if (typeof each === 'object' && each !== null && 'code' in each) return String(each.code);
  return typeof each === 'string' ? each : JSON.stringify(each);
}
