import { formatProgress } from '../../../src/cli/file-bar.js';

test.each([
  [
    { files: 0, totalFiles: 10, bytes: 0, totalBytes: 1e9 },
    0,
    `[${'.'.repeat(30)}] 0.0 %  0/10 files  0 MB/s`,
  ],
  [
    { files: 4, totalFiles: 10, bytes: 5e8, totalBytes: 1e9 },
    5_000,
    `[${'#'.repeat(15)}${'.'.repeat(15)}] 50.0 %  4/10 files  100 MB/s, 5 s left`,
  ],
  [
    { files: 1, totalFiles: 9, bytes: 1e6, totalBytes: 9.1e9 },
    1_000,
    `[${'.'.repeat(30)}] 0.0 %  1/9 files  1 MB/s, 2 h 31 min left`,
  ],
  [
    { files: 0, totalFiles: 0, bytes: 0, totalBytes: 0 },
    3,
    `[${'#'.repeat(30)}] 100.0 %  0/0 files  0 MB/s`,
  ],
])('%j after %d ms', (progress, elapsedMs, text) => {
  expect(formatProgress(progress, elapsedMs)).toBe(text);
});
