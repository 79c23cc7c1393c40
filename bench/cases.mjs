/**
 * What is asked of lists, in the words of the pyobs dialect. `target` is asked again and again, as the
 * neutral client does that measured the reference archive; `other(k)` are queries of the same kind of
 * which each is asked once, so that nothing that is remembered makes them look good.
 */
import { createRandom } from './random.mjs';
import { FILTERS, makeObjects, nightBefore, PER_NIGHT, SITE_NAMES } from './rows.mjs';

const MINUTES_MS = 60_000;
const LAST_MS = Date.UTC(2025, 11, 20);
const SORTS = 'EXPTIME TEL_ALT OBJECT FILTER TEL_RA DATAMEAN INSTRUME TEL_DEC basename'.split(' ');
const WORDS = ['NGC', 'IC', 'HD', 'WASP-', 'TOI', 'SN2025'];
const UI = [
  'sort=DATE_OBS&order=desc&offset=0&limit=25&IMAGETYPE=ALL&binning=ALL&SITE=ALL&TELESCOPE=ALL',
  'INSTRUMENT=ALL&FILTER=ALL&RLEVEL=ALL&EXPTIME=&OBJECT=&RA=&DEC=&basename=&night=',
].join('&');

/** @param rows how many there are */
export function listCases(rows) {
  const nights = Math.ceil(rows / PER_NIGHT);
  const night = (k, step) => nightBefore((k * step + 3) % nights);
  const objects = makeObjects();
  const random = createRandom(rows);
  const id = () => 1 + random.below(rows);
  const multi = (k) =>
    [
      `IMAGETYPE=object&FILTER=${FILTERS[k % 6]}`,
      `RLEVEL=${(k + 1) % 2}`,
      `SITE=${SITE_NAMES[(k >> 1) % 4]}`,
    ].join('&');
  const cone = (k, limit) => {
    const { raDeg, decDeg } = objects[(k * 131 + 5) % objects.length];
    return `?RA=${raDeg.toFixed(3)}&DEC=${decDeg.toFixed(3)}&limit=${limit}`;
  };
  const day = (ms) => new Date(ms).toISOString().slice(0, 10);
  const range = (k) =>
    `start=${day(LAST_MS - k * 6e7)}&end=${day(LAST_MS - k * 6e7 + 864e6)}&EXPTIME=${[60, 30, 120][k % 3]}`;
  const clock = (k) => new Date(LAST_MS - k * 1777 * MINUTES_MS).toISOString().slice(0, 16);

  return [
    on('night_100', '?night=2025-12-20&limit=100', (k) => `?night=${night(k, 7)}&limit=100`, 8),
    on('night_1000', '?night=2025-12-20&limit=1000', (k) => `?night=${night(k, 11)}&limit=1000`),
    on('all_100', '?limit=100', (k) => `?limit=100&offset=${100 * (k + 1)}`, 8),
    on('all_1000', '?limit=1000', (k) => `?limit=1000&offset=${(1000 * (k + 6)) % rows}`),
    on(
      'ui_default',
      `?${UI}&start=2025-01-01%2000:00&end=2025-12-31%2023:59&REQNUM=&OBSNUM=`,
      (k) =>
        `?${UI}&start=2025-01-${10 + (k % 20)}%2000:00&end=${clock(k).replace('T', '%20')}&REQNUM=&OBSNUM=`,
    ),
    on(
      'multi_100',
      '?IMAGETYPE=object&FILTER=V&RLEVEL=1&SITE=sutherland&limit=100',
      (k) => `?${multi(k)}&limit=100`,
      8,
    ),
    on(
      'multi_1000',
      '?IMAGETYPE=object&FILTER=V&RLEVEL=1&SITE=sutherland&limit=1000',
      (k) => `?${multi(k)}&sort=DATE_OBS&order=desc&limit=1000`,
    ),
    on(
      'range_sort_100',
      '?start=2025-12-15&end=2025-12-25&EXPTIME=60&sort=EXPTIME&order=desc&limit=100',
      (k) => `?${range(k)}&sort=EXPTIME&order=desc&limit=100`,
    ),
    on(
      'object_sub_100',
      '?OBJECT=ngc%2012&limit=100',
      (k) => `?OBJECT=${WORDS[k % 6]}%20${13 + k}&limit=100`,
    ),
    on(
      'basename_sub_100',
      '?basename=000012&limit=100',
      (k) => `?basename=${String(13 + k).padStart(6, '0')}&limit=100`,
    ),
    on(
      'basename_none',
      '?basename=zzzzzz&limit=100',
      // The latter halves are each common, and never stand together.
      (k) => `?basename=${k % 2 === 0 ? `xyz${k}` : `fl09-${2040 + k}`}&limit=100`,
    ),
    on('cone_100', '?RA=150.0&DEC=20.0&limit=100', (k) => cone(k, 100)),
    on(
      'deep_offset_100',
      `?offset=${rows - 100}&limit=100`,
      (k) => `?offset=${rows - 137 * (k + 2)}&limit=100`,
    ),
    on(
      'mid_offset_100',
      `?offset=${rows / 2}&limit=100`,
      (k) => `?offset=${Math.floor(rows / 2) + 211 * (k + 1)}&limit=100`,
    ),
    on(
      'reqnum',
      '?REQNUM=1234&limit=100',
      (k) => `?REQNUM=${1000 + ((k * 97) % (rows / 20))}&limit=100`,
    ),
    on(
      'sort_unindexed_100',
      '?sort=DATAMEAN&order=desc&limit=100',
      (k) =>
        `?sort=${SORTS[k % 9]}&order=${k % 2 === 0 ? 'asc' : 'desc'}&offset=${100 * k}&limit=100`,
    ),
    on(
      'aggregate',
      'aggregate/',
      (k) => `aggregate/?SITE=${SITE_NAMES[k % 4]}&FILTER=${FILTERS[(k >> 2) % 6]}`,
    ),
    on('aggregate_night', 'aggregate/?night=2025-12-20', (k) => `aggregate/?night=${night(k, 13)}`),
    on('frame', `${rows >> 1}/`, () => `${id()}/`),
    on('related', `${rows >> 1}/related/`, () => `${id()}/related/`),
  ];
}

/** @param clients how many ask at once for different things too; absent: none do */
function on(name, target, other, clients) {
  return { name, target: `/frames/${target}`, other: (k) => `/frames/${other(k)}`, clients };
}
