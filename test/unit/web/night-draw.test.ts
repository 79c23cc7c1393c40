import { drawPlot, makeAxis, type PlotInput } from '../../../src/web/night/draw.js';
import { shortName, type NightFrameRow } from '../../../src/web/night/data.js';
import { nameRuns } from '../../../src/web/night/lane.js';
import { parsePlots } from '../../../src/web/night/plots.js';
import { formatSeconds } from '../../../src/web/night/words.js';
import { renderMarkdown } from '../../../src/web/markdown.js';
import { makeScale } from '../../../src/web/roll/scale.js';

const START = Date.parse('2026-11-14T18:00:00Z');

function input(values: readonly number[], changes: Partial<PlotInput> = {}): PlotInput {
  return {
    title: 'FWHM, arcsec',
    camera: 'cam1',
    isTime: true,
    decimals: 1,
    band: null,
    points: values.map((value, index) => ({
      id: index + 1,
      across: START + index * 1_800_000,
      value,
      slot: 'R',
      odd: '',
      url: `/frames/${index + 1}/`,
    })),
    ...changes,
  };
}

describe('axes', () => {
  test.each([
    [
      [2, 3],
      [2, 2.5, 3],
    ],
    [
      [0, 90],
      [0, 50],
    ],
    [
      [1000, 1700],
      [1000, 1200, 1400, 1600],
    ],
  ])('of %j has round ticks within', (values, ticks) => {
    const axis = makeAxis(values);
    expect(axis.ticks).toEqual(ticks);
    expect(axis.from).toBeLessThan(Math.min(...values));
    expect(axis.to).toBeGreaterThan(Math.max(...values));
  });

  test('of one value, and of none, can be drawn nevertheless', () => {
    expect(makeAxis([5]).to).toBeGreaterThan(makeAxis([5]).from);
    expect(makeAxis([0]).to).toBeGreaterThan(makeAxis([0]).from);
    expect(makeAxis([]).ticks).toEqual([0, 1]);
  });
});

