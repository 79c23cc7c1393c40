import type { FrameFacts } from '../../../src/catalog/index.js';
import { makeHeader } from '../../../src/fits/header.js';
import { mapHeader, readHeader, type SiteDefaults } from '../../../src/ingest/mapping.js';
import { loadProfiles, type Profile } from '../../../src/ingest/profiles.js';
import type { ReadHeader } from '../../../src/ingest/sky.js';
import { headerHdu as hdu, homeSite, type Values } from '../../fixtures/header-hdu.js';

const SITE: SiteDefaults = { siteId: 'home', telescope: 'main', instrument: 'camera' };
let profiles: readonly Profile[];

beforeAll(async () => {
  profiles = await loadProfiles(['config/mapping']);
});

function map(values: Values, site: Partial<SiteDefaults> = {}): FrameFacts {
  return mapHeader([hdu(values)], profiles, { ...SITE, ...site });
}

describe('what the sky tells', () => {
  const PLACE: Values = { SITELAT: '51 33 38', SITELONG: '+09 56 40', SITEELEV: 201 };
  const FRAME: Values = {
    ...PLACE,
    'DATE-OBS': '2024-03-12T02:12:50',
    EXPTIME: 30,
    IMAGETYP: 'Light Frame',
    RA: 250.4235,
    DEC: 36.4613,
  };
  /** astropy 5.2 for the middle of the exposure; sidereal time and hour angle for its start. */
  const SEEN = {
    altDeg: 59.7035,
    azDeg: 105.2973,
    airmass: 1.1582,
    siderealHours: 14.2251,
    hourAngleHours: -2.4843,
    sunAltDeg: -30.889,
    sunDistanceDeg: 101.5417,
    moonAltDeg: -30.7335,
    moonFraction: 0.0445,
    moonDistanceDeg: 113.3363,
  };
  const NONE = Object.fromEntries(Object.keys(SEEN).map((name) => [name, null]));

  test('is worked out for the middle of the exposure where the header lacks it', () => {
    const facts = map(FRAME);
    for (const [name, value] of Object.entries(SEEN)) {
      expect([name, facts[name as keyof typeof SEEN]]).toEqual([name, expect.closeTo(value, 1)]);
    }
    expect(facts.warnings).toEqual([]);
    const all = 'TEL-ALT TEL-AZ AIRMASS LST HA SUNALT SUNDIST MOONALT MOONFRAC MOONDIST'.split(' ');
    expect(facts.computed).toEqual(all);
  });

  test('never takes the place of what the header says', () => {
    const said = { OBJCTALT: 12.5, AIRMASS: 4.4, LST: '14:15:00', SUNALT: -1, MOONFRAC: 0.5 };
    expect(map({ ...FRAME, ...said })).toMatchObject({
      altDeg: 12.5,
      azDeg: expect.closeTo(SEEN.azDeg, 1) as number,
      airmass: 4.4,
      siderealHours: 14.25,
      sunAltDeg: -1,
      moonFraction: 0.5,
      computed: ['TEL-AZ', 'HA', 'SUNDIST', 'MOONALT', 'MOONDIST'],
    });
  });

  test.each(['Bias Frame', 'Dark Frame', 'Dome Flat', 'arc'])(
    'of a %s is the Sun and the Moon alone',
    (type) => {
      const facts = map({ ...FRAME, IMAGETYP: type });
      expect(facts).toMatchObject({
        altDeg: null,
        azDeg: null,
        airmass: null,
        hourAngleHours: null,
        moonDistanceDeg: null,
      });
      expect(facts.sunAltDeg).toBeCloseTo(SEEN.sunAltDeg, 1);
      expect(facts.moonFraction).toBeCloseTo(SEEN.moonFraction, 2);
    },
  );

  test.each([
    ['an airmass of 0', { AIRMASS: 0 }],
    ['an altitude of -99', { OBJCTALT: -99 }],
    ['a Sun and a Moon at 999', { SUNALT: 999, MOONALT: 999, MOONDIST: 999 }],
  ])('takes the place of %s, which is none', (_what, values) => {
    const facts = map({ ...FRAME, ...values });
    for (const [name, value] of Object.entries(SEEN)) {
      expect([name, facts[name as keyof typeof SEEN]]).toEqual([name, expect.closeTo(value, 1)]);
    }
    expect(facts.warnings.join()).toContain(`${Object.keys(values)[0] ?? ''} cannot be used`);
  });

  test('of a long exposure is the sidereal time of its start, and the altitude of its middle', () => {
    const [short, long] = [map({ ...FRAME, EXPTIME: 0 }), map({ ...FRAME, EXPTIME: 7200 })];
    expect(long.siderealHours).toBe(short.siderealHours);
    expect(long.hourAngleHours).toBeCloseTo(short.hourAngleHours ?? NaN, 3);
    expect(long.altDeg).toBeGreaterThan((short.altDeg ?? NaN) + 5);
  });

  test('of a sum of a whole night is that of its start', () => {
    const start = map({ ...FRAME, EXPTIME: 0 });
    expect(map({ ...FRAME, EXPTIME: 50_000 }).sunAltDeg).toBe(start.sunAltDeg);
    expect(map({ ...FRAME, EXPTIME: 3600 }).sunAltDeg).toBeGreaterThan(start.sunAltDeg ?? NaN);
  });

  test.each([
    ['a place', { ...FRAME, SITELAT: '', SITELONG: '' }],
    ['a place but zeros', { ...FRAME, SITELAT: 0, SITELONG: 0 }],
    ['a latitude', { ...FRAME, SITELAT: '' }],
    ['a time of day', { ...FRAME, 'DATE-OBS': '2024-03-12' }],
    ['a date', { ...FRAME, 'DATE-OBS': '' }],
  ])('is not told without %s', (_, values) => {
    expect(map(values)).toMatchObject({ ...NONE, computed: [] });
  });

  test('of a target that is not up is an altitude, and no airmass', () => {
    const facts = map({ ...FRAME, DEC: -75 });
    expect(facts.altDeg).toBeLessThan(-30);
    expect(facts.airmass).toBeNull();
  });

  test('is that of the site of the archive where the header has no coordinates', () => {
    const bare = { ...FRAME, SITELAT: '', SITELONG: '', SITEELEV: '' };
    const sites = [homeSite()];
    expect(map(bare, { sites }).altDeg).toBeCloseTo(SEEN.altDeg, 1);
    expect(map({ ...bare, SITEID: 'elsewhere' }, { sites }).altDeg).toBeNull();
  });

  test('is told with geocentric coordinates too, unless they are those of a satellite', () => {
    // Of a telescope of LCO at Sutherland, and what astropy makes of them.
    const geo = { 'OBSGEO-X': 5043081.955, 'OBSGEO-Y': 1916698.303, 'OBSGEO-Z': -3393975.042 };
    const values = { ...FRAME, SITELAT: '', SITELONG: '', SITEELEV: '', ...geo };
    const { said } = readHeader([hdu(values)], profiles, SITE);
    expect(said.latitudeDeg).toBeCloseTo(-32.3473417, 6);
    expect(said.longitudeDeg).toBeCloseTo(20.8100389, 6);
    expect(said.elevationM).toBeCloseTo(1760, 2);
    expect(map({ ...values, 'OBSGEO-X': 8e6 })).toMatchObject(NONE);
    expect(map({ ...values, 'OBSGEO-Y': '' })).toMatchObject(NONE);
  });

  function readWith(keyword: string, value: string | number, comment: string): ReadHeader {
    const image = hdu({ ...FRAME, [keyword]: value });
    const cards = image.header.cards.map((card) =>
      card.keyword === keyword ? { ...card, comment } : card,
    );
    return readHeader([{ ...image, header: makeHeader(cards) }], profiles, SITE);
  }

  test.each([
    ['-96 27 12', '', -96.4533],
    ['96 27 12 W', '', -96.4533],
    [96.4533, 'degrees West', -96.4533],
    [96.4533, '[deg W] Observatory', -96.4533],
    [-96.4533, 'West longitude', -96.4533],
    [96.4533, 'East positive, west negative', 96.4533],
    [263.5467, 'Longitude', -96.4533],
    [350.1, 'west', 9.9],
    [263.5467, 'degrees West', 96.4533],
    [-190.1, 'degrees West', 169.9],
    ['350.1 W', '', 9.9],
    ['96 27 12 E', 'west longitude', 96.4533],
    ['350.1 / west', '', null],
    ['12 34 56 / +10 20 30', '', null],
    ['W 96.4533', '', null],
  ])('longitude %p / %s is %p', (value, comment, longitudeDeg) => {
    const found = readWith('SITELONG', value, comment);
    if (longitudeDeg === null) {
      expect(found.said.longitudeDeg).toBeNull();
      expect(found.facts.warnings).toContain(`SITELONG cannot be used: '${value}'`);
    } else expect(found.said.longitudeDeg).toBeCloseTo(longitudeDeg, 3);
  });

  test.each([
    [30.5, 'south', -30.5],
    [-30.5, 'degrees South', -30.5],
    [-30.5, '[deg North] Telescope Latitude', -30.5],
    [30.5, 'North positive, south negative', 30.5],
    ['30 30 00 S', '', -30.5],
    ['30 30 00 N', 'southern site', 30.5],
    ['30.5 / south', '', null],
  ])('latitude %p / %s is %p', (value, comment, latitudeDeg) => {
    const { said } = readWith('SITELAT', value, comment);
    expect(said.latitudeDeg).toBe(latitudeDeg);
  });
});
