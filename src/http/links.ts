import type { Request } from 'express';
import { AppError } from '../lib/errors.js';
import type { Services } from './services.js';

const HOUR_MS = 3_600_000;

/** Public address of the archive as this client reaches it, with a slash at its end. */
export function rootUrl({ config }: Services, req: Request): string {
  if (config.HTTP_ROOT !== '') return config.HTTP_ROOT.replace(/\/*$/, '/');
  // A name or address with a port; what else a client sends must not get into our links.
  if (!/^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/.test(req.host)) {
    throw new AppError('bad_request', 'The Host header is not the name of a host.');
  }
  return `${req.protocol}://${req.host}/`;
}

/** Path below the host under which the archive is published, without a slash at its end. */
export function basePath({ config }: Services): string {
  return config.HTTP_ROOT === '' ? '' : new URL(config.HTTP_ROOT).pathname.replace(/\/*$/, '');
}

/** The hour in which signed addresses are the same. */
export function urlEpoch(): number {
  return Math.ceil(Date.now() / HOUR_MS);
}

/**
 * Address from which a frame can be fetched without credentials until it expires: clients of both
 * dialects fetch `url` without their token. The end is rounded to the hour, so that a list is the
 * same for as long. The word `download` is in it once: one client makes other addresses from it.
 */
export function downloadUrl(services: Services, root: string, frameId: number): string {
  const lifetimeMs = services.config.URL_HOURS * HOUR_MS;
  const expires = urlEpoch() * HOUR_MS + lifetimeMs;
  const seconds = Math.floor(expires / 1000);
  const signature = services.signer.sign('fetch', signedText(frameId, seconds));
  return `${root}frames/${frameId}/download/?exp=${seconds}&sig=${signature}`;
}

/** One frame, one kind of file: a signature for a download opens nothing else of the frame. */
const signedText = (frameId: number, expires: number | string): string =>
  `download ${frameId} ${expires}`;

/** True if the address was signed by us for the download of this frame and has not expired. */
export function isSigned(
  services: Services,
  frameId: number,
  expires: string,
  signature: string,
): boolean {
  if (!/^\d{1,12}$/.test(expires) || Number(expires) * 1000 < Date.now()) return false;
  return services.signer.verify('fetch', signedText(frameId, expires), signature);
}

/** As `downloadUrl`, of one version of a frame. */
export function versionUrl(
  services: Services,
  root: string,
  frameId: number,
  number: number,
): string {
  const expires = urlEpoch() * HOUR_MS + services.config.URL_HOURS * HOUR_MS;
  const seconds = Math.floor(expires / 1000);
  const signature = services.signer.sign('fetch', versionText(frameId, number, seconds));
  return `${root}frames/${frameId}/versions/${number}/download/?exp=${seconds}&sig=${signature}`;
}

const versionText = (frameId: number, number: number, expires: number | string): string =>
  `version ${frameId} ${number} ${expires}`;

/** True if the address was signed by us for this version of this frame and has not expired. */
export function isVersionSigned(
  services: Services,
  asked: { frameId: number; number: number; expires: string; signature: string },
): boolean {
  const { frameId, number, expires, signature } = asked;
  if (!/^\d{1,12}$/.test(expires) || Number(expires) * 1000 < Date.now()) return false;
  return services.signer.verify('fetch', versionText(frameId, number, expires), signature);
}
