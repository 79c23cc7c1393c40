import { unlinkSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { startArchive, type TestArchive } from '../../support/archive.js';
import { readUpload, type Answer, type Headers, type Json, type Recording } from './recordings.js';

/** The account of the recordings: it may do everything, and logs in by password. */
const USER = 'pyobs';
const PASSWORD = 'pyobs-pass';
const BAD_TOKEN = '0'.repeat(40);
const FORM = 'application/x-www-form-urlencoded';

/**
 * What the reference shows of a truncated upload that it refused: a ghost. Ours leaves none; a whole
 * frame with the same header stands in for it, so that all lists can be compared.
 */
const GHOST = { request: 31, basename: 'bad-trun', file: 'bad-truncated.fits', bytes: 34_560 };
/** Removed on disk before this request. */
const GONE = { request: 299, key: 'goett/2026-03-02/g11-focus.fits' };

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: Buffer;
}

/** Sends the recorded requests, in order, to a server of ours that has the same frames. */
export interface Replay {
  readonly archive: TestArchive;
  readonly readerToken: string;
  /** Sends what was recorded, to the frames of the same names. */
  send(recording: Recording): Promise<Answer>;
  /** Sends anything else. */
  ask(request: Request, token?: string): Promise<Answer>;
  /** Name of a frame by the id it had in the recordings. */
  recordedName(id: number): string;
  /** Name of a frame of ours by its id. */
  nameOf(id: number): string;
  idOf(name: string): number;
  /** Names of the frames that a truncated upload left in the list. */
  ghosts(): readonly string[];
}

/** @param recordings all of them: the frames that the reference had are read from its lists */
export async function startReplay(recordings: readonly Recording[]): Promise<Replay> {
  const archive = await startArchive({ PATH_FORMATTER: '{SITEID}/{DAY-OBS}/' });
  await addUser(archive, USER, 'admin', PASSWORD);
  await addUser(archive, 'reader', 'user', 'reader-pass');
  const readerToken = (await archive.run(['token', 'add', 'reader'])).stdout.trim();
  const tokens: Readonly<Record<string, string>> = {
    admin: archive.adminToken,
    reader: readerToken,
    bad: BAD_TOKEN,
  };
  const recordedNames = readNames(recordings);
  const names = new Map<number, string>();
  const cookies = new Map<string, string>();
  const ghosts: string[] = [];

  const ask = (request: Request, token = ''): Promise<Answer> => {
    const headers = token === '' ? {} : { authorization: `Token ${token}` };
    return exchange(archive.port, { ...request, headers: { ...headers, ...request.headers } });
  };
  const idOf = (name: string): number =>
    [...names].find(([, each]) => each === name)?.[0] ?? Number.NaN;

  /** Frames that the reference refused are taken out again: its lists are without them. */
  const learnFrames = async (answer: Answer): Promise<void> => {
    const { files = [] } = (answer.json ?? {}) as {
      files?: { id: number | null; basename: string }[];
    };
    for (const { id, basename } of files) {
      if (id === null) continue;
      if ([...recordedNames.values()].includes(basename)) {
        const former = [...names].find(([, name]) => name === basename)?.[0];
        if (former !== undefined) names.delete(former);
        names.set(id, basename);
      } else await remove(archive, id);
    }
  };

  return {
    archive,
    readerToken,
    ask,
    idOf,
    nameOf: (id) => names.get(id) ?? `frame ${id}`,
    ghosts: () => ghosts,
    recordedName: (id) => recordedNames.get(id) ?? `frame ${id}`,
    async send(recording) {
      if (recording.number === GONE.request) unlinkSync(join(archive.dataDir, 'archive', GONE.key));
      if (recording.name === 'web-index') await logIn(ask, cookies);
      const answer = await ask({
        method: recording.method,
        path: toOurPath(recording.path, (id) => idOf(recordedNames.get(id) ?? '')),
        ...toOurBody(recording, { tokens, cookies, idOf }),
      });
      if (/^web-log/.test(recording.name)) keepCookies(cookies, answer);
      if (recording.path.startsWith('/frames/create')) await learnFrames(answer);
      if (recording.number === GHOST.request) {
        const { results } = await archive.json<{ results: { basename: string }[] }>(
          `/frames/?basename=${GHOST.basename}`,
        );
        ghosts.push(...results.map(({ basename }) => basename));
        await learnFrames(await uploadGhost(archive));
      }
      if (recording.name === 'delete-on-frame-url') await learnFrames(await uploadAgain(archive));
      return answer;
    },
  };
}

async function addUser(archive: TestArchive, name: string, role: string, password: string) {
  const args = ['user', 'add', name, '--role', role, '--password-stdin'];
  const { status, stderr } = await archive.run(args, `${password}\n`);
  if (status !== 0) throw new Error(stderr);
}

async function remove(archive: TestArchive, id: number): Promise<void> {
  const { status } = await archive.fetch(`/frames/${id}/delete/`, { method: 'DELETE' });
  if (status !== 200) throw new Error(`frame ${id} cannot be removed: ${status}`);
}

async function uploadGhost(archive: TestArchive): Promise<Answer> {
  const truncated = readUpload(GHOST.file);
  const whole = Buffer.concat([truncated, Buffer.alloc(GHOST.bytes - truncated.length)]);
  return upload(archive, whole, GHOST.file);
}

/** Ours deletes where the reference says 405. */
function uploadAgain(archive: TestArchive): Promise<Answer> {
  return upload(archive, readUpload('g12-acq.fits'), 'g12-acq.fits');
}

