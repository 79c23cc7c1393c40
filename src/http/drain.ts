import type { Request, Response } from 'express';

const DRAIN_MS = 30_000;

/**
 * Reads and forgets what is left of a request body that is answered early. A client that is still
 * sending when the connection closes reports a broken pipe instead of our 401 or 413; so we listen
 * on, but not for ever and not for any amount. To be called before the answer is sent.
 */
export function drain(req: Request, res: Response, maxBytes: number): void {
  if (req.complete || req.destroyed) return;
  // One that has asked whether to send its body, and has not been told to, sends none.
  if (isWaiting(req)) {
    res.set('Connection', 'close');
    return;
  }
  let bytes = 0;
  const timer = setTimeout(() => req.destroy(), DRAIN_MS).unref();
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) req.destroy();
  });
  req.once('close', () => {
    clearTimeout(timer);
  });
  if (!res.shouldKeepAlive) closeWhenRead(req, res);
  req.resume();
}

function isWaiting(req: Request): boolean {
  return /^100-continue$/i.test(req.get('expect') ?? '') && !req.readableFlowing;
}

/**
 * A client, or a proxy in front of us, that wants the connection closed after the answer: Node would
 * close it with the last byte of the answer, however much is still on its way to us.
 */
function closeWhenRead(req: Request, res: Response): void {
  res.shouldKeepAlive = true;
  const { socket } = req;
  req.once('end', () => {
    if (res.writableFinished) socket.destroySoon();
    else
      res.once('finish', () => {
        socket.destroySoon();
      });
  });
}
