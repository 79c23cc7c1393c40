import { fieldMap } from '../../../src/web/field-map.js';
import { skyMap } from '../../../src/web/sky-map.js';

/** The points of a path that are written as absolute ones. */
function pointsOf(d: string): { x: number; y: number }[] {
  return [...d.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }));
}

/** The middle of a dot. */
function middleOf(d: string): { x: number; y: number } {
  const [, x, y, r] = /^M(-?[\d.]+) (-?[\d.]+)a([\d.]+)/.exec(d) ?? [];
  return { x: Number(x) + Number(r), y: Number(y) };
}

function dotAt(raDeg: number, decDeg: number, width = 402): { x: number; y: number } {
  const map = skyMap({ marks: [{ raDeg, decDeg, label: 'x' }], width, label: 'sky' });
  return middleOf(map.marks[0]?.d ?? '');
}

describe('the map of the whole sky', () => {
  // Hammer's projection: x = 2√2 cos b sin(l/2) / √(1 + cos b cos(l/2)), y = √2 sin b / the same root.
  test.each([
    ['the middle', 0, 0, 201, 100.5],
    ['the north pole', 123, 90, 201, 1],
    ['the south pole', 0, -90, 201, 200],
    ['six hours, to the left', 90, 0, 201 - 200 * 0.5412, 100.5],
    ['eighteen hours, to the right', 270, 0, 201 + 200 * 0.5412, 100.5],
    ['45° up at three hours', 45, 45, 201 - 200 * 0.2105, 100.5 - 99.5 * 0.55],
  ])('%s lies where the projection puts it', (_, raDeg, decDeg, x, y) => {
    const dot = dotAt(raDeg, decDeg);
    expect(Math.abs(dot.x - x)).toBeLessThan(0.2);
    expect(Math.abs(dot.y - y)).toBeLessThan(0.2);
  });

  test('every line stays within the map, and none runs across it where right ascension begins anew', () => {
    const map = skyMap({ marks: [], width: 640, label: 'sky' });
    for (const d of [map.grid, map.ecliptic, map.galaxy]) {
      for (const part of d.split(/(?=M)/)) {
        const points = pointsOf(part);
        points.forEach(({ x, y }, at) => {
          const inside = ((x - 320) / 319) ** 2 + ((y - 160) / 159) ** 2;
          expect(inside).toBeLessThan(1.01);
          const before = points[at - 1];
          if (before !== undefined) expect(Math.hypot(x - before.x, y - before.y)).toBeLessThan(60);
        });
      }
    }
  });

  test('the plane of the Milky Way passes through its centre in Sagittarius, and the ecliptic through the equinox', () => {
    const map = skyMap({ marks: [], width: 402, label: 'sky' });
    const isOn = (d: string, at: { x: number; y: number }): boolean =>
      pointsOf(d).some(({ x, y }) => Math.hypot(x - at.x, y - at.y) < 2.5);
    expect(isOn(map.galaxy, dotAt(266.405, -28.936))).toBe(true);
    expect(isOn(map.ecliptic, dotAt(0, 0))).toBe(true);
    expect(isOn(map.ecliptic, dotAt(90, 23.44))).toBe(true);
    expect(isOn(map.ecliptic, dotAt(90, -23.44))).toBe(false);
  });

  test('a field too small to be seen is a square, a large one its outline, one over the edge is cut', () => {
    const field = (raDeg: number, side: number) => ({
      raDeg,
      decDeg: 0,
      label: 'field',
      polygon: [
        { raDeg: raDeg - side, decDeg: -side },
        { raDeg: raDeg + side, decDeg: -side },
        { raDeg: raDeg + side, decDeg: side },
        { raDeg: raDeg - side, decDeg: side },
      ],
    });
    const marks = [field(10, 0.1), field(10, 20), field(180, 20)];
    const shapes = skyMap({ marks, width: 402, label: 'sky' }).marks;
    expect(shapes.map(({ kind }) => kind)).toEqual(['field', 'field', 'field']);
    expect(shapes[0]?.d).toMatch(/^M[\d.]+ [\d.]+h6v6h-6Z$/);
    expect(pointsOf(shapes[1]?.d ?? '')).toHaveLength(5);
    expect(shapes[2]?.d.split('M').length).toBeGreaterThan(2);
  });

  test('a small map has no labels; links are told from marks that lead nowhere', () => {
    const mark = { raDeg: 10, decDeg: 41, label: 'M 31' };
    const small = skyMap({ marks: [mark], width: 124, label: 'sky' });
    expect([small.height, small.texts, small.hasLinks]).toEqual([62, [], false]);
    const large = skyMap({ marks: [{ ...mark, url: '/targets/M%2031/' }], width: 640, label: 's' });
    expect(large.hasLinks).toBe(true);
    expect(large.texts.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['0h', '6h', '18h', '+30°', '−60°']),
    );
  });
});

