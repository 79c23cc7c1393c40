import { nightAt } from '../../../../src/almanac/index.js';
import { drawRate, drawRoll } from '../../../../src/web/tonight/drawings.js';
import { darkLine, formatDelay, stateOf, type Vigil } from '../../../../src/web/tonight/state.js';

const MINUTE = 60_000;
const place = { latitudeDeg: 50, longitudeDeg: 10, elevationM: 600 };
const sky = nightAt('2026-11-14', place);
const dark = sky.dark ?? { fromMs: 0, toMs: 0 };
const deep = dark.fromMs + 300 * MINUTE;

const vigil = (changes: Partial<Vigil>): Vigil => ({
  nowMs: deep,
  sky,
  alarmMinutes: 12,
  last: undefined,
  cameras: 1,
  ...changes,
});
const came = (minutesAgo: number, nowMs = deep): Vigil['last'] => ({
  cameMs: nowMs - minutesAgo * MINUTE,
  instrument: 'cam1',
  delayMs: 400,
});

test('frames that come are told with their age, their delay and the rule of the alarm', () => {
  const state = stateOf(vigil({ last: came(1) }));
  expect(state).toMatchObject({ kind: 'receiving', title: 'Receiving', sinceMs: deep - MINUTE });
  expect(state.text).toBe(', stored 0.4\u202fs after its end. Alarm after 12 min without a frame.');
  expect(state.nextMs).toBe(deep + 11 * MINUTE);
});

test.each([
  [11.99, 'receiving'],
  [12, 'alarm'],
  [17.5, 'alarm'],
] as const)('after %s minutes of silence in the dark it is %s', (minutes, kind) => {
  expect(stateOf(vigil({ last: came(minutes) })).kind).toBe(kind);
});

test('an alarm says for how long, by which rule, what came last, and is told anew each minute', () => {
  const state = stateOf(vigil({ last: came(17.5), cameras: 2 }));
  expect(state.title).toBe('No frame for 17\u202fmin');
  expect(state.text).toMatch(
    /^Alarm at 12 min in the dark\. Last: cam1, \d\d:\d\d UTC\. Both cameras are silent\.$/,
  );
  expect(state.nextMs).toBe(deep + 30_000);
});

test('silence counts from the beginning of the dark, however old the last frame is', () => {
  const soon = dark.fromMs + 5 * MINUTE;
  expect(stateOf(vigil({ nowMs: soon, last: came(90, soon) })).kind).toBe('waiting');
  const late = dark.fromMs + 12 * MINUTE;
  expect(stateOf(vigil({ nowMs: late, last: came(90, late) })).kind).toBe('alarm');
  expect(stateOf(vigil({ nowMs: late })).text).toContain('None came since it got dark');
});

test('there is no alarm by day, after the night, where it does not get dark, and where nobody knows', () => {
  const day = sky.fromMs + MINUTE;
  expect(stateOf(vigil({ nowMs: day }))).toMatchObject({
    kind: 'waiting',
    title: 'Waiting for the dark',
    nextMs: dark.fromMs,
  });
  expect(stateOf(vigil({ nowMs: dark.toMs + MINUTE })).title).toBe('The night is over');
  const polar = nightAt('2026-06-21', { ...place, latitudeDeg: 70 });
  expect(stateOf(vigil({ nowMs: polar.midnightMs, sky: polar })).title).toBe(
    'It does not get dark',
  );
  expect(stateOf(vigil({ sky: undefined })).text).toContain('SITE_LATITUDE');
});

test('the line below the clock says how long it is dark, or when it gets so', () => {
  expect(darkLine(sky, deep).lead).toBe('Dark until');
  expect(darkLine(sky, deep).rest).toMatch(/^, .* left$/);
  expect(darkLine(sky, sky.fromMs).lead).toBe('Dark from');
  expect(darkLine(sky, dark.toMs).lead).toBe('Dark ended');
  expect(darkLine(undefined, deep)).toEqual({ lead: '', time: '', rest: '' });
});

test.each([
  [400, '0.4\u202fs'],
  [41_000, '41\u202fs'],
  [200_000, '3\u202fmin'],
])('a delay of %s ms is %s', (ms, text) => {
  expect(formatDelay(ms)).toBe(text);
});

test('the rate counts what came in each ten minutes, the running ones last, and in the last hour', () => {
  const now = 1_000_000 * MINUTE;
  const rate = drawRate([now, now - 9 * MINUTE, now - 11 * MINUTE, now - 500 * MINUTE], now);
  expect(rate.bars).toHaveLength(36);
  const filled = rate.bars.flatMap(({ height }, index) => (height > 2 ? [index] : []));
  // Tens by the clock: 9 minutes ago lie in those before, 11 in those before them.
  expect(filled).toEqual([33, 34, 35]);
  expect(rate.bars.at(-1)?.isNow).toBe(true);
  expect(rate.perHour).toBe(3);
});

test('a night without frames has its twilights and the line of now', () => {
  const roll = drawRoll('2026-11-14', [], sky, deep);
  expect(roll.bands).toHaveLength(5);
  expect(roll.bars).toEqual([]);
  expect(roll.now).toBeGreaterThan(20);
  expect(roll.label).toBe('The night so far: no frames yet');
  expect(drawRoll('2026-11-14', [], sky, sky.toMs + 24 * 60 * MINUTE).now).toBeNull();
});
