import { nightAt } from '../../../src/almanac/index.js';
import { twilightBands } from '../../../src/web/roll/bands.js';
import { layOut, type RollExposure } from '../../../src/web/roll/lanes.js';
import { makeMiniRoll } from '../../../src/web/roll/mini.js';
import {
  hourTicks,
  localTime,
  makeScale,
  isOfNight,
  spanOfNight,
  zoneName,
} from '../../../src/web/roll/scale.js';

const AT = { latitudeDeg: 51.5, longitudeDeg: 10, elevationM: 200 };
const SKY = nightAt('2026-11-14', AT);
const START = Date.parse('2026-11-14T18:00:00Z');
const HOUR = 3_600_000;
const WHOLE = { minWidth: 1, mergeWithin: 0, mostBars: 400 };

function exposure(
  minute: number,
  changes: Partial<RollExposure> & { readonly id: number },
): RollExposure {
  return {
    dateObsMs: START + minute * 60_000,
    exposureSec: 300,
    imageKind: 'object',
    filter: 'V',
    object: 'NGC 7331',
    siteId: 'hill',
    telescope: 'T1',
    instrument: 'cam1',
    reductionLevel: 0,
    flag: null,
    ...changes,
  };
}

describe('scale of a night', () => {
  test('maps time to the width and keeps what is outside on the edges', () => {
    const scale = makeScale({ fromMs: START, toMs: START + 4 * HOUR }, 200);
    expect([-1, 0, 1, 4, 9].map((hours) => scale.xOf(START + hours * HOUR))).toEqual([
      0, 0, 50, 200, 200,
    ]);
  });

  test('reaches from before sunset to after sunrise, and over exposures outside of that', () => {
    const { sunset } = SKY;
    const night = spanOfNight('2026-11-14', [SKY], []);
    expect(night.fromMs).toBeLessThan(sunset.eveningMs ?? 0);
    expect(night.toMs).toBeGreaterThan(sunset.morningMs ?? Infinity);
    expect(night.fromMs % (HOUR / 2)).toBe(0);
    const late = { dateObsMs: (sunset.morningMs ?? 0) + 2 * HOUR, exposureSec: 60 };
    expect(spanOfNight('2026-11-14', [SKY], [late]).toMs).toBeGreaterThan(late.dateObsMs);
  });

  test('is not stretched by slips of headers', () => {
    const usual = spanOfNight('2026-11-14', [SKY], []);
    const slips = [
      { dateObsMs: START, exposureSec: 1e9 },
      { dateObsMs: START - 40 * HOUR, exposureSec: 60 },
      { dateObsMs: START + 1e6 * HOUR, exposureSec: 60 },
    ];
    expect(spanOfNight('2026-11-14', [SKY], slips)).toEqual(usual);
    expect(slips.map(isOfNight('2026-11-14'))).toEqual([true, false, false]);
  });

  test('is from noon to noon if neither sky nor exposures are known', () => {
    const { fromMs, toMs } = spanOfNight('2026-11-14', [], []);
    expect(new Date(fromMs).toISOString()).toBe('2026-11-14T12:00:00.000Z');
    expect(toMs - fromMs).toBe(24 * HOUR);
  });

  test('has ticks at full hours, in UTC and in the time of the site', () => {
    const scale = makeScale({ fromMs: START - HOUR / 2, toMs: START + 1.5 * HOUR }, 100);
    expect(hourTicks(scale, 'Europe/Berlin')).toEqual([
      { x: 25, ms: START, utc: '18:00', local: '19:00' },
      { x: 75, ms: START + HOUR, utc: '19:00', local: '20:00' },
    ]);
    expect(hourTicks(scale, null)[0]?.local).toBe('');
    expect(localTime(START + 5 * HOUR, 'Europe/Berlin')).toBe('00:00');
    expect(zoneName(START, 'Europe/Berlin')).toBe('CET');
    expect(zoneName(START, null)).toBe('');
  });

  test('has no more than two dozen ticks, however long it is', () => {
    const scale = makeScale({ fromMs: START, toMs: START + 90 * HOUR }, 100);
    expect(hourTicks(scale, null).length).toBeLessThanOrEqual(25);
  });
});

describe('twilight', () => {
  test('is painted from day to dark, each stretch within the one before', () => {
    const bands = twilightBands(SKY, makeScale(SKY, 1000));
    expect(bands.map(({ tone }) => tone)).toEqual(['tw0', 'tw1', 'tw2', 'tw3', 'tw4']);
    for (const [index, band] of bands.slice(1).entries()) {
      const before = bands[index];
      expect(band.x).toBeGreaterThan(before?.x ?? Infinity);
      expect(band.x + band.width).toBeLessThan((before?.x ?? 0) + (before?.width ?? 0));
    }
  });

  test('has no dark where the Sun does not go down far enough', () => {
    const sky = nightAt('2026-06-21', { ...AT, latitudeDeg: 54 });
    const tones = twilightBands(sky, makeScale(sky, 100)).map(({ tone }) => tone);
    expect(tones).toEqual(['tw0', 'tw1', 'tw2', 'tw3']);
  });

  test('fills the whole of a polar night', () => {
    const sky = nightAt('2026-12-21', { ...AT, latitudeDeg: 88 });
    expect(twilightBands(sky, makeScale(sky, 100)).at(-1)).toEqual({
      x: 0,
      width: 100,
      tone: 'tw4',
    });
  });
});

