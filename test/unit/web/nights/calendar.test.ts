import { makeCalendar } from '../../../../src/web/nights/calendar.js';

const TODAY = '2026-11-22';

/** Nights with so many frames each. */
function nights(frames: Readonly<Record<string, number>>): { night: string; value: number }[] {
  return Object.entries(frames)
    .map(([night, value]) => ({ night, value }))
    .sort((a, b) => (a.night < b.night ? 1 : -1));
}

const SOME = nights({ '2026-11-14': 214, '2026-11-13': 100, '2026-03-01': 20, '2025-03-09': 7 });
const base = { nights: SOME, counts: 'frames', until: '', today: TODAY } as const;

describe('the calendar of nights', () => {
  test('shows two years that end with this month, weeks as columns that begin on Monday', () => {
    const calendar = makeCalendar(base);
    expect(calendar.label).toBe('December 2024 to November 2026');
    expect(calendar.months.map(({ name }) => name).join(' ')).toBe(
      'Dec Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov',
    );
    const [saturday, friday] = calendar.cells;
    expect(saturday?.x).toBe(friday?.x);
    expect(Number(saturday?.y) - Number(friday?.y)).toBe(13);
    // 2024-12-01 is a Sunday, the last day of the first column; 2026-11-14 lies 102 weeks further on.
    expect(saturday?.x).toBe(28 + 102 * 13);
  });

  test('says of each night what it has, and how much that is beside the others', () => {
    const { cells, top } = makeCalendar(base);
    expect(cells.map(({ label }) => label)).toEqual([
      '14 November 2026: 214 frames',
      '13 November 2026: 100 frames',
      '1 March 2026: 20 frames',
      '9 March 2025: 7 frames',
    ]);
    expect(top).toBe('100 frames');
    expect(cells.map(({ level }) => level)).toEqual([4, 4, 1, 1]);
    expect(cells.filter(({ isLast }) => isLast).map(({ night }) => night)).toEqual(['2026-11-14']);
  });

  test('counts hours of open shutter where these are asked for', () => {
    const hours = nights({ '2026-11-14': 5 * 3600 + 24 * 60, '2026-11-13': 0 });
    const calendar = makeCalendar({ ...base, nights: hours, counts: 'shutter' });
    expect(calendar.cells.map(({ label }) => label)).toEqual([
      '14 November 2026: 5\u202fh\u00a024\u202fmin open shutter',
    ]);
    expect(calendar.top).toBe('1\u202fh\u00a000\u202fmin');
  });

  test('adds up years', () => {
    expect(makeCalendar(base).years.map(({ year, text }) => `${year} ${text}`)).toEqual([
      '2025 1 night · 7 frames',
      '2026 3 nights · 334 frames',
    ]);
  });

  test('leaves days that are still to come empty, and draws all others', () => {
    const { empty, cells } = makeCalendar(base);
    // From 2024-12-01 to 2026-11-22 there are 722 days.
    expect(empty.split('M').length - 1 + cells.length).toBe(722);
  });

  test('has full Moons as almanacs have them', () => {
    const { moons } = makeCalendar(base);
    expect(moons).toHaveLength(25);
    // Of 2026 (USNO): 3 January, and 24 November.
    expect(moons.map(({ label }) => label)).toEqual(
      expect.arrayContaining(['full Moon 3 January 2026', 'full Moon 24 November 2026']),
    );
  });

  test('leads to earlier years as long as there is something, and back', () => {
    const old = nights({ '2026-11-14': 3, '2023-05-06': 4 });
    const now = makeCalendar({ ...base, nights: old });
    expect(now.earlier).toEqual({ until: '2024-11', text: '2022–2024' });
    expect(now.later.until).toBe('');
    const before = makeCalendar({ ...base, nights: old, until: '2024-11' });
    expect(before.cells.map(({ night }) => night)).toEqual(['2023-05-06']);
    expect(before.earlier.until).toBe('');
    expect(before.later).toEqual({ until: '2026-11', text: '2024–2026' });
  });

  test('months lead to the place of their nights in the list', () => {
    const { months } = makeCalendar(base);
    const march = months.filter(({ name }) => name === 'Mar');
    expect(march.map(({ offset }) => offset)).toEqual([3, 2]);
    expect(march[1]?.label).toBe('Mar 2026: 1 night in the list');
    expect(months[0]?.offset).toBeUndefined();
  });

  test('of an empty archive it is empty', () => {
    const calendar = makeCalendar({ ...base, nights: [] });
    expect(calendar.cells).toEqual([]);
    expect(calendar.label).toBe('December 2024 to November 2026');
  });

  test('a clock that is behind the newest night does not hide it', () => {
    const calendar = makeCalendar({ ...base, nights: nights({ '2026-12-03': 1 }) });
    expect(calendar.label).toBe('January 2025 to December 2026');
    expect(calendar.cells).toHaveLength(1);
  });
});
