import type { StoredCard } from '../../../src/catalog/index.js';
import { formatCards, parseStoredCards } from '../../../src/catalog/write-cards.js';

const make = (length: number): StoredCard[] =>
  Array.from({ length }, (_, index) => ({
    keyword: `K${index}`,
    kind: index % 2 === 0 ? 'integer' : 'string',
    value: index % 2 === 0 ? index : `two,\n"lines" ${index}`,
    comment: '],\n[',
  }));

test.each([0, 1, 250, 251, 1000])('%p cards come back as they were', async (length) => {
  const cards = make(length);
  const text = await formatCards(cards);
  expect(await parseStoredCards(text)).toEqual(cards);
  expect(JSON.parse(text)).toHaveLength(length); // it is one list, whoever reads it
});

test('lists that were written in one piece are read', async () => {
  const text = JSON.stringify([
    ['A', 'complex', [1, 2], 'x'],
    ['B', 'undefined', null, ''],
  ]);
  expect(await parseStoredCards(text)).toEqual([
    { keyword: 'A', kind: 'complex', value: [1, 2], comment: 'x' },
    { keyword: 'B', kind: 'undefined', value: null, comment: '' },
  ]);
});

test('the event loop runs while a very long header is written and read', async () => {
  const cards = make(100_000);
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const text = await formatCards(cards);
  const written = turns;
  await parseStoredCards(text);
  isDone = true;
  expect(written).toBeGreaterThan(3);
  expect(turns - written).toBeGreaterThan(3);
});
