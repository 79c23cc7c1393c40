import type { Hdu } from '../../../src/fits/index.js';
import { findCard } from '../../../src/ingest/keywords.js';
import type { FrameFacts } from '../../../src/catalog/index.js';
import { mapHeader, type SiteDefaults } from '../../../src/ingest/mapping.js';
import { loadProfiles, type Profile } from '../../../src/ingest/profiles.js';
import { headerHdu as hdu, homeSite, type Values } from '../../fixtures/header-hdu.js';

const SITE: SiteDefaults = { siteId: 'home', telescope: 'main', instrument: 'camera' };
let profiles: readonly Profile[];

beforeAll(async () => {
  profiles = await loadProfiles(['config/mapping']);
});

function map(values: Values, site: Partial<SiteDefaults> = {}): FrameFacts {
  return mapHeader([hdu(values)], profiles, { ...SITE, ...site });
}

const PYOBS: Values = {
  'DATE-OBS': '2026-03-01T20:00:00.123',
  'DAY-OBS': '2026-03-01',
  FNAME: 'x.fits',
};
const SCI: Partial<Hdu> = { name: 'SCI' };

describe('which profile', () => {
  test.each([
    ['pyobs', PYOBS, SCI],
    ['pyobs', { ...PYOBS, 'DAY-OBS': '20260301', 'TEL-RA': 1 }, SCI],
    ['amateur', PYOBS, {}],
    ['amateur', { 'DATE-OBS': '2026-03-01', FNAME: 'x' }, SCI],
    ['pyobs', { SWCREATE: 'pyobs 1.2', 'DATE-OBS': '2026-03-01' }, {}],
    ['lco', { ORIGIN: 'LCOGT', SITEID: 'coj', TELID: '1m0a' }, SCI],
    ['lco', { OBSTYPE: 'EXPOSE', PROPID: 'a', BLKUID: 3, 'DAY-OBS': '20260301' }, SCI],
    ['amateur', { ORIGIN: 'NOAO-IRAF FITS Image Kernel', OBSTYPE: 'object' }, {}],
    ['amateur', {}, {}],
  ])('%s for %j', (name, values, change) => {
    expect(mapHeader([hdu(values, change)], profiles, SITE).profile).toBe(name);
  });

  test('with none that matches, the configuration is at fault', () => {
    expect(() => mapHeader([hdu({})], [], SITE)).toThrow('No mapping profile matches.');
  });
});

describe('which header', () => {
  const empty: Partial<Hdu> = { axes: [] };

  test('the main image goes before the primary, and that before the others', () => {
    const hdus = [
      hdu({ OBJECT: 'primary', FILTER: 'B', EXPTIME: 1 }, empty),
      hdu({ OBJECT: 'other', FILTER: 'C', EXPTIME: 2, TELESCOP: 'other' }, { name: 'RAW' }),
      hdu({ OBJECT: 'main', FILTER: '', INHERIT: '=F' }, { name: 'sci', axes: [30, 20, 3] }),
    ];
    expect(mapHeader(hdus, profiles, SITE)).toMatchObject({
      object: 'main',
      filter: 'B',
      exposureSec: 1,
      telescope: 'other',
      width: 30,
      height: 20,
    });
    expect(findCard(hdus, 'object')?.value).toBe('main');
    expect(findCard(hdus, 'FILTER')?.value).toBe('B');
    expect(findCard(hdus, 'NOPE')).toBeUndefined();
  });

  test('a card without a value is found if there is no better one', () => {
    expect(findCard([hdu({ WXHUMID: '=' })], 'WXHUMID')?.kind).toBe('undefined');
  });

  test('a file without pixels has its primary header', () => {
    const facts = mapHeader([hdu({ OBJECT: 'a' }, empty)], profiles, SITE);
    expect(facts).toMatchObject({ object: 'a', width: 0, height: 0 });
  });

  test('a spectrum of one axis is one pixel high', () => {
    const facts = mapHeader([hdu({}, { axes: [1181] })], profiles, SITE);
    expect(facts).toMatchObject({ width: 1181, height: 1 });
  });

  test('both halves of a position come from one header', () => {
    const hdus = [hdu({ RA: 10, DEC: 20 }, empty), hdu({ RA: 99 })];
    expect(mapHeader(hdus, profiles, SITE)).toMatchObject({ raDeg: 10, decDeg: 20 });
  });
});

