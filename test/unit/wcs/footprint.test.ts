import { separationDeg } from '../../../src/sky/index.js';
import { footprintOf, imageSizeOf, provisionalFootprint, readWcs } from '../../../src/wcs/index.js';
import { headerOf, PLAIN, without } from './header.js';
import type { Cards } from './header.js';

const SIZE = { width: 200, height: 150 };

function footprint(cards: Cards, size = SIZE): NonNullable<ReturnType<typeof footprintOf>> {
  const { wcs } = readWcs(headerOf(cards));
  const found = wcs && footprintOf(wcs, size);
  if (found === undefined) throw new Error('No footprint.');
  return found;
}

describe('of an ordinary image', () => {
  const plain = footprint(PLAIN);

  test('the corners are the outer corners of its pixels, and the polygon is made of them', () => {
    const { wcs } = readWcs(headerOf(PLAIN));
    expect(plain.corners).toEqual([
      wcs?.toSky(0.5, 0.5),
      wcs?.toSky(200.5, 0.5),
      wcs?.toSky(200.5, 150.5),
      wcs?.toSky(0.5, 150.5),
    ]);
    expect(plain.polygon).toEqual(plain.corners);
    expect(plain.provisional).toBe(false);
  });

  test('scale and direction are those of the middle', () => {
    expect(plain.center).toEqual({ raDeg: 150, decDeg: -35 });
    expect(plain.pixelScaleArcsec).toBeCloseTo(36, 5);
    expect(plain.rotationDeg % 360).toBeCloseTo(0, 6);
    expect(plain.mirrored).toBe(false);
    expect(plain.cap.radiusDeg).toBeCloseTo(Math.hypot(1, 0.75), 2);
  });

  test.each([20, 160, 200, 340])('turned by %p degrees', (angle) => {
    // CROTA turns the sky against the image: up then points to its negative through east.
    const turned = footprint({ ...PLAIN, CROTA2: angle });
    expect(turned.rotationDeg).toBeCloseTo(360 - angle, 6);
    expect(turned.mirrored).toBe(false);
  });

  test('seen from behind it is mirrored', () => {
    expect(footprint({ ...PLAIN, CDELT1: 0.01 }).mirrored).toBe(true);
    expect(footprint({ ...PLAIN, CDELT1: 0.01, CDELT2: -0.01 })).toMatchObject({ mirrored: false });
  });

  test('one that crosses right ascension 0, or holds a pole, is no exception', () => {
    expect(footprint({ ...PLAIN, CRVAL1: 0 }).cap.radiusDeg).toBeLessThan(1.3);
    const pole = footprint({ ...PLAIN, CRVAL2: 90 });
    expect(pole.polygon).toHaveLength(4);
    expect(separationDeg(pole.cap, { raDeg: 0, decDeg: 90 })).toBeLessThan(0.01);
  });
});

describe('of an image with bent edges', () => {
  test('the polygon follows strong distortion to a tenth of a pixel', () => {
    const cards = { ...PLAIN, A_ORDER: 3, B_ORDER: 3, A_1_2: 4e-6, B_2_1: 4e-6, A_3_0: 1e-6 };
    const { wcs } = readWcs(headerOf(cards));
    const { polygon } = footprint(cards);
    expect(polygon?.length).toBeGreaterThan(8);
    expect(polygon?.length).toBeLessThanOrEqual(64);
    // Between two points of an edge an arc leaves it by less than the tolerance.
    const onEdge = wcs?.toSky(0.5 + 200 / 3, 0.5);
    const nearest = Math.min(...(polygon ?? []).map((point) => separationDeg(point, onEdge!)));
    expect(nearest).toBeLessThan(0.1);
  });

  test('slight distortion needs no more than the corners', () => {
    const cards = { ...PLAIN, A_ORDER: 2, B_ORDER: 2, A_0_2: 1e-6 };
    expect(footprint(cards).polygon).toHaveLength(4);
  });
});

