import type { Config } from '../../../src/config/index.js';
import { dueNights, reportDueMs } from '../../../src/report/schedule.js';

type Timed = Pick<Config, 'REPORT_AT' | 'sites'>;

const site = (latitudeDeg: number, longitudeDeg: number): Config['sites'][number] => ({
  id: 'hill',
  aliases: [],
  name: 'Hill',
  latitudeDeg,
  longitudeDeg,
  elevationM: 0,
  timeZone: null,
  horizon: [{ azDeg: 0, altDeg: 0 }],
  darkSunAltDeg: -18,
});
const at = (REPORT_AT: string, ...sites: Config['sites'][number][]): Timed => ({
  REPORT_AT,
  sites,
});
const due = (night: string, config: Timed): string | undefined => {
  const ms = reportDueMs(night, config);
  return ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16);
};
const EUROPE = site(51.5, 10);
const CHILE = site(-30, -70.8);

test('the report is due after sunrise at the site, and at the last of several', () => {
  // Sunrise of 2026-03-02 at 51.5 N 10 E is at 06:04 UTC, at 30 S 70.8 W at 10:32 UTC.
  expect(due('2026-03-01', at('sunrise', EUROPE))).toMatch(/^2026-03-02T06:0\d$/);
  expect(due('2026-03-01', at('sunrise+30', EUROPE))).toMatch(/^2026-03-02T06:3\d$/);
  expect(due('2026-03-01', at('sunrise', EUROPE, CHILE))).toMatch(/^2026-03-02T10:3\d$/);
});

test('a time of day is the first after midnight of the site', () => {
  expect(due('2026-03-01', at('07:30', EUROPE))).toBe('2026-03-02T07:30');
  // Midnight at 10 E is at 23:32 UTC.
  expect(due('2026-03-01', at('23:30', EUROPE))).toBe('2026-03-02T23:30');
  // Midnight in Chile is at 4:56 UTC: four o'clock is past.
  expect(due('2026-03-01', at('04:00', CHILE))).toBe('2026-03-03T04:00');
  expect(due('2026-03-01', at('11:00', CHILE))).toBe('2026-03-02T11:00');
});

test('without a site, or where the Sun does not rise, the night ends at noon; off is never', () => {
  expect(due('2026-03-01', at('sunrise'))).toBe('2026-03-02T12:00');
  expect(due('2026-03-01', at('07:30'))).toBe('2026-03-02T07:30');
  expect(due('2026-12-21', at('sunrise', site(78, 15)))).toMatch(/^2026-12-22T1[01]:\d\d$/);
  expect(due('2026-03-01', at('off', EUROPE))).toBeUndefined();
});

test('a night is due from its time on, for a day', () => {
  const config = at('07:30', EUROPE);
  const nights = (instant: string): readonly string[] => dueNights(config, Date.parse(instant));
  expect(nights('2026-03-02T07:29:00Z')).toEqual(['2026-02-28']);
  expect(nights('2026-03-02T07:31:00Z')).toEqual(['2026-03-01']);
  expect(nights('2026-03-03T07:29:00Z')).toEqual(['2026-03-01']);
  expect(dueNights(at('off', EUROPE), Date.parse('2026-03-02T08:00:00Z'))).toEqual([]);
});
