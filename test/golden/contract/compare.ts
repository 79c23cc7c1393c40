import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Answer, Headers, Json, JsonObject } from './recordings.js';
import { readZip } from './zip.js';

/** One thing that is not as recorded. */
export interface Difference {
  /** `status`, `header content-type`, `body results[].FILTER`, … */
  readonly where: string;
  readonly theirs: string;
  readonly ours: string;
}

/** Ids differ from archive to archive; names do not. */
export interface Names {
  recordedName(id: number): string;
  nameOf(id: number): string;
}

/** Headers that clients act on. */
const HEADERS = ['www-authenticate', 'location'] as const;
/** Headers that protect: more of them than recorded do no harm. */
const SAFETY = ['x-frame-options', 'x-content-type-options', 'referrer-policy'] as const;

/** Everything in which `ours` is not as `theirs`: status, headers that matter, body key by key. */
export async function compareAnswers(
  theirs: Answer,
  ours: Answer,
  names: Names,
): Promise<Difference[]> {
  const found: Difference[] = [];
  const compare = (where: string, theirValue: unknown, ourValue: unknown): void => {
    const [their, our] = [show(theirValue), show(ourValue)];
    if (their !== our) found.push({ where, theirs: their, ours: our });
  };
  compare('status', theirs.status, ours.status);
  compareHeaders(theirs, ours, compare);
  const isRedirect = theirs.status === 302 && ours.status === 302;
  if (isRedirect) return found; // whatever is written there, nobody reads it
  const [their, our] = [await readBody(theirs), await readBody(ours)];
  if (their.kind !== our.kind) compare('body kind', their.kind, our.kind);
  else if (theirs.status >= 400 !== ours.status >= 400) compare('body', their.kind, 'another');
  else if (theirs.json !== undefined && ours.json !== undefined) {
    compareJson(theirs.json, ours.json, { names, compare, path: 'body' });
  } else {
    for (const key of Object.keys(their)) compare(`body ${key}`, their[key], our[key]);
  }
  return found;
}

type Compare = (where: string, theirs: unknown, ours: unknown) => void;

function compareHeaders(theirs: Answer, ours: Answer, compare: Compare): void {
  for (const name of HEADERS) {
    compare(`header ${name}`, text(theirs.headers, name), text(ours.headers, name));
  }
  for (const name of SAFETY) {
    const recorded = text(theirs.headers, name);
    if (recorded !== '') compare(`header ${name}`, recorded, text(ours.headers, name));
  }
  if (theirs.body.length > 0 && ours.body.length > 0) {
    const [their, our] = [theirs, ours].map(({ headers }) => mediaType(headers));
    compare('header content-type', their, our);
    const [theirLength, ourLength] = [theirs, ours].map(
      ({ headers }) => headers['content-length'] !== undefined,
    );
    compare('header content-length', theirLength, ourLength);
  }
  compare('header content-disposition', disposition(theirs.headers), disposition(ours.headers));
  const allowed = text(ours.headers, 'allow').split(', ');
  const verbs = text(theirs.headers, 'allow')
    .split(', ')
    .filter((verb) => verb !== '');
  // Theirs is on every answer; on ours where it says something: on 405 and to OPTIONS.
  if (ours.headers.allow !== undefined) {
    compare(
      'header allow',
      verbs,
      verbs.filter((verb) => allowed.includes(verb)),
    );
  }
  // Sessions have a name of their own here, and more cookies do no harm.
  const theirCookies = cookieNames(theirs.headers).filter((name) => name !== 'sessionid');
  const ourCookies = cookieNames(ours.headers);
  compare(
    'header set-cookie',
    theirCookies,
    theirCookies.filter((name) => ourCookies.includes(name)),
  );
}

interface Place {
  readonly names: Names;
  readonly compare: Compare;
  readonly path: string;
}

/** Keys that the reference does not have are welcome; its own must all be there, and in its order. */
function compareJson(theirs: Json, ours: Json, place: Place): void {
  const { compare, path } = place;
  if (isFrames(theirs) || (isList(theirs) && theirs.length === 0 && isFrames(ours))) {
    compareFrames(theirs as readonly JsonObject[], isList(ours) ? ours : [], place);
  } else if (isHeader(theirs) && isHeader(ours)) {
    const [their, our] = [valuesByKey(theirs), valuesByKey(ours)];
    for (const [key, values] of their) compare(`${path}[${key}]`, values, our.get(key) ?? []);
  } else if (isObject(theirs) && isObject(ours)) {
    for (const [key, value] of Object.entries(theirs)) {
      if (key in ours) compareJson(value, ours[key] ?? null, { ...place, path: `${path} ${key}` });
      else compare(`${path} ${key}`, value, undefined);
    }
    const order = Object.keys(theirs).filter((key) => key in ours);
    compare(
      `${path} order of keys`,
      order,
      Object.keys(ours).filter((key) => key in theirs),
    );
    if ('basename' in theirs) compareIds(theirs, ours, place);
  } else {
    if (/ (?:id|related_frames)$/.test(path)) return; // ids: by name, in compareIds
    compare(path, theirs, ours);
  }
}