async function upload(archive: TestArchive, content: Buffer, name: string): Promise<Answer> {
  const json = await archive.upload(content, name);
  return { status: 200, headers: {}, body: Buffer.alloc(0), json: json as unknown as Json };
}

/** Names by recorded id, from every list and answer in which a frame is seen whole. */
function readNames(recordings: readonly Recording[]): Map<number, string> {
  const names = new Map<number, string>();
  for (const { answer } of recordings) {
    const { results } = (answer.json ?? {}) as { results?: { id?: number; basename?: string }[] };
    for (const { id, basename } of results ?? []) {
      if (id !== undefined && basename !== undefined) names.set(id, basename);
    }
  }
  return names;
}

/** `/frames/5/…` → the id that the frame has here. Ids that no frame had stay as they are. */
function toOurPath(path: string, toOurId: (id: number) => number): string {
  return path.replace(/^\/frames\/(\d{1,4})(?=\/|$)/, (whole, id: string) => {
    const ours = toOurId(Number(id));
    return Number.isNaN(ours) ? whole : `/frames/${ours}`;
  });
}

interface Sender {
  readonly tokens: Readonly<Record<string, string>>;
  readonly cookies: ReadonlyMap<string, string>;
  readonly idOf: (name: string) => number;
}

/** Headers and body as they were sent: recorded only in words, so that no secret is kept. */
function toOurBody(recording: Recording, sender: Sender): { headers: Headers; body?: Buffer } {
  const { tokens, cookies, idOf } = sender;
  const { name, sent, auth, number } = recording;
  const headers: Record<string, string> = {};
  if (auth !== null) {
    const token = tokens[auth];
    headers.authorization = token === undefined ? auth : `Token ${token}`;
  }
  const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ');
  if (
    /^(?:session-|zip-post-session|create-session|web-(?:index$|admin|login-wrong|logout))/.test(
      name,
    )
  ) {
    headers.cookie = cookie;
  }
  if (name === 'zip-post-anon-with-csrf') headers.cookie = `csrftoken=${csrfOf(cookies)}`;
  if (name === 'frames-format-api') headers.accept = 'text/html';
  if (name === 'download-range') headers.range = 'bytes=0-99';
  if (name === 'download-conditional') {
    headers['if-modified-since'] = new Date().toUTCString();
    headers['if-none-match'] = '"x"';
  }
  if (sent === '') return { headers };
  const form = (text: string) => ({
    headers: { ...headers, 'content-type': FORM },
    body: Buffer.from(text),
  });
  if (sent.startsWith('multipart: ')) return multipart(headers, sent.slice('multipart: '.length));
  if (sent.startsWith('{')) {
    return { headers: { ...headers, 'content-type': 'application/json' }, body: Buffer.from(sent) };
  }
  if (name === 'api-token-auth') return form(`username=${USER}&password=${PASSWORD}`);
  if (name === 'web-login-wrong') return form(credentials(cookies, 'wrong'));
  const chosen = sent.replace(/(?<=frame_ids%5B%5D=)[56](?=&|$)/g, (id) =>
    String(idOf(id === '5' ? 'g05-sci' : 'g06-sci-red')),
  );
  if (number === 273) return form(chosen.replace('***', tokens.reader ?? ''));
  return form(chosen.replace('=***', `csrfmiddlewaretoken=${csrfOf(cookies)}`));
}

/** `field=file` pairs, in words → a multipart body. */
function multipart(headers: Headers, words: string): { headers: Headers; body: Buffer } {
  const boundary = 'xREPLAYx';
  const parts = words.split(', ').map((pair) => {
    const at = pair.indexOf('=');
    const [field, file] = [pair.slice(0, at), pair.slice(at + 1)];
    return Buffer.concat([
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${file}"\r\n` +
          'Content-Type: application/octet-stream\r\n\r\n',
      ),
      readUpload(file),
      Buffer.from('\r\n'),
    ]);
  });
  return {
    headers: { ...headers, 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

function credentials(cookies: ReadonlyMap<string, string>, password: string): string {
  return `csrfmiddlewaretoken=${csrfOf(cookies)}&username=${USER}&password=${password}&next=/`;
}

async function logIn(
  ask: (request: Request) => Promise<Answer>,
  cookies: Map<string, string>,
): Promise<void> {
  const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ');
  const answer = await ask({
    method: 'POST',
    path: '/accounts/login/',
    headers: { cookie, 'content-type': FORM },
    body: Buffer.from(credentials(cookies, PASSWORD)),
  });
  keepCookies(cookies, answer);
}

function keepCookies(cookies: Map<string, string>, answer: Answer): void {
  for (const cookie of [answer.headers['set-cookie'] ?? []].flat()) {
    const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    cookies.set(key, value);
  }
}

function csrfOf(cookies: ReadonlyMap<string, string>): string {
  return cookies.get('csrftoken') ?? '';
}

/** One request on a connection of its own, with no header that was not asked for. */
function exchange(port: number, request: Request): Promise<Answer> {
  const { method, path, headers = {}, body } = request;
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const sent = http.request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        headers: { ...headers, ...length } as http.OutgoingHttpHeaders,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          resolve(toAnswer(response, Buffer.concat(chunks)));
        });
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

function toAnswer(response: http.IncomingMessage, body: Buffer): Answer {
  const { statusCode: status = 0, headers } = response;
  const isJson = /json/.test(headers['content-type'] ?? '') && body.length > 0;
  return {
    status,
    headers,
    body,
    ...(isJson ? { json: JSON.parse(body.toString()) as Json } : {}),
  };
}
