import { separationDeg } from '../../../src/sky/index.js';
import { readWcs } from '../../../src/wcs/index.js';
import type { Wcs } from '../../../src/wcs/index.js';
import { headerOf } from './header.js';
import { POSITIONS } from './positions.js';

interface Block {
  readonly name: string;
  readonly wcs: Wcs | undefined;
  readonly rows: readonly (readonly number[])[];
}

function parseBlock(text: string): Block {
  const [name = '', ...lines] = text.split('\n');
  const cards = lines.filter((line) => line.startsWith('|')).map((line) => line.slice(2));
  const entries = cards
    .join(' ')
    .split('; ')
    .map((card): [string, string | number] => {
      const [keyword = '', value = ''] = card.split(' ');
      return [keyword, Number.isNaN(Number(value)) ? value : Number(value)];
    });
  const { wcs } = readWcs(headerOf(Object.fromEntries(entries)));
  const rows = lines
    .filter((line) => /^[-\d]/.test(line))
    .map((line) => line.split(' ').map((word) => (word === '-' ? NaN : Number(word))));
  return { name, wcs, rows };
}

const BLOCKS = POSITIONS.trim().split('\n\n').map(parseBlock);

/** The cube of COBE is computed with short numbers by astropy. */
const tolerance = (name: string): number => (name === 'CSC' ? 0.05 : 0.00001);

function distance(
  found: { lonDeg: number; latDeg: number } | undefined,
  lonDeg: number,
  latDeg: number,
): number {
  if (Number.isNaN(lonDeg)) return found === undefined ? 0 : Infinity;
  if (found === undefined) return Infinity;
  const point = { raDeg: found.lonDeg, decDeg: found.latDeg };
  return separationDeg(point, { raDeg: lonDeg, decDeg: latDeg }) * 3600;
}

test('positions in every projection are those of astropy', () => {
  const wrong = BLOCKS.flatMap(({ name, wcs, rows }) =>
    rows.flatMap(([x = 0, y = 0, lon = NaN, lat = NaN]) => {
      const off = distance(wcs?.toWorld(x, y), lon, lat);
      return off <= tolerance(name) ? [] : [`${name} (${x}, ${y}): ${off}″`];
    }),
  );
  expect(wrong).toEqual([]);
  expect(BLOCKS.length).toBeGreaterThan(100);
});

test('positions in ICRS are those of astropy, whatever the system and equinox of the header', () => {
  const wrong = BLOCKS.flatMap(({ name, wcs, rows }) =>
    rows.flatMap(([x = 0, y = 0, , , ra, dec]) => {
      const sky = wcs?.toSky(x, y);
      if (ra === undefined || dec === undefined) return [];
      const off = distance(sky && { lonDeg: sky.raDeg, latDeg: sky.decDeg }, ra, dec);
      return off <= 0.00001 ? [] : [`${name} (${x}, ${y}): ${off}″`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('the way back leads to the same pixel in every projection', () => {
  const wrong = BLOCKS.flatMap(({ name, wcs }) => {
    const pixels = Array.from({ length: 15 * 15 }, (_, i) => [
      1 + (i % 15) * 14.2,
      1 + Math.floor(i / 15) * 10.6,
    ]);
    return pixels.flatMap(([x = 0, y = 0]) => {
      const sky = wcs?.toSky(x, y);
      const back = sky && wcs?.toPixel(sky.raDeg, sky.decDeg);
      if (sky === undefined) return [];
      const off = back === undefined ? Infinity : Math.hypot(back.x - x, back.y - y);
      return off < 1e-6 ? [] : [`${name} (${x}, ${y}): ${off} pixels`];
    });
  });
  expect(wrong).toEqual([]);
});
