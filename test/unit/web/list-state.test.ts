import {
  apiUrl,
  filterQuery,
  listChips,
  listUrl,
  parseListState,
  withFilter,
} from '../../../src/web/frames/list-state.js';
import { splitPosition } from '../../../src/web/frames/frames.js';

const parse = (query: string) => {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  return parseListState(parameters);
};
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return [
      (error as { code: string }).code,
      (error as { data: { parameter: string } }).data.parameter,
    ];
  }
  return undefined;
};

test('without parameters: newest first, a hundred rows, the table', () => {
  const state = parse('');
  expect([...state.filters]).toEqual([]);
  expect(state).toMatchObject({
    sort: 'DATE_OBS',
    descending: true,
    limit: 100,
    offset: 0,
    view: 'table',
  });
  expect(listUrl('/base', state)).toBe('/base/frames/');
});

test.each([
  'IMAGETYPE=object&FILTER=V&FILTER=R&night=2026-11-14',
  'OBJECT=M+31&sort=EXPTIME&order=desc&limit=25&offset=50&view=sheet',
  'RA=339.24&DEC=34.43&radius=0.5',
  'order=asc',
])('the address %s says what it said', (query) => {
  const url = listUrl('', parse(query));
  expect(new URLSearchParams(url.split('?')[1]).toString()).toBe(
    new URLSearchParams(query).toString(),
  );
});

test('empty values, ALL and unknown parameters are left out of the address', () => {
  expect(listUrl('', parse('OBJECT=&SITE=ALL&FILTER=V&FILTER=&evil=1&RA='))).toBe(
    '/frames/?FILTER=V',
  );
});

test('names of objects that are no parameters of ours are no filters', () => {
  expect(listUrl('', parse('__proto__=1&constructor=2&toString=3'))).toBe('/frames/');
});

test('bad values for paging and order name their parameter', () => {
  expect(codeOf(() => parse('sort=evil'))).toEqual(['bad_request', 'sort']);
  expect(codeOf(() => parse('sort=constructor'))).toEqual(['bad_request', 'sort']);
  expect(codeOf(() => parse('order=up'))).toEqual(['bad_request', 'order']);
  expect(codeOf(() => parse('limit=many'))).toEqual(['bad_request', 'limit']);
  expect(parse('limit=99999&offset=-5')).toMatchObject({ limit: 1000, offset: 0 });
});

test('a changed filter starts from the first page', () => {
  const state = withFilter(parse('offset=300&FILTER=V'), 'night', ['2026-11-14']);
  expect(listUrl('', state)).toBe('/frames/?FILTER=V&night=2026-11-14');
  expect(filterQuery(withFilter(state, 'FILTER', []))).toBe('night=2026-11-14');
});

test('the address for programs says all that the page takes for granted', () => {
  expect(apiUrl('', parse('FILTER=V'))).toBe(
    '/frames/?FILTER=V&sort=DATE_OBS&order=desc&limit=100&offset=0&format=json',
  );
});

test('each value is a chip of its own, whose × leaves the others', () => {
  const chips = listChips(parse('FILTER=V&FILTER=R&IMAGETYPE=skyflat&EXPTIME=60'));
  expect(chips.map(({ label }) => label.replaceAll('\u202f', ' '))).toEqual([
    'Type sky flat',
    'Filter V',
    'Filter R',
    'Exposure ≥ 60 s',
  ]);
  expect(listUrl('', chips[1]!.state)).toBe('/frames/?IMAGETYPE=skyflat&FILTER=R&EXPTIME=60');
});

test('other names, endings, headers and regions stay in the address and have their chips', () => {
  const query = 'SITEID=hill&FILTER%21=B%2CV&EXPTIME__lt=5&covers=10.68%2C41.27&header.GAIN__gte=2';
  const state = parse(`${query}&evil=1`);
  expect(listUrl('', state)).toBe(`/frames/?${query}`);
  expect(listChips(state).map(({ label }) => label.replaceAll('\u202f', ' '))).toEqual([
    'Site hill',
    'Filter ≠ B,V',
    'Exposure < 5 s',
    'Shows all of 10.68,41.27',
    'GAIN ≥ 2',
  ]);
  const labels = (text: string) => listChips(parse(text)).map(({ label }) => label);
  expect(labels('header.GAIN=1&header.X__exists=false&header.WHO__contains=an')).toEqual([
    'GAIN = 1',
    'No X',
    'WHO has “an”',
  ]);
  expect(labels('OBJECT!=test&q=m31&public=false')).toEqual([
    'Search m31',
    'Object without “test”',
    'Public: false',
  ]);
});

test('a cone is one chip; RA alone is no condition', () => {
  const [chip] = listChips(parse('RA=339.2668&DEC=-34.4157&view=sheet'));
  expect(chip?.label).toBe('Within 10′ of 22:37:04 −34:24:57');
  expect(listUrl('', chip!.state)).toBe('/frames/?view=sheet');
  expect(listChips(parse('RA=10&DEC=20&radius=2'))[0]?.label).toContain('Within 2° of');
  expect(listChips(parse("RA=10&DEC=20&radius=30'"))[0]?.label).toContain('Within 30′ of');
  expect(listChips(parse('RA=10'))).toEqual([]);
});

test.each([
  ['22:36:58.31 +34:26:13.2', { ra: '22:36:58.31', dec: '+34:26:13.2' }],
  ['339.24 34.43', { ra: '339.24', dec: '34.43' }],
  ['339.24, -34.43', { ra: '339.24', dec: '-34.43' }],
  ['22 36 58 +34 26 13', { ra: '22 36 58', dec: '+34 26 13' }],
  ['NGC 7331', undefined],
  ['M31', undefined],
  ['400 34', undefined],
  ['kh50-cam1-0047', undefined],
])('in the search box %s is the position %p', (text, position) => {
  expect(splitPosition(text)).toEqual(position);
});