describe('the date', () => {
  test.each([
    [{ 'DATE-OBS': '2013-07-13', 'TIME-OBS': '02:03:04.5' }, '2013-07-13T02:03:04.500Z'],
    [{ 'DATE-OBS': '13/07/99', UT: '02:03:04' }, '1999-07-13T02:03:04.000Z'],
    [{ 'DATE-OBS': '20130713', UTC: '02:03' }, '2013-07-13T02:03:00.000Z'],
    [{ 'DATE-OBS': '2013-07-13', UT: 2.5, UTSTART: '02:03:04' }, '2013-07-13T02:03:04.000Z'],
    [{ DATE_OBS: '2013-07-13T02:03:04' }, '2013-07-13T02:03:04.000Z'],
    [{ 'DATE-OBS': '', 'MJD-OBS': 51544.5 }, '2000-01-01T12:00:00.000Z'],
    [{ 'DATE-OBS': 'N/A', JD: 2451545 }, '2000-01-01T12:00:00.000Z'],
    [{ 'DATE-OBS': '=2012-11-14T19:55:06.207' }, '2012-11-14T19:55:06.207Z'],
    [{ 'MJD-OBS': 0, JD: 2451545.25 }, '2000-01-01T18:00:00.000Z'],
  ])('%j', (values, expected) => {
    const { dateObsMs } = map(values);
    expect(new Date(dateObsMs ?? NaN).toISOString()).toBe(expected);
  });

  test('the time of writing is not the time of observation', () => {
    expect(map({ DATE: '2026-03-01T20:00:00' })).toMatchObject({
      dateObsMs: null,
      night: null,
      warnings: ['The header has no date of observation.'],
    });
  });

  test('a day without a time is its own night, with a warning', () => {
    expect(map({ 'DATE-OBS': '2013-07-13' })).toMatchObject({
      dateObsMs: Date.UTC(2013, 6, 13),
      night: '2013-07-13',
      warnings: ["DATE-OBS has no time of day: '2013-07-13'"],
    });
  });

  test.each(['yesterday', '2026-02-30T00:00:00', '12345'])('%j is refused', (text) => {
    const expected = expect.objectContaining({
      code: 'header_invalid',
      message: `Cannot read DATE-OBS in FITS header: '${text}'`,
    }) as Error;
    expect(() => map({ 'DATE-OBS': text, 'MJD-OBS': 51544.5 })).toThrow(expected);
  });

  test('pyobs frames must have one', () => {
    const { FNAME = '', 'DAY-OBS': day = '' } = PYOBS;
    for (const extra of [{}, { 'DATE-OBS': '' }, { 'MJD-OBS': 51544.5 }]) {
      const bare = hdu({ FNAME, 'DAY-OBS': day, ...extra }, SCI);
      expect(() => mapHeader([bare], profiles, SITE)).toThrow(
        'Could not find DATE-OBS in FITS header.',
      );
    }
  });

  test('another time scale is warned of', () => {
    const values = { 'DATE-OBS': '2026-03-01T20:00:00' };
    expect(map({ ...values, TIMESYS: 'TDB' }).warnings).toEqual([
      "TIMESYS is 'TDB'; dates are taken as UTC",
    ]);
    expect(map({ ...values, TIMESYS: 'UTC' }).warnings).toEqual([]);
  });
});

const at = (longitudeDeg: number): Partial<SiteDefaults> => ({
  sites: [homeSite({ longitudeDeg })],
});

describe('the night', () => {
  const late = { 'DATE-OBS': '2024-03-02T13:00:00' };

  test.each([
    [{ ...late, 'DAY-OBS': '2024-01-05' }, {}, '2024-01-05'],
    [{ ...late, 'DAY-OBS': '20240105' }, {}, '2024-01-05'],
    [{ ...late, 'DAY-OBS': 20240105 }, {}, '2024-01-05'],
    [late, {}, '2024-03-02'],
    [late, at(-96), '2024-03-01'],
    [{ ...late, SITELONG: '-96 27 12' }, at(10), '2024-03-01'],
    [{ ...late, SITELONG: '+03:41:00' }, at(-96), '2024-03-02'],
    [{ ...late, 'LONG-OBS': -96.5 }, {}, '2024-03-01'],
    [{ ...late, 'OBSGEO-L': 263.5 }, {}, '2024-03-01'],
    [{ ...late, LONGITUD: 110.88, CREATOR: 'MicroObservatory2014' }, {}, '2024-03-01'],
    [{ ...late, LONGITUD: 110.88 }, {}, '2024-03-02'],
    [{ 'DAY-OBS': '2024-01-05' }, {}, '2024-01-05'],
  ])('%j %j', (values, site, night) => {
    expect(map(values, site).night).toBe(night);
  });

  test('a day that cannot be read is computed instead, with a warning', () => {
    expect(map({ ...late, 'DAY-OBS': 'Friday' })).toMatchObject({
      night: '2024-03-02',
      warnings: ["DAY-OBS cannot be used: 'Friday'"],
    });
  });
});