describe('plots', () => {
  test('put larger values higher and later ones to the right, all within the frame', () => {
    const { points, top, bottom, left, right } = drawPlot(input([2, 4, 3]));
    expect(points.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(points[1]?.y).toBeLessThan(points[0]?.y ?? 0);
    expect(points[1]?.x).toBeGreaterThan(points[0]?.x ?? 100);
    for (const { x, y } of points) {
      expect(x).toBeGreaterThanOrEqual(left);
      expect(x).toBeLessThanOrEqual(right);
      expect(y).toBeGreaterThanOrEqual(top);
      expect(y).toBeLessThanOrEqual(bottom);
    }
  });

  test('say in words what they show', () => {
    expect(drawPlot(input([2, 4])).label).toBe(
      'FWHM, arcsec of cam1 against time: 2 frames, from 2.0 to 4.0',
    );
  });

  test('have ticks at round times, or at altitudes', () => {
    const times = drawPlot(input([2, 4, 3, 5, 2])).xTicks.map(({ text }) => text);
    expect(times).toEqual(['18:00', '18:30', '19:00', '19:30', '20:00']);
    const points = [{ id: 1, across: 45, value: 2, slot: 'R', odd: '', url: '/' }];
    const plot = drawPlot(input([], { isTime: false, points }));
    expect(plot.xTicks.map(({ text }) => text)).toEqual(['0°', '30°', '60°', '90°']);
    expect(plot.points[0]?.x).toBeCloseTo((plot.left + plot.right) / 2);
  });

  test('hold the usual band, and name what is out of it where there is room', () => {
    const odd = (index: number): string => (index > 1 ? `000${index} · 9.0″ · trailed` : '');
    const { points } = input([2, 2, 9, 9]);
    const drawn = drawPlot(
      input([], {
        band: { low: 1.5, high: 2.5 },
        points: points.map((point, index) => ({ ...point, odd: odd(index) })),
      }),
    );
    expect(drawn.band?.height).toBeGreaterThan(2);
    expect(drawn.odd.map(({ isNamed }) => isNamed)).toEqual([true, false]);
    expect(drawn.odd[0]?.url).toBe('/frames/3/');
  });
});

describe('names over the brackets of a camera', () => {
  const HOUR_MS = 3_600_000;
  const scale = makeScale({ fromMs: START, toMs: START + 18 * HOUR_MS }, 100);
  /** One frame of each target, at so many minutes after the start. */
  const runs = (targets: readonly (readonly [name: string, minutes: number])[]) => {
    const rows = targets.map(([target, minutes]) => ({
      isScience: true,
      target,
      exposureSec: 240,
      dateObsMs: START + minutes * 60_000,
    }));
    return nameRuns(rows as unknown as NightFrameRow[], scale).map(({ name, line }) => [
      name,
      line,
    ]);
  };

  test('stand on one line where there is room, else those before stand above', () => {
    expect(
      runs([
        ['M 31', 0],
        ['M 33', 120],
      ]),
    ).toEqual([
      ['M 31', 0],
      ['M 33', 0],
    ]);
    expect(
      runs([
        ['NGC 7331', 300],
        ['NGC 891', 310],
        ['M 15', 325],
      ]),
    ).toEqual([
      ['NGC 7331', 2],
      ['NGC 891', 1],
      ['M 15', 0],
    ]);
  });

  test('are cut before they are left out, and never run into another', () => {
    const [first, ...others] = runs([
      ['A name that goes on and on', 300],
      ['NGC 7331', 360],
      ['NGC 891', 365],
      ['M 15', 370],
    ]);
    expect(first).toEqual(['A name…', 2]);
    expect(others.map(([name]) => name)).toEqual(['NGC 7331', 'NGC 891', 'M 15']);
  });
});

describe('what the address says of plots', () => {
  const parse = (query: string) => {
    const found = new Map<string, string[]>();
    for (const [name, value] of new URLSearchParams(query)) {
      found.set(name, [...(found.get(name) ?? []), value]);
    }
    return parsePlots(found);
  };

  test('is two known plots at most, and time unless altitude is asked for', () => {
    expect(parse('plots=airmass,airmass,moon,fwhm&x=altitude&camera=cam2')).toEqual({
      plots: ['airmass', 'moon'],
      x: 'altitude',
      camera: 'cam2',
    });
    expect(parse('plots=')).toEqual({ plots: [], x: 'time', camera: '' });
  });

  test.each(['plots=nonsense', 'plots=fwhm,toString', 'x=sideways'])(
    'names the parameter that cannot be read: %s',
    (query) => {
      const [name] = query.split('=');
      expect(() => parse(query)).toThrow(new RegExp(`^${name} is one of `));
    },
  );
});

describe('words of a night', () => {
  test.each([
    ['kh50-cam1-20261114-0107-e00', '0107'],
    ['hill-0003', '0003'],
    ['flat_V_001', '001'],
    ['M31-deep', 'M31-deep'],
  ])('%s is called %s', (name, number) => {
    expect(shortName(name)).toBe(number);
  });

  test('exposures are one figure, or the range of them', () => {
    expect(formatSeconds([300, 300])).toBe('300\u202fs');
    expect(formatSeconds([0.25, null])).toBe('0.25\u202fs');
    expect(formatSeconds([240, 60])).toBe('60–240\u202fs');
    expect(formatSeconds([null])).toBe('–');
  });
});

describe('notes in Markdown', () => {
  test('have bold, lists and line breaks, and headings below those of the page', () => {
    const html = renderMarkdown('# Night\n**Clouds** at 18:54\nclear again\n\n- dome\n- wheel');
    expect(html).toContain('<h3>Night</h3>');
    expect(html).toContain('<strong>Clouds</strong> at 18:54<br>');
    expect(html).toContain('<li>dome</li>');
  });

  test('let no HTML, no pictures and no style through', () => {
    const html = renderMarkdown(
      '<script>alert(1)</script> <b onclick=x>b</b> ![p](https://example.org/a.png)\n\n|a|b|\n|:-:|--:|\n|1|2|',
    );
    expect(html).not.toMatch(/<script|<b |<img|style=/);
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain('<td>1</td>');
  });

  test('link only to what is safe to follow', () => {
    const html = renderMarkdown(
      '[a](javascript:alert(1)) [b](data:text/html,x) [c](//example.org) [d](/frames/3/) https://example.org',
    );
    expect(html).not.toMatch(/href="(?:javascript|data|\/\/)/i);
    expect(html).toContain('<a href="/frames/3/" rel="nofollow noopener noreferrer">d</a>');
    expect(html).toContain('<a href="https://example.org" rel="nofollow noopener noreferrer">');
  });
});
