import type { Difference } from './compare.js';
import {
  readUpload,
  type Answer,
  type Json,
  type JsonObject,
  type Recording,
} from './recordings.js';
import type { Replay } from './replay.js';
import { distanceDeg, pointingOf } from './sky.js';
import { readZip } from './zip.js';

/** A recorded request and what became of it here. */
export interface Seen {
  readonly recording: Recording;
  readonly answer: Answer;
  /** What the row explains of it; [] if nothing differs. */
  readonly found: readonly Difference[];
  readonly replay: Replay;
  /** The list of all frames, as recorded: oldest first. */
  readonly everything: readonly JsonObject[];
}

/** 200, and the file is safe. */
export function isCreated({ recording, answer }: Seen): void {
  const file = recording.sent.replace(/^.*=/, '');
  expect([file, answer.status, answer.json]).toMatchObject([file, 200, { created: 1 }]);
}

/** 400; the sentence and a key of the body name the parameter. C.14: "400 in OCS form". */
export function isBadValue({ recording, answer }: Seen): void {
  const [name = ''] = /[A-Za-z]+(?==)/.exec(recording.path) ?? [];
  const json = answer.json as unknown as Record<string, unknown>;
  const sentence = String(json.detail);
  // `limit` keeps the sentence of the reference.
  expect([answer.status, sentence, json[name]]).toEqual([
    400,
    expect.stringContaining(name),
    [sentence],
  ]);
}

/** 404, in the words of the reference. */
export function isNotFound({ answer }: Seen): void {
  expect([answer.status, answer.json]).toEqual([404, { detail: 'Not found.' }]);
}

/** 404, and the file is said to be missing. */
export function isGone({ answer }: Seen): void {
  expect([answer.status, errorText(answer)]).toEqual([404, expect.stringMatching(/missing/)]);
}

/** The uploaded bytes, whole or the part asked for, and what a client needs to fetch them again. */
export async function isDownload({ recording, answer, replay }: Seen): Promise<void> {
  const id = Number(/\d+/.exec(recording.path)?.[0]);
  const name = replay.recordedName(id);
  const upload = readUpload(`${name}.fits`);
  const { headers, status, body } = answer;
  expect(headers['content-disposition']).toBe(`attachment; filename="${name}.fits"`);
  expect([headers.etag, headers['last-modified']]).toEqual([
    expect.any(String),
    expect.any(String),
  ]);
  if (recording.name === 'download-range') {
    expect([status, headers['content-range']]).toEqual([206, `bytes 0-99/${upload.length}`]);
    expect(body.equals(upload.subarray(0, 100))).toBe(true);
    return;
  }
  expect([status, headers['content-length']]).toEqual([200, String(upload.length)]);
  expect(recording.method === 'HEAD' ? body.length === 0 : body.equals(upload)).toBe(true);
  const path = `/frames/${replay.idOf(name)}/download/`;
  const validator = { 'if-none-match': String(headers.etag) };
  const again = await replay.ask({ method: 'GET', path, headers: validator }, replay.readerToken);
  expect([again.status, again.body.length]).toEqual([304, 0]);
}

/** Whole, of the length that was told, and with the bytes that were uploaded. */
export async function isZip({ answer }: Seen): Promise<void> {
  expect([answer.status, answer.headers['content-length']]).toEqual([
    200,
    String(answer.body.length),
  ]);
  const entries = await readZip(answer.body);
  expect(entries.length).toBeGreaterThan(0);
  for (const { name, bytes } of entries) {
    expect([name, bytes.equals(readUpload(name.replace(/^.*\//, '')))]).toEqual([name, true]);
  }
}

/** Frames of the recordings within 10′ of the position asked for, oldest first. */
export function withinCone({ recording, everything }: Seen): Json[] {
  const query = new URLSearchParams(recording.path.replace(/^.*\?/, ''));
  const center = { raDeg: Number(query.get('RA')), decDeg: Number(query.get('DEC')) };
  return everything
    .filter(({ basename }) => {
      const pointing = pointingOf(fileOf(text(basename)));
      return pointing !== undefined && distanceDeg(pointing, center) <= 10 / 60;
    })
    .map(({ basename }) => basename ?? null);
}

/** Name of a frame → name of the file it was uploaded as. */
function fileOf(name: string): string {
  const special: Readonly<Record<string, string>> = {
    'bad-trun': 'bad-truncated.fits',
    'extra-packed': 'extra-packed.fits.fz',
    evil: 'bad-traversal-fname.fits',
  };
  return special[name] ?? `${name}.fits`;
}

const PYOBS_ONLY =
  /[?&](?:night|SITE|TELESCOPE|INSTRUMENT|IMAGETYPE|binning|RA|DEC|OBSNUM|sort|order)=/;

/** True for a query that only a client of pyobs-archive sends. */
export function isPyobsOnly(path: string): boolean {
  return PYOBS_ONLY.test(path);
}

/** The frames of a recorded answer as they come by our default order. */
export function newestFirst({ recording, everything }: Seen): Json[] {
  const query = new URLSearchParams(recording.path.replace(/^[^?]*\??/, ''));
  const all = [...everything]
    .sort((a, b) => by('DATE_OBS')(b, a) || by('id')(a, b))
    .map(({ basename }) => basename ?? null);
  const offset = Math.max(0, Number(query.get('offset')));
  const limit = Number(query.get('limit') ?? all.length);
  if (query.has('limit') || query.has('offset')) return all.slice(offset, offset + limit);
  const recorded = namesOf(recording.answer);
  return all.filter((name) => recorded.includes(text(name)));
}

function by(...keys: readonly string[]): (a: JsonObject, b: JsonObject) => number {
  return (a, b) => {
    for (const key of keys) {
      const [x, y] = [a[key] ?? '', b[key] ?? ''];
      if (x !== y) return x < y ? -1 : 1;
    }
    return 0;
  };
}

/** Names of the frames of a list, in its order. */
export function namesOf(answer: Answer): string[] {
  return frameNames((answer.json as JsonObject).results);
}

/** Names of frames, in order. */
export function frameNames(list: Json | undefined): string[] {
  return (list as unknown as { basename: string }[]).map(({ basename }) => basename);
}

/** A list of names as `compareAnswers` shows it. */
export function names(shown: string): string[] {
  return JSON.parse(shown) as string[];
}

/** What an upload was refused for. */
export function errorOf(answer: Answer): string {
  return (answer.json as unknown as { errors: string[] }).errors.join(' ');
}

function errorText(answer: Answer): string {
  return text((answer.json as JsonObject).detail);
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
