import type { Request } from 'express';

const DRAIN_MS = 30_000;

/**
 * Reads and forgets what is left of a request body after it has been answered early. A client that
 * is still sending when the connection closes reports a broken pipe instead of our 401 or 413;
 * so we listen on, but not for ever and not for any amount.
 */
export function drain(req: Request, maxBytes: number): void {
  if (req.complete || req.destroyed) return;
  let bytes = 0;
  const timer = setTimeout(() => req.destroy(), DRAIN_MS).unref();
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) req.destroy();
  });
  req.once('close', () => {
    clearTimeout(timer);
  });
  req.resume();
}
