import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import type { RequestHandler } from 'express';
import type { Config } from '../config/index.js';
import { AppError } from '../lib/errors.js';

/** A link of the foot. */
export interface BrandLink {
  readonly label: string;
  readonly url: string;
}

/** Whose archive it is, as its settings say. */
export interface Brand {
  /** '' if nobody gave it one. */
  readonly name: string;
  /** Below the base path, with the hash of its bytes; '' for the mark of Platevault. */
  readonly logoPath: string;
  /** Links of the site, then terms and privacy. */
  readonly links: readonly BrandLink[];
  readonly termsUrl: string;
  readonly feedbackUrl: string;
}

interface Logo {
  readonly type: string;
  readonly bytes: Buffer;
}

const LOGO_TYPES: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
};
const MAX_LOGO_BYTES = 200_000;
const YEAR_SEC = 31_536_000;

/** @throws 'config_invalid' if the logo cannot be read, or a link leads nowhere */
export function createBrand(config: Config): Brand {
  const links = Object.entries(config.SITE_LINKS).map(([label, url]) => ({
    label: label.trim(),
    url: url.trim(),
  }));
  const odd = links.find(
    ({ label, url }) => label === '' || !/^(?:https?:\/\/|mailto:)\S/.test(url),
  );
  if (odd !== undefined) {
    const message = `SITE_LINKS: '${odd.label}=${odd.url}' is not a label and an http(s) URL.`;
    throw new AppError('config_invalid', message);
  }
  const more = [
    { label: 'Terms', url: config.SITE_TERMS },
    { label: 'Privacy', url: config.SITE_PRIVACY },
    { label: 'Feedback', url: config.SITE_FEEDBACK },
  ].filter(({ url }) => url !== '');
  return {
    name: config.SITE_NAME,
    logoPath: logoPath(config.SITE_LOGO),
    links: [...links, ...more],
    termsUrl: config.SITE_TERMS,
    feedbackUrl: config.SITE_FEEDBACK,
  };
}

function logoPath(file: string): string {
  const logo = readLogo(file);
  if (logo === undefined) return '';
  const hash = createHash('sha256').update(logo.bytes).digest('hex');
  return `/logo/?v=${hash.slice(0, 12)}`;
}

/** @throws 'config_invalid' */
function readLogo(file: string): Logo | undefined {
  if (file === '') return undefined;
  const type = LOGO_TYPES[extname(file).toLowerCase()];
  if (type === undefined) {
    throw new AppError('config_invalid', `SITE_LOGO: ${file} is neither SVG, PNG nor WebP.`);
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(file));
  } catch (error) {
    throw new AppError('config_invalid', `SITE_LOGO: ${file} cannot be read.`, {}, error);
  }
  if (bytes.length > MAX_LOGO_BYTES) {
    const message = `SITE_LOGO: ${file} is larger than ${MAX_LOGO_BYTES} bytes.`;
    throw new AppError('config_invalid', message);
  }
  return { type, bytes };
}

/** `GET /logo/`: the logo of the site; browsers keep it for as long as its address is the same. */
export function sendLogo(config: Config): RequestHandler {
  const logo = readLogo(config.SITE_LOGO);
  return (_req, res) => {
    if (logo === undefined) throw new AppError('not_found', 'This archive has no logo of its own.');
    res
      .set('Cache-Control', `public, max-age=${YEAR_SEC}, immutable`)
      .type(logo.type)
      .send(logo.bytes);
  };
}
