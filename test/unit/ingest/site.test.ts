import type { Site } from '../../../src/config/index.js';
import { siteOf, type SaidSite, type SiteDefaults } from '../../../src/ingest/site.js';

const HILL: Site = {
  id: 'hill',
  aliases: ['Goettingen'],
  name: 'Hill',
  latitudeDeg: 51.56,
  longitudeDeg: 9.944,
  elevationM: 201,
  timeZone: 'Europe/Berlin',
  horizon: [{ azDeg: 0, altDeg: 0 }],
  darkSunAltDeg: -18,
};
const KAROO: Site = { ...HILL, id: 'karoo', aliases: [], latitudeDeg: -32.38, longitudeDeg: 20.81 };
const DEFAULTS: SiteDefaults = {
  siteId: 'hill',
  telescope: '',
  instrument: '',
  sites: [HILL, KAROO],
};
const SILENT: SaidSite = { siteId: null, latitudeDeg: null, longitudeDeg: null, elevationM: null };
const at = (latitudeDeg: number, longitudeDeg: number): Partial<SaidSite> => ({
  latitudeDeg,
  longitudeDeg,
});

test.each<[string, Partial<SaidSite>, string, string | undefined]>([
  ['silent: the archive', {}, 'hill', 'hill'],
  ['named', { siteId: 'karoo' }, 'karoo', 'karoo'],
  ['named in capitals', { siteId: 'KAROO' }, 'karoo', 'karoo'],
  ['named by an alias', { siteId: 'GOETTINGEN' }, 'hill', 'hill'],
  ['named, with other coordinates', { siteId: 'karoo', ...at(1, 2) }, 'karoo', 'karoo'],
  ['known by its coordinates', at(-32.35, 20.8), 'karoo', 'karoo'],
  ['of a name nobody knows', { siteId: 'coj' }, 'coj', undefined],
  [
    'of a name nobody knows, at coordinates we know',
    { siteId: 'cpt', ...at(-32.4, 20.8) },
    'cpt',
    'karoo',
  ],
  ['at coordinates nobody knows', at(10, 20), 'hill', undefined],
])('a header that is %s', (_, said, siteId, id) => {
  const found = siteOf({ ...SILENT, ...said }, DEFAULTS);
  expect([found.siteId, found.site?.id]).toEqual([siteId, id]);
});

test('coordinates of a header stand in for a site that nobody knows', () => {
  const said = { ...SILENT, siteId: 'coj', ...at(-31.27, 149.07), elevationM: 1165 };
  expect(siteOf(said, DEFAULTS)).toMatchObject({
    place: { latitudeDeg: -31.27, longitudeDeg: 149.07, elevationM: 1165 },
    longitudeDeg: 149.07,
  });
});

test('zero in both is no place, and a longitude far from the archive is not that of the archive', () => {
  const nowhere = { ...DEFAULTS, sites: [] };
  expect(siteOf({ ...SILENT, ...at(0, 0) }, nowhere).place).toBeUndefined();
  const said = { ...SILENT, longitudeDeg: -70 };
  expect(siteOf(said, DEFAULTS)).toMatchObject({ place: undefined, longitudeDeg: -70 });
  expect(siteOf({ ...SILENT, longitudeDeg: 9.95 }, DEFAULTS).site).toBe(HILL);
});

test('without any site the night is counted from Greenwich, and the name is that of the settings', () => {
  expect(siteOf(SILENT, { ...DEFAULTS, sites: [] })).toEqual({
    siteId: 'hill',
    place: undefined,
    site: undefined,
    longitudeDeg: 0,
  });
});
