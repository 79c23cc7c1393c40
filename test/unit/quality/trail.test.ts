import { measurePicture, type Measures } from '../../../src/quality/index.js';
import { makeNoise } from '../../fixtures/make-fits.js';
import { makeField } from '../../fixtures/star-field.js';

const SIDE = 600;
const WIDE = 8;
// Taken once: under the test runner each look at a global costs more than the function itself.
const { abs, floor, hypot, max, min } = Math;

interface Trail {
  readonly lengthPx: number;
  readonly angleDeg: number;
}

/** Lines at random places, 3 pixels wide: the mount stood still or ran away. */
function measureTrails(trails: readonly Trail[]): Measures {
  const { pixels, width, height } = makeField({ width: SIDE, height: SIDE });
  const random = makeNoise(3);
  for (const { lengthPx, angleDeg } of trails) {
    const [east, north] = [Math.cos(toRad(angleDeg)), Math.sin(toRad(angleDeg))];
    const [x0, y0] = [random() * SIDE, random() * SIDE];
    const light = 200 + 1500 * random();
    const reach = lengthPx / 2 + WIDE;
    for (let y = max(0, floor(y0 - reach)); y < min(SIDE, y0 + reach); y += 1) {
      for (let x = max(0, floor(x0 - reach)); x < min(SIDE, x0 + reach); x += 1) {
        const along = max(0, abs((x - x0) * east + (y - y0) * north) - lengthPx / 2);
        const off = hypot(along, (y - y0) * east - (x - x0) * north);
        const at = y * SIDE + x;
        if (off < WIDE) pixels[at] = (pixels[at] ?? 0) + light * 2 ** -((off / 1.5) ** 2);
      }
    }
  }
  const known = { kind: 'sky', saturation: null, pixelScaleArcsec: 0.5 } as const;
  return measurePicture({ pixels, width, height, ...known });
}

function toRad(deg: number): number {
  return (deg * Math.PI) / 180;
}

test.each([
  [70, 30],
  [100, 30],
  [100, -62],
  [150, 30],
])('trails of %d pixels along %d° are told with both', (lengthPx, angleDeg) => {
  const measures = measureTrails(Array.from({ length: 25 }, () => ({ lengthPx, angleDeg })));
  expect(measures.findings.map(({ code }) => code)).toEqual(['trailed']);
  expect(Math.abs((measures.elongationAngleDeg ?? 0) - angleDeg)).toBeLessThan(3);
  const [, px = '', arcsec = ''] =
    /by about ([\d.]+) pixels, ([\d.]+)″/.exec(measures.findings[0]?.text ?? '') ?? [];
  expect(Math.abs(Number(px) / lengthPx - 1)).toBeLessThan(0.1);
  expect(Number(arcsec)).toBeCloseTo(Number(px) / 2, 1);
});

test('long lines in all directions are no mount that moved', () => {
  const { findings, elongationAngleDeg } = measureTrails(
    Array.from({ length: 25 }, (_, index) => ({ lengthPx: 60, angleDeg: 7 * index })),
  );
  expect(findings.map(({ code }) => code)).not.toContain('trailed');
  expect(elongationAngleDeg).toBeNull();
});
