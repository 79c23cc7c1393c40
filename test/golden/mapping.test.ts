import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../../src/config/index.js';
import { openFits } from '../../src/fits/index.js';
import type { FrameFacts } from '../../src/catalog/index.js';
import { mapHeader } from '../../src/ingest/mapping.js';
import { loadProfiles } from '../../src/ingest/profiles.js';

/*
 * What the headers of real files say, read by eye from the headers as astropy lists them. The judge
 * is the header: a fact is null here only if the header does not have it.
 *
 * Nights: DAY-OBS where there is one (lco, pyobs), else from the date and the longitude of the
 * header, else from the date at longitude 0. Positions: degrees, good to 1e-3.
 */
type Row = readonly [
  path: string,
  profile: string,
  night: string | null,
  imageKind: string,
  filter: string | null,
  exposureSec: number | null,
  raDeg: number | null,
  decDeg: number | null,
];

// SHUTTER_SPEED of the files made from photographs (color*, gray*) is not taken for an exposure: EXIF
// has a logarithm under that name. INTEGRAT of derived_app_header says nothing of a type.
// prettier-ignore
const ROWS: readonly Row[] = [
  ['lco/bias_kb70_20151221_bin2x2.fits', 'lco', '2015-12-21', 'bias', 'Y', 0, 167.8159, -79.9147],
  ['lco/bias_kb70_20151221_bin2x2.fits.fz', 'lco', '2015-12-21', 'bias', 'Y', 0, 167.8159, -79.9147],
  ['lco/coj1m011-fl08-20151216-0048-x00.fits.fz', 'lco', '2015-12-16', 'other', 'rp', 10, 59.6381, -22.0416],
  ['lco/coj1m011-fl08-20151216-0049-b00.fits.fz', 'lco', '2015-12-16', 'bias', 'rp', 0, 347.3109, -80.1072],
  ['lco/coj1m011-fl08-20151216-0083-d00.fits.fz', 'lco', '2015-12-16', 'dark', 'rp', 900, 358.5323, -80.1086],
  ['lco/coj1m011-kb05-20150219-0125-e90.fits', 'lco', '2015-02-19', 'object', 'V', 10, 186.266, 12.887],
  ['lco/coj1m011-kb05-20150219-0125-e90.fits.fz', 'lco', '2015-02-19', 'object', 'V', 10, 186.266, 12.887],
  ['lco/cpt1m010-kb70-20151219-0073-e10.fits', 'lco', '2015-12-19', 'object', 'ip', 15, 24.3802, -32.3826],
  ['lco/cpt1m010-kb70-20151219-0073-e10.fits.fz', 'lco', '2015-12-19', 'object', 'ip', 15, 24.3802, -32.3826],
  ['lco/cpt1m010-kb70-20151219-0073-e10_cat.fits', 'lco', '2015-12-19', 'object', 'ip', 15, 24.3802, -32.3826],
  ['lco/cpt1m010-kb70-20151219-0073-e10_cat.fits.fz', 'lco', '2015-12-19', 'object', 'ip', 15, 24.3802, -32.3826],
  ['lco/cpt1m010-kb70-20151219-0075-s10.fits', 'lco', '2015-12-19', 'object', 'ip', 60, 10.56, 0.3568],
  ['lco/cpt1m010-kb70-20151219-0075-s10.fits.fz', 'lco', '2015-12-19', 'object', 'ip', 60, 10.56, 0.3568],
  ['lco/cpt1m010-kb70-20151219-0075-s10_cat.fits', 'lco', '2015-12-19', 'object', 'ip', 60, 10.56, 0.3568],
  ['lco/cpt1m012-fl10-20151216-0044-f00.fits.fz', 'lco', '2015-12-16', 'skyflat', 'Y', 2.212, 23.6445, -23.88],
  ['lco/dark_kb70_20151222_bin2x2.fits', 'lco', '2015-12-21', 'dark', 'Y', 300, 355.2177, -80.1085],
  ['lco/dark_kb70_20151222_bin2x2.fits.fz', 'lco', '2015-12-21', 'dark', 'Y', 300, 355.2177, -80.1085],
  ['lco/flat_kb70_20151222_SKYFLAT_bin2x2_ip.fits', 'lco', '2015-12-21', 'skyflat', 'ip', 9.307, 147.1347, -27.1051],
  ['lco/flat_kb70_20151222_SKYFLAT_bin2x2_ip.fits.fz', 'lco', '2015-12-21', 'skyflat', 'ip', 9.307, 147.1347, -27.1051],
  ['lco/lsc1m005-kb78-20151109-0179-e90.fits', 'lco', '2015-11-09', 'object', 'V', 40, 119.788, 15.413],
  ['lco/lsc1m005-kb78-20151109-0179-e90.fits.fz', 'lco', '2015-11-09', 'object', 'V', 40, 119.788, 15.413],
  ['lco/lsc1m005-kb78-20151109-0179-e90_cat.fits', 'lco', '2015-11-09', 'object', 'V', 40, 119.788, 15.413],
  ['pyobs/allsky_asi_20240601_101_e00.fits', 'pyobs', '2024-06-01', 'object', 'V', 15, 250.4235, 36.4613],
  ['pyobs/iag50cm_sbig6303e_20240601_17_e00.fits', 'pyobs', '2024-06-01', 'object', 'V', 30, 250.4235, 36.4613],
  ['pyobs/iag50cm_sbig6303e_20240601_17_e01.fits', 'pyobs', '2024-06-01', 'object', 'V', 30, 250.4235, 36.4613],
  ['pyobs/iag50cm_sbig6303e_20240601_3_b00.fits.fz', 'pyobs', '2024-06-01', 'bias', null, 0, null, null],
  ['small-observatory/59073.2604050926_MJD_k_mod.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/6-9-2022_A_PC_subimage.fits', 'amateur', null, 'other', null, 0, null, null],
  ['small-observatory/HATP-32171220013343.FITS', 'amateur', '2017-12-19', 'other', 'Clear', 60, 31.3121, 46.7691],
  ['small-observatory/HATP-32171220014212.FITS', 'amateur', '2017-12-19', 'other', 'Clear', 60, 31.3121, 46.7691],
  ['small-observatory/M13_blue_0001.fits', 'amateur', '2013-05-04', 'object', null, 5, null, null],
  ['small-observatory/M13_onestar.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/aspen_trimmed.fit', 'amateur', '2017-04-11', 'flat', 'R', 1, null, null],
  ['small-observatory/astrotools_test.fits', 'amateur', '2014-11-09', 'object', 'V', 300, null, null],
  ['small-observatory/bahtinov_mask.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/biastest1.fit', 'amateur', '2012-02-05', 'bias', null, 0, 210.8042, 54.3447],
  ['small-observatory/celestron_nightscape_10100_astro_fx_v106.fit', 'amateur', '2016-06-28', 'object', null, 60, null, null],
  ['small-observatory/color16bits.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/color32bits.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/color8bits.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/colordouble.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/colorfloat.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/darktest1.fit', 'amateur', '2012-02-05', 'dark', null, 30, 210.8042, 54.3447],
  ['small-observatory/data_zipped_no_clear.fits.gz', 'amateur', '2002-01-27', 'object', 'OG530', 1800, 70.9403, 0.0384],
  ['small-observatory/data_zipped_with_clear.fits', 'amateur', '2002-01-27', 'object', 'OG530', 1800, 70.9403, 0.0384],
  ['small-observatory/derived_app2_header.fits', 'amateur', null, 'flat', 'HaOIII', 1.28, null, null],
  ['small-observatory/derived_app_header.fits', 'amateur', null, 'other', null, 900, null, null],
  ['small-observatory/derived_apt_header.fits', 'amateur', '2018-09-17', 'object', null, 240, 23.75, 30.7403],
  ['small-observatory/derived_dwarflab_header.fits', 'amateur', '2023-06-10', 'other', null, 15, null, null],
  ['small-observatory/derived_maximdl_header.fits', 'amateur', '2018-07-04', 'object', 'SII', 300, 275.2005, -16.183],
  ['small-observatory/derived_sgp_fixed_wcs_header.fits', 'amateur', '2020-05-29', 'object', 'HaOIII', 30, 283.3955, 33.0341],
  ['small-observatory/derived_sgp_header.fits', 'amateur', '2020-05-29', 'object', 'HaOIII', 30, 283.3955, 33.0341],
  ['small-observatory/example.fit', 'amateur', '2015-07-30', 'object', 'r', 7, 282.8141, 43.6078],
  ['small-observatory/fitsonmoon_test.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/flattest.fit', 'amateur', '2012-02-05', 'bias', null, 0, 210.8042, 54.3447],
  ['small-observatory/gray16bits.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/gray32bits.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/gray8bits.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/graydouble.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/grayfloat.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/maximdl_5_21_header.fit', 'amateur', '2013-03-10', 'object', 'R', 90, 135.5917, 49.8192],
  ['small-observatory/maximdl_5_23_header.fit', 'amateur', '2013-10-15', 'object', 'B', 90, 308.7333, 60.1208],
  ['small-observatory/maximdl_6_16_header.fit', 'amateur', '2013-10-15', 'object', 'B', 90, 308.7333, 60.1208],
  ['small-observatory/maximdl_6_18_header.fit', 'amateur', '2018-08-22', 'object', 'r', 90, 314.2683, 31.661],
  ['small-observatory/neon-on-dome-10-sec-high-res-though-scope.fit', 'amateur', '2013-01-27', 'other', null, 10, null, null],
  ['small-observatory/randomsky.fits', 'amateur', '2020-02-24', 'object', 'Red', 1, 21.642, 69.2526],
  ['small-observatory/stars.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/test.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/test3.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/teste-com-wcs.fits', 'amateur', '2008-04-23', 'other', null, 120, 210.25, -88],
  ['small-observatory/teste-sem-wcs.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/testfit.fits', 'amateur', null, 'other', null, null, null, null],
  ['small-observatory/thumbnail-image.fit.gz', 'amateur', '2018-04-16', 'object', 'r', 90, 135.5833, 49.8219],
  ['small-observatory/uint16.fit', 'amateur', '2012-06-04', 'object', 'R', 90, 210.8125, 54.3511],
  ['small-observatory/uint16_missing_filter.fit', 'amateur', '2012-06-04', 'object', null, 90, 210.8125, 54.3511],
  ['small-observatory/uint16_no_pointing.fit', 'amateur', '2012-06-04', 'object', 'R', 90, null, null],
  ['small-observatory/uint16_not_m101.fit', 'amateur', '2012-06-04', 'object', 'R', 90, 210.8125, 54.3511],
  ['small-observatory/wcs-sol-from-thumbnail-image-index-5200.fit', 'amateur', null, 'other', null, null, 135.617, 49.7862],
];

