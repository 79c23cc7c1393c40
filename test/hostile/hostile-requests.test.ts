import http from 'node:http';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { documentedAttacks, type ToldApi } from './documented.js';
import { findLeak, sendRaw } from './raw.js';
import { requestAttacks, type RequestAttack } from './requests.js';
import { socketAttacks } from './sockets.js';
import { startWatch, type Watch } from './watch.js';

let archive: TestArchive;
let watch: Watch;

beforeAll(async () => {
  archive = await startArchive();
  await archive.upload(pyobsFrame({ FNAME: 'one.fits' }), 'one.fits');
  watch = await startWatch(archive);
});
afterAll(async () => {
  process.stdout.write(`hostile requests:\n${watch.summary()}`);
  watch.stop();
  await archive.close();
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Sends what fetch would not: any header, any target. */
function send({ method, target, headers = {}, body = '' }: RequestAttack): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const own = { Authorization: `Token ${archive.adminToken}`, 'Content-Length': '0' };
    const all: Record<string, string> = { ...own, ...headers };
    if (body !== '') all['Content-Length'] = String(Buffer.byteLength(body));
    const request = http.request({
      ...{ host: '127.0.0.1', port: archive.port, method, path: target, headers: all },
      ...{ agent: false, setHost: headers.Host === undefined },
    });
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** What is wrong with an answer, whatever was asked. */
function judge(attack: RequestAttack, { status, headers, text }: Answer): string[] {
  const wrong: string[] = [];
  if (status >= 500 && ![501, 503, 507].includes(status)) wrong.push(text.slice(0, 200));
  if (attack.statuses !== undefined && !attack.statuses.includes(status)) {
    wrong.push(`is answered ${status} ${text.slice(0, 160)}`);
  }
  const leak = findLeak(text);
  if (leak !== undefined) wrong.push(`tells '${leak}'`);
  if (/<script>alert/.test(text) && !/json/.test(String(headers['content-type']))) {
    wrong.push('gives back a script');
  }
  if (/evil/.test(headers.location ?? '') && !/^\/(?![/\\])/.test(headers.location ?? '')) {
    wrong.push(`leads to ${String(headers.location)}`);
  }
  if (headers['x-evil'] !== undefined) wrong.push('has a header of the client');
  const forwarded = attack.headers?.['X-Forwarded-Host'];
  if (forwarded !== undefined && text.includes(forwarded)) wrong.push('believes X-Forwarded-Host');
  if (headers['x-content-type-options'] !== 'nosniff' && status !== 431)
    wrong.push('may be sniffed');
  const policy = String(headers['content-security-policy'] ?? '');
  if (/unsafe-inline/.test(policy) || (policy === '' && status !== 431 && text !== '')) {
    wrong.push(`has the policy '${policy}'`);
  }
  return wrong;
}

test('hostile requests are answered in words, and nothing of them comes back alive', async () => {
  expect(await attackWithAll(requestAttacks())).toEqual([]);
}, 240_000);

test('every address that the archive tells of takes junk for what it is', async () => {
  const api = await archive.json<ToldApi>('/openapi.json');
  expect(await attackWithAll(documentedAttacks(api))).toEqual([]);
}, 240_000);

async function attackWithAll(list: readonly RequestAttack[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const attack of list) {
    // A header that the client itself refuses to send is no attack.
    const answer = await send(attack).catch((error: unknown) => String(error));
    const found = typeof answer === 'string' ? [answer] : judge(attack, answer);
    found.push(...(await watch.look(attack.kind, 0)));
    wrong.push(...found.map((what) => `${attack.kind}: ${attack.method} ${attack.name}: ${what}`));
  }
  return wrong;
}

test('what is no request, or two in one, is refused, and its second half is never obeyed', async () => {
  const wrong: string[] = [];
  for (const attack of socketAttacks(archive.adminToken)) {
    const options = attack.isRude === true ? { isRude: true } : {};
    const { status, text } = await sendRaw(archive.port, attack.pieces, options);
    const found: string[] = [];
    if (!attack.statuses.includes(status))
      found.push(`is answered ${status} ${text.slice(0, 200)}`);
    if (findLeak(text) !== undefined) found.push(`tells ${String(findLeak(text))}`);
    if (/^HTTP\/1\.1 204/m.test(text.slice(1))) found.push('is obeyed');
    found.push(...(await watch.look(attack.kind, 0)));
    wrong.push(...found.map((what) => `${attack.kind}: ${attack.name}: ${what}`));
  }
  expect(wrong).toEqual([]);
  const { count } = await archive.json<{ count: number }>('/frames/');
  expect(count).toBe(1);
}, 240_000);

test('after all of it the catalogue, the tree and the process are as they should be', async () => {
  expect(await watch.end()).toEqual([]);
}, 60_000);
