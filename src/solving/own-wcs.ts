import {
  listCorrections,
  listHeaders,
  toOverrides,
  type Catalog,
  type Frame,
  type Solution,
} from '../catalog/index.js';
import { mainImage, makeHeader } from '../fits/index.js';
import { hdusOfStored, makeCard } from '../ingest/index.js';
import { separationDeg } from '../sky/index.js';
import { readWcs, wcsOf, type ImageSize, type Wcs } from '../wcs/index.js';

/** Places at which two WCS are compared, along each side. */
const GRID = 5;

/** The WCS that the header of a frame tells, under its corrections; undefined if it tells none with a scale. */
export async function ownWcs(catalog: Catalog, frame: Frame): Promise<Wcs | undefined> {
  const stored = await listHeaders(catalog, frame.version);
  const corrections = await listCorrections(catalog.read, frame.id);
  const hdus = hdusOfStored(stored, toOverrides(corrections));
  const main = mainImage({ hdus });
  const wcs = main === undefined ? undefined : wcsOf({ hdus }, main);
  return wcs?.hasScale === true ? wcs : undefined;
}

/** The WCS of a solution. */
export function solvedWcs({ cards }: Pick<Solution, 'cards'>): Wcs | undefined {
  return readWcs(makeHeader(cards.map((card) => makeCard(...card)))).wcs;
}

/** How far apart two WCS have what an image shows, degrees: the median over it. Infinity if one has it nowhere. */
export function apartDeg(one: Wcs, other: Wcs, { width, height }: ImageSize): number {
  const places = Array.from({ length: GRID * GRID }, (_, index) => [
    0.5 + (width * ((index % GRID) + 0.5)) / GRID,
    0.5 + (height * (Math.floor(index / GRID) + 0.5)) / GRID,
  ]);
  return medianOf(
    places.map(([x = 0, y = 0]) => {
      const [here, there] = [one.toSky(x, y), other.toSky(x, y)];
      return here === undefined || there === undefined ? Infinity : separationDeg(here, there);
    }),
  );
}

/** The upper one of two in the middle; Infinity of nothing. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}
