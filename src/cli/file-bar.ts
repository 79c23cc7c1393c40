import { startBar } from './progress.js';

/** Files and bytes that are done, of how many. */
export interface FileProgress {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

const WIDTH = 30;

/** A bar for work on many files, with its speed and the time that is left, if somebody is looking. */
export function startFileBar(): { show(progress: FileProgress): void; clear(): void } {
  const bar = startBar();
  const begun = performance.now();
  return {
    show(progress) {
      bar.show(formatProgress(progress, performance.now() - begun));
    },
    clear() {
      bar.clear();
    },
  };
}

/** `[####....] 40.0 %  4/10 files  120 MB/s, 2 min 5 s left`. @param elapsedMs since the first byte */
export function formatProgress(
  { files, totalFiles, bytes, totalBytes }: FileProgress,
  elapsedMs: number,
): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, bytes / totalBytes);
  const filled = Math.round(share * WIDTH);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`;
  const rate = bytes / Math.max(1, elapsedMs);
  const left = rate === 0 ? '' : `, ${formatTime((totalBytes - bytes) / rate)} left`;
  const speed = `${(rate / 1000).toFixed(0)} MB/s${left}`;
  return `${bar} ${(share * 100).toFixed(1)} %  ${files}/${totalFiles} files  ${speed}`;
}

function formatTime(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
