import type { StoredCard, StoredHdu } from '../../../src/catalog/index.js';
import { searchableValues } from '../../../src/catalog/header-values.js';

type Cards = Readonly<Record<string, StoredCard['value']>>;

function hdu(kind: string, axes: readonly number[], header: Cards, hduNumber = 0): StoredHdu {
  const cards = Object.entries(header).map(([keyword, value]) => ({
    keyword,
    kind: typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'logical' : 'float',
    value,
    comment: '',
  }));
  return { hdu: hduNumber, name: '', kind, bitpix: 16, axes, checksum: null, cards };
}

function found(...hdus: StoredHdu[]): Record<string, unknown> {
  const { numbers, texts } = searchableValues(hdus);
  return Object.fromEntries<unknown>([...numbers, ...texts]);
}

const PLAIN = { SIMPLE: true, BITPIX: 16, NAXIS: 2, NAXIS1: 1024, NAXIS2: 512, BZERO: 32768 };

test('layout, scaling and distortion of an image are searched, check sums are not', () => {
  const more = { PV1_1: 0.5, A_0_2: 1e-6, WAT1_001: 'x', CHECKSUM: 'abc', DATASUM: '1' };
  expect(found(hdu('image', [1024, 512], { ...PLAIN, ...more }))).toEqual({
    ...PLAIN,
    SIMPLE: 'T',
    PV1_1: 0.5,
    A_0_2: 1e-6,
    WAT1_001: 'x',
  });
});

test('a compressed image is searched as the image inside', () => {
  const primary = hdu('image', [], { SIMPLE: true, BITPIX: 8, NAXIS: 0, EXTEND: true });
  const packed = hdu('compressed-image', [1024, 512], {
    XTENSION: 'BINTABLE',
    ZTENSION: 'IMAGE',
    BITPIX: 8,
    ZBITPIX: 16,
    NAXIS: 2,
    NAXIS1: 8,
    ZNAXIS: 2,
    ZNAXIS1: 1024,
    ZNAXIS2: 512,
    PCOUNT: 99999,
    TFIELDS: 1,
    TTYPE1: 'COMPRESSED_DATA',
    ZIMAGE: true,
    ZCMPTYPE: 'RICE_1',
    ZTILE1: 1024,
    ZBLANK: -1,
    ZHECKSUM: 'abc',
    BZERO: 32768,
    GAIN: 2,
  });
  expect(found(primary, packed)).toEqual({
    SIMPLE: 'T',
    EXTEND: 'T',
    XTENSION: 'IMAGE',
    BITPIX: 16,
    NAXIS: 2,
    NAXIS1: 1024,
    NAXIS2: 512,
    BZERO: 32768,
    GAIN: 2,
  });
});

test('the shape of an empty primary is searched only if there is no image', () => {
  const primary = hdu('image', [], { BITPIX: 8, NAXIS: 0 });
  const image = hdu('image', [4, 4], { BITPIX: -32, NAXIS: 2 }, 1);
  expect(found(primary)).toEqual({ BITPIX: 8, NAXIS: 0 });
  expect(searchableValues([primary, image]).numbers).toEqual([
    ['BITPIX', -32],
    ['NAXIS', 2],
  ]);
});
