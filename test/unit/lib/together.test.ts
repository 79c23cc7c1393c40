import { askTogether } from '../../../src/lib/together.js';

/** A question that is answered by hand, with what was asked so far. */
function question() {
  const open: { about: string; answer: (text: string | Error) => void }[] = [];
  const ask = askTogether(
    (about) =>
      new Promise<string>((resolve, reject) => {
        const answer = (text: string | Error): void => {
          if (text instanceof Error) reject(text);
          else resolve(text);
        };
        open.push({ about, answer });
      }),
  );
  return { ask, open };
}

/** Lets everything run that can. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who comes while it is asked waits for the next answer, with all who come until then', async () => {
  const { ask, open } = question();
  const [first, second, third] = [ask('a'), ask('a'), ask('a')];
  await settle();
  expect(open).toHaveLength(1);
  open[0]?.answer('one');
  expect(await first).toBe('one');
  await settle();
  expect(open).toHaveLength(2);
  const fourth = ask('a'); // the second answer may be from before it came
  open[1]?.answer('two');
  expect(await Promise.all([second, third])).toEqual(['two', 'two']);
  await settle();
  expect(open).toHaveLength(3);
  open[2]?.answer('three');
  expect(await fourth).toBe('three');
});

test('afterwards it is asked anew, and other questions wait for none', async () => {
  const { ask, open } = question();
  const first = ask('a');
  open[0]?.answer('one');
  await first;
  await settle();
  const [again, other] = [ask('a'), ask('b')];
  expect(open.map(({ about }) => about)).toEqual(['a', 'a', 'b']);
  open[2]?.answer('three');
  expect(await other).toBe('three');
  open[1]?.answer('two');
  expect(await again).toBe('two');
});

test('an error is told to those who asked, and the next ask for themselves', async () => {
  const { ask, open } = question();
  const [first, second] = [ask('a'), ask('a')];
  open[0]?.answer(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await settle();
  open[1]?.answer('two');
  expect(await second).toBe('two');
});

test('a question that cannot even be asked is an error of those who asked', async () => {
  let times = 0;
  const ask = askTogether((): Promise<number> => {
    times += 1;
    if (times < 3) throw new Error('not asked');
    return Promise.resolve(times);
  });
  const both = await Promise.allSettled([ask('a'), ask('a')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await settle();
  expect(await ask('a')).toBe(3);
});
