import { parseCards } from '../../../src/fits/index.js';
import { numberIn, strictCard } from '../../../src/products/strict-card.js';

function cardOf(text: string) {
  const [card] = parseCards(Buffer.from(text.padEnd(80), 'latin1'));
  if (card === undefined) throw new Error('No card.');
  return card;
}

/** The lines of a card in strict form, without the blanks at their ends. */
function strict(text: string): string[] {
  const lines = strictCard(cardOf(text));
  for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]{80}$/);
  return lines.map((line) => line.trimEnd());
}

describe('a card that keeps to the standard is carried to the letter', () => {
  test.each([
    "OBJECT  = 'M 31    '           / what it is",
    "OBJECT  ='M 31'".replace('=', '= '),
    "QUOTE   = 'it''s'/no blank",
    "EMPTY   = ''",
    'EXPTIME =   12.50',
    'GAIN    = +007                  / zeros in front',
    'SMALL   = -1.5D-300',
    'POINT   = .5',
    'UNKNOWN =                      / null',
    'UNKNOWN =',
    'DONE    = T / yes',
    'VIS     = (1.0, -2E3)',
    'HIERARCH ESO DET DIT = 1.5 / s',
    "HIERARCH DATE of it = 'whenever'",
    'COMMENT   anything = at all / here',
    "DATE-OBS= '2026-03-01T20:00:00.123'",
    "DATE    = '2024-02-29'",
    "DATE    = '31/12/87'",
    "DATE-OBS= '2016-12-31T23:59:60'",
    "DATE-OBS= '-04713-11-24T12:00:00'",
    'BLANK   =               -32768',
    'EPOCH   =               2000.0',
  ])('%s', (text) => {
    expect(strict(text)).toEqual([text]);
  });

  test('also a long string with its CONTINUE cards', () => {
    const lines = ["LONG    = 'it goes &'", "CONTINUE  'on' / and on"];
    expect(strict(lines.map((line) => line.padEnd(80)).join(''))).toEqual(lines);
  });
});

describe('a value that is not standard is written anew', () => {
  test.each([
    ['DLOW    = 1.5d-3 / small letter', 'DLOW    =               1.5D-3 / small letter'],
    ['ELOW    =   1.25e+05', 'ELOW    =             1.25E+05'],
    ['MANY    = 1.234567890123456789e0', 'MANY    = 1.234567890123456789E0'],
    ['BLANKS  = - 5.0 E - 2', 'BLANKS  =              -5.0E-2'],
    ['TIGHT   =5', 'TIGHT   =                    5'],
    ['PAIR    = ( 1d0 , 2e0 )', 'PAIR    =            (1D0,2E0)'],
    ["TRAILQ  = 'x' junk", "TRAILQ  = 'x       '           / junk"],
    ["QUOTE   = 'it's'", "QUOTE   = 'it''s   '"],
    ['NAKED   = some words / here', "NAKED   = 'some words'         / here"],
    ["lower   = 'x'", "LOWER   = 'x       '"],
    ['HIERARCH ESO DET DIT = 1.5d0', 'HIERARCH ESO DET DIT =                1.5D0'],
    ["HIERARCH ESO DET ID = 'x' junk", "HIERARCH ESO DET ID = 'x       '           / junk"],
    ['FIXED   =                    5 e2v chip', 'FIXED   =                    5 / e2v chip'],
  ])('%s', (text, expected) => {
    expect(strict(text)).toEqual([expected]);
    expect(strict(expected)).toEqual([expected]);
  });

  test('a string that was torn apart is put together', () => {
    const lines = ["LONG    = 'it goes &' junk", "CONTINUE  'on' and on"];
    const [first, ...more] = strict(lines.map((line) => line.padEnd(80)).join(''));
    expect(first).toBe("LONG    = 'it goes on'         / junk and on");
    expect(more).toEqual([]);
  });
});

describe('a reserved keyword has a value of its type or becomes a comment', () => {
  test.each([
    ["EPOCH   = '2015.58 ' / years", 'EPOCH   =              2015.58 / years'],
    ["CRPIX1  = '1d2'", 'CRPIX1  =                  1D2'],
    ['BLANK   =             -32768.0', 'BLANK   =               -32768'],
    ['OBJECT  = 31', "OBJECT  = '31      '"],
    ['TELESCOP= T', "TELESCOP= 'T       '"],
    ["DATE-OBS= '2022-07-24 23:30:50'", "DATE-OBS= '2022-07-24T23:30:50'"],
    ["DATE-OBS= '2022-07-24T23:30:50.5Z'", "DATE-OBS= '2022-07-24T23:30:50.5'"],
    ['DATE-OBS= 2022-07-24', "DATE-OBS= '2022-07-24'"],
  ])('%s has', (text, expected) => {
    expect(strict(text)).toEqual([expected]);
  });

  test.each([
    'CRDER1  = nan / no number',
    'CRVAL1  =                      / null',
    "CRVAL1  = 'unknown'",
    'BLANK   = 0.5',
    "WCSAXES = 'two'",
    'OBJECT  =',
    "DATE    = '31-12-87'",
    "DATE    = '16-May-2014'",
    "DATE    = '2014-05-16_UTC'",
    "DATE-OBS= '98/02/26'",
    "DATE-OBS= '2023-02-29'",
    "DATE-OBS= '2023-02-28T24:00:00'",
    "DATE-OBS= ''",
    'DATE-OBS= 20140516',
  ])('%s becomes one', (text) => {
    expect(strict(text)).toEqual([`COMMENT ${text}`]);
  });
});

test('no card of noise makes a line that is not strict', () => {
  let state = 1;
  const random = (below: number): number => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  const alphabet = "AE1d.'/= &()-+\x07\xe9x9";
  const starts = ['A       = ', 'DATE    = ', 'CRVAL1  = ', 'HIERARCH A B = ', "A       = '", ''];
  for (let turn = 0; turn < 3000; turn += 1) {
    const start = starts[random(starts.length)] ?? '';
    const rest = Array.from({ length: random(70) }, () => alphabet[random(alphabet.length)]);
    const card = parseCards(Buffer.from((start + rest.join('')).padEnd(80), 'latin1'))[0];
    if (card === undefined) continue;
    for (const line of strictCard(card)) {
      expect(line).toMatch(/^[\x20-\x7e]{80}$/);
      const [again] = parseCards(Buffer.from(line, 'latin1'));
      if (again !== undefined && again.keyword !== 'CONTINUE')
        expect(strictCard(again)).toEqual([line]);
    }
  }
});

test('a number is also found in quotes, but never an endless one', () => {
  expect(numberIn(cardOf("CRPIX1  = ' 1.5d1 '"))).toBe(15);
  expect(numberIn(cardOf('CRPIX1  = 15'))).toBe(15);
  expect(numberIn(cardOf("CRPIX1  = '1E999'"))).toBeUndefined();
  expect(numberIn(cardOf("CRPIX1  = 'middle'"))).toBeUndefined();
  expect(numberIn(cardOf('CRPIX1  = T'))).toBeUndefined();
});
