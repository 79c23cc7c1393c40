/**
 * Rows of a plausible archive: four sites, 500 frames a night, calibrations at dusk, then fields of
 * 3000 objects, each third frame reduced and naming its calibrations. The same for the same count, and
 * in what can be searched the same that the reference archive was filled with.
 */
import { createRandom } from './random.mjs';

export const PER_NIGHT = 500;
const LAST_NIGHT = Date.UTC(2025, 11, 31);
const DAY_MS = 86_400_000;
const SITES = [
  ['sutherland', ['1m0', '1m2']],
  ['goettingen', ['50cm']],
  ['mcdonald', ['1m2']],
  ['siding', ['0m4', '0m5']],
];
const INSTRUMENTS = { '1m0': 'fl01', '1m2': 'fl09', '50cm': 'kb01', '0m4': 'sq02', '0m5': 'fl10' };
const CALIBRATIONS = [
  ['bias', 0],
  ['dark', 300],
  ['skyflat', 4],
];
const PIXEL_ARCSEC = 0.6;
const DEGREE = Math.PI / 180;

export const SITE_NAMES = SITES.map(([name]) => name);
export const FILTERS = ['B', 'V', 'R', 'I', 'clear', 'Halpha'];

/** `YYYY-MM-DD` of the night `before` nights before the last. */
export function nightBefore(before) {
  return new Date(LAST_NIGHT - before * DAY_MS).toISOString().slice(0, 10);
}

/** Where the objects are: name, right ascension and declination. */
export function makeObjects(random = createRandom(7)) {
  return Array.from({ length: 3000 }, (_, index) => {
    const name = `${random.choice(['NGC', 'IC', 'HD', 'WASP-', 'TOI', 'SN2025'])} ${index}`;
    const raDeg = random.between(0, 360);
    return { name, raDeg, decDeg: Math.asin(random.between(-1, 1)) / DEGREE };
  });
}

/** @returns frames for `insertFramesInBulk`, `count` of them, in the order of time */
export function* makeRows(count) {
  const random = createRandom(7);
  const objects = makeObjects(random);
  const nights = Math.ceil(count / PER_NIGHT);
  let id = 0;
  for (let index = 0; index < nights; index += 1) {
    const dayMs = LAST_NIGHT - (nights - 1 - index) * DAY_MS;
    const [siteId, telescopes] = SITES[random.below(SITES.length)];
    const night = { index, dayMs, day: new Date(dayMs).toISOString().slice(0, 10), siteId };
    const names = [];
    for (let at = 0; at < PER_NIGHT && id < count; at += 1) {
      id += 1;
      const frame = makeFrame({ id, at, night, telescopes, names, objects, random });
      names.push(frame.basename);
      yield frame;
    }
  }
}

function makeFrame({ id, at, night, telescopes, names, objects, random }) {
  const telescope = telescopes[at % telescopes.length];
  const instrument = INSTRUMENTS[telescope];
  const dateObsMs = night.dayMs + 16 * 3_600_000 + at * 86_400 + random.fraction() * 20_000;
  const isCalibration = at < 60;
  const aim = isCalibration
    ? aimCalibration(at, random)
    : aimAtSky(objects[(night.index * 13 + Math.floor(at / 20)) % objects.length], random);
  const reductionLevel = !isCalibration && at % 3 === 2 ? 1 : 0;
  const binning = random.choice([1, 1, 1, 2]);
  const dataMean = Math.round(random.between(300, 20_000) * 1000) / 1000;
  const day = night.day.replaceAll('-', '');
  const stem = `${telescope}-${instrument}-${day}-${String(id).padStart(7, '0')}`;
  const basename = `${stem}-e${reductionLevel === 1 ? 91 : '00'}`;
  const hasAim = aim.raDeg !== null;
  const group = Math.floor(at / 20);
  const facts = {
    profile: 'pyobs',
    siteId: night.siteId,
    telescope,
    instrument,
    ...aim,
    dateObsMs: Math.floor(dateObsMs),
    night: night.day,
    reductionLevel,
    requestNumber: hasAim ? String(1000 + Math.floor(id / 20)) : null,
    obsNumber: hasAim ? `${day}-${String(group).padStart(3, '0')}` : null,
    proposal: null,
    publicDateMs: null,
    binningX: binning,
    binningY: binning,
    width: 2048 / binning,
    height: 2048 / binning,
    ...SURROUNDINGS,
    dataMean,
    airmass: hasAim ? 1.2 : null,
    ccdTempC: -20 - (id % 7) / 10,
    footprint: hasAim ? footprintAt(aim, 2048) : null,
    relations: reductionLevel === 1 ? relationsTo(names) : [],
    computed: [],
    warnings: [],
  };
  return { basename, facts, version: versionOf(basename, facts, id), hdus: hdusOf(facts) };
}

