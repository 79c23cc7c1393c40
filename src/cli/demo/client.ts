import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../lib/errors.js';

/** An archive to speak to, by HTTP alone. */
export interface Archive {
  /** With a slash at its end. */
  readonly url: string;
  /** '' if there is none. */
  readonly token: string;
}

/** What became of one file. */
export interface UploadResult {
  readonly outcome: 'stored' | 'already-there' | 'refused';
  /** Why it was refused, in the words of the archive; else ''. */
  readonly reason: string;
}

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 300;

/**
 * Asks whether the archive answers and lets this client read.
 *
 * @throws 'store_unavailable' if nothing answers, 'unauthenticated' or 'forbidden' if it refuses us
 */
export async function checkArchive(archive: Archive): Promise<void> {
  const response = await send(archive, 'frames/?limit=1&format=json', { method: 'GET' });
  await response.arrayBuffer();
  if (!response.ok) throw unexpected(archive, response.status);
}

/**
 * Uploads one FITS file by `POST /frames/create/`; tries again while the archive is busy.
 *
 * @throws 'store_unavailable', 'unauthenticated' or 'forbidden' as `checkArchive`; 'busy' if it is
 *         still busy after several attempts
 */
export async function uploadFile(
  archive: Archive,
  name: string,
  bytes: Uint8Array,
): Promise<UploadResult> {
  const boundary = `platevault-${randomBytes(12).toString('hex')}`;
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n` +
    'Content-Type: application/fits\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}` };
  for (let attempt = 1; ; attempt += 1) {
    const response = await send(archive, 'frames/create/', { method: 'POST', headers, body });
    const text = await response.text();
    if (response.status === 503 && attempt < ATTEMPTS) {
      await delay(FIRST_WAIT_MS * 2 ** attempt);
      continue;
    }
    if (response.status === 503) throw new AppError('busy', `${archive.url} is busy: ${text}`);
    if (response.status === 401 || response.status === 403 || response.status >= 500) {
      throw unexpected(archive, response.status);
    }
    return readAnswer(text, response.status);
  }
}

async function send(archive: Archive, path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('Accept', 'application/json');
  if (archive.token !== '') headers.set('Authorization', `Token ${archive.token}`);
  try {
    return await fetch(new URL(path, archive.url), { ...init, headers });
  } catch (error) {
    throw new AppError(
      'store_unavailable',
      `No archive answers at ${archive.url}: start one with 'npm start', or set PLATEVAULT_URL.`,
      {},
      error,
    );
  }
}

function unexpected(archive: Archive, status: number): AppError {
  const how =
    "make a token with 'npx platevault token add admin --scope upload' and set PLATEVAULT_TOKEN to it";
  if (status === 401 && archive.token === '') {
    return new AppError('unauthenticated', `The archive at ${archive.url} wants a token: ${how}.`);
  }
  if (status === 401) {
    return new AppError('unauthenticated', `The archive does not know PLATEVAULT_TOKEN: ${how}.`);
  }
  if (status === 403) {
    return new AppError('forbidden', `PLATEVAULT_TOKEN may not upload: ${how}.`);
  }
  return new AppError('bad_request', `${archive.url} answered with status ${status}.`);
}

/** The answer of the pyobs dialect, with our `files`; a proxy may answer with something else. */
function readAnswer(text: string, status: number): UploadResult {
  const answer = parseObject(text);
  const errors = Array.isArray(answer['errors']) ? answer['errors'].map(String) : [];
  if (errors.length > 0) return { outcome: 'refused', reason: errors.join('; ') };
  if (status >= 400) {
    const detail = answer['detail'];
    return { outcome: 'refused', reason: typeof detail === 'string' ? detail : `status ${status}` };
  }
  const files: unknown[] = Array.isArray(answer['files']) ? answer['files'] : [];
  const file = isRecord(files[0]) ? files[0] : {};
  return { outcome: file['status'] === 'already-there' ? 'already-there' : 'stored', reason: '' };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
