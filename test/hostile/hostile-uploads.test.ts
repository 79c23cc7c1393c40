import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startArchive, type CreateAnswer, type TestArchive } from '../support/archive.js';
import { attacks, type FileAttack } from './attack.js';
import { dataAttacks } from './files-data.js';
import { headerAttacks } from './files-headers.js';
import { namedFrame, nameAttacks } from './files-names.js';
import { gzipBomb, promise, wrappedAttacks } from './files-wrapped.js';
import { multipartAttacks, part } from './multiparts.js';
import { findLeak } from './raw.js';
import { startWatch, type Watch } from './watch.js';

const MUTANTS = 100;
const SEED = 2026;
/** What is made of a frame: none of it may fail otherwise than in words. */
const PRODUCTS = [
  '',
  'headers/',
  'preview/',
  'catalog/',
  'verify/',
  'funpack/',
  'cutout/',
  'download/',
];

let archive: TestArchive;
let watch: Watch;

beforeAll(async () => {
  archive = await startArchive({ URL_HOURS: '1', MAX_EXPANDED_BYTES: String(1536 * 2 ** 20) });
  watch = await startWatch(archive);
});
afterAll(async () => {
  process.stdout.write(`hostile uploads:\n${watch.summary()}`);
  watch.stop();
  await archive.close();
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** An upload whose body is these bytes. */
function post(type: string, body: Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${archive.url}/frames/create/`,
      {
        method: 'POST',
        agent: false,
        headers: {
          Authorization: `Token ${archive.adminToken}`,
          ...(type === '' ? {} : { 'Content-Type': type }),
          'Content-Length': body.length,
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, text });
        });
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}

/** What an answer says that it must not say. */
function judge({ status, text }: Answer): string[] {
  const wrong: string[] = [];
  if (status >= 500) wrong.push(`${status} ${text.slice(0, 200)}`);
  const leak = findLeak(text);
  if (leak !== undefined) wrong.push(`tells '${leak}': ${text.slice(0, 200)}`);
  return wrong;
}

/** Sends one file and asks for all that can be made of it; what is wrong. */
async function attack({ kind, name, bytes, expected, filename = 'x.fits' }: FileAttack) {
  const head = `Content-Disposition: form-data; name="file"; filename="${filename}"`;
  const body = Buffer.concat([part(head, bytes()), Buffer.from('--b--\r\n')]);
  const answer = await post('multipart/form-data; boundary=b', body);
  const wrong = judge(answer);
  if (answer.status !== 200) {
    if (answer.status !== 400) wrong.push(`is answered ${answer.status}`);
    wrong.push(...(await watch.look(kind, 0)));
    return wrong.map((what) => `${kind}: ${name}: ${what}`);
  }
  const created = JSON.parse(answer.text) as CreateAnswer;
  const [file] = created.files;
  if (created.created === 1 && expected === 'refused') wrong.push('is stored');
  if (created.created === 0 && !/\w/.test(created.errors?.join() ?? ''))
    wrong.push('has no reason');
  const isNew = file?.status === 'stored' || file?.status === 'new-version';
  const products = /name|twin/.test(kind) ? ['', 'download/'] : PRODUCTS;
  if (typeof file?.id === 'number') wrong.push(...(await askForAll(file.id, products)));
  wrong.push(...(await watch.look(kind, isNew ? 1 : 0)));
  return wrong.map((what) => `${kind}: ${name}: ${what}`);
}

/** Asks for all of it at once; what is wrong. */
async function askForAll(id: number, products: readonly string[]): Promise<string[]> {
  const answers = products.map(async (product) => {
    const path = `/frames/${id}/${product}`;
    const response = await archive.fetch(path);
    // What turns out to be damaged on the way ends the connection, as it must; not the server.
    const bytes = await response.arrayBuffer().then(
      (buffer) => Buffer.from(buffer),
      () => undefined,
    );
    if (bytes === undefined) return archive.process.exitCode === null ? [] : ['ended the server'];
    const isText = /json|text/.test(response.headers.get('content-type') ?? '');
    const text = isText ? bytes.subarray(0, 100_000).toString() : '';
    // What came with the file may well be told again; only errors are looked through.
    const wrong = response.status >= 400 ? judge({ status: response.status, text }) : [];
    return wrong.map((what) => `${path} ${what}`);
  });
  return (await Promise.all(answers)).flat();
}

async function attackWithAll(list: readonly FileAttack[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const each of list) wrong.push(...(await attack(each)));
  return wrong;
}

test('hostile headers are refused in words, or stored as they are', async () => {
  expect(await attackWithAll(headerAttacks())).toEqual([]);
}, 240_000);

test('hostile tiles and tables cost bounded memory, and are never a fault of ours', async () => {
  expect(await attackWithAll(dataAttacks())).toEqual([]);
}, 240_000);

test('hostile wraps, XML and disguises are refused', async () => {
  expect(await attackWithAll(wrappedAttacks())).toEqual([]);
}, 240_000);

test('names in headers and of uploads never lead out of the tree', async () => {
  const before = readdirSync(archive.dataDir).sort();
  expect(await attackWithAll(nameAttacks())).toEqual([]);
  // The quarantine is made with the first refusal.
  const after = readdirSync(archive.dataDir).filter((name) => name !== 'quarantine');
  expect(after.sort()).toEqual(before.filter((name) => name !== 'quarantine'));
  const tree = readdirSync(join(archive.dataDir, 'archive'), { recursive: true }).map(String);
  const odd = tree.filter((path) =>
    /[\p{Cc}\p{Cf}\\]|(?:^|\/)\.(?!incoming|platevault)|[. ]$/u.test(path),
  );
  expect(odd).toEqual([]);
}, 240_000);

test('an upload is not led out of the tree by a symbolic link', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'platevault-outside-'));
  const link = join(archive.dataDir, 'archive/elsewhere');
  symlinkSync(outside, link);
  try {
    const answer = await archive.upload(namedFrame({ SITEID: 'elsewhere' }), 'link.fits');
    expect(answer).toMatchObject({ created: 0, errors: [expect.any(String)] });
    expect(readdirSync(outside)).toEqual([]);
  } finally {
    unlinkSync(link);
    rmSync(outside, { recursive: true });
  }
});

test('bombs of 1 and 2 GB are refused before they are unpacked', async () => {
  const one = await gzipBomb(promise(1024), 1024);
  const two = await gzipBomb(promise(2048), 2048);
  const cards = await gzipBomb(promise(1).subarray(0, 400), 160);
  const list = attacks('bombs', 'refused', [
    ['2 GB of zeros', () => two],
    ['2 million cards', () => cards],
  ]).concat(
    attacks('bombs', 'any', [['1 GB of zeros', () => one]]),
    attacks('bombs', 'refused', [['zeros without a header', () => one.subarray(0, 5000)]]),
  );
  expect(await attackWithAll(list)).toEqual([]);
}, 240_000);

test('files damaged at random are stored or refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'platevault-mutants-'));
  try {
    const script = join(import.meta.dirname, 'mutants.mjs');
    execFileSync(process.execPath, [script, folder, String(MUTANTS), String(SEED)]);
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.mutant'))
      .sort();
    expect(names).toHaveLength(MUTANTS);
    const list = attacks(
      'damaged at random',
      'any',
      names.map((name) => [
        name,
        () => readFileSync(join(folder, name)),
        `${name.slice(0, 4)}.fits`,
      ]),
    );
    expect(await attackWithAll(list)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 240_000);

test('bodies that are no forms are refused, and nothing that was sent is lost without a word', async () => {
  const wrong: string[] = [];
  for (const { kind, name, type, body, stored, statuses, headers } of multipartAttacks()) {
    const answer = await post(type, body(), headers).catch((error: unknown) => ({
      status: 0,
      text: String(error),
    }));
    const found = judge(answer);
    if (!statuses.includes(answer.status))
      found.push(`${answer.status} ${answer.text.slice(0, 200)}`);
    const created = answer.status === 200 ? (JSON.parse(answer.text) as CreateAnswer).created : 0;
    if (stored >= 0 && created !== stored) found.push(`${created} stored: ${answer.text}`);
    found.push(...(await watch.look(kind, created)));
    wrong.push(...found.map((what) => `${kind}: ${name}: ${what}`));
  }
  expect(wrong).toEqual([]);
}, 240_000);

test('after all of it the catalogue, the tree and the process are as they should be', async () => {
  expect(await watch.end()).toEqual([]);
}, 60_000);
