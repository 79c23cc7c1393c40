import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../src/api/index.js';
import { FRAME_FILTERS } from '../../src/catalog/index.js';
import { loadConfig } from '../../src/config/index.js';
import { openServer } from '../../src/context.js';
import { createAuthentication } from '../../src/http/index.js';
import {
  parameterOf,
  VERBS,
  type ApiDocument,
  type DocumentOperation,
  type DocumentParameter,
  type Schema,
  type Verb,
} from '../../src/openapi/index.js';
import { pyobsFrame } from '../fixtures/night.js';
import { ADMIN_PASSWORD, startArchive, type TestArchive } from '../support/archive.js';
import { examplePath } from '../support/addresses.js';

type Query = Readonly<Record<string, string>>;

interface Told {
  readonly path: string;
  readonly verb: Verb;
  readonly operation: DocumentOperation;
}

const CAT = {
  cards: [],
  table: { name: 'CAT', columns: [{ name: 'x', form: 'D', values: [1.5, 2] }] },
} as const;

/** Frame 1 is the one that the examples are about: it has a place on the sky, a table and relations. */
const FRAMES = [
  {
    FNAME: 'm31.fits',
    L1BIAS: 'bias',
    EQUINOX: 'two thousand',
    CTYPE1: 'RA---TAN',
    CTYPE2: 'DEC--TAN',
    CRVAL1: 10.6847,
    CRVAL2: 41.269,
    CRPIX1: 16.5,
    CRPIX2: 12.5,
    CD1_1: -0.0003,
    CD1_2: 0,
    CD2_1: 0,
    CD2_2: 0.0003,
  },
  { FNAME: 'bias.fits', IMAGETYP: 'bias', EXPTIME: 0, 'DATE-OBS': '2026-03-01T17:00:00' },
  { FNAME: 'dark.fits', IMAGETYP: 'dark', EXPTIME: 120, 'DATE-OBS': '2026-03-01T17:10:00' },
  { FNAME: 'm31-red.fits', RLEVEL: 1, L1RAW: 'm31' },
] as const;

let archive: TestArchive;
let document: ApiDocument;

beforeAll(async () => {
  archive = await startArchive();
  for (const [index, cards] of FRAMES.entries()) {
    const file = pyobsFrame(cards, { extensions: [CAT], seed: index + 1 });
    const { files } = await archive.upload(file, cards.FNAME);
    expect(files[0]?.id).toBe(index + 1);
  }
  await archive.upload(Buffer.from('no file of stars'), 'refused.fits');
  document = await archive.json<ApiDocument>('/openapi.json', { token: '' });
});

afterAll(async () => {
  await archive.close();
});

const operations = (): Told[] =>
  Object.entries(document.paths).flatMap(([path, verbs]) =>
    VERBS.flatMap((verb) => {
      const operation = verbs[verb];
      return operation === undefined ? [] : [{ path, verb, operation }];
    }),
  );

const parametersOf = ({ operation }: Told): DocumentParameter[] =>
  operation.parameters.map((each) => parameterOf(document, each));

