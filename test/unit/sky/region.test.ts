import {
  circleRegion,
  covers,
  footprintRegion,
  fromUnitVector,
  intersects,
  parseRegion,
  pathRegion,
  polygonRegion,
  separationDeg,
  toUnitVector,
  type Footprint,
  type PolygonRegion,
  type Region,
  type SkyPoint,
  type UnitVector,
} from '../../../src/sky/index.js';

/** Repeatable numbers in [0, 1): mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const dot = (a: UnitVector, b: UnitVector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: UnitVector, b: UnitVector): UnitVector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** The point at a distance and position angle from another, by the formulas of a triangle. */
function away(from: SkyPoint, distanceDeg: number, angleDeg: number): SkyPoint {
  const [x, y, z] = toUnitVector(from);
  const ra = (from.raDeg * Math.PI) / 180;
  const east: UnitVector = [-Math.sin(ra), Math.cos(ra), 0];
  const north = cross([x, y, z], east);
  const [d, a] = [(distanceDeg * Math.PI) / 180, (angleDeg * Math.PI) / 180];
  const start: UnitVector = [x, y, z];
  const at = (i: 0 | 1 | 2): number =>
    start[i] * Math.cos(d) + Math.sin(d) * (north[i] * Math.cos(a) + east[i] * Math.sin(a));
  return fromUnitVector([at(0), at(1), at(2)]);
}

const CENTERS: readonly SkyPoint[] = [
  { raDeg: 0, decDeg: 0 },
  { raDeg: 359.99, decDeg: 12 },
  { raDeg: 80, decDeg: 90 },
  { raDeg: 200, decDeg: -90 },
  { raDeg: 10, decDeg: 89.7 },
  { raDeg: 123, decDeg: -45 },
];

/** Corners of a star around a point: not convex, but every corner is seen from the middle. */
function star(random: () => number, center: SkyPoint, sizeDeg: number): SkyPoint[] {
  const corners = 3 + Math.floor(random() * 8);
  const turn = random() * 360;
  return Array.from({ length: corners }, (_, i) =>
    away(center, sizeDeg * (0.25 + 0.75 * random()), turn + (360 / corners) * (i + 0.4 * random())),
  );
}

/** The triangles between the middle of a star and its edges. */
function triangles(center: SkyPoint, corners: readonly SkyPoint[]): UnitVector[][] {
  return corners.map((corner, i) =>
    [center, corner, corners[(i + 1) % corners.length] ?? corner].map(toUnitVector),
  );
}

/** Sine of the distance to the nearest edge, positive inside of a triangle whatever its direction. */
function depth(triangle: readonly UnitVector[], point: UnitVector): number {
  const [a, b, c] = triangle;
  if (a === undefined || b === undefined || c === undefined) return -1;
  const sign = Math.sign(dot(cross(a, b), c));
  const heights = [cross(a, b), cross(b, c), cross(c, a)].map(
    (pole) => (sign * dot(pole, point)) / Math.hypot(...pole),
  );
  return Math.min(...heights);
}

/** Oracle for two triangles: they are apart if and only if a plane through the origin parts them. */
function trianglesMeet(one: readonly UnitVector[], other: readonly UnitVector[]): boolean {
  const poles: UnitVector[] = [];
  const all = [...one, ...other];
  for (const a of all) for (const b of all) poles.push(cross(a, b));
  return !poles.some((pole) => {
    const heights = (points: readonly UnitVector[]): number[] => points.map((p) => dot(pole, p));
    const [low, high] = [Math.min(...heights(one)), Math.max(...heights(one))];
    const [low2, high2] = [Math.min(...heights(other)), Math.max(...heights(other))];
    const tiny = 1e-14;
    return (
      (low >= -tiny && high2 <= tiny && high - low2 > tiny * 10) ||
      (low2 >= -tiny && high <= tiny && high2 - low > tiny * 10)
    );
  });
}

function polygon(corners: readonly SkyPoint[]): PolygonRegion {
  const region = polygonRegion(corners);
  if (region === undefined) throw new Error('not a polygon');
  return region;
}

function point(at: SkyPoint): Region {
  const region = pathRegion([at]);
  if (region === undefined) throw new Error('not a point');
  return region;
}

function read(text: string): Region {
  const region = parseRegion(text);
  if (region === undefined) throw new Error(`cannot read ${text}`);
  return region;
}

const SIZES = [0.001, 0.3, 5, 40];

