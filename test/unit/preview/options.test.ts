import { DEFAULT_OPTIONS, parseRenderOptions } from '../../../src/preview/index.js';

test('without parameters the picture is that of pyobs', () => {
  expect(parseRenderOptions({})).toEqual(DEFAULT_OPTIONS);
  expect(DEFAULT_OPTIONS).toMatchObject({
    width: 200,
    stretch: 'linear',
    colour: 'grey',
    limits: { kind: 'percentile', low: 5, high: 95 },
  });
});

test.each([
  [{ width: '1024' }, { width: 1024 }],
  [{ size: '64' }, { width: 64 }],
  [{ stretch: 'ASINH' }, { stretch: 'asinh' }],
  [{ limits: 'zscale' }, { limits: { kind: 'zscale' } }],
  [{ cuts: 'minmax' }, { limits: { kind: 'minmax' } }],
  [{ limits: '99' }, { limits: { kind: 'percentile', low: 0.5, high: 99.5 } }],
  [{ limits: '90%' }, { limits: { kind: 'percentile', low: 5, high: 95 } }],
  [{ limits: '1-99.5' }, { limits: { kind: 'percentile', low: 1, high: 99.5 } }],
  [
    { min: '-1e3', max: '2.5' },
    { low: -1000, high: 2.5 },
  ],
  [{ cmap: 'gray' }, { colour: 'grey' }],
  [
    { colour: 'viridis', invert: '' },
    { colour: 'viridis', invert: true },
  ],
  [{ invert: 'false' }, { invert: false }],
  [
    { hdu: '2', plane: '0' },
    { hdu: 2, plane: 0 },
  ],
  [{ format: 'jpg' }, { format: 'jpeg' }],
  [{ width: '', night: '2026-01-01' }, {}],
])('%o', (query, expected) => {
  expect(parseRenderOptions(query)).toEqual({ ...DEFAULT_OPTIONS, ...expected });
});

test.each([
  ['width', '15'],
  ['width', '4097'],
  ['width', '1e3'],
  ['size', 'big'],
  ['stretch', 'cube'],
  ['limits', '101'],
  ['limits', '0'],
  ['limits', '50-50'],
  ['limits', '-5'],
  ['cuts', 'all'],
  ['min', 'NaN'],
  ['max', '1e999'],
  ['cmap', 'constructor'],
  ['invert', 'maybe'],
  ['hdu', '-1'],
  ['hdu', 'SCI'],
  ['plane', '1.5'],
  ['format', 'gif'],
  ['width', ['100', '200']],
  ['stretch', { a: '1' }],
])('%s=%o is refused by name', (parameter, value) => {
  expect(() => parseRenderOptions({ [parameter]: value })).toThrow(
    expect.objectContaining({ code: 'bad_request', data: { parameter } }) as Error,
  );
});

test('limits the wrong way round are refused', () => {
  expect(() => parseRenderOptions({ min: '2', max: '2' })).toThrow('max must be greater than min.');
});