/** Objects may not have keys that are not told, while we look. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, closed(each)] as const),
  );
  const isOpen = typeof copy.properties === 'object' && copy.additionalProperties === undefined;
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}

function createChecks(): (schema: Schema) => ValidateFunction {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/);
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
  ajv.addFormat('uri', /^https?:\/\/\S+$/);
  const local = (schema: unknown): object =>
    JSON.parse(
      JSON.stringify(closed(schema)).replaceAll('"#/components/schemas/', '"doc:/'),
    ) as object;
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    ajv.addSchema({ ...local(schema), $id: `doc:/${name}` });
  }
  return (schema) => ajv.compile(local(schema));
}

/** Sends what the document says, and holds what comes back against it. */
async function call(
  told: Told,
  query: Query,
  options: { token?: string; body?: string | FormData; headers?: Record<string, string> } = {},
): Promise<{ status: number; complaints: string[] }> {
  const { path, verb, operation } = told;
  const address = `${examplePath(path)}?${new URLSearchParams(query).toString()}`;
  const { body, token, headers = {} } = options;
  const answer = await archive.fetch(address, {
    method: verb.toUpperCase(),
    redirect: 'manual',
    headers,
    ...(body === undefined ? {} : { body }),
    ...(token === undefined ? {} : { token }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const documented = operation.responses[String(answer.status)];
  const complaints: string[] = [];
  const at = `${verb} ${decodeURIComponent(address)}: ${answer.status}`;
  const type = answer.headers.get('content-type')?.replace(/;.*/, '') ?? '';
  if (documented === undefined)
    complaints.push(`${at} is not documented: ${bytes.toString('utf8', 0, 200)}`);
  else if (bytes.length > 0 || documented.content !== undefined) {
    const content = documented.content?.[type];
    if (content === undefined) complaints.push(`${at} has type ${type}`);
    else if (content.schema !== undefined) {
      const check = checkOf(content.schema);
      if (!check(JSON.parse(bytes.toString()))) {
        complaints.push(`${at}: ${JSON.stringify(check.errors?.slice(0, 3))}`);
      }
    }
  }
  return { status: answer.status, complaints };
}

const kept = new Map<string, ValidateFunction>();
let compile: ((schema: Schema) => ValidateFunction) | undefined;

function checkOf(schema: Schema): ValidateFunction {
  const key = JSON.stringify(schema);
  compile ??= createChecks();
  const check = kept.get(key) ?? compile(schema);
  kept.set(key, check);
  return check;
}

/** Every query that the document shows for an operation: its requests, and each example in one of them. */
function queriesOf(told: Told): Query[] {
  const requests = told.operation['x-requests'].map(({ query }) => query);
  const ofParameters = parametersOf(told)
    .filter((each) => each.in === 'query')
    .flatMap(({ name, examples }) => {
      const base = requests.find((query) => name in query) ?? baseOf(told);
      return Object.values(examples).map(({ value }) =>
        typeof value === 'object' ? { ...base, ...value } : { ...base, [name]: String(value) },
      );
    });
  return [...requests, ...ofParameters];
}

/** What an operation cannot do without. */
function baseOf({ operation }: Told): Query {
  return operation.operationId === 'cutOut' ? (operation['x-requests'][0]?.query ?? {}) : {};
}

const find = (id: string): Told => operations().find((each) => each.operation.operationId === id)!;

test('the document is OpenAPI 3.1 by the schema of the standard, and its references lead somewhere', async () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const validator = new Validator();
  const result = await validator.validate(
    structuredClone(document) as unknown as Record<string, unknown>,
  );
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every example of a parameter is as its schema says', () => {
  const complaints = operations().flatMap((told) =>
    parametersOf(told).flatMap(({ name, schema, examples }) =>
      Object.values(examples)
        .filter(({ value }) => !checkOf(schema)(value))
        .map(({ value }) => `${told.path} ${name}=${JSON.stringify(value)}`),
    ),
  );
  expect(complaints).toEqual([]);
});

test('every filter, every other name of it and every example of the table is a parameter', () => {
  const list = parametersOf(find('listFrames'));
  const names = list.map(({ name }) => name);
  const shown = list.flatMap(({ name, examples }) =>
    Object.values(examples).flatMap(({ value }) =>
      typeof value === 'object' ? Object.entries(value).flat().join('=') : `${name}=${value}`,
    ),
  );
  for (const { name, aliases, kind, examples } of FRAME_FILTERS) {
    if (kind !== 'header') expect(names).toEqual(expect.arrayContaining([name, ...aliases]));
    expect(shown).toEqual(
      expect.arrayContaining(examples.map(([parameter, value]) => `${parameter}=${value}`)),
    );
  }
});

test('what Express routes for programs is what the document has', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'platevault-routes-'));
  const { config } = loadConfig({ DATA_DIR: folder, LOG: 'off' }, folder);
  const context = await openServer(config);
  try {
    const { router } = createApi(context, createAuthentication(context));
    const routed = router.stack.flatMap(({ route }) => {
      if (route === undefined) return [];
      const verbs = route.stack.map(({ method }) => method);
      const path = route.path.replace(/:(\w+)/g, '{$1}');
      return VERBS.filter((verb) => verbs.includes(verb)).map((verb) => `${verb} ${path}`);
    });
    expect(routed).toEqual(operations().map(({ verb, path }) => `${verb} ${path}`));
  } finally {
    await context.close();
    await rm(folder, { recursive: true });
  }
});

