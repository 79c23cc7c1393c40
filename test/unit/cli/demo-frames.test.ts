import { listFiles } from '../../../src/cli/demo/files.js';
import { planNight } from '../../../src/cli/demo/plan.js';
import { createNormalTable, createRandom } from '../../../src/cli/demo/random.js';
import { createRenderer } from '../../../src/cli/demo/render.js';
import {
  makeStars,
  makeWcs,
  projectTan,
  toPixel,
  unprojectTan,
} from '../../../src/cli/demo/starfield.js';
import { TARGETS } from '../../../src/cli/demo/observatory.js';

const PLAN = planNight('2026-11-14', 30, 128);

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: string): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 5 }, () => random.uniform());
  };
  expect(draw('a')).toEqual(draw('a'));
  expect(draw('a')).not.toEqual(draw('b'));
});

test('numbers are uniform and normal where they say so', () => {
  const random = createRandom('statistics');
  const uniform = Array.from({ length: 20_000 }, () => random.uniform());
  const mean = uniform.reduce((sum, x) => sum + x, 0) / uniform.length;
  expect(mean).toBeCloseTo(0.5, 1);
  const table = createNormalTable();
  const variance = table.reduce((sum, x) => sum + x * x, 0) / table.length;
  expect(variance).toBeCloseTo(1, 2);
  // A normal number is below −1 in 15.87 % of all cases.
  expect(table.filter((x) => x < -1).length / table.length).toBeCloseTo(0.1587, 3);
});

test('the tangent plane leads there and back, also across the pole and RA 0', () => {
  for (const centre of [
    { raDeg: 0.1, decDeg: 41 },
    { raDeg: 200, decDeg: 89.9 },
    { raDeg: 83.8, decDeg: -5.4 },
  ]) {
    const point = unprojectTan({ xiDeg: 0.4, etaDeg: -0.3 }, centre);
    const plane = projectTan(point, centre);
    expect(plane?.xiDeg).toBeCloseTo(0.4, 9);
    expect(plane?.etaDeg).toBeCloseTo(-0.3, 9);
  }
  expect(projectTan({ raDeg: 180, decDeg: 0 }, { raDeg: 0, decDeg: 0 })).toBeUndefined();
});

test('north is up and east is left without rotation', () => {
  const wcs = makeWcs({ raDeg: 10, decDeg: 0 }, [100, 80], 3.6, 0);
  expect(toPixel({ raDeg: 10, decDeg: 0 }, wcs)).toEqual({ x: 50.5, y: 40.5 });
  const northEast = toPixel({ raDeg: 10.01, decDeg: 0.02 }, wcs);
  expect(northEast?.x).toBeCloseTo(40.5, 4);
  expect(northEast?.y).toBeCloseTo(60.5, 4);
});

test('a field has more faint stars than bright ones, and is always the same', () => {
  const target = TARGETS.find(({ name }) => name === 'NGC 891')!;
  const stars = makeStars(target, 'x');
  expect(stars).toEqual(makeStars(target, 'x'));
  const within = (low: number, high: number): number =>
    stars.filter(({ magnitude }) => magnitude >= low && magnitude < high).length;
  expect(within(12, 13)).toBeGreaterThan(within(11, 12));
  expect(within(15, 16)).toBeGreaterThan(2 * within(13, 14));
});

describe('the files of a night', () => {
  const files = listFiles(PLAN, createRenderer('test'));
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const file = (pattern: RegExp) => files.find(({ name }) => pattern.test(name))!;

  test('are the planned ones, a broken one and two products, each with a name of its own', () => {
    expect(files).toHaveLength(30 + 1 + 2);
    expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
    for (const { name } of files) {
      expect(name).toMatch(/^kh(?:50-cam1|08-cam2)-20261114-(?:\d{4}|bias)-[bdfe]0[01]\.fits$/);
    }
  });

  test('are the same bytes every time', () => {
    const again = listFiles(PLAN, createRenderer('test'));
    const last = files.length - 1;
    expect(Buffer.compare(files[last]!.make(), again[last]!.make())).toBe(0);
    expect(Buffer.compare(files[3]!.make(), again[3]!.make())).toBe(0);
  });

  test('have stars where their WCS says', () => {
    const renderer = createRenderer('test');
    const exposure = PLAN.exposures.find((e) => e.kind === 'object' && e.weather === 'clear')!;
    const scene = renderer.expose(exposure);
    const { width, height } = exposure.camera;
    const brightest = scene.stars
      .filter(({ x, y }) => x > 5 && y > 5 && x < width - 5 && y < height - 5)
      .reduce((a, b) => (b.electrons > a.electrons ? b : a));
    const pixel = toPixel(brightest, scene.wcs!)!;
    expect(pixel.x).toBeCloseTo(brightest.x, 6);
    const at = (x: number, y: number): number =>
      scene.light[(Math.round(y) - 1) * width + Math.round(x) - 1]!;
    const background = [...scene.light].sort((a, b) => a - b)[Math.floor(width * height * 0.5)]!;
    expect(at(pixel.x, pixel.y)).toBeGreaterThan(background * 1.05);
  });

  test('name what a product was made of', () => {
    const reduced = text(file(/-e01\.fits$/).make());
    for (const keyword of ['L1BIAS', 'L1DARK', 'L1FLAT', 'L1RAW', 'L1AVG001']) {
      const name = new RegExp(`${keyword.padEnd(8)}= '([^']+?) *'`).exec(reduced)?.[1];
      expect(files.map((f) => f.name)).toContain(`${name ?? ''}.fits`);
    }
    expect(reduced).toContain("EXTNAME = 'SCI     '");
    expect(reduced).toContain("EXTNAME = 'CAT     '");
  });

  test('carry the headers of a robotic observatory', () => {
    const bytes = file(/cam2-.*-e00\.fits$/).make();
    const header = text(bytes.subarray(0, 5 * 2880));
    for (const keyword of [
      'TEL-RA',
      'TEL-ALT',
      'AIRMASS',
      'MOONDIST',
      'CD2_2',
      'REQNUM',
      'DAY-OBS',
    ]) {
      expect(header).toContain(`${keyword.padEnd(8)}= `);
    }
    expect(header).toContain('BZERO   =                32768');
    expect(bytes.length % 2880).toBe(0);
  });

  test('have one that ends in the middle of its pixels', () => {
    const broken = files.filter(({ isBroken }) => isBroken);
    expect(broken).toHaveLength(1);
    const bytes = broken[0]!.make();
    expect(bytes.length).toBeGreaterThan(128 * 128);
    expect(bytes.length).toBeLessThan(2 * 128 * 128 + 2880);
  });
});