describe.each(SIZES)('polygons of %d degrees', (sizeDeg) => {
  test('hold the points that the triangles they are made of hold', () => {
    const random = randomNumbers(1);
    let inside = 0;
    for (const center of CENTERS) {
      for (let i = 0; i < 20; i += 1) {
        const corners = star(random, center, sizeDeg);
        const parts = triangles(center, corners);
        for (const region of [polygon(corners), polygon([...corners].reverse())]) {
          for (let j = 0; j < 20; j += 1) {
            const at = away(center, sizeDeg * 1.1 * random(), random() * 360);
            const depths = parts.map((part) => depth(part, toUnitVector(at)));
            const deepest = Math.max(...depths);
            if (Math.abs(deepest) < 1e-11) continue;
            expect(covers(region, point(at))).toBe(deepest > 0);
            inside += deepest > 0 ? 1 : 0;
          }
        }
      }
    }
    expect(inside).toBeGreaterThan(500);
  });

  test('meet where two of their triangles meet', () => {
    const random = randomNumbers(2);
    let meeting = 0;
    let apart = 0;
    for (const center of CENTERS) {
      for (let i = 0; i < 30; i += 1) {
        const other = away(center, sizeDeg * 1.6 * random(), random() * 360);
        const [first, second] = [star(random, center, sizeDeg), star(random, other, sizeDeg)];
        const meets = triangles(center, first).some((one) =>
          triangles(other, second).some((two) => trianglesMeet(one, two)),
        );
        expect(intersects(polygon(first), polygon(second))).toBe(meets);
        expect(intersects(polygon(second), polygon(first))).toBe(meets);
        if (meets) meeting += 1;
        else apart += 1;
      }
    }
    expect(Math.min(meeting, apart)).toBeGreaterThan(10);
  });

  test('meet and hold circles as far as their edges are near', () => {
    const random = randomNumbers(3);
    const seen = new Set<string>();
    for (const center of CENTERS) {
      for (let i = 0; i < 40; i += 1) {
        const corners = star(random, center, sizeDeg);
        const region = polygon(corners);
        const at = away(center, sizeDeg * 1.5 * random(), random() * 360);
        const radiusDeg = sizeDeg * 0.6 * random();
        // The nearest of many points on the edges is nearly the nearest of all.
        const edge = corners.flatMap((corner, k) => {
          const next = toUnitVector(corners[(k + 1) % corners.length] ?? corner);
          const from = toUnitVector(corner);
          return Array.from({ length: 100 }, (_, n): SkyPoint => {
            const t = n / 100;
            const mix = (m: 0 | 1 | 2): number => from[m] * (1 - t) + next[m] * t;
            return fromUnitVector([mix(0), mix(1), mix(2)]);
          });
        });
        const nearest = Math.min(...edge.map((each) => separationDeg(each, at)));
        if (Math.abs(nearest - radiusDeg) < sizeDeg * 0.02) continue;
        const isIn = covers(region, point(at));
        const circle = circleRegion(at, radiusDeg);
        expect(intersects(region, circle)).toBe(isIn || nearest < radiusDeg);
        expect(intersects(circle, region)).toBe(isIn || nearest < radiusDeg);
        expect(covers(region, circle)).toBe(isIn && nearest > radiusDeg);
        const farthest = Math.max(...corners.map((each) => separationDeg(each, at)));
        if (Math.abs(farthest - radiusDeg) > 1e-9 * sizeDeg) {
          expect(covers(circle, region)).toBe(farthest < radiusDeg);
        }
        seen.add(`${String(isIn)} ${String(nearest < radiusDeg)}`);
      }
    }
    expect(seen.size).toBe(4);
  });
});

test('a polygon holds itself, its corners and edges, and what is shrunk towards its middle', () => {
  const random = randomNumbers(4);
  for (const center of CENTERS) {
    for (const sizeDeg of SIZES) {
      const corners = star(random, center, sizeDeg);
      const region = polygon(corners);
      expect(covers(region, region)).toBe(true);
      expect(intersects(region, region)).toBe(true);
      for (const corner of corners) expect(covers(region, point(corner))).toBe(true);
    }
  }
  const square = polygon(square4(0, 0, 1));
  expect(covers(square, polygon(square4(0, 0, 0.5)))).toBe(true);
  expect(covers(polygon(square4(0, 0, 0.5)), square)).toBe(false);
});

function square4(raDeg: number, decDeg: number, half: number): SkyPoint[] {
  return [
    [-half, -half],
    [half, -half],
    [half, half],
    [-half, half],
  ].map(([x = 0, y = 0]) => ({ raDeg: (raDeg + x + 360) % 360, decDeg: decDeg + y }));
}

test('a line that leaves a bent polygon and comes back is not in it, but meets it', () => {
  const horseshoe = polygon(
    [
      [0, 0],
      [3, 0],
      [3, 3],
      [2, 3],
      [2, 1],
      [1, 1],
      [1, 3],
      [0, 3],
    ].map(([raDeg = 0, decDeg = 0]) => ({ raDeg, decDeg })),
  );
  expect(covers(horseshoe, read('LINESTRING(0.5 2, 2.5 2)'))).toBe(false);
  expect(covers(horseshoe, read('LINESTRING(0.5 0.5, 2.5 0.5)'))).toBe(true);
  expect(intersects(horseshoe, read('LINESTRING(1.5 2, 1.6 2)'))).toBe(false);
  expect(intersects(horseshoe, read('LINESTRING(1.5 2, 2.5 2)'))).toBe(true);
  expect(covers(horseshoe, read('POINT(1.5 2)'))).toBe(false);
  expect(covers(horseshoe, read('CIRCLE(1.5 0.5 0.4)'))).toBe(true);
  expect(covers(horseshoe, read('CIRCLE(1.5 0.5 0.6)'))).toBe(false);
});

