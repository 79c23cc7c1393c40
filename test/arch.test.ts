import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { PROJECT_DIR } from './support/archive.js';

const SRC = join(PROJECT_DIR, 'src');

/** Room → rooms it may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  config: ['lib'],
  fits: ['lib'],
  sky: ['lib'],
  almanac: ['lib', 'sky'],
  zip: ['lib'],
  openapi: [],
  store: ['lib', 'sky'],
  targets: ['lib', 'sky'],
  catalog: ['lib', 'sky', 'targets'],
  wcs: ['lib', 'sky', 'fits'],
  products: ['lib', 'fits', 'wcs'],
  quality: ['lib', 'fits'],
  pixels: ['lib', 'fits', 'preview', 'products', 'quality'],
  ingest: ['lib', 'sky', 'almanac', 'wcs', 'config', 'fits', 'store', 'catalog'],
  keeping: ['lib', 'sky', 'wcs', 'config', 'fits', 'store', 'catalog', 'ingest'],
  // Measures frames in the background, and compares them with what is usual.
  measuring: ['lib', 'config', 'fits', 'store', 'catalog', 'quality', 'almanac'],
  // How the archive stands: for those who watch it.
  status: ['lib', 'measuring', 'config', 'store', 'catalog', 'keeping'],
  doctor: ['lib', 'config', 'store', 'catalog', 'keeping', 'status', 'solving'],
  preview: ['lib', 'sky', 'config', 'fits', 'store', 'catalog'],
  // Runs programs that find out by the stars where a frame lies.
  solving: [
    'lib',
    'sky',
    'almanac',
    'wcs',
    'config',
    'fits',
    'store',
    'catalog',
    'ingest',
    'products',
  ],
  auth: ['lib', 'sky', 'config', 'fits', 'store', 'catalog'],
  jobs: ['lib', 'sky', 'config', 'fits', 'store', 'catalog', 'ingest', 'preview', 'keeping'],
  calibration: ['lib', 'config', 'catalog'],
  // What a night was like: composed of what the rooms below know of it.
  nights: ['lib', 'almanac', 'config', 'catalog', 'ingest', 'calibration', 'targets'],
  // The objects of the sky that frames show, their names put together.
  objects: ['lib', 'sky', 'catalog', 'targets'],
  http: [
    'events',
    'measuring',
    'keeping',
    'status',
    'lib',
    'config',
    'catalog',
    'store',
    'auth',
    'ingest',
    'preview',
    'products',
    'calibration',
    'nights',
    'report',
    'solving',
  ],
  // Many frames at once, to whoever may have them: zips and scripts.
  downloads: ['lib', 'catalog', 'zip', 'http'],
  api: [
    'downloads',
    'measuring',
    'objects',
    'report',
    'solving',
    'targets',
    'nights',
    'keeping',
    'status',
    'lib',
    'sky',
    'config',
    'fits',
    'store',
    'catalog',
    'auth',
    'ingest',
    'preview',
    'products',
    'zip',
    'calibration',
    'openapi',
    'http',
  ],
  web: [
    'downloads',
    'almanac',
    'nights',
    'report',
    'objects',
    'targets',
    'zip',
    'wcs',
    'keeping',
    'status',
    'lib',
    'sky',
    'config',
    'fits',
    'store',
    'catalog',
    'auth',
    'ingest',
    'preview',
    'calibration',
    'openapi',
    'http',
  ],
  // Tells nights in ten lines, and sends them.
  report: ['lib', 'almanac', 'config', 'catalog', 'keeping', 'nights', 'status'],
  // Tells those who listen of what happens.
  events: ['lib', 'catalog'],
  // What a server does by itself.
  background: ['events', 'measuring', 'keeping', 'lib', 'report', 'solving'],
  context: [
    'background',
    'keeping',
    'status',
    'calibration',
    'nights',
    'lib',
    'config',
    'store',
    'catalog',
    'ingest',
    'preview',
    'products',
    'pixels',
    'auth',
    'jobs',
    'http',
  ],
  app: ['context', 'http', 'api', 'web', 'warm-up'],
  'warm-up': ['lib', 'catalog', 'http'],
  main: ['cli'],
  // Server verbs; the client verbs are held to CLIENT_MAY below.
  cli: [
    'lib',
    'config',
    'fits',
    'catalog',
    'auth',
    'ingest',
    'keeping',
    'measuring',
    'doctor',
    'context',
    'calibration',
    'nights',
    'report',
    'solving',
    'app',
    'warm-up',
  ],
};

/** The client verbs speak HTTP: they would work on a machine that has no archive. */
const CLIENT_FILES = /^cli\/demo/;
const CLIENT_MAY = ['lib', 'config', 'fits'];

/** Packages that only one room may know. */
const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  knex: ['catalog'],
  sqlite3: ['catalog'],
  sharp: ['preview', 'pixels'],
  archiver: ['api'],
  multer: ['http'],
  sax: ['fits'],
  'lz4-napi': ['fits'],
  yauzl: ['fits'],
  '@aws-sdk/client-s3': ['keeping'],
  passport: ['auth'],
  'passport-local': ['auth'],
  'express-session': ['auth', 'http'],
  nodemailer: ['report'],
  pino: ['lib'],
  'astronomy-engine': ['almanac'],
  'prom-client': ['status'],
  'node:worker_threads': ['pixels'],
};

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(sep).join('/'));

