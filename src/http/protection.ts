import type { RequestHandler, Response } from 'express';

const YEAR_SEC = 31_536_000;

const policy = (rules: Readonly<Record<string, string>>): string =>
  Object.entries(rules)
    .map(([name, value]) => `${name} ${value}`.trim())
    .join('; ');

/**
 * What every answer may do unless it says otherwise: nothing. Whatever of a file or a header a browser
 * is brought to show as a page has no scripts, no forms and no origin.
 */
const NOTHING = policy({
  'default-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  sandbox: '',
});

/** Our pages: everything from here, nothing within the page itself. There is no inline script or style. */
const PAGE_RULES = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'font-src': "'self'",
  'connect-src': "'self'",
  'manifest-src': "'self'",
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
} as const;

const UNUSED = ['accelerometer', 'camera', 'display-capture', 'geolocation', 'gyroscope'].concat([
  'hid',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
]);

const HEADERS = {
  'Content-Security-Policy': NOTHING,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Permissions-Policy': UNUSED.map((name) => `${name}=()`).join(', '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Sets the headers by which browsers protect who looks at our answers. */
export const protect: RequestHandler = (req, res, next) => {
  res.set(HEADERS);
  // Without TLS browsers ignore it, and behind a proxy that has none it would be a lie.
  if (req.secure) res.set('Strict-Transport-Security', `max-age=${YEAR_SEC}`);
  next();
};

/** What a page needs beyond the usual, because of a program of others that it shows. */
export interface PageNeeds {
  /** Styles within elements, and pictures and workers that it makes itself. */
  readonly inlineStyles?: boolean;
  /** WebAssembly. */
  readonly wasm?: boolean;
}

/** The answer is one of our pages, made from our templates. */
export function allowPage(res: Response, needs: PageNeeds = {}): void {
  const rules: Record<string, string> = { ...PAGE_RULES };
  if (needs.inlineStyles === true) {
    rules['style-src'] = "'self' 'unsafe-inline'";
    rules['img-src'] = "'self' data: blob:";
    rules['connect-src'] = "'self' data: blob:";
    rules['worker-src'] = "'self' blob:";
  }
  if (needs.wasm === true) rules['script-src'] = "'self' 'wasm-unsafe-eval'";
  res.set('Content-Security-Policy', policy(rules));
}