const SURROUNDINGS = {
  altDeg: 60,
  azDeg: 180,
  siderealHours: 5.5,
  hourAngleHours: -1.5,
  focus: 41.2,
  sunAltDeg: -30,
  sunDistanceDeg: 120,
  moonAltDeg: -5,
  moonFraction: 0.4,
  moonDistanceDeg: 80,
  originX: 0,
  originY: 0,
  gain: 1,
};

function aimCalibration(at, random) {
  const [kind, exposureSec] = CALIBRATIONS[Math.floor(at / 20)];
  return {
    imageType: kind,
    imageKind: kind,
    object: null,
    raDeg: null,
    decDeg: null,
    filter: at >= 40 ? random.choice(['B', 'V', 'R', 'I']) : null,
    exposureSec,
  };
}

function aimAtSky(object, random) {
  const kind = random.fraction() < 0.93 ? 'object' : 'focus';
  const raDeg = (object.raDeg + random.between(-0.05, 0.05) + 360) % 360;
  const decDeg = Math.max(-90, Math.min(90, object.decDeg + random.between(-0.05, 0.05)));
  const filter = random.choice(FILTERS);
  const exposureSec = random.choice([5, 10, 30, 60, 120, 300]);
  const names = { imageType: kind, imageKind: kind, object: object.name };
  return { ...names, raDeg, decDeg, filter, exposureSec };
}

/** North up, east left; near enough to what a WCS would give. */
function footprintAt({ raDeg, decDeg }, size) {
  const half = (size * PIXEL_ARCSEC) / 7200;
  const corners = [
    [1, -1],
    [-1, -1],
    [-1, 1],
    [1, 1],
  ].map(([east, north]) => {
    const dec = Math.max(-89.999, Math.min(89.999, decDeg + north * half));
    const ra = (raDeg + (east * half) / Math.cos(dec * DEGREE) + 3600) % 360;
    return { raDeg: ra, decDeg: dec };
  });
  return {
    corners,
    polygon: corners,
    center: { raDeg, decDeg },
    pixelScaleArcsec: PIXEL_ARCSEC,
    rotationDeg: 0,
    mirrored: false,
    cap: { raDeg, decDeg, radiusDeg: half * Math.SQRT2 },
    provisional: false,
  };
}

function relationsTo(names) {
  return ['L1BIAS', 'L1DARK', 'L1FLAT'].map((key, index) => ({ key, name: names[index * 20] }));
}

/** Sums that are of nothing, but as different from each other as real ones. */
function versionOf(basename, { siteId, night, width, height }, id) {
  const word = Math.imul(id, 2_654_435_761) >>> 0;
  const sum = word.toString(16).padStart(8, '0') + id.toString(16).padStart(8, '0');
  return {
    key: `${siteId}/${night}/${basename}.fits`,
    extension: '.fits',
    container: 'plain',
    sizeBytes: width * height * 2 + 8640,
    sha256: sum.repeat(4),
    md5: sum.repeat(2),
    crc32: word,
    original: null,
    uploadName: `${basename}.fits`,
    uploadedBy: null,
  };
}

/** A short header: what is searched most. */
function hdusOf(facts) {
  const cards = [
    ['DATE-OBS', 'string', new Date(facts.dateObsMs).toISOString().slice(0, 23)],
    ['IMAGETYP', 'string', facts.imageType],
    ['OBJECT', 'string', facts.object],
    ['FILTER', 'string', facts.filter],
    ['EXPTIME', 'float', facts.exposureSec],
    ['TEL-RA', 'float', facts.raDeg],
    ['TEL-DEC', 'float', facts.decDeg],
    ['GAIN', 'float', facts.gain],
    ['CCD-TEMP', 'float', facts.ccdTempC],
    ['OBSERVER', 'string', `observer ${facts.siteId}`],
  ]
    .filter(([, , value]) => value !== null)
    .map(([keyword, kind, value]) => ({ keyword, kind, value, comment: '' }));
  const shape = { bitpix: 16, axes: [facts.width, facts.height], checksum: null };
  return [{ hdu: 0, name: 'PRIMARY', kind: 'image', ...shape, cards }];
}
