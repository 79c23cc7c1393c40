import { createPace, inSteps } from '../../../src/lib/pace.js';

test('short work is not interrupted, long work is', async () => {
  expect(createPace(1000)()).toBeUndefined();
  const pace = createPace(0);
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await pace();
  expect(turned).toBe(true);
});

test.each([0, 1, 250, 251, 1000])('all of %p items are given once, in order', async (length) => {
  const items = Array.from({ length }, (_, index) => index);
  const given: number[] = [];
  await inSteps(items, (some) => given.push(...some), createPace(0));
  expect(given).toEqual(items);
});