/** The reference point is the centre of the image of 16 × 8 pixels. */
const GRID = { CRPIX1: 8.5, CRPIX2: 4.5, CDELT1: -0.001, CDELT2: 0.001 };
const OF_1950 = { CTYPE1: 'RA---TAN', CTYPE2: 'DEC--TAN', CRVAL1: 1, CRVAL2: 2 };

describe('the position', () => {
  test.each([
    [{ 'TEL-RA': 10.6847, 'TEL-DEC': 41.269 }, 10.6847, 41.269],
    [{ 'TEL-RA': '00:42:44.3', 'TEL-DEC': '+41:16:09' }, 10.684583, 41.269167],
    [{ RA: ' 22:04:08', DEC: '-00:30:00' }, 331.033333, -0.5],
    [{ RA: '18 20 48.12', DEC: '-16 10 58.8' }, 275.2005, -16.183],
    [{ RA: 31.312099, DEC: 46.769087 }, 31.312099, 46.769087],
    [{ RA: 0, DEC: 0, OBJCTRA: ' 1 26 34.08', OBJCTDEC: '69 15 09.22' }, 21.642, 69.252561],
    [{ RA: 0, DEC: -30 }, 0, -30],
    [{ RA: 5, DEC: 20, ORIGIN: 'DWARFLAB' }, 75, 20],
    [{ RA: 'none', DEC: 'none', OBJCTRA: '01 00 00', OBJCTDEC: '2 0 0' }, 15, 2],
    [{ ...GRID, CTYPE1: 'RA---TAN', CTYPE2: 'DEC--TAN', CRVAL1: 12, CRVAL2: -3 }, 12, -3],
    [{ ...GRID, CTYPE1: 'DEC--TAN', CTYPE2: 'RA---TAN', CRVAL1: -3, CRVAL2: 12 }, 12, -3],
    // Of other systems, by astropy.
    [{ ...GRID, ...OF_1950, RADESYS: 'FK4' }, 1.6409187, 2.2783342],
    [{ ...GRID, ...OF_1950, EQUINOX: 1950 }, 1.6409187, 2.2783342],
    [
      { ...GRID, CTYPE1: 'GLON-TAN', CTYPE2: 'GLAT-TAN', CRVAL1: 12, CRVAL2: -3 },
      275.763994,
      -19.961241,
    ],
  ])('%j', (values, raDeg, decDeg) => {
    const facts = map(values);
    expect(facts.raDeg).toBeCloseTo(raDeg, 5);
    expect(facts.decDeg).toBeCloseTo(decDeg, 5);
  });

  test.each([
    {},
    { RA: 0, DEC: 0 },
    { RA: '00:00:00', DEC: '+00:00:00' },
    { RA: 10 },
    { RA: 400, DEC: 10 },
    { RA: 10, DEC: 100 },
    { RA: 'NaN', DEC: 'NaN' },
    { CTYPE1: 'LINEAR', CTYPE2: 'LINEAR', CRVAL1: 12, CRVAL2: -3 },
  ])('%j has none', (values) => {
    expect(map(values as Values)).toMatchObject({ raDeg: null, decDeg: null });
  });
});

describe('the type of image', () => {
  test.each([
    [{ IMAGETYP: 'Light Frame' }, 'Light Frame', 'object'],
    [{ IMAGETYP: 'LIGHT' }, 'LIGHT', 'object'],
    [{ FRAME: 'Light' }, 'Light', 'object'],
    [{ IMAGETYP: 'Dark Frame' }, 'Dark Frame', 'dark'],
    [{ IMAGETYP: 'zero' }, 'zero', 'bias'],
    [{ IMAGETYP: 'FLAT', OBSTYPE: 'object' }, 'FLAT', 'flat'],
    [{ IMAGETYP: 'Sky_Flat' }, 'Sky_Flat', 'skyflat'],
    [{ OBSTYPE: 'acquisition' }, 'acquisition', 'acquisition'],
    [{ IMAGETYP: 'Tricolor' }, 'Tricolor', 'other'],
    [{ IMAGETYP: '__proto__' }, '__proto__', 'other'],
    [{ IMAGETYP: 3 }, '3', 'other'],
    [{ IMAGETYP: '' }, null, 'other'],
    [{}, null, 'other'],
    [{ ORIGIN: 'LCOGT', OBSTYPE: 'EXPOSE' }, 'EXPOSE', 'object'],
    [{ ORIGIN: 'LCOGT', OBSTYPE: 'LAMPFLAT' }, 'LAMPFLAT', 'flat'],
    [{ ORIGIN: 'LCOGT', OBSTYPE: 'AUTO_FOCUS' }, 'AUTO_FOCUS', 'focus'],
  ])('%j', (values, imageType, imageKind) => {
    expect(map(values as Values)).toMatchObject({ imageType, imageKind });
  });
});