const corpus = process.env['FITS_CORPUS'] ?? '../shared/fits';
const contract = process.env['CONTRACT_DIR'] ?? '../shared/contract';
const frames = join(contract, 'golden', 'frames');
const RELATED_KEYS = SETTINGS.RELATED_FRAME_KEYS.default.split(',');
const site = { siteId: 'home', telescope: 'main', instrument: 'camera' };

async function factsOf(path: string): Promise<FrameFacts> {
  const file = await openFits(path);
  try {
    return mapHeader(file.hdus, await loadProfiles(['config/mapping'], RELATED_KEYS), site);
  } finally {
    await file.close();
  }
}

function expectNear(value: number | null, expected: number | null): void {
  if (value === null || expected === null) expect(value).toBe(expected);
  else expect(Math.abs(value - expected)).toBeLessThan(1e-3);
}

if (!existsSync(join(corpus, 'manifest.json'))) {
  test.skip(`the corpus of real files is not at ${corpus}`, () => undefined);
} else {
  describe('facts from real headers', () => {
    test.each(ROWS.map((row) => [row[0], row] as const))('%s', async (path, row) => {
      const facts = await factsOf(join(corpus, 'files', path));
      const { profile, night, imageKind, filter, exposureSec, raDeg, decDeg } = facts;
      expect([profile, night, imageKind, filter, exposureSec]).toEqual(row.slice(1, 6));
      expectNear(raDeg, row[6]);
      expectNear(decDeg, row[7]);
    });

    test('the table has every readable file of its three groups', () => {
      const { files } = JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8')) as {
        files: { path: string; group: string; validity: string }[];
      };
      const wanted = files
        .filter(({ group }) => ['small-observatory', 'lco', 'pyobs'].includes(group))
        .filter(({ validity }) => validity !== 'invalid')
        .map(({ path }) => path.replace('files/', ''));
      expect(ROWS.map(([path]) => path).sort()).toEqual(wanted.sort());
    });

    test('no file that can be opened is refused for its header', async () => {
      const { files } = JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8')) as {
        files: { path: string; validity: string; size: number }[];
      };
      const refused: string[] = [];
      for (const { path } of files.filter(({ validity }) => validity === 'valid')) {
        try {
          await factsOf(join(corpus, path));
        } catch (error) {
          const code = String((error as { code?: unknown }).code);
          if (!code.startsWith('fits_')) refused.push(`${path}: ${String(error)}`);
        }
      }
      expect(refused).toEqual([]);
    });

    test('zones, unpadded seconds and separate times of day are understood', async () => {
      const dates: Record<string, string> = {
        'small-observatory/HATP-32171220013343.FITS': '2017-12-20T01:33:43.317Z',
        'small-observatory/data_zipped_with_clear.fits': '2002-01-28T02:45:01.875Z',
        'small-observatory/derived_sgp_header.fits': '2020-05-30T00:22:49.096Z',
        'tables/test_bintable_nan.fits': '1997-04-30T23:51:30.000Z',
        'lco/cpt1m010-kb70-20151219-0075-s10.fits.fz': '2015-12-19T18:27:58.758Z',
        'pyobs/iag50cm_sbig6303e_20240601_3_b00.fits.fz': '2024-06-01T15:02:11.000Z',
      };
      for (const [path, date] of Object.entries(dates)) {
        const { dateObsMs } = await factsOf(join(corpus, 'files', path));
        expect(new Date(dateObsMs ?? 0).toISOString()).toBe(date);
      }
    });

    test('everything else a header may say is found', async () => {
      const lco = 'lco/coj1m011-kb05-20150219-0125-e90.fits.fz';
      expect(await factsOf(join(corpus, 'files', lco))).toMatchObject({
        siteId: 'coj',
        telescope: '1m0a',
        instrument: 'kb05',
        imageType: 'EXPOSE',
        object: 'M84',
        requestNumber: '0000296263',
        obsNumber: '53195954',
        proposal: 'LCOEPO2014B-010',
        publicDateMs: Date.parse('2015-02-19T13:56:05Z'),
        binningX: 2,
        binningY: 2,
        width: 2027,
        height: 5,
        altDeg: 32.0808821,
        azDeg: 46.6348792,
        airmass: 1.8776222,
        ccdTempC: -20.03,
        gain: 1.4,
        sunAltDeg: -47.1536847,
        moonFraction: 0.0455946,
        relations: [
          { key: 'L1IDBIAS', name: 'bias_kb05_20150219_bin2x2' },
          { key: 'L1IDDARK', name: 'dark_kb05_20150219_bin2x2' },
          { key: 'L1IDFLAT', name: 'flat_kb05_20150219_SKYFLAT_bin2x2_V' },
          { key: 'L1IDMASK', name: 'bpm-kb05_bin2x2' },
          { key: 'ORIGNAME', name: 'coj1m011-kb05-20150219-0125-e00' },
        ],
        warnings: [],
      });
      const micro = 'small-observatory/HATP-32171220013343.FITS';
      expect(await factsOf(join(corpus, 'files', micro))).toMatchObject({
        siteId: 'home',
        telescope: 'Cecilia',
        instrument: 'Main',
        imageType: null,
        object: 'HATP-32',
        altDeg: 62.592,
        ccdTempC: -2.15,
      });
    });
  });
}

