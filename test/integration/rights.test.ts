import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../src/api/index.js';
import { createSigner } from '../../src/auth/index.js';
import { findUser } from '../../src/catalog/index.js';
import { loadConfig } from '../../src/config/index.js';
import { openServer } from '../../src/context.js';
import { createAuthentication } from '../../src/http/index.js';
import { createWeb } from '../../src/web/index.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import {
  makeCredentials,
  makeSigned,
  openVisitor,
  RIGHTS,
  type Credential,
  type RightsRow,
} from '../support/rights.js';
import { KINDS, makeThings, stateOf, type Kind, type Things } from '../support/rights-things.js';

const SECRET_KEY = 'a key that the test knows as well';
const AT_ONCE = 6;
const VERBS = ['get', 'post', 'put', 'patch', 'delete'];

/** What came of a request: let in, asked to log in, refused, or told that there is no such frame. */
type Outcome = 'in' | 'login' | 'no' | 'gone';
const SIGNS: Readonly<Record<Outcome, string>> = { in: '+', login: 'L', no: '-', gone: '0' };

interface Place {
  readonly archive: TestArchive;
  readonly seesPublic: boolean;
  readonly things: Things;
  readonly credentials: readonly Credential[];
}

let closed: Place;
let open: Place;
const started: { readonly archive: TestArchive }[] = [];

beforeAll(async () => {
  [closed, open] = await Promise.all([startPlace('none'), startPlace('public')]);
});
afterAll(async () => {
  const faults = started.map(({ archive }) => archive.check().finally(() => archive.close()));
  expect((await Promise.all(faults)).flat()).toEqual([]);
});

async function startPlace(ANONYMOUS: 'none' | 'public'): Promise<Place> {
  const archive = await startArchive({ ANONYMOUS, SECRET_KEY });
  started.push({ archive });
  const credentials = await makeCredentials(archive);
  const things = await makeThings(archive, credentials);
  const makers = await withCatalog(archive, async (catalog) => {
    const idOf = async (name: string): Promise<number> => (await findUser(catalog, name))?.id ?? 0;
    return {
      admin: await idOf('admin'),
      heldWriter: await idOf('held-writer'),
      gone: await idOf('gone'),
    };
  });
  const signer = createSigner(SECRET_KEY);
  const signed = makeSigned((text) => signer.sign('fetch', text), things.own + 1000, makers);
  const seesPublic = ANONYMOUS === 'public';
  return { archive, seesPublic, things, credentials: [...credentials, ...signed] };
}

/** What the rules of the archive say, written down a second time, from the README alone. */
function expected(row: RightsRow, who: Credential, place: Place, kind: Kind | undefined): Outcome {
  const outcome = expectedOf(row, who, place, kind);
  if (outcome !== 'in' || kind === undefined) return outcome;
  return isShown(row, who, kind) ? 'in' : 'gone';
}

/** Accounts that are held see frames that are public, of their proposal, or that they brought. */
function isShown({ about }: RightsRow, who: Credential, kind: Kind): boolean {
  const isHeldWriter =
    who.signer === 'held writer' || (who.isHeld === true && who.role === 'writer');
  if (!isHeldWriter && who.isHeld !== true) return true;
  if (about === 'frame') {
    return kind === 'public' || kind === 'proposal' || (kind === 'own' && isHeldWriter);
  }
  return about === 'user' || about === 'token';
}

