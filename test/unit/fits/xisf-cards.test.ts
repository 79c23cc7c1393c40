import { openXisf } from '../../../src/fits/xisf/index.js';
import type { ByteSource, Card, Hdu } from '../../../src/fits/index.js';
import { makeXisf, rawXisf } from '../../fixtures/make-xisf.js';
import type { MakeXisfOptions } from '../../fixtures/make-xisf.js';

function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    read: (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
    extent: (end) => Promise.resolve(Math.min(end, bytes.length)),
    close: () => Promise.resolve(),
  };
}

async function firstOf(bytes: Uint8Array): Promise<Hdu> {
  return (await openXisf(sourceOf(bytes))).hdus[0]!;
}

async function cardsOf(options: MakeXisfOptions): Promise<readonly Card[]> {
  return (await firstOf(makeXisf(options))).header.cards;
}

const brief = ({ keyword, kind, value, comment }: Card): unknown[] => [
  keyword,
  kind,
  value,
  comment,
];

describe('keywords', () => {
  test.each<[string, string, Card['kind'], Card['value']]>([
    ['a number', '300.0', 'float', 300],
    ['an exponent', '1.78e+04', 'float', 17800],
    ['an integer', '-17', 'integer', -17],
    ['a large integer', '9007199254740993', 'integer', 9007199254740993n],
    ['a logical', 'T', 'logical', true],
    ['a complex number', '(1, -2)', 'complex', [1, -2]],
    ['a string', "'M 31'", 'string', 'M 31'],
    ['quotes in a string', "'O''Brien'", 'string', "O'Brien"],
    ['a slash in a string', "'Ha / OIII'", 'string', 'Ha / OIII'],
    ['an empty string', "''", 'string', ''],
    ['leading blanks in a string', "'  x   '", 'string', '  x'],
    ['no value', '', 'undefined', null],
    ['a string without quotes', 'Ha / OIII', 'string', 'Ha / OIII'],
    ['a string without its last quote', "'M 31", 'string', 'M 31'],
    ['a number with a unit', '300 s', 'string', '300 s'],
    ['a slash alone', '/', 'string', '/'],
    ['marks of XML', '\'a<b & "c"\'', 'string', 'a<b & "c"'],
    ['letters beyond ASCII', "'Sternwarte Völs ★'", 'string', 'Sternwarte Völs ★'],
  ])('%s is typed as a card of FITS would be', async (_, text, kind, value) => {
    const [card] = await cardsOf({ keywords: [['SOME-KEY', text, 'what it is']] });
    expect(brief(card!)).toEqual(['SOME-KEY', kind, value, 'what it is']);
    expect(card?.text).toMatch(/^SOME-KEY= .*\/ what it is$/);
  });

  test('order, duplicates and commentary are kept', async () => {
    const keywords: [string, string, string?][] = [
      ['OBJECT', "'M 31'", 'target'],
      ['HISTORY', '', 'ImageIntegration.numberOfImages: 60'],
      ['FILTER', "'L'"],
      ['COMMENT', 'said as value'],
      ['HISTORY', '', '  second'],
      ['object', "'M 32'"],
      ['', '', 'blank'],
      ['END', ''],
    ];
    const { header } = await firstOf(makeXisf({ keywords }));
    expect(header.cards.map(brief)).toEqual([
      ['OBJECT', 'string', 'M 31', 'target'],
      ['HISTORY', 'commentary', 'ImageIntegration.numberOfImages: 60', ''],
      ['FILTER', 'string', 'L', ''],
      ['COMMENT', 'commentary', 'said as value', ''],
      ['HISTORY', 'commentary', 'second', ''],
      ['OBJECT', 'string', 'M 32', ''],
      ['', 'commentary', 'blank', ''],
    ]);
    expect(header.string('OBJECT')).toBe('M 31');
  });

  test('the text of a number is as it was written', async () => {
    const { header } = await firstOf(makeXisf({ keywords: [['GAIN', '1.50', 'e/ADU']] }));
    expect(header.string('GAIN')).toBe('1.50');
  });

  test('long values and long names need no cards of 80 characters', async () => {
    const long = 'y'.repeat(500);
    const keywords: [string, string][] = [
      ['NOTES', `'${long}'`],
      ['PIXINSIGHT VERSION', "'1.9.3'"],
    ];
    const [notes, version] = await cardsOf({ keywords });
    expect(notes?.value).toBe(long);
    expect(version?.keyword).toBe('PIXINSIGHT VERSION');
    expect(version?.text).toBe("HIERARCH PIXINSIGHT VERSION = '1.9.3'");
  });

  test('a very long value is a string, and is not searched for a number', async () => {
    for (const value of [`1E${' '.repeat(200_000)}x`, '7'.repeat(200_000)]) {
      const [card] = await cardsOf({ keywords: [['LONG', value]] });
      expect([card?.kind, card?.value]).toEqual(['string', value]);
    }
    const [card] = await cardsOf({ keywords: [['LONG', `'it''s ${'y'.repeat(2000)}'`]] });
    expect(card?.value).toBe(`it's ${'y'.repeat(2000)}`);
  });

  test('long strings are joined from their CONTINUE keywords', async () => {
    const keywords: [string, string, string?][] = [
      ['LONGSTR', "'one &'"],
      ['CONTINUE', "'two''s &'"],
      ['CONTINUE', "'three&'", 'said last'],
      ['AFTER', '1'],
      ['CONTINUE', "'astray'"],
    ];
    expect((await cardsOf({ keywords })).map(brief)).toEqual([
      ['LONGSTR', 'string', "one two's three&", 'said last'],
      ['AFTER', 'integer', 1, ''],
      ['CONTINUE', 'string', 'astray', ''],
    ]);
  });

  test('control characters become blanks', async () => {
    const inside = '<FITSKeyword name="A" value="\'x&#10;y\'" comment="c&#9;d"/>';
    const [card] = (await firstOf(makeXisf({ inside }))).header.cards;
    expect(brief(card!)).toEqual(['A', 'string', 'x y', 'c d']);
  });

  test('only keywords of the image itself count', async () => {
    const inside = '<Other><FITSKeyword name="A" value="1"/></Other>';
    expect((await firstOf(makeXisf({ inside }))).header.cards).toEqual([]);
  });
});

