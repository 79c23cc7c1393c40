import { formatCards } from '../../../src/fits/write.js';
import { CardReader, latin1, parseCard, parseCards, parseNumber } from '../../../src/fits/card.js';

type Case = [text: string, kind: string, value: unknown, comment?: string];

const CASES: Case[] = [
  ["OBJECT  = 'M 31    '           / target", 'string', 'M 31', 'target'],
  ["OBJECT  = '  leading'", 'string', '  leading'],
  ["OBSERVER= 'O''Hara'", 'string', "O'Hara"],
  ["OBSERVER= 'it's here' / note", 'string', "it's here", 'note'],
  ["OBJECT  = ''", 'string', ''],
  ["OBJECT  = 'a / b' / c / d", 'string', 'a / b', 'c / d'],
  ["OBJECT  = 'no end", 'bad', 'no end'],
  ['DATE-OBS= 2012-11-14T19:55:06.207', 'bad', '2012-11-14T19:55:06.207'],
  ['FILTER  =   L', 'bad', 'L'],
  ['FILTER  = Ha/OIII / old', 'bad', 'Ha/OIII', 'old'],
  ['EXTEND  =                    T', 'logical', true],
  ['EXTEND  =                    F / no', 'logical', false, 'no'],
  ['NAXIS   =                    2', 'integer', 2],
  ['NAXIS   = +0002/comment', 'integer', 2, 'comment'],
  ['ZERO    = -0', 'integer', 0],
  ['BIG     = 9223372036854775807', 'integer', 9223372036854775807n],
  ['BIG     = +9007199254740993', 'integer', 9007199254740993n],
  ['EXPTIME =                 1.5', 'float', 1.5],
  ['EXPTIME = 1.', 'float', 1],
  ['EXPTIME = .5', 'float', 0.5],
  ['EXPTIME = 1.5D-03 / Fortran', 'float', 0.0015, 'Fortran'],
  ['EXPTIME = - 1.5E 2', 'float', -150],
  ['EXPTIME = 1.5e3', 'float', 1500],
  ['EXPTIME = NaN', 'bad', 'NaN'],
  ['VIS     = (1.0, -2.5D1) / complex', 'complex', [1, -25], 'complex'],
  ['VIS     = (1.0, x)', 'bad', '(1.0, x)'],
  ['SKEW    = -1.3E+00, -1.6E+00 /Measure', 'bad', '-1.3E+00, -1.6E+00', 'Measure'],
  ['FILTER  =                      / none', 'undefined', null, 'none'],
  ['FILTER  =', 'undefined', null],
  ['IRAF-B/P=                   16', 'integer', 16],
  ['EXPTIME = 1.D5', 'float', 1e5],
  ['EXPTIME = 1.5e-3/lower case', 'float', 0.0015, 'lower case'],
  ['EXPTIME = 1E400', 'bad', '1E400'],
  ['EXPTIME = Inf / not in the standard', 'bad', 'Inf', 'not in the standard'],
  ['NAXIS   = 0x10', 'bad', '0x10'],
  ['VIS     = (1, -2)', 'complex', [1, -2]],
  ['VIS     = ( 1 , 2 )/ blanks (and more)', 'complex', [1, 2], 'blanks (and more)'],
  ['VIS     = (1, 1E400)', 'bad', '(1, 1E400)'],
  ['EXTEND  =                    T may have more', 'logical', true, 'may have more'],
  ['EXPTIME =                 30.0 seconds / slash', 'float', 30, 'seconds / slash'],
  ['GAIN    = 30.0 e-/ADU', 'bad', '30.0 e-/ADU'],
  ["QUOTE   = ''''", 'string', "'"],
  ["QUOTE   = ''''''''", 'string', "'''"],
  ["QUOTE   = '''", 'bad', "'"],
  ["OBJECT  = 'a'/b", 'string', 'a', 'b'],
  ["DP1     = 'AXIS.1: 1' / record-valued", 'string', 'AXIS.1: 1', 'record-valued'],
  [
    "LONG    = 'reaches over the end of the card, where its writer has cut it off ''",
    'bad',
    "reaches over the end of the card, where its writer has cut it off '",
  ],
  ['COMMENT= 12', 'commentary', '= 12'],
  ['        = 12', 'commentary', '= 12'],
  ['KEY     =12', 'integer', 12],
  ['  KEY   = 12', 'integer', 12],
  ['HIERARCH ESO DET.CHIP1 X=-5 / short', 'integer', -5, 'short'],
  ["HIERARCHESO A B = 'x'", 'string', 'x'],
  ['INHERIT =                    T', 'logical', true],
  ['COMMENT = not a value', 'commentary', '= not a value'],
  ['HISTORY  two blanks', 'commentary', ' two blanks'],
  ['', 'commentary', ''],
];

test.each(CASES)('card %p is %s', (text, kind, value, comment = '') => {
  const card = parseCard(text.padEnd(80));
  expect({ kind: card.kind, value: card.value, comment: card.comment }).toEqual({
    kind,
    value,
    comment,
  });
  expect(card.text).toBe(text.padEnd(80));
});

test('keywords are upper case, HIERARCH keywords as written, and odd text keeps its case', () => {
  const keywords = [
    'exptime = 1.0',
    'HIERARCH ESO DET DIT = 10.0 / s',
    'HIERARCH no value here',
    'GAIN= 1.2',
    'the imaging location                SITELONG= 1',
    'OBSERVAT',
  ].map((text) => parseCard(text.padEnd(80)).keyword);
  expect(keywords).toEqual(['EXPTIME', 'ESO DET DIT', 'HIERARCH', 'GAIN', 'the imag', 'OBSERVAT']);
});

