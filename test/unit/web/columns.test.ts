import type { Frame, ListedMore } from '../../../src/catalog/index.js';
import { SORT_COLUMNS } from '../../../src/catalog/index.js';
import {
  COLUMNS,
  findColumn,
  keywordsOf,
  MAX_COLUMNS,
  parseColumns,
  roomOf,
  USUAL_COLUMNS,
} from '../../../src/web/frames/columns.js';

const more = (changes: object): ListedMore =>
  ({
    measures: {
      fwhmArcsec: 5.84,
      fwhmPx: 9,
      background: 1526.4,
      stars: 12,
      elongation: 1.1,
      transparency: 0.5,
      saturatedFraction: 0.0012,
      hotPixels: null,
      ranks: { fwhm: 97, elongation: null, background: 50, transparency: 7, saturated: 99 },
    },
    flag: null,
    tags: [],
    findings: [],
    headers: new Map(),
    ...changes,
  }) as unknown as ListedMore;
const cellOf = (key: string, own: ListedMore) => findColumn(key)!.cell({} as Frame, own);

test('columns are read in their order, each once, and what is not known is left out', () => {
  expect(parseColumns('fwhm, basename,fwhm,evil,__proto__,header.gain')).toEqual([
    'fwhm',
    'basename',
    'header.GAIN',
  ]);
  expect(parseColumns('header.eso  det id,header.,header.A*B')).toEqual(['header.ESO DET ID']);
  const many = Array.from({ length: 99 }, (_, index) => `header.K${index}`).join();
  expect(parseColumns(many)).toHaveLength(MAX_COLUMNS);
  expect(parseColumns('')).toEqual([]);
});

test('every column is sorted by something the API can sort by, or by nothing', () => {
  for (const { key, sort } of COLUMNS) {
    if (sort !== undefined) expect([key, Object.hasOwn(SORT_COLUMNS, sort)]).toEqual([key, true]);
  }
  expect(USUAL_COLUMNS.every((key) => findColumn(key) !== undefined)).toBe(true);
  expect(keywordsOf(['fwhm', 'header.GAIN'])).toEqual(['GAIN']);
});

test('a measure tells where it lies among the usual ones, and stands out only by a finding', () => {
  const plain = cellOf('fwhm', more({}));
  expect(plain).toMatchObject({ text: '5.8', rank: 97 });
  expect(plain.isOdd).toBeUndefined();
  const finding = { code: 'unusual-fwhm', level: 'warning', text: 'FWHM 5.84″, usual 2.2″.' };
  expect(cellOf('fwhm', more({ findings: [finding] }))).toMatchObject({
    isOdd: true,
    title: 'FWHM 5.84″, usual 2.2″.',
  });
  expect(cellOf('fwhm', more({ measures: undefined }))).toEqual({ text: '–' });
  expect(cellOf('elongation', more({})).rank).toBeUndefined();
  const hazy = [{ code: 'clouds', level: 'warning', text: 'Only 50 % of the light.' }];
  expect(cellOf('transparency', more({ findings: hazy }))).toEqual({
    text: '50',
    rank: 7,
    isOdd: true,
    title: 'Only 50 % of the light.',
  });
  expect(cellOf('saturated', more({}))).toMatchObject({ text: '0.12', rank: 99 });
  expect(cellOf('hot_pixels', more({}))).toEqual({ text: '–' });
});

test('flags have an icon besides their colour, and a header that is not there is a dash', () => {
  expect(cellOf('flag', more({ flag: 'bad' }))).toEqual({ text: 'bad', icon: 'bad', isOdd: true });
  expect(cellOf('flag', more({ flag: 'good' }))).toMatchObject({ icon: 'tick', isOdd: false });
  expect(cellOf('header.GAIN', more({ headers: new Map([['GAIN', '1.5']]) })).text).toBe('1.5');
  expect(cellOf('header.GAIN', more({})).text).toBe('–');
});

test('in a narrow window the last columns go first, and those that name a frame stay', () => {
  const columns = [...USUAL_COLUMNS, 'header.GAIN'].map((key) => findColumn(key)!);
  const rooms = roomOf(columns);
  const dropped = rooms.filter((room) => room > 0);
  expect(dropped).toEqual([...dropped].sort((a, b) => a - b));
  expect(columns.filter((_, index) => rooms[index] === 0).map(({ key }) => key)).toEqual([
    'basename',
    'DATE_OBS',
    'OBJECT',
    'FILTER',
    'EXPTIME',
  ]);
});