describe('other columns', () => {
  test.each([
    [{ FILTER: 'None' }, { filter: null }],
    [{ FILTER: 'No filter' }, { filter: 'No filter' }],
    [{ FILTER: '   ' }, { filter: null }],
    [{ OBJECT: '' }, { object: null }],
    [{ EXPOSURE: 2.5 }, { exposureSec: 2.5 }],
    [{ EXPTIME: 1, EXPOSURE: 2 }, { exposureSec: 1 }],
    [{ EXPTIME: '3.5' }, { exposureSec: 3.5 }],
    [{ EXPTIME: '=1.5D1' }, { exposureSec: 15 }],
    [{ EXPTIME: 'NaN' }, { exposureSec: null }],
    [{ EXPTIME: 'Infinity' }, { exposureSec: null }],
    [
      { REQNUM: 1001, OBSNUM: '=0042' },
      { requestNumber: '1001', obsNumber: '0042' },
    ],
    [{ RLEVEL: 1 }, { reductionLevel: 1 }],
    [{ RLEVEL: 'x' }, { reductionLevel: 0 }],
    [
      { XBINNING: 2, YBINNING: 3 },
      { binningX: 2, binningY: 3 },
    ],
    [{ CCDSUM: '2 4' }, { binningX: 2, binningY: 4 }],
    [{ BINNING: '2*2' }, { binningX: 2, binningY: 2 }],
    [{ BINNING: '3x3' }, { binningX: 3, binningY: 3 }],
    [{ BINNING: 2 }, { binningX: 2, binningY: 2 }],
    [
      { XBINNING: 0, YBINNING: 'a' },
      { binningX: 1, binningY: 1 },
    ],
    [{ XBINNING: 2 }, { binningX: 1, binningY: 1 }],
    [{ CAMTEMP: 271, CREATOR: 'MicroObservatory2014' }, { ccdTempC: -2.15 }],
    [{ CAMTEMP: 271 }, { ccdTempC: null }],
    [{ OBJCTALT: ' 82.8429' }, { altDeg: 82.8429 }],
    [
      { SITEID: 'N/A', INSTRUME: 'ZWO' },
      { siteId: 'home', instrument: 'ZWO' },
    ],
    [{ L1PUBDAT: '2027-01-01' }, { publicDateMs: Date.UTC(2027, 0, 1) }],
  ])('%j', (values, expected) => {
    expect(map(values as Values)).toMatchObject(expected);
  });

  test.each([
    ['350.1 / west', '10.5', ['RA']],
    ['12 34 56 / +10 20 30', '12 34 56 / +10 20 30', ['RA', 'DEC']],
    ['12 34 56 +10 20 30', '10.5', ['RA']],
    ['350 06 00', '10.5', ['RA']],
    ['123456.7', '+102030', ['RA', 'DEC']],
    ['12:34:56:78', '10.20.30', ['RA', 'DEC']],
    ['12,5', '10.5', ['RA']],
    ['12 34 56', '10.5 S', ['DEC']],
    ['12 34 56', '-0 -20 -30', ['DEC']],
  ])('a position %j, %j is none, and it is told of which keyword', (RA, DEC, unread) => {
    const { raDeg, decDeg, warnings } = map({ RA, DEC });
    expect([raDeg, decDeg]).toEqual([null, null]);
    const of: Readonly<Record<string, string>> = { RA, DEC };
    const told = unread.map((keyword) => `${keyword} cannot be used: '${of[keyword] ?? ''}'`);
    expect(warnings).toEqual(expect.arrayContaining(told));
  });

  test.each([
    ['=12 34 56 / +10 20 30', '=+10 20 30 / west', 188.7333, 10.3417],
    ['=350.1 / west', '=10.5', 350.1, 10.5],
    ['12h34m56s', '-0 30 00', 188.7333, -0.5],
  ])('what stands behind a slash is a comment: %j, %j', (RA, DEC, raDeg, decDeg) => {
    const found = map({ RA, DEC });
    expect(found.raDeg).toBeCloseTo(raDeg, 3);
    expect(found.decDeg).toBeCloseTo(decDeg, 3);
  });

  test('other frames are named without folder and extension', () => {
    const values = {
      L1AVG002: 'b.fits',
      L1AVG001: '/data/a.001.fits.fz',
      L1BIAS: 'N/A',
      L1DARK: '',
      L1FLAT: 'C:\\flats\\flat.fit',
    };
    expect(map(values).relations).toEqual([
      { key: 'L1AVG002', name: 'b' },
      { key: 'L1AVG001', name: 'a.001' },
      { key: 'L1FLAT', name: 'flat' },
    ]);
  });

  test('the header is not changed', () => {
    const image = hdu(PYOBS, SCI);
    const before = image.header.cards.map(({ text }) => text);
    mapHeader([image], profiles, SITE);
    expect(image.header.cards.map(({ text }) => text)).toEqual(before);
  });
});