describe('of a large part of the sky', () => {
  const allSky = { CRVAL1: 0, CRVAL2: 0, CRPIX1: 180.5, CRPIX2: 90.5, CDELT1: -1, CDELT2: 1 };
  const aitoff = { CTYPE1: 'GLON-AIT', CTYPE2: 'GLAT-AIT', ...allSky };

  test('a map of the whole sky has no polygon, and its circle is the sky', () => {
    const found = footprint(aitoff, { width: 360, height: 180 });
    expect(found.corners).toEqual([null, null, null, null]);
    expect(found.polygon).toBeNull();
    expect(found.cap.radiusDeg).toBe(180);
    expect(found.pixelScaleArcsec).toBeCloseTo(3600, -1);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  test('a map with a seam counts as the whole sky even though its corners are on it', () => {
    const map = { ...aitoff, CTYPE1: 'RA---CAR', CTYPE2: 'DEC--CAR' };
    expect(footprint(map, { width: 360, height: 180 })).toMatchObject({ polygon: null });
  });

  test('where corners are beyond the horizon of a lens, the outline of the sky is traced', () => {
    const lens = { ...PLAIN, CTYPE1: 'RA---SIN', CTYPE2: 'DEC--SIN', CDELT1: -0.6, CDELT2: 0.6 };
    const found = footprint({ ...lens, CRVAL2: 60 });
    expect(found.corners).toEqual([null, null, null, null]);
    expect(found.center).not.toBeNull();
    expect(found.cap.radiusDeg).toBeGreaterThan(45);
    if (found.polygon !== null) expect(found.polygon.length).toBeLessThanOrEqual(64);
  });

  test('a lens that sees the sky down to the horizon has a circle of little more than that', () => {
    const lens = { ...PLAIN, CTYPE1: 'RA---ZEA', CTYPE2: 'DEC--ZEA', CDELT1: -0.8, CDELT2: 0.8 };
    const { cap, polygon } = footprint({ ...lens, CRVAL2: 60 });
    expect(cap.radiusDeg).toBeGreaterThan(90);
    expect(cap.radiusDeg).toBeLessThan(160);
    expect(polygon).toBeNull();
  });

  test('an image with nothing on the sky has none', () => {
    const { wcs } = readWcs(headerOf({ ...aitoff, CRPIX1: 9000 }));
    expect(footprintOf(wcs!, { width: 100, height: 100 })).toBeUndefined();
    expect(footprintOf(wcs!, { width: 0, height: 0 })).toBeUndefined();
  });

  test('coordinates on the Sun make no footprint', () => {
    const { wcs } = readWcs(headerOf({ ...PLAIN, CTYPE1: 'HPLN-TAN', CTYPE2: 'HPLT-TAN' }));
    expect(footprintOf(wcs!, SIZE)).toBeUndefined();
  });
});

test('a WCS without a scale makes a provisional footprint', () => {
  expect(footprint(without(PLAIN, 'CDELT1', 'CDELT2'), { width: 20, height: 20 }).provisional).toBe(
    true,
  );
});

describe('without a WCS', () => {
  const pointing = { raDeg: 83.6, decDeg: 22 };
  const provisional = (cards: Cards): ReturnType<typeof provisionalFootprint> =>
    provisionalFootprint(headerOf(cards), SIZE, pointing);

  test.each<readonly [string, Cards, number]>([
    [
      'focal length and pixels as they were read',
      { FOCALLEN: 1000, XPIXSZ: 9, YPIXSZ: 9, XBINNING: 2 },
      1.8564,
    ],
    [
      'focal length, pixels of the detector and binning',
      { FOCALLEN: 1000, PIXSIZE1: 9, XBINNING: 2, YBINNING: 2 },
      3.7128,
    ],
    ['binning as CCDSUM', { FOCALLEN: 1000, PIXSIZE: 9, CCDSUM: '2 2' }, 3.7128],
    ['a scale by name', { SECPIX: 0.39 }, 0.39],
    ['the name before the focal length', { PIXSCALE: 1.5, FOCALLEN: 1000, XPIXSZ: 9 }, 1.5],
    ['steps without the names of axes', { CDELT1: -0.0001, CDELT2: 0.0001 }, 0.36],
    ['text that is a number', { FOCALLEN: '1000', XPIXSZ: '9.0' }, 1.8564],
  ])('%s give a scale', (_, cards, scale) => {
    const found = provisional(cards);
    expect(found?.provisional).toBe(true);
    expect(found?.pixelScaleArcsec).toBeCloseTo(scale, 3);
    expect(separationDeg(found!.center!, pointing)).toBeLessThan(1e-9);
    expect(found?.polygon).toHaveLength(4);
  });

  test('an angle of the camera turns it, and it is not mirrored', () => {
    const found = provisional({ SECPIX: 1, POSANG: 30 });
    expect(found?.rotationDeg).toBeCloseTo(30, 6);
    expect(found?.mirrored).toBe(false);
    expect(provisional({ SECPIX: 1 })?.rotationDeg).toBeCloseTo(0, 6);
  });

  test.each<readonly [string, Cards]>([
    ['nothing', {}],
    ['a focal length of zero', { FOCALLEN: 0, XPIXSZ: 9 }],
    ['pixels without focal length', { XPIXSZ: 9 }],
    ['a scale of nonsense', { SECPIX: -1e9 }],
    ['steps of one, which mean nothing', { CDELT1: 1, CDELT2: 1 }],
  ])('%s gives no footprint', (_, cards) => {
    expect(provisional(cards)).toBeUndefined();
  });
});

test.each<readonly [string, Cards, ReturnType<typeof imageSizeOf>]>([
  ['an image', { NAXIS: 2, NAXIS1: 30, NAXIS2: 20 }, { width: 30, height: 20 }],
  [
    'a compressed image',
    { NAXIS1: 8, NAXIS2: 20, ZNAXIS1: 64, ZNAXIS2: 20 },
    { width: 64, height: 20 },
  ],
  ['a header without data', { NAXIS: 0, IMAGEW: 64, IMAGEH: 48 }, { width: 64, height: 48 }],
  ['one row', { NAXIS: 1, NAXIS1: 64 }, { width: 64, height: 1 }],
  ['nothing', { NAXIS: 0 }, undefined],
  ['an empty image', { NAXIS: 2, NAXIS1: 0, NAXIS2: 0 }, undefined],
])('the size of %s', (_, cards, size) => {
  expect(imageSizeOf(headerOf(cards))).toEqual(size);
});
