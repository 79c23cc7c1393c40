import { forecastDisk } from '../../../src/status/forecast.js';
import { describeRoom, judgeRoom } from '../../../src/status/disk.js';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const GIB = 2 ** 30;

test('a disk is full after as many nights like the last ones as fit', () => {
  const nights = [
    { night: '2026-03-07', bytes: 10e9 },
    { night: '2026-03-09', bytes: 30e9 },
  ];
  expect(forecastDisk(nights, 870e9, NOW)).toEqual({ nights: 43, bytesPerNight: 20e9 });
  expect(forecastDisk(nights, 0, NOW)?.nights).toBe(0);
});

test('the end is not in sight where nothing comes in, or so little', () => {
  expect(forecastDisk([], 1e9, NOW)).toBeUndefined();
  expect(forecastDisk([{ night: '2025-11-01', bytes: 1e9 }], 1e9, NOW)).toBeUndefined();
  expect(forecastDisk([{ night: '2026-03-09', bytes: 0 }], 1e9, NOW)).toBeUndefined();
  expect(forecastDisk([{ night: '2026-03-09', bytes: 10 }], 1e12, NOW)).toBeUndefined();
});

test('room is judged by bytes and by inodes', () => {
  const disk = { freeBytes: 500 * GIB, totalBytes: 1000 * GIB, freeInodes: 5e6, totalInodes: 1e7 };
  const room = (change: Partial<typeof disk>) => judgeRoom({ ...disk, device: 1, ...change });
  expect(room({})).toBe('enough');
  expect(room({ freeBytes: 4 * GIB })).toBe('low');
  expect(room({ freeBytes: 2 ** 20 })).toBe('full');
  expect(room({ freeInodes: 10 })).toBe('low');
  expect(room({ freeInodes: 0 })).toBe('full');
  expect(room({ freeInodes: 0, totalInodes: 0 })).toBe('enough');
  // A small disk is full to the store with less than a mebibyte.
  expect(room({ freeBytes: 2 ** 19, totalBytes: 10 * 2 ** 20 })).toBe('full');
});

test('room is told in the unit that fits the disk', () => {
  const told = (freeBytes: number, totalBytes: number) =>
    describeRoom({ freeBytes, totalBytes, freeInodes: 0, totalInodes: 0, device: 1 });
  expect(told(2 ** 19, 10 * 2 ** 20)).toBe('0.5 of 10.0 MiB');
  expect(told(1.5 * GIB, 20 * GIB)).toBe('1.5 of 20.0 GiB');
  expect(told(512 * GIB, 4096 * GIB)).toBe('0.5 of 4.0 TiB');
});
