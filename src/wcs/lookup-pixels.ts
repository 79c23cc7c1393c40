import { planeOf, readPlane, type FitsFile, type Hdu } from '../fits/index.js';
import { AppError } from '../lib/errors.js';
import { lookupRequests, type LookupRequest, type LookupTable } from './lookup.js';

/** Most pixels of a table: those of the Hubble archive have some thousand, one per pixel is too many. */
const MAX_PIXELS = 2 ** 20;

/** The pixels of a lookup table as plain data, which can cross threads. */
export interface LookupPixels {
  /** Index of the HDU they were read from. */
  readonly hdu: number;
  readonly width: number;
  readonly height: number;
  /** `pixels[y * width + x]`, from the first row of the file. */
  readonly pixels: Float64Array;
}

/**
 * Reads the tables of corrections that the header of an image names: none for most files. A table
 * that is not there, damaged, or beyond a million pixels is left out, and its corrections are not applied.
 */
export async function readLookupPixels(file: FitsFile, hdu: Hdu): Promise<LookupPixels[]> {
  const found: LookupPixels[] = [];
  for (const table of tablesOf(file.hdus, lookupRequests(hdu.header))) {
    const { width, height, planes } = planeOf(table);
    if (planes !== 1 || width * height > MAX_PIXELS) continue;
    try {
      const { pixels } = await readPlane(file, table);
      found.push({ hdu: table.index, width, height, pixels: Float64Array.from(pixels) });
    } catch (error) {
      // The image can be placed without it, a little less well.
      if (!(error instanceof AppError)) throw error;
    }
  }
  return found;
}

/** The tables with the names and headers of the HDUs they were read from. */
export function toLookupTables(
  hdus: readonly Hdu[],
  lookups: readonly LookupPixels[],
): LookupTable[] {
  return lookups.flatMap(({ hdu: index, ...size }) => {
    const hdu = hdus[index];
    return hdu === undefined ? [] : [{ ...size, ...idOf(hdu), header: hdu.header }];
  });
}

/** The HDUs that are asked for, each once; of several with one name the first. */
function tablesOf(hdus: readonly Hdu[], requests: readonly LookupRequest[]): Hdu[] {
  const found = requests.flatMap((request) => {
    const hdu = hdus.find((each) => {
      const { name, version } = idOf(each);
      return name === request.name && version === request.version;
    });
    return hdu?.kind.endsWith('image') === true ? [hdu] : [];
  });
  return [...new Set(found)];
}

/** EXTNAME, and EXTVER with its default. FITS Standard 4.0 §4.4.2.6 */
function idOf({ name, header }: Hdu): { name: string; version: number } {
  return { name: name.trim().toUpperCase(), version: header.number('EXTVER') ?? 1 };
}
