import {
  formatDec,
  formatRa,
  parseAngularSize,
  parseDec,
  parseLatitude,
  parseLongitude,
  parseRa,
} from '../../../src/sky/index.js';

const HOURS = { numbersAre: 'hours' } as const;
const DEGREES = { numbersAre: 'degrees' } as const;

describe('parseRa', () => {
  test.each([
    ['22:04:08', 331.033333333],
    [' 1 26 34.08', 21.642],
    ['18 20 48.12', 275.2005],
    ['20:21:49.49611233', 305.456234],
    ['01h26m34.08s', 21.642],
    ['1h 26m 34.08s', 21.642],
    ['01h26m', 21.5],
    ['12:30', 187.5],
    ['12 30.5', 187.625],
    ['10d41m09s', 10.685833333],
    ['10°41′09″', 10.685833333],
    ['00:00:00', 0],
    ['24:00:00', 0],
    ['23:59:60', 0],
    ['+05:30:00', 82.5],
  ])('%s is the same whatever numbers are', (text, expected) => {
    expect(parseRa(text, HOURS)).toBeCloseTo(expected, 6);
    expect(parseRa(text, DEGREES)).toBeCloseTo(expected, 6);
  });

  test.each([
    ['10.6847', HOURS, 160.2705],
    ['10.6847', DEGREES, 10.6847],
    ['10.6847d', HOURS, 10.6847],
    ['10.6847 deg', HOURS, 10.6847],
    ['10.5h', DEGREES, 157.5],
    ['1.0E2', DEGREES, 100],
    ['-10', DEGREES, 350],
    ['-0.0', DEGREES, 0],
    ['360', DEGREES, 0],
    ['-1e-20', DEGREES, 0],
    ['.5', DEGREES, 0.5],
  ] as const)('%s as %j', (text, reading, expected) => {
    expect(parseRa(text, reading)).toBeCloseTo(expected, 9);
  });

  test.each(['', 'foo', 'nan', 'inf', '25:00:00', '12:60:00', '12:00:61', '-01:00:00', '1:2:3:4'])(
    '%j is not one',
    (text) => {
      expect(parseRa(text, DEGREES)).toBeUndefined();
    },
  );

  test.each(['361', '-361', '24.5h', '12:30.5:10', '1 2 3 4', '0x10', '1,5'])(
    'nor is %j',
    (text) => {
      expect(parseRa(text, DEGREES)).toBeUndefined();
    },
  );

  test('numbers above 24 are not hours', () => {
    expect(parseRa('31.312099', HOURS)).toBeUndefined();
  });
});

describe('parseDec', () => {
  test.each([
    ['+54 20 41', 54.344722222],
    ['-00:30:00', -0.5],
    ['-0 0 36', -0.01],
    ['−16 10 58.8', -16.183],
    ['43:36:28.1', 43.607805556],
    ['41d16m09s', 41.269166667],
    [`41°16'09"`, 41.269166667],
    ['-88', -88],
    ['46.769087', 46.769087],
    ['+90:00:00', 90],
    ['- 5 30 00', -5.5],
  ])('%s', (text, expected) => {
    expect(parseDec(text)).toBeCloseTo(expected, 8);
  });

  test.each(['', '90:00:01', '-91', '12h', 'north', '10:61', '10:10:61'])(
    '%j is not one',
    (text) => {
      expect(parseDec(text)).toBeUndefined();
    },
  );
});

test.each([
  ['-96 27 12', -96.453333333],
  ['+03:41:00', 3.683333333],
  ['3 43 0.000', 3.716666667],
  ['-96:27:11.8008', -96.453278],
  ['149.064444444', 149.064444444],
  ['262.5', -97.5],
  ['110 52 48 W', -110.88],
  ['9.94 E', 9.94],
  ['180', 180],
  ['west', undefined],
  ['400', undefined],
])('parseLongitude(%j)', (text, expected) => {
  const value = parseLongitude(text);
  if (expected === undefined) expect(value).toBeUndefined();
  else expect(value).toBeCloseTo(expected, 8);
});

test.each([
  ['46 52 01', 46.866944444],
  ['-31:16:24.00', -31.273333333],
  ['31 16 24 S', -31.273333333],
  ['51.56 n', 51.56],
  ['91', undefined],
  ['north', undefined],
])('parseLatitude(%j)', (text, expected) => {
  const value = parseLatitude(text);
  if (expected === undefined) expect(value).toBeUndefined();
  else expect(value).toBeCloseTo(expected, 8);
});

describe('formatting', () => {
  test.each([
    [0, '00:00:00.00'],
    [331.0333333333, '22:04:08.00'],
    [21.642, '01:26:34.08'],
    [359.9999999999, '00:00:00.00'],
    [14.99999999, '01:00:00.00'],
    [-10, '23:20:00.00'],
  ])('right ascension %d', (degrees, text) => {
    expect(formatRa(degrees)).toBe(text);
  });

  test.each([
    [0, '+00:00:00.0'],
    [-0.5, '-00:30:00.0'],
    [54.3447222222, '+54:20:41.0'],
    [-16.183, '-16:10:58.8'],
    [89.99999999, '+90:00:00.0'],
  ])('declination %d', (degrees, text) => {
    expect(formatDec(degrees)).toBe(text);
  });

  test('without decimals there is no point', () => {
    expect(formatRa(21.642, 0)).toBe('01:26:34');
    expect(formatDec(-16.183, 0)).toBe('-16:10:59');
  });

  test('what is written can be read', () => {
    for (let degrees = 0.123; degrees < 360; degrees += 7.77) {
      expect(parseRa(formatRa(degrees, 6), HOURS)).toBeCloseTo(degrees, 7);
      const dec = degrees / 2 - 90;
      expect(parseDec(formatDec(dec, 6))).toBeCloseTo(dec, 7);
    }
  });
});

describe('parseAngularSize', () => {
  test.each([
    ['0.5', 0.5],
    ['.5d', 0.5],
    ['1e-1', 0.1],
    ["10'", 1 / 6],
    ['10′', 1 / 6],
    ['10 arcmin', 1 / 6],
    ['10m', 1 / 6],
    ['30"', 1 / 120],
    ["30''", 1 / 120],
    ['30arcsec', 1 / 120],
    ['2°', 2],
    ['+2 deg', 2],
  ])('reads %s', (text, degrees) => {
    expect(parseAngularSize(text)).toBeCloseTo(degrees, 12);
  });

  test.each(['', '-1', 'x', '10h', '1 2', 'nan', '1e999', "'"])('does not read %s', (text) => {
    expect(parseAngularSize(text)).toBeUndefined();
  });
});