test('every address answers the verbs of the document and no others', async () => {
  for (const [path, verbs] of Object.entries(document.paths)) {
    const answer = await archive.fetch(examplePath(path), { method: 'OPTIONS' });
    const told = VERBS.filter((verb) => verbs[verb] !== undefined).flatMap((verb) =>
      verb === 'get' ? ['GET', 'HEAD'] : [verb.toUpperCase()],
    );
    expect([path, answer.headers.get('allow')]).toEqual([path, [...told, 'OPTIONS'].join(', ')]);
  }
});

test('without credentials every operation that needs some answers the 401 of the document', async () => {
  for (const told of operations()) {
    const isOpen = told.operation.security.length === 0;
    const form = new FormData();
    form.append('file', new Blob(['none']), 'none.fits');
    const body = told.operation.requestBody?.content['multipart/form-data'] && form;
    const [query = {}] = queriesOf(told);
    const { status, complaints } = await call(told, query, {
      token: '',
      ...(body === undefined ? {} : { body }),
    });
    expect(complaints).toEqual([]);
    expect([told.operation.operationId, status === 401]).toEqual([
      told.operation.operationId,
      !isOpen,
    ]);
  }
});

test('every GET answers its examples as the document says', async () => {
  const complaints: string[] = [];
  let count = 0;
  for (const told of operations().filter(({ verb }) => verb === 'get')) {
    expect(told.operation['x-requests'].length).toBeGreaterThan(0);
    for (const query of queriesOf(told)) {
      const answer = await call(told, query);
      count += 1;
      complaints.push(...answer.complaints);
      // A zip of nothing is told as such.
      const isRight =
        answer.status === 200 || (told.path === '/frames/zip/' && answer.status === 404);
      if (!isRight) complaints.push(`${told.path} ${JSON.stringify(query)}: ${answer.status}`);
    }
  }
  expect(complaints).toEqual([]);
  expect(count).toBeGreaterThan(300);
});

test('a key that the document does not tell is found out, and so is one that is missing', async () => {
  const check = checkOf({ $ref: '#/components/schemas/FrameWithHdus' });
  const frame = await archive.json<Record<string, unknown>>('/frames/1/');
  const { sha256, ...less } = frame;
  expect([check(frame), check({ ...frame, more: sha256 }), check(less)]).toEqual([
    true,
    false,
    false,
  ]);
  // What was looked at is not empty.
  expect(frame).toMatchObject({ area: { type: 'Polygon' }, related_frames: [2] });
  expect(await archive.json<unknown[]>('/frames/1/verify/')).not.toHaveLength(0);
  expect(await archive.json('/frames/1/calibrations/')).toMatchObject({ bias: { needed: true } });
});

test('a token that may only read is answered the 403 of the document', async () => {
  const made = await archive.run(['token', 'add', 'admin', '--scope', 'read']);
  const token = made.stdout.trim();
  for (const id of ['uploadFrames', 'deleteFrame']) {
    expect([id, await call(find(id), {}, { token })]).toEqual([
      id,
      { status: 403, complaints: [] },
    ]);
  }
});

