import { mapHeader, readHeader } from '../../src/ingest/mapping.js';
import { loadProfiles, type Profile } from '../../src/ingest/profiles.js';
import { fillSky, skyFindings, type ReadHeader } from '../../src/ingest/sky.js';
import { corpusEntries, corpusTest, openEntry } from '../support/corpus.js';

/*
 * What the headers of real files say of the sky, against the almanac: there are no sites but those of
 * the headers. LCO writes Sun, Moon and telescope with a software of its own (SLALIB), so that its
 * headers are a judge of ours as well.
 */
const SITE = { siteId: 'home', telescope: '', instrument: '' };
/** Files of the corpus that disagree with the sky by more than a degree: each was looked at. */
const FINDINGS: Readonly<Record<string, readonly [code: string, text: RegExp]>> = {
  // LST-OBS is hours off; RA - HA, altitude and azimuth agree with the clock.
  'small-observatory/HATP-32171220013343.FITS': [
    'wrong-sky',
    /sidereal time 256\.1°, not 1\.4°: its/,
  ],
  'small-observatory/HATP-32171220014212.FITS': [
    'wrong-sky',
    /sidereal time 258\.2°, not 3\.5°: its/,
  ],
  'compressed/derived_microobs_i16_gzip1.fits.fz': ['wrong-sky', /256\.1°/],
  'compressed/derived_microobs_i16_gzip2.fits.fz': ['wrong-sky', /258\.2°/],
  'compressed/derived_microobs_i16_hcompress_lossless.fits.fz': ['wrong-sky', /256\.1°/],
  'compressed/derived_microobs_i16_hcompress_lossy_s4.fits.fz': ['wrong-sky', /258\.2°/],
  'compressed/derived_microobs_i16_plio.fits.fz': ['wrong-sky', /256\.1°/],
  'invalid/derived_truncated_data.fits': ['wrong-sky', /258\.2°/],
  // Made for tests, with the same altitude and sidereal time at all hours.
  'pyobs/allsky_asi_20240601_101_e00.fits': ['wrong-sky', /altitude 61\.2°, not 74\.5°/],
  'pyobs/iag50cm_sbig6303e_20240601_17_e00.fits': ['wrong-sky', /altitude 61\.2°, not 70\.8°/],
  'pyobs/iag50cm_sbig6303e_20240601_17_e01.fits': ['wrong-sky', /altitude 61\.2°, not 70\.8°/],
  'pyobs/iag50cm_sbig6303e_20240601_3_b00.fits.fz': ['wrong-sky', /sidereal time 250\.3°/],
  // LONG-OBS, two degrees off SITELONG, is what the software worked with.
  'small-observatory/maximdl_6_18_header.fit': [
    'wrong-clock',
    // By the middle of its 90 s.
    /about 9 min earlier .* or at 46\.87° N, 98\.64° W/,
  ],
  // Simulated, at two in the afternoon.
  'small-observatory/randomsky.fits': ['wrong-clock', /^The Sun stood at 31\.8°/],
  // SITELONG is 210.934, which is counted to the west without a word.
  'wcs/HorseHead.fits': ['wrong-sky', /altitude by airmass 63\.7°/],
  // OBS-LONG is 70.8 `east longitude`: Cerro Tololo is in the west.
  'wcs/decam-520206-S16-image-sub.fits': [
    'wrong-site',
    /the longitude had the other sign \(30\.17° S, 70\.81° W\)/,
  ],
};

let profiles: readonly Profile[];
beforeAll(async () => {
  profiles = await loadProfiles(['config/mapping']);
});

/** Headers of all files that can be read and mapped and tell where they are from. */
async function eachPlaced(use: (header: ReadHeader, path: string) => void): Promise<number> {
  let placed = 0;
  for (const entry of corpusEntries) {
    const file = await openEntry(entry);
    if ('code' in file) continue;
    try {
      const header = readHeader(file.hdus, profiles, SITE);
      if (header.where.place === undefined) continue;
      placed += 1;
      use(header, entry.path.replace('files/', ''));
      expect(mapHeader(file.hdus, profiles, SITE)).toEqual(fillSky(header));
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith('header_')) throw error;
    } finally {
      await file.close();
    }
  }
  return placed;
}

corpusTest(
  'of all headers of the corpus those that are wrong are found, and no others',
  async () => {
    const found = new Map<string, [string, string]>();
    const placed = await eachPlaced((header, path) => {
      const [first, ...more] = skyFindings(header, 1);
      expect([path, more]).toEqual([path, []]);
      if (first !== undefined) found.set(path, [first.code, first.text]);
    });
    expect(placed).toBeGreaterThan(50);
    expect([...found.keys()].sort()).toEqual(Object.keys(FINDINGS).sort());
    for (const [path, [code, text]] of Object.entries(FINDINGS)) {
      expect([path, found.get(path)?.[0]]).toEqual([path, code]);
      expect(found.get(path)?.[1]).toMatch(text);
    }
  },
);

corpusTest(
  'headers of LCO agree with the almanac to a tenth of a degree, number by number',
  async () => {
    let told = 0;
    await eachPlaced((header, path) => {
      if (header.facts.profile !== 'lco') return;
      told += 1;
      expect([path, skyFindings(header, 0.1)]).toEqual([path, []]);
    });
    expect(told).toBeGreaterThan(15);
  },
);

corpusTest('what is worked out in place of a header of LCO is what it says', async () => {
  const names = [
    'altDeg',
    'azDeg',
    'sunAltDeg',
    'sunDistanceDeg',
    'moonAltDeg',
    'moonDistanceDeg',
  ] as const;
  let told = 0;
  await eachPlaced((header) => {
    const { facts } = header;
    if (facts.profile !== 'lco' || facts.imageKind !== 'object') return;
    told += 1;
    const none = Object.fromEntries([...names, 'airmass'].map((name) => [name, null]));
    const filled = fillSky({ ...header, facts: { ...facts, ...none } });
    // They tell the start, we the middle of up to a minute; azimuth is wild at the zenith.
    const narrowing = Math.cos(((facts.altDeg ?? NaN) * Math.PI) / 180);
    for (const name of names) {
      const gap = Math.abs((filled[name] ?? NaN) - (facts[name] ?? NaN));
      expect([name, gap * (name === 'azDeg' ? narrowing : 1) < 0.25]).toEqual([name, true]);
    }
    // Not MOONFRAC: 14 h after a new Moon LCO has 0.046, where astropy and we have 0.006.
    expect((filled.airmass ?? NaN) / (facts.airmass ?? NaN)).toBeCloseTo(1, 2);
  });
  expect(told).toBeGreaterThan(8);
});
