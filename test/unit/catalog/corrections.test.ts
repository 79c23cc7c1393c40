import {
  correctHdus,
  overlayCards,
  parseOverrides,
  type CorrectionValue,
} from '../../../src/catalog/corrections.js';
import type { StoredCard, StoredHdu } from '../../../src/catalog/schema.js';

const card = (keyword: string, value: StoredCard['value'], kind = 'string'): StoredCard => ({
  keyword,
  kind,
  value,
  comment: 'as written',
});

function hdu(index: number, cards: readonly StoredCard[], axes: readonly number[] = []): StoredHdu {
  const name = index === 0 ? '' : 'SCI';
  return { hdu: index, name, kind: 'image', bitpix: 16, axes, checksum: 'ok', cards };
}

const over = (values: Record<string, CorrectionValue>): Map<string, CorrectionValue> =>
  new Map(Object.entries(values));
const shown = (hdus: readonly StoredHdu[]): unknown[] =>
  hdus.map(({ cards }) => cards.map(({ keyword, value }) => [keyword, value]));

test('a value stands where its keyword stood, in every header that has it, once in each', () => {
  const file = [
    hdu(0, [card('FILTER', 'V'), card('OBJECT', 'M 31')]),
    hdu(1, [card('Filter', 'B'), card('FILTER', 'I'), card('GAIN', 1, 'integer')], [4, 3]),
  ];
  expect(shown(correctHdus(file, over({ FILTER: 'R' })))).toEqual([
    [
      ['FILTER', 'R'],
      ['OBJECT', 'M 31'],
    ],
    [
      ['FILTER', 'R'],
      ['GAIN', 1],
    ],
  ]);
});

test('what stood nowhere comes to the primary and the main image, so that pairs stay together', () => {
  const file = [hdu(0, [card('TEL-DEC', 41)]), hdu(1, [], [4, 3]), hdu(2, [], [9, 9])];
  expect(shown(correctHdus(file, over({ 'TEL-RA': 10.5 })))).toEqual([
    [
      ['TEL-DEC', 41],
      ['TEL-RA', 10.5],
    ],
    [['TEL-RA', 10.5]],
    [],
  ]);
  // A file of one image has one header.
  expect(shown(correctHdus([hdu(0, [], [4, 3])], over({ GAIN: 2 })))).toEqual([[['GAIN', 2]]]);
});

test('null takes a keyword away, commentary is no value, and without values nothing is copied', () => {
  const file = [hdu(0, [card('FILTER', 'V'), card('NOTE', 'text', 'commentary')], [4, 3])];
  expect(shown(correctHdus(file, over({ FILTER: null, NOTE: null })))).toEqual([
    [['NOTE', 'text']],
  ]);
  expect(correctHdus(file, new Map())).toBe(file);
});

test('a card of a value has the kind that the codec gives such a card', () => {
  const [laid] = correctHdus([hdu(0, [])], over({ A: 'x', B: true, C: 3, D: 3.5 }));
  expect(laid?.cards.map(({ keyword, kind }) => [keyword, kind])).toEqual([
    ['A', 'string'],
    ['B', 'logical'],
    ['C', 'integer'],
    ['D', 'float'],
  ]);
  const options = { front: [0], toCard: (keyword: string) => ({ keyword, kind: 'mine' }) };
  expect(overlayCards<{ keyword: string; kind: string }>([[]], over({ A: 1 }), options)).toEqual([
    [{ keyword: 'A', kind: 'mine' }],
  ]);
});

test.each([
  [{ object: ' M 31 ' }, [['OBJECT', 'M 31']]],
  [
    { 'TEL-RA': 1e-5, F: false, G: null },
    [
      ['TEL-RA', 1e-5],
      ['F', false],
      ['G', null],
    ],
  ],
  [{ 'eso tel airm': 1.2 }, [['ESO TEL AIRM', 1.2]]],
  [{ LONGERTHAN8: 'a b' }, [['LONGERTHAN8', 'a b']]],
  [{}, []],
])('%j can be set', (json, expected) => {
  expect([...parseOverrides(json)]).toEqual(expected);
});

test.each([
  [null, /as an object/],
  ['FILTER=R', /as an object/],
  [{ '': 1 }, /is not a keyword/],
  [{ 'TOO-LONG-WORD é': 1 }, /is not a keyword/],
  [JSON.parse('{"__proto__": 1}'), /__proto__ is not a keyword/],
  [{ constructor: 1 }, /constructor is not a keyword/],
  [{ BITPIX: 8 }, /BITPIX describes the bytes/],
  [{ NAXIS12: 8 }, /NAXIS12 describes the bytes/],
  [{ ZTILE1: 8 }, /ZTILE1 describes the bytes/],
  [{ TFORM3: 'D' }, /TFORM3 describes the bytes/],
  [{ COMMENT: 'x' }, /COMMENT describes the bytes/],
  [{ A: Number.NaN }, /A needs a finite number/],
  [{ A: [1] }, /A needs a text, a number/],
  [{ A: '\ud800' }, /A has a text with characters/],
  [{ A: 'a\u202eb' }, /A has a text with characters/],
  [{ A: 'a\0b' }, /A has a text with characters/],
  [{ A: 'a\nb' }, /A has a text with characters/],
  [Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`K${at}`, at])), /At most 100/],
])('%j cannot be set', (json, words) => {
  expect(() => parseOverrides(json)).toThrow(words);
});