describe('the map of a part of the sky', () => {
  const square = (raDeg: number, decDeg: number, half: number) => {
    const wide = half / Math.cos((decDeg * Math.PI) / 180);
    return [
      { raDeg: raDeg + wide, decDeg: decDeg - half },
      { raDeg: raDeg - wide, decDeg: decDeg - half },
      { raDeg: raDeg - wide, decDeg: decDeg + half },
      { raDeg: raDeg + wide, decDeg: decDeg + half },
    ];
  };
  const size = { width: 600, height: 400, label: 'fields' };

  test('north is up and east to the left, and all fields are on it', () => {
    const center = { raDeg: 359.9, decDeg: 40 };
    const fields = [
      { polygon: square(359.9, 40, 0.1), label: 'middle', url: '' },
      { polygon: square(0.2, 40, 0.1), label: 'east', url: '/e/' },
      { polygon: square(359.9, 40.3, 0.1), label: 'north', url: '' },
    ];
    const map = fieldMap({ center, fields, ...size });
    const [middle, east, north] = map.fields.map(({ d }) => {
      const points = pointsOf(d);
      for (const { x, y } of points) {
        expect(x > 0 && x < 600 && y > 0 && y < 400).toBe(true);
      }
      const sum = points.reduce((a, { x, y }) => ({ x: a.x + x / 4, y: a.y + y / 4 }), {
        x: 0,
        y: 0,
      });
      return sum;
    });
    expect(Math.hypot((middle?.x ?? 0) - 300, (middle?.y ?? 0) - 200)).toBeLessThan(1);
    expect(east?.x).toBeLessThan((middle?.x ?? 0) - 20);
    expect(north?.y).toBeLessThan((middle?.y ?? 0) - 20);
    expect(map.hasLinks).toBe(true);
  });

  test('the bar is as long as it says, and the size of the map is told', () => {
    const center = { raDeg: 100, decDeg: 0 };
    const map = fieldMap({
      center,
      fields: [{ polygon: square(100, 0, 0.36), label: 'f', url: '' }],
      ...size,
    });
    const length = Number(/h([\d.]+)M/.exec(map.scale.d)?.[1]);
    const perDegree = (400 * 0.72) / 0.72;
    expect(map.scale.text.text).toBe('20′');
    expect(Math.abs(length - perDegree / 3)).toBeLessThan(1);
    expect(map.shown).toBe('1.5° × 1.0°');
  });

  test.each([
    ['at a pole', { raDeg: 0, decDeg: 90 }],
    ['on the equator', { raDeg: 0, decDeg: 0 }],
    ['in the far south', { raDeg: 200, decDeg: -85 }],
  ])('a map %s has a grid of whole numbers', (_, center) => {
    const map = fieldMap({ center, fields: [], ...size });
    expect(map.grid).not.toMatch(/NaN|undefined/);
    expect(pointsOf(map.grid).length).toBeGreaterThan(60);
    for (const { text } of map.texts) expect(text).toMatch(/^[−+]?\d/);
  });
});
