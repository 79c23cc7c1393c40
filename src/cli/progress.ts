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
