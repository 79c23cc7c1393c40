import { matchStars, type Place } from '../../../src/solving/star-match.js';
import { randomNumbers } from '../../fixtures/random-frames.js';

const SIZE = { width: 2000, height: 1500 };

/** Stars of a part of the sky that is four times as large as an image. */
function makeSky(count: number, seed: number): Place[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => [
    (random() - 0.5) * 2 * SIZE.width,
    (random() - 0.5) * 2 * SIZE.height,
  ]);
}

/** What a camera sees of it that looks at `at`, turned, and stretched. */
function look(
  sky: readonly Place[],
  { at, turnDeg = 0, scale = 1, noisePx = 0.3, seed = 1 }: Look,
): Place[] {
  const random = randomNumbers(seed);
  const [c, s] = [Math.cos((turnDeg * Math.PI) / 180), Math.sin((turnDeg * Math.PI) / 180)];
  const noise = (): number => (random() - 0.5) * 2 * noisePx;
  return sky
    .map(([x, y]): Place => {
      const [dx, dy] = [(x - at[0]) * scale, (y - at[1]) * scale];
      return [
        SIZE.width / 2 + c * dx - s * dy + noise(),
        SIZE.height / 2 + s * dx + c * dy + noise(),
      ];
    })
    .filter(([x, y]) => x > 0 && y > 0 && x < SIZE.width && y < SIZE.height)
    .slice(0, 48);
}

interface Look {
  readonly at: Place;
  readonly turnDeg?: number;
  readonly scale?: number;
  readonly noisePx?: number;
  readonly seed?: number;
}

const sky = makeSky(170, 7);
const first = look(sky, { at: [0, 0], seed: 2 });

test.each([
  ['the same field', { at: [0, 0] }, [0]],
  ['a field that is moved by a fifth', { at: [400, -300] }, [0]],
  ['one that is turned by half a degree', { at: [37, 11], turnDeg: 0.4 }, [0]],
  ['one beyond the meridian', { at: [15, -60], turnDeg: 180.1 }, [0, 180]],
  ['one of which the header tells how it is turned', { at: [100, 50], turnDeg: 73 }, [0, 180, 73]],
  ['one through warmer optics', { at: [-120, 80], scale: 1.002 }, [0]],
] as const)('%s is known by its stars', (_, how, turns) => {
  const other = look(sky, { seed: 3, ...how });
  const pairs = matchStars(other, first, turns, SIZE);
  expect(pairs.length).toBeGreaterThan(12);
  // Each pair is one star of the sky: back to it, both come to the same.
  const back = ([x, y]: Place, { at, turnDeg = 0, scale = 1 }: Look): Place => {
    const [c, s] = [Math.cos((turnDeg * Math.PI) / 180), Math.sin((turnDeg * Math.PI) / 180)];
    const [dx, dy] = [(x - SIZE.width / 2) / scale, (y - SIZE.height / 2) / scale];
    return [at[0] + c * dx + s * dy, at[1] - s * dx + c * dy];
  };
  const apart = pairs.map(({ own, other: there }) => {
    const [a, b] = [back(own, how), back(there, { at: [0, 0] })];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  });
  expect(Math.max(...apart)).toBeLessThan(3);
});

test('other stars are not taken for the same, in hundreds of tries', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const one = look(makeSky(60 + (seed % 130), 1000 + seed), { at: [0, 0] });
    const two = look(makeSky(60 + (seed % 90), 5000 + seed), { at: [0, 0] });
    expect(matchStars(one, two, [0, 180, 31], SIZE)).toEqual([]);
  }
});

test('two clusters whose stars crowd in the middle are not the same either', () => {
  const crowd = (seed: number): Place[] => {
    const random = randomNumbers(seed);
    const near = (): number => (random() + random() + random() - 1.5) * 120;
    return Array.from({ length: 48 }, () => [1000 + near(), 750 + near()]);
  };
  for (let seed = 0; seed < 60; seed += 1) {
    expect(matchStars(crowd(seed), crowd(9000 + seed), [0, 180], SIZE)).toEqual([]);
  }
  expect(matchStars(crowd(1), crowd(1), [0, 180], SIZE)).toHaveLength(48);
});

test('a field with half of its stars gone behind clouds is known, with a handful it is not', () => {
  const dim = first.filter((_, index) => index % 2 === 0);
  expect(matchStars(dim, first, [0], SIZE).length).toBe(dim.length);
  expect(matchStars(first.slice(0, 6), first, [0], SIZE)).toEqual([]);
  expect(matchStars([], first, [0], SIZE)).toEqual([]);
});
