/** One line on standard error that says how far something has come, if somebody is looking there. */
export interface Bar {
  show(text: string): void;
  clear(): void;
}

const EVERY_MS = 200;

export function startBar(): Bar {
  const stream = process.stderr;
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined };
  let shownMs = -EVERY_MS;
  return {
    show(text) {
      if (performance.now() - shownMs < EVERY_MS) return;
      shownMs = performance.now();
      stream.write(`\r\u001b[K${text}`);
    },
    clear() {
      stream.write('\r\u001b[K');
    },
  };
}

/** How far work on files has come. */
export interface FileProgress {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** As `startBar`, for files and their bytes. */
export function startFileBar(): { show(progress: FileProgress): void; clear(): void } {
  const bar = startBar();
  return {
    show({ files, totalFiles, bytes, totalBytes }) {
      const share = totalBytes === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / totalBytes));
      bar.show(`${files} of ${totalFiles} files, ${Math.round(bytes / 1e6)} MB (${share} %)`);
    },
    clear: () => {
      bar.clear();
    },
  };
}