test('a bad value of a parameter is answered with the 400 of the document', async () => {
  const bad: readonly (readonly [id: string, query: Query])[] = [
    ['listFrames', { RLEVEL: 'x' }],
    ['listFrames', { covers: 'nowhere' }],
    ['listFrames', { limit: 'many' }],
    ['getAggregate', { night: 'foo' }],
    ['zipFrames', { format: 'tar' }],
    ['cutOut', { x: '1' }],
    ['getPreview', { width: '1' }],
    ['getRelated', { direction: 'up' }],
    ['getHeaders', { hdu: '99' }],
    ['getTable', { hdu: '0' }],
  ];
  for (const [id, query] of bad) {
    const { status, complaints } = await call(find(id), query);
    expect([id, status, complaints]).toEqual([id, 400, []]);
  }
  const gone = await call({ ...find('getFrame'), path: '/frames/999999/' }, {});
  expect(gone).toEqual({ status: 404, complaints: [] });
});

test('a file answers ranges, conditions and tags as the document says', async () => {
  const told = find('downloadFrame');
  const asked = [
    [{ Range: 'bytes=0-9' }, 206],
    [{ Range: 'bytes=99999999-' }, 416],
    [{ 'If-Match': '"other"' }, 412],
  ] as const;
  for (const [headers, status] of asked) {
    expect(await call(told, {}, { headers })).toEqual({ status, complaints: [] });
  }
  for (const path of ['/openapi.json', '/frames/', '/frames/1/download/']) {
    const first = await archive.fetch(path);
    const tag = first.headers.get('etag') ?? '';
    const again = await archive.fetch(path, {
      // Without this, fetch asks not to be answered from any cache.
      headers: { 'If-None-Match': tag, 'Cache-Control': 'max-age=0' },
    });
    expect([path, again.status]).toEqual([path, 304]);
  }
});

test('what people set right, mend and bring back is answered as the document says', async () => {
  for (const told of operations()) {
    if (told.verb === 'get' || !/orrect|Note|Refused|estore|urge/.test(told.operation.operationId))
      continue;
    const example = told.operation.requestBody?.content['application/json']?.example;
    const headers = { 'Content-Type': 'application/json' };
    const sent = example === undefined ? {} : { body: JSON.stringify(example), headers };
    expect((await call(told, {}, sent)).complaints).toEqual([]);
  }
});

test('every other verb answers its example as the document says', async () => {
  const asJson = { 'Content-Type': 'application/json' };
  const login = { username: 'admin', password: ADMIN_PASSWORD };
  const wrong = find('createToken').operation.requestBody?.content['application/json']?.example;
  const ids = find('zipFramesById').operation.requestBody?.content['application/json']?.example;
  const posts = [
    ['createToken', JSON.stringify(login), 200],
    ['createToken', JSON.stringify(wrong), 400],
    ['zipFramesById', JSON.stringify(ids), 200],
    ['zipFramesById', JSON.stringify({ frame_ids: [] }), 400],
  ] as const;
  for (const [id, body, status] of posts) {
    const answer = await call(find(id), {}, { body, headers: asJson });
    expect([id, answer]).toEqual([id, { status, complaints: [] }]);
  }
  const uploads = operations().filter(
    ({ operation }) => operation.requestBody?.content['multipart/form-data'] !== undefined,
  );
  expect(uploads).toHaveLength(3);
  for (const told of uploads) {
    const form = new FormData();
    const file = pyobsFrame(FRAMES[0], { extensions: [CAT], seed: 1 });
    form.append('file', new Blob([new Uint8Array(file)]), 'm31.fits');
    form.append('file', new Blob(['nothing']), 'bad.fits');
    expect(await call(told, {}, { body: form })).toEqual({ status: 200, complaints: [] });
  }
  // Frame 1 goes last, at both addresses.
  for (const [id, status] of [
    ['deleteFrame', 204],
    ['deleteFrameByOldAddress', 404],
  ] as const) {
    expect([id, await call(find(id), {})]).toEqual([id, { status, complaints: [] }]);
  }
});