describe('properties', () => {
  const properties = {
    'Observation:Time:Start': '2026-08-13T11:27:58.317Z',
    'Observation:Center:RA': '276.5999896462167',
    'Observation:Center:Dec': '-15.83356733476789',
    'Instrument:ExposureTime': '3e+02',
    'Instrument:FrameExposureTime': '60',
    'Instrument:Filter:Name': "H'a",
    'Instrument:Camera:Name': 'QHY268M',
    'Instrument:Telescope:Name': 'WO Z61',
    'Instrument:Telescope:FocalLength': '0.370026',
    'Instrument:Sensor:XPixelSize': '3.76',
    'Observation:Object:Name': 'M 17',
    'Instrument:Sensor:Temperature': 'cold',
    'Some:Other': '1',
  };

  test('fill what no keyword tells, in the units of keywords', async () => {
    const { header } = await firstOf(makeXisf({ properties, attributes: { imageType: 'Light' } }));
    const told = header.cards.map(({ keyword, value }) => [keyword, value]);
    expect(Object.fromEntries(told)).toEqual({
      'DATE-OBS': '2026-08-13T11:27:58.317',
      RA: 276.5999896462167,
      DEC: -15.83356733476789,
      EXPTIME: 300,
      FILTER: "H'a",
      INSTRUME: 'QHY268M',
      TELESCOP: 'WO Z61',
      FOCALLEN: 370.026,
      XPIXSZ: 3.76,
      OBJECT: 'M 17',
      IMAGETYP: 'Light',
    });
    expect(header.string('RA')).toBe('276.5999896462167');
    expect(header.card('EXPTIME')?.comment).toBe('Instrument:ExposureTime');
  });

  test('keywords go before them', async () => {
    const keywords: [string, string][] = [
      ['OBJECT', "'M 31'"],
      ['RA', "'00 42 44'"],
    ];
    const { header } = await firstOf(makeXisf({ keywords, properties }));
    expect(header.cards.filter(({ keyword }) => keyword === 'OBJECT')).toHaveLength(1);
    expect([header.value('OBJECT'), header.value('RA')]).toEqual(['M 31', '00 42 44']);
    expect(header.value('FILTER')).toBe("H'a");
  });

  test('may be the text of their element, and stand beside the image', async () => {
    const property = (id: string, text: string): string =>
      `<Property id="${id}" type="String">${text}</Property>`;
    const inside =
      property('Observation:Object:Name', 'NGC <![CDATA[7000]]>') +
      '<Property id="Observer:Name" type="String" location="attachment:4096:9"/>';
    const image = `<Image geometry="1:1:1" sampleFormat="UInt8" location="inline:hex">00${inside}</Image>`;
    const other =
      property('Observation:Object:Name', 'not this') + property('Observer:Name', 'Ada');
    const { header } = await firstOf(rawXisf(image + other));
    expect(header.value('OBJECT')).toBe('NGC 7000');
    expect(header.value('OBSERVER')).toBe('Ada');
  });
});