/** Which frames, in which order; then the keys of those that both have. */
function compareFrames(theirs: readonly JsonObject[], ours: readonly Json[], place: Place): void {
  const { compare, path } = place;
  const frames = ours.filter(isObject);
  const namesOf = (list: readonly JsonObject[]): Json[] =>
    list.map(({ basename }) => basename ?? null);
  compare(path, namesOf(theirs), namesOf(frames));
  for (const their of theirs) {
    const our = frames.find(({ basename }) => basename === their.basename);
    if (our !== undefined) compareJson(their, our, { ...place, path: `${path}[]` });
  }
}

function compareIds(theirs: JsonObject, ours: JsonObject, { names, compare, path }: Place): void {
  const list = (value: Json | undefined): number[] =>
    isList(value) ? value.map(Number) : [Number(value)];
  for (const key of ['id', 'related_frames']) {
    const their = list(theirs[key]).map((id) => names.recordedName(id));
    compare(
      `${path} ${key}`,
      their,
      list(ours[key]).map((id) => names.nameOf(id)),
    );
  }
}

/** What kind of body it is, and what can be told of it. */
async function readBody(answer: Answer): Promise<Record<string, unknown> & { kind: string }> {
  const { body } = answer;
  const type = mediaType(answer.headers);
  if (body.length === 0) return { kind: 'empty' };
  if (answer.json !== undefined) return { kind: 'json' };
  if (type === 'text/html') return { kind: 'page', text: digest(body) };
  if (type === 'application/zip') return { kind: 'zip', ...(await zipFacts(body)) };
  if (type === 'image/png') return { kind: 'picture', ...(await pictureFacts(body)) };
  if (type === 'image/fits') return { kind: 'fits', bytes: digest(body) };
  return { kind: type, text: body.toString() };
}

async function zipFacts(body: Buffer): Promise<Record<string, unknown>> {
  const entries = await readZip(body);
  const names = entries.map(({ name }) => name);
  const files = names.map((name) => name.replace(/^.*\//, '')).sort();
  return {
    folders: [...new Set(names.map((name) => name.replace(/[^/]*$/, '')))],
    files: files.map((name) => name.replace(/\.fits(?:\.fz)?$/, '')),
    extensions: [...new Set(files.map((name) => /\..*$/.exec(name)?.[0] ?? ''))],
  };
}

async function pictureFacts(body: Buffer): Promise<Record<string, unknown>> {
  const { width, height } = await sharp(body).metadata();
  return { width, height, pixels: digest(body) };
}

/** Correlation of the grey values of two pictures, the better of both ways up. */
export async function correlate(a: Buffer, b: Buffer): Promise<number> {
  const size = { width: 200, height: 128, fit: 'fill' } as const;
  const read = (body: Buffer, isFlipped: boolean): Promise<Buffer> =>
    sharp(body).flip(isFlipped).resize(size).greyscale().raw().toBuffer();
  const first = await read(a, false);
  return Math.max(
    correlation(first, await read(b, false)),
    correlation(first, await read(b, true)),
  );
}

function correlation(a: Buffer, b: Buffer): number {
  const mean = (values: Buffer): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, squareA, squareB] = [0, 0, 0];
  for (const [index, value] of a.entries()) {
    const [da, db] = [value - meanA, (b[index] ?? 0) - meanB];
    both += da * db;
    squareA += da * da;
    squareB += db * db;
  }
  return both / Math.sqrt(squareA * squareB);
}

function digest(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 12);
}

function valuesByKey(header: readonly HeaderEntry[]): Map<string, Json[]> {
  const values = new Map<string, Json[]>();
  for (const { key, value } of header) values.set(key, [...(values.get(key) ?? []), value]);
  return values;
}

interface HeaderEntry extends JsonObject {
  readonly key: string;
  readonly value: Json;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFrames(value: Json): value is readonly JsonObject[] {
  return (
    isList(value) && value.length > 0 && value.every((one) => isObject(one) && 'basename' in one)
  );
}

function isHeader(value: Json): value is readonly HeaderEntry[] {
  return isList(value) && value.length > 0 && value.every((one) => isObject(one) && 'key' in one);
}

function text(headers: Headers, name: string): string {
  return [headers[name] ?? ''].flat().join(', ');
}

function mediaType(headers: Headers): string {
  return text(headers, 'content-type').replace(/;.*/, '');
}

/** Kind and name, without quotes. */
function disposition(headers: Headers): string {
  return text(headers, 'content-disposition').replaceAll('"', '');
}

function cookieNames(headers: Headers): string[] {
  return [headers['set-cookie'] ?? []].flat().map((cookie) => cookie.replace(/=.*/s, ''));
}

/** Short enough to be printed, and different if the values differ. */
function show(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? 'absent' : JSON.stringify(value);
}
