import type { Request, RequestHandler } from 'express';
import type { Config } from '../config/index.js';
import { AppError } from '../lib/errors.js';

/**
 * Answers only those who call the archive by one of its names (ALLOWED_HOSTS): a page elsewhere whose
 * name leads here (DNS rebinding) reads nothing, and a made-up name gets into no link. The host of
 * HTTP_ROOT and this machine itself need not be named. Without the setting any name is answered.
 */
export function requireHost(config: Config): RequestHandler {
  const { ALLOWED_HOSTS, HTTP_ROOT } = config;
  if (ALLOWED_HOSTS.length === 0) {
    return (_req, _res, next) => {
      next();
    };
  }
  const names = ALLOWED_HOSTS.map((name) => name.toLowerCase());
  if (HTTP_ROOT !== '') names.push(new URL(HTTP_ROOT).hostname);
  const isAllowed = (host: string): boolean =>
    isLoopback(host) ||
    names.some((name) => (name.startsWith('.') ? `.${host}`.endsWith(name) : host === name));
  return (req, _res, next) => {
    if (isAllowed(hostOf(req))) {
      next();
      return;
    }
    const message =
      'The archive is not known by this name: the Host header is none of ALLOWED_HOSTS.';
    next(new AppError('bad_request', message));
  };
}

/** True if the client calls this machine by a name that no name server can give to another one. */
export function isCalledLoopback(req: Request): boolean {
  return isLoopback(hostOf(req));
}

/** Without port, in small letters; '' if there is none. */
function hostOf(req: Request): string {
  const { hostname } = req as { hostname?: string };
  return hostname?.toLowerCase() ?? '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
