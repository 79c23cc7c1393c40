import { QUALITY_FILTERS } from '../../../src/catalog/filters/quality.js';
import { parseConditions } from '../../../src/catalog/index.js';

function ask(name: string, value: string): number {
  return parseConditions(new Map([[name, [value]]])).length;
}

describe('a known name with an ending that it does not have is refused', () => {
  test.each([
    ['FILTER__contains', 'after FILTER only =, !=, __ne= can stand'],
    ['primary_optical_element__in', 'after primary_optical_element only =, !=, __ne= can stand'],
    ['night__gt', 'after night only =, !=, __ne= can stand'],
    ['night_start!', 'after night_start only = can stand'],
    ['RA!', 'after RA only = can stand'],
    ['FILTER[]', 'after FILTER only =, !=, __ne= can stand'],
    ['EXPTIME>', 'after EXPTIME only =, !=, __ne=, __lt=, __lte=, __gt=, __gte= can stand'],
    ['header.GAIN__foo', 'after header.GAIN only =, !=, __ne=, __lt='],
    ['header.A__B__foo', 'after header.A__B only ='],
  ])('%s', (name, words) => {
    expect(() => ask(name, '1')).toThrow(`Invalid parameter ${name}: ${words}`);
  });

  test.each([
    'OTHER__contains',
    'OTHER!',
    'OTHER[]',
    'filter__in',
    'nights__gt',
    '__',
    '!',
    'x__y__z',
  ])('%s is nobody’s, and ignored', (name) => {
    expect(ask(name, '1')).toBe(0);
  });

  test('without a value it asks for nothing', () => {
    expect(ask('FILTER__contains', ' ')).toBe(0);
  });
});

test.each(['TTYPE1', 'tform12', 'ZTILE1', 'ZNAXIS1', 'CHECKSUM', 'DATASUM', 'COMMENT', 'HISTORY'])(
  'header.%s is not searched, and the answer says so',
  (keyword) => {
    for (const name of [`header.${keyword}`, `header.${keyword}__exists`]) {
      const words = `Invalid parameter ${name}: ${keyword.toUpperCase()} is not searched`;
      expect(() => ask(name, 'true')).toThrow(words);
    }
  },
);

test.each(['INFO____', 'info____', 'A__B', 'A__B__lt', 'INFO______exists', 'GAIN__'])(
  'header.%s is about a keyword with underscores of its own',
  (name) => {
    expect(ask(`header.${name}`, '1')).toBe(1);
  },
);

test('whatever asks for what is found out later says so, else its answers would be kept too long', () => {
  const asked = QUALITY_FILTERS.flatMap(({ examples }) => examples);
  const quiet = asked.filter(([name, value]) => {
    const [condition] = parseConditions(new Map([[name, [value]]]));
    return condition?.isLater !== true;
  });
  expect(quiet).toEqual([]);
  const mixed = parseConditions(new Map([['flag', ['none,bad']]]));
  expect(mixed).toEqual([expect.objectContaining({ isLater: true })]);
});

test.each(['NAXIS1', 'BITPIX', 'BZERO', 'SIMPLE', 'PV1_1', 'A_0_2', 'LONGSTRN', 'ZSCALE', 'TTYPE'])(
  'header.%s is searched',
  (keyword) => {
    expect(ask(`header.${keyword}`, '1')).toBe(1);
  },
);

describe('a region that cannot be read', () => {
  const corners = Array.from({ length: 600 }, (_, i) => `${i / 100} 1`).join(', ');
  test.each([
    ['junk', "Point must be specified with exact format 'POINT(RA DEC)'"],
    ['POINT(10, 20)', "Point must be specified with exact format 'POINT(RA DEC)'"],
    ['POLYGON((10 41,11 41,11 42,10 42))', 'Polygon must be specified as'],
    [`srid=4326; polygon((${corners}, 0 1))`, 'at most 500 corners'],
    ['LINESTRING(1 2)', 'Line must be specified as'],
    ['CIRCLE(1 2)', 'Circle must be specified as'],
  ])('%.40s is told in words that fit', (region, words) => {
    expect(() => ask('covers', region)).toThrow('Error with covers query: ');
    expect(() => ask('intersects', region)).toThrow(words);
  });
});