test('control characters end words and stay in the text', () => {
  const card = parseCard('OBJECT\0\0= 12\n/ a\0b'.padEnd(80, '\0'));
  expect(card).toMatchObject({ keyword: 'OBJECT', value: 12, comment: 'a b' });
  expect(card.text).toContain('\n');
});

const cards = (...lines: string[]): Uint8Array =>
  Buffer.from(lines.map((line) => line.padEnd(80)).join(''), 'latin1');

test('a long string is one card, with all its comments and all its text', () => {
  const parsed = parseCards(
    cards("LONG    = 'one &'", "CONTINUE  'two &' / first", "CONTINUE  'three' / second", 'X = 1'),
    2880,
  );
  expect(parsed.map((card) => [card.keyword, card.value, card.comment, card.offset])).toEqual([
    ['LONG', 'one two three', 'first second', 2880],
    ['X', 1, '', 2880 + 240],
  ]);
  expect(parsed[0]?.text.split('\n')).toHaveLength(3);
});

test('an ampersand without a CONTINUE card belongs to the text', () => {
  const parsed = parseCards(cards("A       = 'x&'", "B       = 'y&'", "CONTINUE  'z&'", 'END'));
  expect(parsed.map((card) => card.value)).toEqual(['x&', 'yz&']);
});

test('a CONTINUE card that continues nothing is kept as a card', () => {
  const parsed = parseCards(cards("A       = 'x'", "CONTINUE  'lost'"));
  expect(parsed.map((card) => [card.keyword, card.value])).toEqual([
    ['A', 'x'],
    ['CONTINUE', 'lost'],
  ]);
});

test('cards keep their order and their duplicates, and END ends them', () => {
  const parsed = parseCards(
    cards('COMMENT a', 'X       = 1', '', 'X       = 2', 'END\0', 'Y       = 3'),
  );
  expect(parsed.map((card) => `${card.keyword}:${String(card.value)}`)).toEqual([
    'COMMENT:a',
    'X:1',
    ':',
    'X:2',
  ]);
});

test('a long string goes over COMMENT in its cards, and CONTINUE may bring comment only', () => {
  const parsed = parseCards(
    cards(
      "LONGSTRN= 'OGIP 1.0'",
      "A       = 'x&' / one",
      "CONTINUE  'y&'",
      "CONTINUE  '' / two",
      "B       = 'z&'",
      'COMMENT between',
      "CONTINUE  'lost'",
    ),
  );
  expect(parsed.map((card) => [card.keyword, card.value, card.comment])).toEqual([
    ['LONGSTRN', 'OGIP 1.0', ''],
    ['A', 'xy', 'one two'],
    ['B', 'z&', ''],
    ['COMMENT', 'between', ''],
    ['CONTINUE', 'lost', ''],
  ]);
});

test('values after a damaged card survive', () => {
  const parsed = parseCards(
    cards(
      'BITPIX  = 8',
      '\xff\xfe\0\0\0= \0\x01',
      "A       = 'no end",
      '\0'.repeat(80),
      'B       = 2',
    ),
  );
  expect(parsed.map((card) => card.kind)).toEqual([
    'integer',
    'undefined',
    'bad',
    'commentary',
    'integer',
  ]);
  expect(parsed.at(-1)).toMatchObject({ keyword: 'B', value: 2, offset: 320 });
});

test('a header in pieces is read as the whole one, long strings over their edges too', () => {
  const bytes = cards(
    "A       = 'x&'",
    "CONTINUE  'y&'",
    "CONTINUE  'z'",
    'B       = 1',
    'END',
    'C       = 2',
  );
  for (let cut = 0; cut <= bytes.length; cut += 80) {
    const reader = new CardReader();
    reader.add(latin1(bytes.subarray(0, cut)), 100);
    reader.add(latin1(bytes.subarray(cut)), 100 + cut);
    expect(reader.finish()).toEqual(parseCards(bytes, 100));
  }
});

test('a text far longer than a card is no number, and found so at once', () => {
  expect(parseNumber(`${'1'.repeat(1e6)}x`)).toBeUndefined();
  expect(parseNumber(' -1.5D2 ')).toBe(-150);
});

test('a long string of very many cards is read in linear time', () => {
  const lines = Array.from({ length: 20_000 }, () => `CONTINUE  '${'x'.repeat(66)}&'`);
  const [card] = parseCards(cards("LONG    = 'a&'", ...lines));
  expect(typeof card?.value === 'string' && card.value.length).toBe(20_000 * 66 + 2);
});

test.each([
  ['a short string', 'abc'],
  ['quotes', "O'Hara''s"],
  ['a string of several cards', `${"it's ".repeat(60)}end`],
  ['an empty string', ''],
  ['an integer', -42],
  ['a large integer', 2n ** 70n],
  ['a float', 1.5e-300],
  ['a float without a point', 1e22],
  ['a logical value', true],
  ['no value', null],
])('%s written and read is the same', (_, value) => {
  for (const keyword of ['KEYWORD', 'A LONGER KEYWORD']) {
    const [card] = parseCards(cards(...formatCards([keyword, value, 'a comment'])));
    expect(card).toMatchObject({ keyword, value });
  }
});

test('what cannot be written is refused', () => {
  expect(() => formatCards(['BAD KEY!', 1])).toThrow('is not a keyword');
  expect(() => formatCards(['KEY', 'é'])).toThrow('plain ASCII');
  expect(() => formatCards(['KEY', NaN])).toThrow('cannot be NaN');
});
