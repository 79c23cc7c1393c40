import type { Request } from 'express';

/** What a cookie holds, as it was sent; undefined if it was not. @param name without special letters */
export function readCookie(req: Request, name: string): string | undefined {
  return new RegExp(`(?:^|;\\s*)${name}=([^;]*)`).exec(req.headers.cookie ?? '')?.[1];
}