/** The same, as far as it does not depend on what is seen by accounts. */
function expectedOf(
  row: RightsRow,
  who: Credential,
  place: Place,
  kind: Kind | undefined,
): Outcome {
  const path = row.route.split(' ')[1] ?? '';
  // At the doors a token is no person with a browser, not even a bad one.
  const isDoor = path === '/' || path.startsWith('/accounts/');
  const role = isDoor && who.token !== undefined ? 'visitor' : who.role;
  const scope = who.scope ?? 'admin';
  const { needs } = row;
  if (role === 'bad') return 'login';
  if (needs === 'anyone') return 'in';
  if (role === 'visitor') return ofVisitor(row, who, place, kind);
  if (needs === 'browser' || needs === 'front page') return 'in';
  if (needs === 'read notes') return 'in';
  if (needs === 'read' || needs === 'download' || needs === 'download version') return 'in';
  if (needs === 'own session') return who.token === undefined ? 'in' : 'no';
  if (needs === 'own account') return scope === 'admin' ? 'in' : 'no';
  if (needs === 'upload') return role !== 'user' && scope !== 'read' ? 'in' : 'no';
  if (needs === 'correct' || needs === 'delete') {
    return role !== 'user' && scope === 'admin' ? 'in' : 'no';
  }
  return role === 'admin' && scope === 'admin' ? 'in' : 'no';
}

function ofVisitor(
  { needs, about }: RightsRow,
  { sign, signer }: Credential,
  { seesPublic }: Place,
  kind: Kind | undefined,
): Outcome {
  if (needs === 'download' || needs === 'download version') {
    if (sign !== undefined) return signer === undefined ? 'login' : 'in';
  } else if (needs === 'front page') return seesPublic ? 'in' : 'login';
  else if (needs !== 'read') return 'login';
  if (!seesPublic) return 'login';
  return about !== 'frame' || kind === 'public' ? 'in' : 'gone';
}

interface Session {
  cookies: string;
  csrf: string;
}

interface Question {
  readonly who: Credential;
  readonly session: Session;
  readonly id: number;
  /** True if `id` is of something that is there. */
  readonly isReal: boolean;
}

