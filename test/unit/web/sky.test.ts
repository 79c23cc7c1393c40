import { footprintOf, nodeSky, readWcs, skyNodes, type Wcs } from '../../../src/wcs/index.js';
import { alignPictures } from '../../../src/web/frame/align.js';
import { skyLines } from '../../../src/web/frame/sky-lines.js';
import { compassOf, scaleBar } from '../../../src/web/frame/sky-marks.js';
import { headerOf } from '../wcs/header.js';

const SIZE = { width: 1200, height: 800 };
const PLAIN = {
  CTYPE1: 'RA---TAN',
  CTYPE2: 'DEC--TAN',
  CRVAL1: 339.267,
  CRVAL2: 34.416,
  CRPIX1: 600.5,
  CRPIX2: 400.5,
};
/** A camera turned by an angle, perhaps as in a mirror; 0.8″ per pixel. */
const turned = (degrees: number, mirrored = false, changes = {}) => {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const scale = 0.8 / 3600;
  const side = mirrored ? -1 : 1;
  return wcsOf({
    ...PLAIN,
    CD1_1: -scale * c * side,
    CD1_2: scale * s,
    CD2_1: scale * s * side,
    CD2_2: scale * c,
    ...changes,
  });
};
const SIP = {
  CTYPE1: 'RA---TAN-SIP',
  CTYPE2: 'DEC--TAN-SIP',
  A_ORDER: 3,
  B_ORDER: 3,
  A_2_0: 2e-5,
  A_1_2: -1.5e-8,
  B_0_2: -1e-5,
  B_2_1: 1e-8,
};

function wcsOf(cards: Record<string, string | number>): Wcs {
  const { wcs } = readWcs(headerOf(cards));
  if (wcs === undefined) throw new Error('no WCS');
  return wcs;
}

function footprint(wcs: Wcs) {
  const found = footprintOf(wcs, SIZE);
  if (found === undefined) throw new Error('no footprint');
  return found;
}

describe('the net of positions', () => {
  test.each([
    ['a plain field', turned(20)],
    ['a distorted field', turned(-40, false, SIP)],
    ['a field at the pole', turned(10, false, { CRVAL2: 89.95 })],
    ['a field across 0 h', turned(0, false, { CRVAL1: 0.01 })],
  ])('is within a fifth of a pixel of the truth for %s', (_name, wcs) => {
    const nodes = skyNodes(wcs, SIZE);
    if (nodes === undefined) throw new Error('no net');
    let worst = 0;
    for (let x = 3; x <= SIZE.width; x += 41) {
      for (let y = 2; y <= SIZE.height; y += 37) {
        const found = nodeSky(nodes, x, y);
        const back = found && wcs.toPixel(found.raDeg, found.decDeg);
        worst = Math.max(worst, back ? Math.hypot(back.x - x, back.y - y) : Infinity);
      }
    }
    expect(worst).toBeLessThan(0.2);
  });

  test('says nothing beyond the image', () => {
    const nodes = skyNodes(turned(0), SIZE);
    if (nodes === undefined) throw new Error('no net');
    expect(nodeSky(nodes, 0, 5)).toBeUndefined();
    expect(nodeSky(nodes, 5, 801)).toBeUndefined();
  });
});

describe('the compass', () => {
  test.each([
    [0, false],
    [33, false],
    [-120, false],
    [33, true],
    [180, true],
  ])('points where positions grow: turned by %i°, mirrored %s', (degrees, mirrored) => {
    const wcs = turned(degrees, mirrored);
    const { north, east } = compassOf(footprint(wcs));
    const here = wcs.toSky(600, 400);
    if (here === undefined) throw new Error('off the sky');
    const to = (ra: number, dec: number) => {
      const there = wcs.toPixel(here.raDeg + ra, here.decDeg + dec);
      if (there === undefined) throw new Error('off the image');
      const length = Math.hypot(there.x - 600, there.y - 400);
      return [(there.x - 600) / length, (there.y - 400) / length];
    };
    const [northX = NaN, northY = NaN] = to(0, 0.01);
    const [eastX = NaN, eastY = NaN] = to(0.01, 0);
    expect(north.x).toBeCloseTo(northX, 2);
    expect(north.y).toBeCloseTo(northY, 2);
    expect(east.x).toBeCloseTo(eastX, 2);
    expect(east.y).toBeCloseTo(eastY, 2);
  });
});