const imports: readonly Import[] = files.flatMap((file) =>
  [...readFileSync(join(SRC, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    (match) => ({
      file,
      room: roomOf(file),
      target: String(match[1]),
    }),
  ),
);

function roomOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.ts$/, '');
}

/** Path below src of a relative import, without extension. */
function inSource({ file, target }: Import): string | undefined {
  if (!target.startsWith('.')) return undefined;
  const path = relative(SRC, resolve(SRC, dirname(file), target));
  return path.split(sep).join('/').replace(/\.js$/, '');
}

test('rooms import only what the table allows', () => {
  const offences = imports.flatMap((each) => {
    const path = inSource(each);
    if (path === undefined) return [];
    const room = roomOf(path);
    if (room === each.room) return [];
    const allowed = CLIENT_FILES.test(each.file) ? CLIENT_MAY : MAY_IMPORT[each.room];
    return allowed?.includes(room) === true ? [] : [`${each.file} imports ${path}`];
  });
  expect(offences).toEqual([]);
});

test('a room is entered through its index; lib is words, and pixels runs the pure files of others', () => {
  const offences = imports.flatMap((each) => {
    const path = inSource(each);
    if (path === undefined || !path.includes('/')) return [];
    const room = roomOf(path);
    const isOpen =
      room === each.room ||
      room === 'lib' ||
      (each.room === 'pixels' && ['preview', 'products', 'quality'].includes(room));
    return isOpen || path === `${room}/index` ? [] : [`${each.file} imports ${path}`];
  });
  expect(offences).toEqual([]);
});

test('packages with a room of their own are not used elsewhere', () => {
  const offences = imports.filter(
    ({ room, target }) => PACKAGE_ROOMS[target]?.includes(room) === false,
  );
  expect(offences).toEqual([]);
});

test('there are no cycles between rooms', () => {
  const edges = new Map<string, Set<string>>();
  for (const each of imports) {
    const path = inSource(each);
    if (path === undefined || roomOf(path) === each.room) continue;
    edges.set(each.room, (edges.get(each.room) ?? new Set()).add(roomOf(path)));
  }
  // pixels draws with preview's pure files; preview knows pixels only as an interface.
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...(edges.get(from) ?? [])].some((next) => {
      if (next === to) return true;
      if (seen.has(next)) return false;
      return reaches(next, to, seen.add(next));
    });
  expect([...edges.keys()].filter((room) => reaches(room, room))).toEqual([]);
});

test('process.env is read in config alone, console used in cli alone, and nothing exports by default', () => {
  const text = (file: string): string => readFileSync(join(SRC, file), 'utf8');
  const inFiles = (pattern: RegExp, rooms: readonly string[]): string[] =>
    files.filter((file) => !rooms.includes(roomOf(file)) && pattern.test(text(file)));
  expect(inFiles(/process\.env/, ['config', 'cli', 'context'])).toEqual([]);
  expect(inFiles(/\bconsole\./, ['cli'])).toEqual([]);
  expect(inFiles(/export default/, [])).toEqual([]);
});

test('no file is longer than 400 lines', () => {
  const roots = ['src', 'test', 'scripts', 'public', 'views'];
  const long = roots.flatMap((root) =>
    readdirSync(join(PROJECT_DIR, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|js|cjs|mjs|css|ejs)$/.test(name))
      .map((name) => ({
        name: `${root}/${name}`,
        lines: readFileSync(join(PROJECT_DIR, root, name), 'utf8').split('\n').length,
      }))
      .filter(({ name, lines }) => lines > 401 && !TABLES.includes(name)),
  );
  expect(long).toEqual([]);
});

/** Files that are one table. */
const TABLES = [
  'src/catalog/filters/table.ts',
  'src/config/settings.ts',
  'test/golden/contract/differences.ts',
  'test/golden/mapping.test.ts',
  'test/unit/wcs/positions.ts',
];

/** The HTML of notes is made by `renderMarkdown`, which lets none of theirs through. */
const MADE_BY_MARKDOWN = ['notes.current.html', 'version.html'].map(
  (value) => `partials/_night-notes.ejs: ${value} %>`,
);

test('views escape everything they show: raw output is for including other views alone', () => {
  const views = readdirSync(join(PROJECT_DIR, 'views'), { recursive: true, encoding: 'utf8' });
  const raw = views
    .filter((name) => name.endsWith('.ejs'))
    .flatMap((name) => {
      const text = readFileSync(join(PROJECT_DIR, 'views', name), 'utf8');
      return [...text.matchAll(/<%-(.*)/g)].map((match) => `${name}: ${String(match[1]).trim()}`);
    })
    .filter((line) => !/^\S+: include\(/.test(line))
    .filter((line) => !MADE_BY_MARKDOWN.some((made) => line.startsWith(made)));
  expect(raw).toEqual([]);
});
