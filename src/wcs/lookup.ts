import type { Header } from '../fits/index.js';
import type { PixelShift } from './distortion.js';
import type { Keywords } from './keywords.js';

/** An image extension that holds corrections of pixel coordinates on a coarse grid. */
export interface LookupTable {
  /** EXTNAME (`D2IMARR` or `WCSDVARR`) and EXTVER. */
  readonly name: string;
  readonly version: number;
  readonly header: Header;
  readonly width: number;
  readonly height: number;
  /** `pixels[y * width + x]`, from the first row of the file. */
  readonly pixels: ArrayLike<number>;
}

/** An extension that a header asks for, and the axis (1 or 2) it corrects. */
export interface LookupRequest {
  readonly name: 'D2IMARR' | 'WCSDVARR';
  readonly version: number;
  readonly axis: 1 | 2;
}

const KINDS = [
  { distortion: 'D2IMDIS', record: 'D2IM', name: 'D2IMARR' },
  { distortion: 'CPDIS', record: 'DP', name: 'WCSDVARR' },
] as const;

/**
 * The tables that a header says its pixels are to be corrected by, in the way of the Hubble archive:
 * `D2IMDISj` and `CPDISj` = 'LOOKUP' with records `D2IMj` and `DPj` that name the version.
 * The draft Paper IV (Calabretta et al. 2004), §3.4.
 */
export function lookupRequests(header: Header): LookupRequest[] {
  return KINDS.flatMap(({ distortion, record, name }) =>
    ([1, 2] as const).flatMap((axis): LookupRequest[] => {
      const kind = header.string(`${distortion}${axis}`)?.trim().toUpperCase();
      if (kind !== 'LOOKUP') return [];
      return [{ name, axis, version: readRecord(header, `${record}${axis}`, 'EXTVER') ?? 1 }];
    }),
  );
}

/** The value of one field of a record: cards such as `DP1 = 'EXTVER: 1.0'`, or `DP1.EXTVER = 1.0`. */
function readRecord(header: Header, keyword: string, field: string): number | undefined {
  for (const card of header.cards) {
    if (card.keyword === `${keyword}.${field}` && typeof card.value === 'number') return card.value;
    if (card.keyword !== keyword || typeof card.value !== 'string') continue;
    const [name = '', value = ''] = card.value.split(':');
    const number = Number(value.trim());
    if (name.trim().toUpperCase() === field && Number.isFinite(number)) return number;
  }
  return undefined;
}

/** What the tables add to pixel coordinates. */
export interface Lookups {
  /** From the detector to the image; done first. Undefined if there is none. */
  readonly detector: PixelShift | undefined;
  /** In the image, along with SIP. Undefined if there is none. */
  readonly image: PixelShift | undefined;
  /** Tables asked for that were not given or cannot be used. */
  readonly missing: readonly LookupRequest[];
}

/**
 * What the tables add to pixel coordinates: those asked for by the header, for the primary description
 * only. A table that is not given or cannot be used is told in `missing`. DISTORTION conventions of
 * "Representations of distortions in FITS world coordinate systems" (Calabretta et al. 2004, draft
 * Paper IV), as the Hubble archive writes them.
 */
export function readLookups(keywords: Keywords, tables: readonly LookupTable[]): Lookups {
  const requests = keywords.letter === ' ' ? lookupRequests(keywords.header) : [];
  const missing: LookupRequest[] = [];
  const shiftOf = (name: LookupRequest['name']): PixelShift | undefined => {
    const offsets = ([1, 2] as const).map((axis) => {
      const request = requests.find((one) => one.name === name && one.axis === axis);
      const table = tables.find((one) => one.name === name && one.version === request?.version);
      const offset = table && makeOffset(table);
      if (request !== undefined && offset === undefined) missing.push(request);
      return request && offset;
    });
    const [along, up] = offsets;
    if (along === undefined && up === undefined) return undefined;
    return (x, y) => [along?.(x, y) ?? 0, up?.(x, y) ?? 0];
  };
  return { detector: shiftOf('D2IMARR'), image: shiftOf('WCSDVARR'), missing };
}

/** Linear between the points of the grid, constant beyond its edges. */
function makeOffset(table: LookupTable): ((x: number, y: number) => number) | undefined {
  const { header, width, height, pixels } = table;
  if (!(width >= 1 && height >= 1 && pixels.length >= width * height)) return undefined;
  const place = (axis: 1 | 2, length: number): ((pixel: number) => number) => {
    const crpix = header.number(`CRPIX${axis}`) ?? 0;
    const crval = header.number(`CRVAL${axis}`) ?? 0;
    const cdelt = header.number(`CDELT${axis}`) ?? 1;
    // The first value belongs to pixel CRVAL + 1 - CDELT CRPIX: so the tables of the archive are read
    // by its own software. It differs from a plain WCS of the table by one pixel less one step.
    return (pixel) => Math.min(Math.max((pixel - 1 - crval) / cdelt + crpix, 0), length - 1);
  };
  const [placeX, placeY] = [place(1, width), place(2, height)];
  const at = (x: number, y: number): number => pixels[y * width + x] ?? 0;
  return (x, y) => {
    const [u, v] = [placeX(x), placeY(y)];
    if (!Number.isFinite(u + v)) return NaN;
    const [left, low] = [Math.floor(u), Math.floor(v)];
    const [right, high] = [Math.min(left + 1, width - 1), Math.min(low + 1, height - 1)];
    const [s, t] = [u - left, v - low];
    const below = at(left, low) * (1 - s) + at(right, low) * s;
    const above = at(left, high) * (1 - s) + at(right, high) * s;
    return below * (1 - t) + above * t;
  };
}
