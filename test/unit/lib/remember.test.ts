import { remember } from '../../../src/lib/remember.js';

test('what was made of a thing is made again only for other arguments, or of another thing', () => {
  const made: number[][] = [];
  const sum = remember((of: readonly number[], ...more: readonly number[]) => {
    made.push([...of, ...more]);
    return { sum: [...of, ...more].reduce((a, b) => a + b, 0) };
  });
  const [some, others] = [
    [1, 2],
    [1, 2],
  ];
  const first = sum(some, 3);
  expect(first).toEqual({ sum: 6 });
  expect(sum(some, 3)).toBe(first);
  expect(sum(some)).toEqual({ sum: 3 }); // fewer arguments are others
  expect(sum(some, 4)).toEqual({ sum: 7 });
  expect(sum(others, 4)).not.toBe(sum(some, 4));
  expect(made).toEqual([
    [1, 2, 3],
    [1, 2],
    [1, 2, 4],
    [1, 2, 4],
  ]);
});

test('not a number is the same as itself', () => {
  let times = 0;
  const count = remember((_of: object, _at: number) => (times += 1));
  const thing = {};
  expect([count(thing, NaN), count(thing, NaN)]).toEqual([1, 1]);
});
