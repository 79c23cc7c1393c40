import { rawFits } from '../fixtures/make-fits.js';
import { card } from '../fixtures/make-table.js';
import { attacks, type FileAttack } from './attack.js';

let serial = 0;

/** A frame like no other, with these cards as text; bytes beyond ASCII are Latin-1. */
export function namedFrame(cards: Readonly<Record<string, string>>): Buffer {
  serial += 1;
  const all: Record<string, string> = {
    'DATE-OBS': `2026-03-01T20:00:00.${String(serial % 1000).padStart(3, '0')}`,
    'DAY-OBS': '2026-03-01',
    SITEID: 'hill',
    INSTRUME: 'cam1',
    ...cards,
  };
  const text = Object.entries(all).flatMap(([keyword, value]) => textCards(keyword, value));
  const data = Buffer.alloc(48, serial);
  data.writeUInt32BE(serial);
  return rawFits({
    cards: [card('SIMPLE', 'T'), card('BITPIX', 8), card('NAXIS', 2)].concat(
      [card('NAXIS1', 8), card('NAXIS2', 6)],
      text,
    ),
    data,
  });
}

/** A string of any length, by CONTINUE. FITS Standard 4.0 §4.2.1.2. */
function textCards(keyword: string, text: string): string[] {
  const quoted = text.replaceAll("'", "''");
  const pieces = quoted.match(/[^]{1,60}/g) ?? [''];
  return pieces.map((piece, index) => {
    const more = index < pieces.length - 1 ? '&' : '';
    return index === 0 ? `${keyword.padEnd(8)}= '${piece}${more}'` : `CONTINUE  '${piece}${more}'`;
  });
}

/** UTF-8 as the Latin-1 text that has the same bytes. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

/** Names that lead out of the tree, or that some system takes for something else. */
const ESCAPES = [
  ...['..', '../x', '../../../../tmp/evil', '/etc/passwd', '/', '..\\..\\x', 'C:\\windows\\x'],
  ...['\\\\server\\share', './../x', 'a/../../x', '.platevault/x', '.incoming/x', '.git/config'],
  ...['~/.ssh/authorized_keys', '\0', 'a\0b', 'a\nb', 'a\r\nX-Evil: 1', '\u001b[2Jx', '\u007f'],
];

/** Names that are unpleasant, but stay where they belong if they are taken at all. */
const UNPLEASANT = [
  ...['CON', 'nul', 'con.fits', 'LPT1.x', 'aux.', 'name.', 'name ', 'a:b', 'a|b', 'a*b?', '<b>'],
  ...['$(touch evil)', '`touch evil`', '; touch evil', "'; drop table frames; --", '%2e%2e%2f'],
  ...['-rf', '--help', '"quoted"', "it's", '=1+1', '@x', '%00', '%s%n', '{SITEID}', '__proto__'],
  ...['constructor', '.htaccess', 'x'.repeat(5000), 'a/'.repeat(500), `a${'/b'.repeat(60)}`],
  ...[utf8('é'.repeat(200)), utf8('\u202egpj.stif'), utf8('a\u0301'.repeat(80)), utf8('ａ／ｂ')],
  ...[utf8('х'), '\xff\xfe\xc0\xae\xc0\xae', utf8('\ufeffx'), utf8('a\u200bb'), utf8('a\u2028b')],
];

const shown = (text: string): string => JSON.stringify(text.slice(0, 40));

/** Frames whose headers say where they want to lie. */
export function nameAttacks(): FileAttack[] {
  const inHeader = (keyword: string, texts: readonly string[]): FileAttack[] =>
    attacks(
      `names in ${keyword}`,
      'any',
      texts.map((text) => [
        `${keyword} = ${shown(text)}`,
        () => namedFrame({ FNAME: `n${serial}`, [keyword]: text }),
      ]),
    );
  return [
    ...inHeader('SITEID', [...ESCAPES, ...UNPLEASANT]),
    ...inHeader('DAY-OBS', ESCAPES),
    ...inHeader('FNAME', [...ESCAPES, ...UNPLEASANT]),
    ...inHeader('OBJECT', UNPLEASANT.slice(0, 16)),
    ...attacks(
      'names of the upload',
      'any',
      [...ESCAPES, ...UNPLEASANT].map((text) => [
        shown(text),
        () => namedFrame({}),
        // As browsers send it: the quotation mark and line ends are escaped.
        text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A'),
      ]),
    ),
    ...twins(),
  ];
}

/** Names that differ, but not everywhere. */
function twins(): FileAttack[] {
  const names = ['Twin', 'TWIN', 'twin', utf8('caf\u00e9'), utf8('cafe\u0301'), utf8('ﬁt'), 'fit'];
  return attacks(
    'twins',
    'any',
    names.map((name) => [name, () => namedFrame({ FNAME: `${name}.fits` })]),
  );
}
