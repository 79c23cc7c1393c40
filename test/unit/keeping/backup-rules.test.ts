import { keptSnapshots } from '../../../src/keeping/backup-retention.js';
import { dueMs } from '../../../src/keeping/backup-schedule.js';
import { comparePaths } from '../../../src/keeping/backup-target.js';
import {
  parseSnapshotName,
  snapshotMs,
  snapshotName,
} from '../../../src/keeping/backup-manifest.js';

const day = (date: string, time = '033000'): string => `${date.replaceAll('-', '')}T${time}Z`;
const DAY_MS = 86_400_000;

test('names of snapshots are their times', () => {
  const ms = Date.UTC(2026, 2, 1, 3, 30, 5);
  expect(snapshotName(ms + 789)).toBe('20260301T033005Z');
  expect(snapshotMs('20260301T033005Z')).toBe(ms);
  expect(() => parseSnapshotName('../20260301T033005Z')).toThrow(/no name of a back-up/);
});

test('the newest are kept, and the last one of each day, week and month', () => {
  const names = [
    day('2026-01-31'),
    day('2026-02-27'),
    day('2026-02-28'), // a Saturday: last of its week but one, last of its month
    day('2026-03-01'), // a Sunday: last of its week
    day('2026-03-02'),
    day('2026-03-03', '010000'),
    day('2026-03-03', '120000'),
  ];
  const none = { last: 1, days: 0, weeks: 0, months: 0 };
  expect(keptSnapshots(names, none)).toEqual([day('2026-03-03', '120000')]);
  expect(keptSnapshots(names, { ...none, last: 2 })).toEqual([
    day('2026-03-03', '120000'),
    day('2026-03-03', '010000'),
  ]);
  expect(keptSnapshots(names, { ...none, days: 2 })).toEqual([
    day('2026-03-03', '120000'),
    day('2026-03-02'),
  ]);
  expect(keptSnapshots(names, { ...none, weeks: 2 })).toEqual([
    day('2026-03-03', '120000'),
    day('2026-03-01'),
  ]);
  expect(keptSnapshots(names, { ...none, months: 12 })).toEqual([
    day('2026-03-03', '120000'),
    day('2026-02-28'),
    day('2026-01-31'),
  ]);
  expect(keptSnapshots([], none)).toEqual([]);
});

test('days without a back-up do not count: an archive that rested keeps what it has', () => {
  const names = [day('2020-01-01'), day('2021-01-01'), day('2026-03-03')];
  expect(keptSnapshots(names, { last: 1, days: 3, weeks: 0, months: 0 })).toHaveLength(3);
});

test('a back-up is due at its time, at once if there is none or one was missed, sooner after a failure', () => {
  const now = Date.UTC(2026, 2, 3, 12);
  const done = (startedMs: number) => ({ startedMs, state: 'done' as const });
  const times = ['03:30', '15:00'];
  expect(dueMs(undefined, times, now)).toBe(now);
  expect(dueMs(undefined, [], now)).toBe(Infinity);
  expect(dueMs(done(Date.UTC(2026, 2, 3, 3, 31)), times, now)).toBe(Date.UTC(2026, 2, 3, 15));
  expect(dueMs(done(Date.UTC(2026, 2, 3, 15, 0, 1)), times, now)).toBe(Date.UTC(2026, 2, 4, 3, 30));
  expect(dueMs(done(now - 3 * DAY_MS), times, now)).toBeLessThan(now);
  // A clock that was wrong.
  expect(dueMs(done(now + 300 * DAY_MS), times, now)).toBe(now);
  const failed = { startedMs: Date.UTC(2026, 2, 3, 3, 30, 1), state: 'failed' as const };
  expect(dueMs(failed, times, now)).toBe(Date.UTC(2026, 2, 3, 4, 30, 1));
});

test('paths are in the order of their bytes, not of UTF-16', () => {
  expect(comparePaths('a', 'b')).toBe(-1);
  expect(comparePaths('a', 'a')).toBe(0);
  expect(comparePaths('\uff5e', '😀')).toBe(-1);
});
