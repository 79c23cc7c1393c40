import { sumFrames, toChoiceGroups } from '../../../src/web/frames/facets.js';
import type { Facet } from '../../../src/catalog/index.js';

const facet = (
  imageKind: string,
  filter: string | null,
  frames: number,
  more: Partial<Facet> = {},
): Facet => ({
  imageType: imageKind === 'object' ? 'Light Frame' : imageKind,
  imageKind,
  siteId: 'hill',
  telescope: '50',
  instrument: 'cam1',
  filter,
  binning: '1x1',
  reductionLevel: 0,
  proposal: null,
  frames,
  ...more,
});

const ALL = [
  facet('object', 'V', 20),
  facet('object', 'R', 96),
  facet('skyflat', 'V', 30),
  facet('bias', null, 30),
  facet('object', 'Ha', 7, { instrument: 'cam2', siteId: '' }),
];
const group = (name: string, chosen: Record<string, string[]>, matching = ALL) =>
  toChoiceGroups(matching, ALL, new Map(Object.entries(chosen))).find(
    (each) => each.name === name,
  )!;
const counts = (choices: readonly { value: string; count: number | null }[]) =>
  choices.map(({ value, count }) => [value, count]);

test('a value is counted under the other filters, not under its own', () => {
  const chosen = { IMAGETYPE: ['object'], FILTER: ['V'] };
  expect(counts(group('FILTER', chosen).choices)).toEqual([
    ['V', 20],
    ['R', 96],
    ['Ha', 7],
  ]);
  expect(counts(group('IMAGETYPE', chosen).choices)).toEqual([
    ['object', 20],
    ['skyflat', 30],
  ]);
});

test('a list in one value chooses its items; a value with a comma of its own is escaped', () => {
  const listed = group('FILTER', { FILTER: ['V,R'] }).choices;
  expect(listed.filter(({ isChosen }) => isChosen).map(({ value }) => value)).toEqual(['V', 'R']);
  const all = [...ALL, facet('object', 'g,r', 5)];
  for (const spelling of ['g,r', 'g\\,r']) {
    const chosen = new Map([['FILTER', [spelling]]]);
    const choices = toChoiceGroups(all, all, chosen).find(({ name }) => name === 'FILTER')?.choices;
    const found = choices?.find(({ label }) => label === 'g,r');
    expect(found).toMatchObject({ value: 'g\\,r', count: 5, isChosen: true });
  }
});

test('values that would give nothing stand apart with their count in the archive', () => {
  const { choices, absent } = group('FILTER', { IMAGETYPE: ['bias'] });
  expect(counts(choices)).toEqual([['None', 30]]);
  expect(counts(absent)).toEqual([
    ['V', 50],
    ['R', 96],
    ['Ha', 7],
  ]);
});

test('conditions that are no choices shrink the counts, not what the archive has', () => {
  const night = [facet('object', 'R', 4)];
  expect(counts(group('FILTER', {}, night).choices)).toEqual([['R', 4]]);
  expect(counts(group('FILTER', {}, night).absent).map(([value]) => value)).toEqual([
    'V',
    'Ha',
    'None',
  ]);
});

test('a type may be chosen by the word in the header, whatever its case', () => {
  const chosen = { IMAGETYPE: ['light frame'] };
  expect(counts(group('FILTER', chosen).choices)).toEqual([
    ['V', 20],
    ['R', 96],
    ['Ha', 7],
  ]);
  const own = group('IMAGETYPE', chosen).choices.find(({ isChosen }) => isChosen);
  expect(own).toMatchObject({ value: 'light frame', count: 123 });
});

test('a chosen value that nothing has stays, so that it can be taken back', () => {
  expect(
    group('FILTER', { FILTER: ['zz'] }).choices.filter(({ isChosen }) => isChosen),
  ).toMatchObject([{ value: 'zz', count: 0 }]);
});

test('filters stand in the order of wavelength, no filter last; empty values are no choice', () => {
  expect(group('FILTER', {}).choices.map(({ value }) => value)).toEqual(['V', 'R', 'Ha', 'None']);
  expect(group('SITE', {}).choices.map(({ value }) => value)).toEqual(['hill']);
  expect(sumFrames(ALL)).toBe(183);
});