async function ask(
  { archive }: Place,
  row: RightsRow,
  { who, session, id, isReal }: Question,
): Promise<{ outcome: Outcome; told: string }> {
  const [verb = '', route = ''] = row.route.split(' ');
  const path = route
    .replace(/:id|:file/, String(id))
    .replace(':number', '1')
    .replace(':night', '2026-03-01')
    .replace(':tag', 'new')
    .replace(':keyword', 'FILTER');
  const sign = who.sign?.(id, row.needs === 'download version' ? 'version' : 'frame');
  const query = [row.query, sign].filter((part) => part !== undefined).join('&');
  const answer = await fetch(`${archive.url}${path}?${query}`, {
    method: verb.toUpperCase(),
    redirect: 'manual',
    headers: {
      Accept: row.as === 'page' ? 'text/html' : 'application/json',
      ...(who.token === undefined ? {} : { Authorization: `Token ${who.token}` }),
      ...(verb === 'get' && who.open === undefined ? {} : { Cookie: session.cookies }),
      ...(verb === 'get' ? {} : { 'X-CSRFToken': session.csrf }),
      ...(row.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...bodyOf(row, who, id),
  });
  const text = await answer.text();
  const to = answer.headers.get('location') ?? '';
  const told = `${row.as} ${row.route} ${who.name}: ${answer.status} ${to} ${text.slice(0, 200)}`;
  if (answer.status === 404 && isReal && row.about !== 'token') return { outcome: 'gone', told };
  return { outcome: judge(row, answer.status, to, told), told };
}

function bodyOf(
  { body, idsIn, form, files }: RightsRow,
  { name }: Credential,
  id: number,
): { body?: string | URLSearchParams | FormData } {
  if (body !== undefined) {
    return { body: JSON.stringify(idsIn === undefined ? body : { ...body, [idsIn]: [id] }) };
  }
  // For the log-ins: each is another person, whom nobody knows, so that none is throttled.
  if (form !== undefined) return { body: new URLSearchParams({ ...form, username: `? ${name}` }) };
  if (files !== true) return {};
  const parts = new FormData();
  parts.append('file', new Blob(['no FITS']), 'none.fits');
  return { body: parts };
}

function judge(row: RightsRow, status: number, to: string, told: string): Outcome {
  const isToLogin = to.startsWith('/accounts/login/');
  if (row.needs === 'front page' && status === 302) return isToLogin ? 'login' : 'in';
  // Who has just logged out is at the log-in, too, but by another status.
  if (isToLogin && !(row.endsSession === true && status === 303)) return 'login';
  if (row.done.includes(status)) return 'in';
  if (status === 401) return 'login';
  if (status === 403) return 'no';
  throw new Error(`neither let in nor refused: ${told}`);
}

/** Of nothing that is there. */
const MISSING = 999_999;

/** To those who are not held, the hidden frames of a proposal or an uploader are like all others. */
function kindsOf(
  { about }: RightsRow,
  { isHeld, signer }: Credential,
): readonly (Kind | undefined)[] {
  if (about === undefined) return [undefined];
  const isAll = about !== 'frame' || isHeld === true || signer === 'held writer';
  return isAll ? KINDS[about] : KINDS[about].slice(0, 3);
}

/** All that one credential gets, row by row, of each kind of what the row is about. */
async function askAll(
  place: Place,
  who: Credential,
): Promise<{ signs: string[]; wrong: string[] }> {
  const start = who.open ?? (() => openVisitor(place.archive));
  let session: Session = await start();
  const signs: string[] = [];
  const wrong: string[] = [];
  for (const row of RIGHTS) {
    const kinds = kindsOf(row, who);
    let sign = '';
    for (const kind of kinds) {
      const right = expected(row, who, place, kind);
      const isReal = kind !== undefined && !(row.changes === true && right === 'in');
      const id = isReal ? place.things[kind] : MISSING;
      const { outcome, told } = await ask(place, row, { who, session, id, isReal });
      sign += SIGNS[outcome];
      if (outcome !== right) wrong.push(`${kind ?? 'nothing'}, expected ${right}: ${told}`);
    }
    if (row.endsSession === true) session = await start();
    signs.push(sign);
  }
  return { signs, wrong };
}

function print(title: string, names: readonly string[], columns: readonly (readonly string[])[]) {
  const lines = [
    '',
    `Rights, ${title}. + let in, L asked to log in, - refused, 0 told that there is no such frame;`,
    'three signs: a public frame, a hidden one, a hidden one of another writer; for “held” accounts two',
    'more: a hidden one of another writer and of their proposal, and one that the held writer brought.',
    ...names.map((name, index) => `  ${String(index + 1).padStart(2)} ${name}`),
    `${' '.repeat(52)}${names.map((_, index) => String(index + 1).padStart(6)).join('')}`,
    ...RIGHTS.map(({ as, route }, index) => {
      const cells = columns.map((column) => (column[index] ?? '').padStart(6)).join('');
      return `${`${as.padEnd(4)} ${route}`.padEnd(52)}${cells}`;
    }),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function checkPlace(title: string, place: Place, credentials: readonly Credential[]) {
  const before = await stateOf(place.archive, place.things);
  const results: { signs: string[]; wrong: string[] }[] = [];
  for (let at = 0; at < credentials.length; at += AT_ONCE) {
    const some = credentials.slice(at, at + AT_ONCE);
    results.push(...(await Promise.all(some.map((who) => askAll(place, who)))));
  }
  print(
    title,
    credentials.map(({ name }) => name),
    results.map(({ signs }) => signs),
  );
  expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
  // A refusal is one: nothing of what was asked for is another than before.
  expect(await stateOf(place.archive, place.things)).toEqual(before);
}

test('every verb of every address, of pages and API, has its line in the table, and no line is of another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'platevault-rights-'));
  const { config } = loadConfig({ DATA_DIR: folder, LOG: 'off' }, folder);
  const context = await openServer(config);
  try {
    const api = createApi(context, createAuthentication(context));
    const routesOf = ({ stack }: { stack: typeof api.router.stack }) =>
      stack.flatMap(({ route }) =>
        route === undefined
          ? []
          : [...new Set(route.stack.map(({ method }) => method))]
              // Those of a path that are not named answer 405; OPTIONS of pages go to the API.
              .filter((verb) => VERBS.includes(verb))
              .map((verb) => `${verb} ${route.path}`),
      );
    const told = (as: RightsRow['as']) =>
      RIGHTS.filter((row) => row.as === as).map(({ route }) => route);
    expect([...new Set(told('api'))].sort()).toEqual([...new Set(routesOf(api.router))].sort());
    const web = createWeb(context, api.describe);
    expect([...new Set(told('page'))].sort()).toEqual([...new Set(routesOf(web))].sort());
  } finally {
    await context.close();
    await rm(folder, { recursive: true });
  }
});

test('where visitors see nothing, every address lets in whom it should, and nobody else', async () => {
  await checkPlace('ANONYMOUS=none', closed, closed.credentials);
}, 240_000);

test('where visitors see what is public, they see that, and nothing else', async () => {
  const others = [
    'user, session',
    'writer, token read',
    'held user, token read',
    'held writer, token admin',
    'expired token',
  ];
  const some = open.credentials.filter(
    ({ role, name }) => role === 'visitor' || others.includes(name),
  );
  await checkPlace('ANONYMOUS=public', open, some);
}, 240_000);

test('no list, zip, choice or relation that a visitor gets tells of a hidden frame', async () => {
  const { archive, things: frames } = open;
  for (const [path, words] of [
    ['/frames/', 'public-frame'],
    ['/frames/?basename=frame', 'public-frame'],
    ['/frames/?public=false', '"count":0'],
    ['/frames/?pagination_style=cursor', 'public-frame'],
    ['/frames/aggregate/', 'imagetypes'],
    [`/frames/${frames.public}/related/`, '[]'],
    [`/frames/${frames.public}/related/?direction=both`, '[]'],
    [`/frames/${frames.public}/calibrations/`, 'needed'],
    ['/frames/zip/?format=script', 'public-frame'],
  ] as const) {
    const text = await (await archive.fetch(path, { token: '' })).text();
    expect([path, text]).toEqual([path, expect.stringContaining(words)]);
    expect([path, text]).toEqual([path, expect.not.stringMatching(/(?<!")hidden-frame/)]);
  }
  const zip = await archive.fetch('/frames/zip/', { token: '' });
  const names = Buffer.from(await zip.arrayBuffer()).toString('latin1');
  expect(names).toContain('public-frame.fits');
  expect(names).not.toMatch(/hidden-frame\.fits/);
  for (const id of [frames.hidden, frames.foreign]) {
    const body = JSON.stringify({ frame_ids: [frames.public, id] });
    const headers = { 'Content-Type': 'application/json' };
    const asked = { method: 'POST', body, headers, token: '' };
    expect((await archive.fetch('/frames/zip/', asked)).status).toBe(404);
  }
  const page = await fetch(`${archive.url}/frames/`, { headers: { Accept: 'text/html' } });
  expect(await page.text()).not.toMatch(/hidden-frame/);
  // The same for a user: there they are.
  const all = await archive.json<{ count: number }>('/frames/');
  expect(all.count).toBe(5);
});

test('a token in the body of a zip request counts there, and nowhere in an address', async () => {
  const { archive, things: frames, credentials } = closed;
  const token = credentials.find(({ name }) => name === 'user, token read')?.token ?? '';
  const zip = (auth_token: string) =>
    fetch(`${archive.url}/frames/zip/`, {
      method: 'POST',
      body: new URLSearchParams({ auth_token, frame_ids: String(frames.hidden) }),
    });
  expect((await zip(token)).status).toBe(200);
  expect((await zip('wrong')).status).toBe(401);
  for (const name of ['token', 'auth_token', 'access_token', 'api_key']) {
    const answer = await fetch(`${archive.url}/frames/?${name}=${token}`);
    expect([name, answer.status]).toEqual([name, 401]);
  }
});