test('edges are great circles, not lines of constant declination', () => {
  const wide = polygon([
    { raDeg: 0, decDeg: 60 },
    { raDeg: 60, decDeg: 60 },
    { raDeg: 60, decDeg: 50 },
    { raDeg: 0, decDeg: 50 },
  ]);
  // The middle of the northern edge: tan δ = tan 60° / cos 30°.
  const north = (Math.atan(Math.tan(Math.PI / 3) / Math.cos(Math.PI / 6)) * 180) / Math.PI;
  expect(covers(wide, point({ raDeg: 30, decDeg: north - 1e-6 }))).toBe(true);
  expect(covers(wide, point({ raDeg: 30, decDeg: north + 1e-6 }))).toBe(false);
});

test('circles of all sizes, the whole sky too', () => {
  const sky = circleRegion({ raDeg: 0, decDeg: 90 }, 180);
  const most = circleRegion({ raDeg: 0, decDeg: 90 }, 170);
  expect(covers(sky, read('POLYGON((0 -89, 120 -89, 240 -89, 0 -89))'))).toBe(true);
  expect(covers(most, read('POLYGON((0 -89, 120 -89, 240 -89, 0 -89))'))).toBe(false);
  expect(covers(most, read('POLYGON((0 -70, 120 -70, 240 -70, 0 -70))'))).toBe(false); // the hole
  expect(covers(most, read('LINESTRING(0 -70, 120 -70, 240 -70, 0 -70)'))).toBe(true);
  expect(covers(most, read('LINESTRING(0 -75, 180 -75)'))).toBe(false); // over the pole
  expect(intersects(most, read('POINT(0 -85)'))).toBe(false);
  expect(intersects(most, read('CIRCLE(0 -85 6)'))).toBe(true);
  expect(covers(most, read('CIRCLE(0 0 80)'))).toBe(true);
  expect(covers(most, read('CIRCLE(0 0 81)'))).toBe(false);
});

describe('parseRegion', () => {
  test.each([
    ['POINT(10.68 41.27)', 'path', 1],
    [' point ( -0.1 10 ) ', 'path', 1],
    ['SRID=4326;POINT(10.68 41.27)', 'path', 1],
    ['LINESTRING(10 41.27,11 41.27)', 'path', 2],
    ['POLYGON((10 41,11 41,11 42,10 42,10 41))', 'polygon', 4],
    ['polygon((359 -1, 1 -1, 1 1, 359 1, 359 -1))', 'polygon', 4],
    ["CIRCLE(10 41 30')", 'circle', 0],
    ['CIRCLE(10 41 0.5)', 'circle', 0],
    ['10.68,41.27', 'path', 1],
    ['00:42:44.3, +41:16:09', 'path', 1],
    ['10.68 41.27', 'path', 1],
  ])('reads %s', (text, kind, corners) => {
    const region = read(text);
    expect(region.kind).toBe(kind);
    expect(region.kind === 'circle' ? 0 : region.vertices.length).toBe(corners);
  });

  test.each([
    'POINT(10, 20)',
    'POINT(10 100)',
    'POINT(400 10)',
    'POINT(10 20 30)',
    'POINT()',
    'POINT(nan 1)',
    'POLYGON((10 41,11 41,11 42,10 42))', // open
    'POLYGON((10 41,11 41,10 41))',
    'POLYGON((0 0,1 0,1 1,0 0),(0.1 0.1,0.2 0.1,0.2 0.2,0.1 0.1))',
    'POLYGON((0 0,120 0,240 0,0 0))', // half of the sky
    'CIRCLE(10 41)',
    'CIRCLE(10 41 181)',
    'CIRCLE(10 41 -1)',
    'MULTIPOINT(1 2)',
    'junk',
    '1,2,3',
    '',
    `LINESTRING(${Array(600).fill('1 1').join(',')})`,
  ])('does not read %.40s', (text) => {
    expect(parseRegion(text)).toBeUndefined();
  });
});

test('a frame is its polygon, and half of the sky or more the circle around it', () => {
  const base: Footprint = {
    corners: [],
    polygon: square4(10, 10, 1),
    center: null,
    pixelScaleArcsec: 1,
    rotationDeg: 0,
    mirrored: false,
    cap: { raDeg: 10, decDeg: 10, radiusDeg: 1.5 },
    provisional: false,
  };
  expect(footprintRegion(base).kind).toBe('polygon');
  const whole = footprintRegion({ ...base, polygon: null });
  expect(whole.kind).toBe('circle');
  expect(covers(whole, point({ raDeg: 10, decDeg: 11.4 }))).toBe(true);
});

test('ten thousand frames of four corners are judged in a fraction of a second', () => {
  const region = read('CIRCLE(10 10 1)');
  const area = read('POLYGON((9 9,11 9,11 11,9 11,9 9))');
  const start = performance.now();
  for (let i = 0; i < 10_000; i += 1) {
    const frame = polygon(square4(8 + (i % 40) / 10, 10, 0.2));
    intersects(frame, region);
    intersects(frame, area);
    covers(frame, area);
  }
  expect(performance.now() - start).toBeLessThan(2000);
});
