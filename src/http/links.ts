import type { Request } from 'express';
import type { Viewer } from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import type { Services } from './services.js';

const HOUR_MS = 3_600_000;

/** Public address of the archive as this client reaches it, with a slash at its end. */
export function rootUrl({ config }: Services, req: Request): string {
  if (config.HTTP_ROOT !== '') return config.HTTP_ROOT.replace(/\/*$/, '/');
  // There may be none, whatever the types say.
  const host = (req.host as string | undefined) ?? '';
  // A name or address with a port; what else a client sends must not get into our links.
  if (!/^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/.test(host)) {
    throw new AppError('bad_request', 'The Host header is not the name of a host.');
  }
  // What a proxy hands on as the scheme may be what a client has sent.
  const scheme = /^https?$/i.test(req.protocol) ? req.protocol.toLowerCase() : 'http';
  return `${scheme}://${host}/`;
}

/** Path below the host under which the archive is published, without a slash at its end. */
export function basePath({ config }: Services): string {
  return config.HTTP_ROOT === '' ? '' : new URL(config.HTTP_ROOT).pathname.replace(/\/*$/, '');
}

/** The hour in which signed addresses are the same. */
export function urlEpoch(): number {
  return Math.ceil(Date.now() / HOUR_MS);
}

/** The file of a frame, or of one of its versions: a signature for it opens nothing else of the frame. */
export interface SignedFile {
  readonly frameId: number;
  /** Of the version; without it the one that the frame shows. */
  readonly number?: number;
}

/**
 * Address from which a frame can be fetched without credentials until it expires: clients of both
 * dialects fetch `url` without their token. The end is rounded to the hour, so that a list is the
 * same for as long. The word `download` is in it once: one client makes other addresses from it.
 *
 * @param maker who is given the address: it opens what they may see, for as long as they may
 */
export function downloadUrl(
  services: Services,
  root: string,
  frameId: number,
  maker: Pick<Viewer, 'userId'>,
): string {
  return `${root}frames/${frameId}/download/?${signatureOf(services, { frameId }, maker)}`;
}

/** As `downloadUrl`, of one version of a frame. */
export function versionUrl(
  services: Services,
  root: string,
  file: Required<SignedFile>,
  maker: Pick<Viewer, 'userId'>,
): string {
  const { frameId, number } = file;
  const signature = signatureOf(services, file, maker);
  return `${root}frames/${frameId}/versions/${number}/download/?${signature}`;
}

/** Stands for visitors: no account has this id. */
const VISITOR = 0;

function signatureOf(
  { config, signer }: Services,
  file: SignedFile,
  { userId }: Pick<Viewer, 'userId'>,
): string {
  const expires = (urlEpoch() + config.URL_HOURS) * (HOUR_MS / 1000);
  const maker = userId ?? VISITOR;
  return `exp=${expires}&sig=${maker}-${signer.sign('fetch', signedText(file, expires, maker))}`;
}

function signedText(
  { frameId, number }: SignedFile,
  expires: number | string,
  maker: number | string,
): string {
  const file = number === undefined ? `download ${frameId}` : `version ${frameId} ${number}`;
  return `${file} ${expires} ${maker}`;
}

/**
 * Who made a signed address of a file, `{ userId: null }` for a visitor; undefined if it was not signed
 * by us for this file, or has expired.
 *
 * @param asked what the address says in `exp` and `sig`
 */
export function makerOf(
  { signer }: Services,
  file: SignedFile,
  asked: { readonly expires: string; readonly signature: string },
): Pick<Viewer, 'userId'> | undefined {
  const { expires } = asked;
  const [, maker, signature] = /^(\d{1,15})-(.*)$/.exec(asked.signature) ?? [];
  if (maker === undefined || signature === undefined) return undefined;
  if (!/^\d{1,12}$/.test(expires) || Number(expires) * 1000 < Date.now()) return undefined;
  if (!signer.verify('fetch', signedText(file, expires, maker), signature)) return undefined;
  return { userId: Number(maker) === VISITOR ? null : Number(maker) };
}