if (!existsSync(frames)) {
  test.skip(`the frames of the reference archive are not at ${frames}`, () => undefined);
} else {
  describe('frames of the reference archive', () => {
    const good = 'g01-bias g02-masterbias g03-dark g04-skyflat g05-sci g06-sci-red g07-sci g08-sci';
    const more = 'g09-sci g10-sci g11-focus g12-acq extra-cube extra-dupkw extra-nan extra-undefkw';
    const odd = 'bad-nodayobs bad-noexptime bad-nofname bad-nosite bad-strra bad-tz bad-longtel';
    test.each(`${good} ${more} ${odd}`.split(' '))('%s is a frame of pyobs', async (name) => {
      const facts = await factsOf(join(frames, `${name}.fits`));
      expect(facts).toMatchObject({ profile: 'pyobs', warnings: [] });
    });

    test('a science frame has all its facts', async () => {
      expect(await factsOf(join(frames, 'g05-sci.fits'))).toEqual({
        profile: 'pyobs',
        siteId: 'sutherland',
        telescope: '1m2',
        instrument: 'fl09',
        imageType: 'object',
        imageKind: 'object',
        dateObsMs: Date.parse('2026-03-01T20:00:00.123Z'),
        night: '2026-03-01',
        object: 'M 31',
        filter: 'V',
        exposureSec: 30,
        reductionLevel: 0,
        requestNumber: '1001',
        obsNumber: '20260301-001',
        proposal: null,
        publicDateMs: null,
        binningX: 1,
        binningY: 1,
        width: 128,
        height: 96,
        raDeg: 10.6847,
        decDeg: 41.269,
        altDeg: 55.1,
        azDeg: 12.5,
        siderealHours: null,
        hourAngleHours: null,
        focus: null,
        sunAltDeg: -35.2,
        sunDistanceDeg: 120,
        moonAltDeg: 10.1,
        moonFraction: 0.31,
        moonDistanceDeg: 80,
        originX: 0,
        originY: 0,
        dataMean: 1800.5,
        airmass: null,
        ccdTempC: null,
        gain: null,
        footprint: null,
        computed: [],
        relations: [],
        warnings: [],
      });
    });

    test('names of calibrations lose their extension', async () => {
      const { relations } = await factsOf(join(frames, 'g06-sci-red.fits'));
      expect(relations).toEqual([
        { key: 'L1AVG001', name: 'g01-bias' },
        { key: 'L1RAW', name: 'g05-sci' },
        { key: 'L1BIAS', name: 'g02-masterbias' },
        { key: 'L1DARK', name: 'g03-dark' },
        { key: 'L1FLAT', name: 'g04-skyflat' },
      ]);
    });

    test.each([
      ['bad-nodayobs.fits', { night: '2026-02-28' }],
      ['bad-noexptime.fits', { exposureSec: null }],
      ['bad-nosite.fits', { siteId: 'home', telescope: '1m2' }],
      ['bad-tz.fits', { dateObsMs: Date.parse('2026-03-01T01:00:00Z') }],
      ['extra-gz.fits.gz', { profile: 'pyobs', object: 'm31 offset' }],
      ['extra-packed.fits.fz', { profile: 'pyobs', width: 128, height: 96 }],
      ['bad-nosci.fits', { profile: 'amateur', dateObsMs: null, night: null, width: 16 }],
    ])('%s is taken', async (name, expected) => {
      expect(await factsOf(join(frames, name))).toMatchObject(expected);
    });

    test('sexagesimal TEL-RA is hours', async () => {
      const { raDeg, decDeg } = await factsOf(join(frames, 'bad-strra.fits'));
      expectNear(raDeg, 10.6846);
      expectNear(decDeg, 41.2692);
    });

    test.each([
      ['bad-baddate.fits', 'header_invalid', "Cannot read DATE-OBS in FITS header: 'yesterday'"],
      ['bad-nodateobs.fits', 'header_missing', 'Could not find DATE-OBS in FITS header.'],
    ])('%s is refused', async (name, code, message) => {
      await expect(factsOf(join(frames, name))).rejects.toMatchObject({ code, message });
    });
  });
}
