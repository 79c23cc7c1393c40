import {
  toSteps,
  type Correction,
  type FormerCorrection,
} from '../../../src/catalog/correction-steps.js';

const set = (keyword: string, value: Correction['value'], atMs: number, by = 'wanda') => {
  return { keyword, value, by, atMs };
};
const withdrawn = (keyword: string, atMs: number): FormerCorrection => {
  return { keyword, by: 'otto', atMs };
};

test('what is set once is one step from the file, with its rule and its reason', () => {
  const made = { ...set('CAMERA', 'red', 5), ruleId: 3, why: 'as ever' };
  expect(toSteps([], [])).toEqual([]);
  expect(toSteps([made], [])).toEqual([
    { keyword: 'CAMERA', to: 'red', by: 'wanda', atMs: 5, ruleId: 3, why: 'as ever' },
  ]);
});

test('each step goes on from the one before of its keyword; absent is a value, and none is the file', () => {
  const former = [
    set('FILTER', 'R', 1),
    set('GAIN', 2, 2),
    withdrawn('FILTER', 3),
    set('FILTER', null, 4),
  ];
  const steps = toSteps([set('FILTER', 'I', 6), set('OBJECT', false, 5)], former);
  expect(steps.map(({ keyword, from, to, atMs }) => [atMs, keyword, from, to])).toEqual([
    [1, 'FILTER', undefined, 'R'],
    [2, 'GAIN', undefined, 2],
    [3, 'FILTER', 'R', undefined],
    [4, 'FILTER', undefined, null],
    [5, 'OBJECT', undefined, false],
    [6, 'FILTER', null, 'I'],
  ]);
  expect(steps.map((step) => ['from' in step, 'to' in step])).toEqual([
    [false, true],
    [false, true],
    [true, false],
    [false, true],
    [false, true],
    [true, true],
  ]);
});

test('of one instant, what came first stays first', () => {
  const former = [set('FILTER', 'R', 1), withdrawn('FILTER', 1), set('FILTER', 'B', 1)];
  const steps = toSteps([set('AIRMASS', 1, 1), set('FILTER', 'I', 1)], former);
  const ofFilter = steps.filter(({ keyword }) => keyword === 'FILTER');
  expect(ofFilter.map(({ to }) => to)).toEqual(['R', undefined, 'B', 'I']);
});