test.each([
  [250, '3′'],
  [60, '1′'],
  [59, '50″'],
  [4000, '1°'],
  [1.4, '1″'],
  [0.3, '0.2″'],
])('the scale bar for at most %d″ is %s', (most, label) => {
  const bar = scaleBar(most);
  expect(bar.label).toBe(label);
  expect(bar.arcsec).toBeLessThanOrEqual(most);
});

describe('the lines of RA and Dec', () => {
  const wcs = turned(0);
  const nodes = skyNodes(wcs, SIZE);
  const box = { x: 0, y: 0, ...SIZE };

  test('run where the position is the one they say', () => {
    const lines = nodes ? skyLines(nodes, box) : [];
    const declination = lines.find(({ label }) => label === '+34°25′');
    const points = [...(declination?.d.matchAll(/[ML]([\d.]+) ([\d.]+)/g) ?? [])];
    expect(points.length).toBeGreaterThan(20);
    for (const [, x, y] of points) {
      const sky = wcs.toSky(Number(x) + 0.5, SIZE.height - Number(y) + 0.5);
      expect((sky?.decDeg ?? NaN) * 60).toBeCloseTo(34 * 60 + 25, 2);
    }
  });

  test('are a few of each kind, with labels at the edge', () => {
    const lines = nodes ? skyLines(nodes, box) : [];
    for (const kind of ['ra', 'dec']) {
      const some = lines.filter((line) => line.kind === kind);
      expect(some.length).toBeGreaterThanOrEqual(2);
      expect(some.length).toBeLessThanOrEqual(8);
      expect(some.every(({ at }) => at !== null)).toBe(true);
    }
    expect(lines.map(({ label }) => label)).toContain('22ʰ37ᵐ00ˢ');
  });
});

describe('pictures laid over each other', () => {
  const region = { x: 0, y: 0, ...SIZE };
  const placed = (wcs: Wcs) => ({ footprint: footprint(wcs), ...SIZE, region });
  const apply = (m: NonNullable<ReturnType<typeof alignPictures>>, x: number, y: number) => [
    m.a * x + m.c * y + m.e,
    m.b * x + m.d * y + m.f,
  ];

  test.each([
    ['shifted', turned(0, false, { CRVAL1: 339.3, CRVAL2: 34.43 })],
    ['turned and mirrored', turned(75, true)],
    ['with another scale', wcsOf({ ...PLAIN, CDELT1: -1 / 3600, CDELT2: 1 / 3600 })],
  ])('have the same stars at the same places: %s', (_name, other) => {
    const first = turned(0);
    const matrix = alignPictures(placed(first), placed(other));
    if (matrix === undefined) throw new Error('not aligned');
    for (const [x, y] of [
      [300, 200],
      [650, 420],
      [900, 700],
    ] as const) {
      const sky = other.toSky(x, y);
      const pixel = sky && first.toPixel(sky.raDeg, sky.decDeg);
      // From FITS pixels to pictures: y down from the upper edge.
      const [left = NaN, top = NaN] = apply(matrix, x - 0.5, SIZE.height - (y - 0.5));
      expect(left).toBeCloseTo((pixel?.x ?? NaN) - 0.5, 0);
      expect(top).toBeCloseTo(SIZE.height - ((pixel?.y ?? NaN) - 0.5), 0);
    }
  });

  test('know of the part that is shown', () => {
    const first = placed(turned(0));
    const cut = { ...first, region: { x: 100, y: 50, width: 1000, height: 700 } };
    const matrix = alignPictures(first, cut);
    expect(matrix).toBeDefined();
    if (matrix === undefined) return;
    const [x = NaN, y = NaN] = apply(matrix, 0, 0);
    expect(x).toBeCloseTo(100, 3);
    expect(y).toBeCloseTo(50, 3);
  });
});
