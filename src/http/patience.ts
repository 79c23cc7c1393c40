import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../config/index.js';
import { LIMITS } from './limits.js';
import { trustedProxies } from './proxies.js';

/** The request line and headers must be there within this, or within the time of the settings. */
const HEADERS_MS = 20_000;
/** How often slow clients are looked for, as a part of the time that they have. */
const LOOKS_PER_WINDOW = 4;

/**
 * An HTTP server that waits for clients, but not for ever: headers have their time, a body must come
 * at a least rate, a connection on which nothing moves either way is ended, and one address has only
 * so many connections. A frame over a slow line may take as long as it takes.
 */
export function createPatientServer(app: RequestListener, config: Config): Server {
  const server = createServer(
    { maxHeaderSize: LIMITS.headerBytes, connectionsCheckingInterval: 2000 },
    app,
  );
  server.headersTimeout = Math.min(HEADERS_MS, config.SLOW_SECONDS * 1000);
  server.requestTimeout = 0; // a rate decides, not a total
  server.timeout = config.IDLE_SECONDS * 1000;
  server.keepAliveTimeout = 65_000;
  server.on('checkContinue', (req, res) => {
    continueWhenRead(req, res);
    app(req, res);
  });
  limitConnections(server, config);
  endSlowBodies(server, config);
  return server;
}

/**
 * A client that asks first is told to send its body when somebody wants to read it: one that may not
 * upload is refused before the first byte. RFC 9110 §10.1.1
 */
function continueWhenRead(req: IncomingMessage, res: ServerResponse): void {
  const tell = (event: string): void => {
    if (event !== 'data' && event !== 'readable') return;
    req.off('newListener', tell);
    if (!res.headersSent) res.writeContinue();
  };
  req.on('newListener', tell);
}

/** Connections beyond the limit are told so and closed; a trusted proxy speaks for many clients. */
function limitConnections(server: Server, config: Config): void {
  const most = config.MAX_CONNECTIONS_PER_ADDRESS;
  if (most === 0) return;
  const isTrusted = trustedProxies(config.TRUST_PROXY);
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (isTrusted(address, 0)) return;
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > most) socket.end(TOO_MANY_CONNECTIONS);
  });
}

const TOO_MANY_CONNECTIONS =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** A request whose body is being received: how much its connection had read at the last look. */
interface Receiving {
  readonly res: ServerResponse;
  bytes: number;
  sinceMs: number;
}

/** Ends requests whose body comes more slowly than the settings allow, with a word if there is time. */
function endSlowBodies(server: Server, { MIN_UPLOAD_RATE, SLOW_SECONDS }: Config): void {
  if (MIN_UPLOAD_RATE === 0) return;
  const windowMs = SLOW_SECONDS * 1000;
  const receiving = new Map<IncomingMessage, Receiving>();
  const begin = (req: IncomingMessage, res: ServerResponse): void => {
    const bytes = req.socket.bytesRead;
    receiving.set(req, { res, bytes, sinceMs: Date.now() });
    res.once('close', () => receiving.delete(req));
  };
  server.on('request', begin);
  server.on('checkContinue', begin);

  const look = (): void => {
    for (const [req, state] of receiving) {
      if (req.complete || req.destroyed) {
        receiving.delete(req);
        continue;
      }
      const elapsedMs = Date.now() - state.sinceMs;
      if (elapsedMs < windowMs) continue;
      const bytes = req.socket.bytesRead - state.bytes;
      // With bytes waiting here it is we who are slow: a busy disk must not cost anyone an upload.
      const isOurs = req.readableLength >= req.readableHighWaterMark;
      if (!isOurs && bytes * 1000 < MIN_UPLOAD_RATE * elapsedMs) end(req, state.res);
      state.bytes = req.socket.bytesRead;
      state.sinceMs = Date.now();
    }
  };
  const timer = setInterval(look, windowMs / LOOKS_PER_WINDOW).unref();
  server.once('close', () => {
    clearInterval(timer);
  });
}

function end(req: IncomingMessage, res: ServerResponse): void {
  if (res.headersSent) {
    req.socket.destroy();
    return;
  }
  const detail = 'The request came too slowly and was ended. Nothing was stored.';
  res.writeHead(408, { Connection: 'close', 'Content-Type': 'application/json' });
  // An answered request no longer learns that its connection has gone: what reads it would wait on.
  req.socket.once('close', () => req.destroy());
  res.end(JSON.stringify({ detail }), () => {
    req.socket.destroySoon();
  });
}
