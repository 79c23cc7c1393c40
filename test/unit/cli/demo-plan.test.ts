import { sunAltitude, toHorizontal } from '../../../src/cli/demo/ephemeris.js';
import { OBSERVATORY } from '../../../src/cli/demo/observatory.js';
import { lastNight, planNight } from '../../../src/cli/demo/plan.js';
import { nightOf } from '../../../src/lib/time.js';

const NIGHTS = Array.from({ length: 24 }, (_, i) =>
  new Date(Date.UTC(2026, 0, 5) + i * 15 * 86_400_000).toISOString().slice(0, 10),
);

describe.each(NIGHTS)('the night of %s', (night) => {
  const { exposures } = planNight(night, 76);
  const science = exposures.filter(({ kind }) => kind === 'object');

  test('has as many frames as asked, of every kind, filter and camera', () => {
    expect(exposures).toHaveLength(76);
    const kinds = exposures.map((e) => `${e.camera.id} ${e.kind} ${e.filter ?? '-'}`);
    // Nobody took flats in R with the second camera.
    expect(new Set(kinds).size).toBe(2 * (2 + 3 + 3) - 1);
    expect(kinds).not.toContain('cam2 skyflat R');
    expect(kinds).toContain('cam2 object R');
    expect(new Set(science.map(({ target }) => target?.name)).size).toBeGreaterThanOrEqual(5);
  });

  test('observes in the dark, well above the horizon', () => {
    for (const { startMs, target } of science) {
      expect(sunAltitude(startMs, OBSERVATORY)).toBeLessThan(-11.5);
      expect(target && toHorizontal(target, startMs, OBSERVATORY).altDeg).toBeGreaterThan(25);
    }
  });

  test('takes flats while the sky fades, with growing exposures and sinking levels', () => {
    const flats = exposures.filter((e) => e.kind === 'skyflat' && e.camera.id === 'cam1');
    expect(new Set(flats.map(({ filter }) => filter))).toEqual(new Set(['B', 'V', 'R']));
    const byTime = flats.map(({ exposureSec }) => exposureSec);
    expect(byTime).toEqual([...byTime].sort((a, b) => a - b));
    for (const { startMs } of flats) {
      expect(sunAltitude(startMs, OBSERVATORY)).toBeGreaterThan(-8.5);
      expect(sunAltitude(startMs, OBSERVATORY)).toBeLessThan(0);
    }
  });

  test('numbers the frames of a camera by the clock, with time to read each out', () => {
    for (const id of ['cam1', 'cam2']) {
      const own = exposures.filter(({ camera }) => camera.id === id);
      expect(own.map(({ number }) => number)).toEqual(own.map((_, index) => index + 1));
      own.slice(1).forEach((next, index) => {
        const before = own[index]!;
        expect(next.startMs - before.startMs).toBeGreaterThan(before.exposureSec * 1000);
      });
    }
  });

  test('has clouds that thicken and close the sky, a frame that drifted, and a wrong clock', () => {
    const own = science.filter(({ camera }) => camera.id === 'cam1');
    const cloudy = own.filter(({ weather }) => weather === 'clouds');
    expect(cloudy.map(({ cover }) => cover)).toEqual([0.62, 0.48, 0.34]);
    const last = own.indexOf(cloudy[2]!);
    const pauses = own.slice(1).map(({ startMs }, index) => startMs - own[index]!.startMs);
    expect(pauses.indexOf(Math.max(...pauses))).toBe(last);
    expect(pauses[last]! - Math.min(...pauses)).toBeGreaterThan(45 * 60_000);
    // Of the field behind the clouds there are enough clear frames to tell.
    const field = own.filter(
      ({ target, filter }) => target === cloudy[0]!.target && filter === 'V',
    );
    expect(field.filter(({ weather }) => weather === 'clear').length).toBeGreaterThanOrEqual(4);
    expect(science.filter(({ weather }) => weather === 'drift')).toHaveLength(1);
    const ahead = science.filter(({ clockAheadSec }) => clockAheadSec !== 0);
    expect(ahead.map(({ camera, clockAheadSec }) => [camera.id, clockAheadSec])).toEqual([
      ['cam2', 3600],
    ]);
  });

  test('is one night by the rule of the archive', () => {
    for (const { startMs } of exposures) {
      expect(nightOf(startMs, OBSERVATORY.longitudeDeg)).toBe(night);
    }
  });
});

test.each([30, 31, 60, 76, 200, 1000])('a night can have %d frames', (frames) => {
  const { exposures } = planNight('2026-06-21', frames);
  expect(exposures).toHaveLength(frames);
  expect(exposures.every(({ exposureSec }) => exposureSec >= 0)).toBe(true);
});

test('a plan for smaller detectors keeps their proportions', () => {
  const sizes = planNight('2026-11-14', 30, 256).exposures.map(({ camera }) => camera);
  expect(new Set(sizes.map(({ width, height }) => `${width}x${height}`))).toEqual(
    new Set(['256x256', '320x240']),
  );
});

test.each([
  ['2026-11-21T09:00:00Z', '2026-11-19'],
  ['2026-11-21T09:30:00Z', '2026-11-20'],
  ['2026-11-21T23:00:00Z', '2026-11-20'],
])('at %s the last night is %s', (now, night) => {
  expect(lastNight(Date.parse(now))).toBe(night);
});
