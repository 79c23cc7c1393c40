import { FRAME_FILTERS, findFilter, parseConditions } from '../../../src/catalog/index.js';
import { FACET_NAMES, toWordGroup } from '../../../src/web/frames/facets.js';
import { foldHeaderRows, headerRows, PANEL_PARAMETERS } from '../../../src/web/frames/fields.js';
import { readTold } from '../../../src/web/frames/mark.js';
import { presetsOf } from '../../../src/web/frames/panel.js';
import { parseSesame, resolveName } from '../../../src/web/frames/resolve.js';

const rows = (...each: [string, string, string][]) =>
  new Map([
    ['hk', each.map(([keyword]) => keyword)],
    ['ho', each.map(([, operator]) => operator)],
    ['hv', each.map(([, , value]) => value)],
    ['FILTER', ['V']],
  ]);

test('the panel has a field or choice for every filter of the API', () => {
  const reached = [...PANEL_PARAMETERS].map((name) => findFilter(name)?.filter.name);
  const missing = FRAME_FILTERS.filter(
    ({ name, kind }) => kind !== 'header' && !FACET_NAMES.has(name) && !reached.includes(name),
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test('rows of header conditions become parameters of the API, which read them back', () => {
  const { parameters, problems, isForm } = foldHeaderRows(
    rows(['CCD-TEMP', 'lt', '-12'], ['', 'is', ''], ['GAIN', 'is', ''], ['GAIN', 'ne', '2']),
  );
  expect([...parameters]).toEqual([
    ['FILTER', ['V']],
    ['header.CCD-TEMP__lt', ['-12']],
    ['header.GAIN__exists', ['true']],
    ['header.GAIN!', ['2']],
  ]);
  expect([problems, isForm]).toEqual([[], true]);
  expect(parseConditions(parameters)).toHaveLength(4);
  expect(
    headerRows(parameters).map(({ keyword, operator, value }) => [keyword, operator, value]),
  ).toEqual([
    ['CCD-TEMP', 'lt', '-12'],
    ['GAIN', 'exists', 'true'],
    ['GAIN', 'ne', '2'],
  ]);
});

test('half a condition is told, not guessed', () => {
  const { parameters, problems } = foldHeaderRows(rows(['', 'is', '5'], ['GAIN', 'lt', '']));
  expect([...parameters.keys()]).toEqual(['FILTER']);
  expect(problems).toEqual([
    '“5” was left out: say the value of which header keyword it is.',
    'The condition on GAIN was left out: it has no value to compare with.',
  ]);
});

test('presets of nights count from the night of today', () => {
  const range = (label: string) =>
    presetsOf('2026-01-03', '2025-12-24').find((each) => each.label === label)?.range;
  expect(range('Yesterday')).toEqual({ night: '2026-01-02' });
  expect(range('7 nights')).toEqual({ from: '2025-12-28' });
  expect(range('Last year')).toEqual({ from: '2025-01-01', until: '2025-12-31' });
  expect(range('Last')).toEqual({ night: '2025-12-24' });
  expect(presetsOf('2026-01-03', undefined).map(({ label }) => label)).not.toContain('Last');
});

test('a name is looked up here, and sent nowhere unless the operator wants it', async () => {
  const place = await resolveName('m31', { SESAME_URL: '' });
  expect(typeof place === 'string' ? place : `${place.ra} ${place.dec}`).toMatch(
    /^00:42:4\S+ \+41:16:\d\d$/,
  );
  expect(await resolveName('No Such Star 99', { SESAME_URL: '' })).toBe(
    'The catalogue of this archive does not know “No Such Star 99”. Give RA and Dec instead, or another name of it.',
  );
});

test('an answer of Sesame is read, and one that is none is not', () => {
  const answer = '# WASP-12\n%J 97.63664429 +29.67226553 = 06 30 32.79 +29 40 20.1\n';
  expect(parseSesame(answer)).toEqual({ ra: '06:30:32.8', dec: '+29:40:20' });
  expect(parseSesame('#!SIMBAD: no object found')).toBeUndefined();
  expect(parseSesame('%J 400 +29')).toBeUndefined();
});

test('words are offered with their counts, those of other lists apart', () => {
  const here = [{ word: 'clouds', frames: 3 }];
  const all = [{ word: 'trailed', frames: 9 }, ...here];
  const group = toWordGroup('finding', { here, all, chosen: [] });
  expect(group.choices.map(({ value, count }) => [value, count])).toEqual([
    ['clouds', 3],
    ['none', null],
  ]);
  expect(group.absent.map(({ value, count }) => [value, count])).toEqual([['trailed', 9]]);
  const unknown = toWordGroup('finding', { here: undefined, all, chosen: ['clouds'] });
  expect(unknown.choices.map(({ value, count }) => [value, count])).toEqual([
    ['trailed', null],
    ['clouds', null],
    ['none', null],
  ]);
});

test('what was done is told in words of ours only', () => {
  expect(readTold('flag:doubtful:12')).toBe('12 frames flagged doubtful.');
  expect(readTold('tag:supernova:1')).toBe('1 frame tagged supernova.');
  expect(readTold('flag:stolen:12')).toBe('');
  expect(readTold('anything')).toBe('');
});