describe('lanes', () => {
  const scale = makeScale({ fromMs: START, toMs: START + 10 * HOUR }, 600);

  test('stand in order of wavelength, unknown filters after them, calibrations last', () => {
    const cameras = layOut(
      [
        exposure(0, { id: 1, filter: 'R' }),
        exposure(6, { id: 2, filter: 'wide' }),
        exposure(12, { id: 3, filter: 'B' }),
        exposure(18, { id: 4, filter: null, imageKind: 'bias', exposureSec: 0 }),
        exposure(24, { id: 5, filter: 'V', imageKind: 'skyflat' }),
        exposure(30, { id: 6, filter: null }),
      ],
      scale,
      WHOLE,
    );
    expect(cameras).toHaveLength(1);
    expect(cameras[0]?.rows.map(({ label, slot }) => [label, slot])).toEqual([
      ['B', 'B'],
      ['V', 'V'],
      ['R', 'R'],
      ['no filter', 'none'],
      ['wide', 'none'],
      ['cal', 'none'],
    ]);
    expect(cameras[0]?.rows.flatMap(({ bars }) => bars.map(({ type }) => type))).toEqual([
      'light',
      'flat',
      'light',
      'light',
      'light',
      'bias',
    ]);
  });

  test('put cameras in order of site and name', () => {
    const names = layOut(
      [
        exposure(0, { id: 1, instrument: 'cam10' }),
        exposure(0, { id: 2, instrument: 'cam2' }),
        exposure(0, { id: 3, instrument: 'zcam', siteId: 'dale' }),
      ],
      scale,
      WHOLE,
    ).map(({ instrument }) => instrument);
    expect(names).toEqual(['zcam', 'cam2', 'cam10']);
  });

  test('show raw frames once: not the reduced ones of the same light, nor those without a date', () => {
    const [camera] = layOut(
      [
        exposure(0, { id: 1 }),
        exposure(0, { id: 2, reductionLevel: 1 }),
        exposure(0, { id: 3, dateObsMs: null }),
      ],
      scale,
      WHOLE,
    );
    expect(camera?.exposures.map(({ id }) => id)).toEqual([1]);
  });

  test('have bars as long as the exposures, but never too thin to be seen', () => {
    const [camera] = layOut(
      [exposure(0, { id: 1, exposureSec: 600 }), exposure(60, { id: 2, exposureSec: 0.1 })],
      scale,
      WHOLE,
    );
    expect(camera?.rows[0]?.bars.map(({ x, width }) => [x, width])).toEqual([
      [0, 10],
      [60, 1],
    ]);
  });

  test('keep a bar at the very end within the drawing', () => {
    const [camera] = layOut([exposure(599.9, { id: 1, exposureSec: 1 })], scale, WHOLE);
    const [bar] = camera?.rows[0]?.bars ?? [];
    expect((bar?.x ?? 0) + (bar?.width ?? 0)).toBeLessThanOrEqual(600);
  });

  test('put more bars than fit into runs that lose no exposure', () => {
    const many = Array.from({ length: 900 }, (_, index) =>
      exposure(index / 2, { id: index, exposureSec: 20, object: index < 450 ? 'A' : 'B' }),
    );
    const [camera] = layOut(many, scale, { ...WHOLE, mostBars: 400 });
    const bars = camera?.rows[0]?.bars ?? [];
    expect(bars.length).toBeLessThanOrEqual(400);
    expect(bars.flatMap(({ exposures }) => exposures.map(({ id }) => id))).toEqual(
      many.map(({ id }) => id),
    );
    for (const { exposures } of bars) {
      expect(new Set(exposures.map(({ object }) => object)).size).toBe(1);
    }
  });
});

describe('small timelines', () => {
  test('have one path for each look, inside of the drawing', () => {
    const roll = makeMiniRoll(
      [
        ...Array.from({ length: 40 }, (_, index) => exposure(index * 6, { id: index })),
        exposure(300, { id: 90, filter: 'R' }),
        exposure(306, { id: 91, filter: 'R', imageKind: 'flat' }),
        exposure(320, { id: 92, imageKind: 'bias', instrument: 'cam2', exposureSec: 0 }),
      ],
      { night: '2026-11-14', sky: SKY, width: 304, height: 42 },
    );
    expect(roll.bars.map(({ className }) => className)).toEqual([
      'bar is-light c-V',
      'bar is-light c-R',
      'bar is-flat c-R',
      'bar is-bias',
    ]);
    for (const { d } of roll.bars) {
      for (const [, x, y, , h] of d.matchAll(/M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)/g)) {
        expect(Number(x)).toBeLessThanOrEqual(304);
        expect(Number(y) + Number(h)).toBeLessThanOrEqual(42);
      }
    }
  });

  test('leave out what lies outside of an axis that several nights share', () => {
    const span = { fromMs: START, toMs: START + HOUR };
    const options = { night: '2026-11-14', sky: undefined, span, width: 100, height: 20 };
    const roll = makeMiniRoll([exposure(-30, { id: 1 }), exposure(70, { id: 2 })], options);
    expect(roll.bars).toEqual([]);
    expect(roll.bands).toEqual([]);
  });
});
