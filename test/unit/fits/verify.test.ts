import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFits, writeFits } from '../../../src/fits/index.js';
import type { Issue } from '../../../src/fits/index.js';
import { verify } from '../../../src/fits/verify.js';
import { rawFits } from '../../fixtures/make-fits.js';
import { card, primaryCards, rawTable } from '../../fixtures/make-table.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fits-verify-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function find(bytes: Uint8Array): Promise<Issue[]> {
  const path = join(folder, 'one.fits');
  await writeFile(path, bytes);
  const file = await openFits(path);
  try {
    return await verify(file);
  } finally {
    await file.close();
  }
}

const short = (issues: readonly Issue[]): string[] =>
  issues.map(({ code, level, keyword }) => `${level} ${code} ${keyword}`.trim());

test('nothing is found in a file of ours', async () => {
  const image = { axes: [3, 2], bitpix: 16, pixels: new Uint16Array(6) } as const;
  const columns = [{ name: 'X', form: 'D', values: [1, 2] }] as const;
  const file = writeFits([
    {
      cards: [
        ['OBJECT', "it's"],
        ['HIERARCH ESO', 1],
        ['LONG', 'x'.repeat(200)],
        ['COMMENT', 'c'],
      ],
      image,
    },
    { cards: [], table: { name: 'CAT', columns } },
  ]);
  expect(await find(file)).toEqual([]);
});

const pixels = [card('SIMPLE', 'T'), card('BITPIX', 16), card('NAXIS', 1), card('NAXIS1', 4)];
const floats = [card('SIMPLE', 'T'), card('BITPIX', -32), card('NAXIS', 1), card('NAXIS1', 2)];
const data = Buffer.alloc(8);

test.each<[string, string[], string[]]>([
  ['a small letter in a keyword', [...pixels, 'Object  = 1'], ['error format Object']],
  ['another character in a keyword', [...pixels, 'A/B     = 1'], ['error format A/B']],
  ['a text that is not ASCII', [...pixels, "OBJECT  = 'M\xe9'"], ['error format OBJECT']],
  ['no blank after the equals sign', [...pixels, 'OBJECT  =1'], ['error format OBJECT']],
  ['a card without a value', [...pixels, 'OBJECT  M 1'], ['warning card OBJECT']],
  ['a text without quotes', [...pixels, 'OBJECT  = M 1'], ['warning card OBJECT']],
  ['an open text', [...pixels, "OBJECT  = 'M 1"], ['warning card OBJECT']],
  ['text after the text', [...pixels, "OBJECT  = 'M 1' 2"], ['error format OBJECT']],
  ['a small exponent', [...pixels, card('GAIN', '1.5e3')], ['warning format GAIN']],
  ['a comment without a blank', [...pixels, 'GAIN    = 1/ e'], ['warning format GAIN']],
  [
    'CONTINUE after a closed text',
    [...pixels, "OBJECT  = 'M'", "CONTINUE  'x'"],
    ['warning continue CONTINUE'],
  ],
  [
    'a keyword with two values',
    [...pixels, card('GAIN', 1), card('GAIN', 2)],
    ['warning duplicate GAIN'],
  ],
  [
    'NAXIS that is not in its columns',
    [card('SIMPLE', 'T'), 'BITPIX  = 16', ...pixels.slice(2)],
    ['error format BITPIX'],
  ],
  [
    'NAXIS before BITPIX',
    [pixels[0] ?? '', pixels[2] ?? '', pixels[1] ?? '', pixels[3] ?? ''],
    ['error keyword NAXIS', 'error keyword BITPIX'],
  ],
  ['PCOUNT in a primary HDU', [...pixels, card('PCOUNT', 0)], ['error value PCOUNT']],
  ['BLANK for floats', [...floats, card('BLANK', 0)], ['error value BLANK']],
  ['BLANK that is not whole', [...pixels, card('BLANK', '0.5')], ['error value BLANK']],
  [
    'a date of another kind',
    [...pixels, card('DATE-OBS', "'1 May 2020'")],
    ['warning value DATE-OBS'],
  ],
  ['WCSAXES too late', [...pixels, card('CRPIX1', 1), card('WCSAXES', 1)], ['error value WCSAXES']],
  ['both CD and PC', [...pixels, card('CD1_1', 1), card('PC1_1', 1)], ['error value']],
  ['a scale of zero', [...pixels, card('CDELT1', 0)], ['error value CDELT1']],
  ['a wrong sum', [...pixels, card('DATASUM', "'12'")], ['warning checksum DATASUM']],
])('%s is found', async (_what, cards, expected) => {
  expect(short(await find(rawFits({ cards, data })))).toEqual(expected);
});

test('each finding says where it is', async () => {
  const [issue] = await find(rawFits({ cards: [...pixels, 'Object  = 1'], data }));
  expect(issue).toMatchObject({
    hdu: 0,
    offset: 320,
    text: expect.stringContaining('small letters') as string,
  });
});

test('fill that is not fill is found', async () => {
  const file = rawFits({ cards: pixels, data });
  file.write('x', 2000);
  file.write('x', 2880 + 100);
  expect(short(await find(file))).toEqual(['error fill END', 'error fill']);
});

test('an extension needs PCOUNT and GCOUNT', async () => {
  const extension = [card('XTENSION', "'IMAGE   '"), ...primaryCards.slice(1)];
  const file = rawFits({ cards: primaryCards }, { cards: extension });
  expect(short(await find(file))).toEqual(['error keyword PCOUNT', 'error keyword GCOUNT']);
});

const rows = [Buffer.from('ab\x01T')];
test.each<[string, Parameters<typeof rawTable>[0], string[]]>([
  ['columns that do not fit', { forms: ['8J'], rows }, ['error column TFORM1']],
  [
    'columns that do not fill the row',
    { forms: ['2A'], rows, cards: [card('TTYPE1', "'A'")] },
    ['error column NAXIS1'],
  ],
  ['a column without a name', { forms: ['4B'], rows }, ['warning column TFORM1']],
  [
    'two columns of one name',
    { forms: ['2B', '2B'], rows, cards: [card('TTYPE1', "'A'"), card('TTYPE2', "'A'")] },
    ['warning column TTYPE2'],
  ],
  [
    'TNULL for floats',
    { forms: ['E'], rows, cards: [card('TTYPE1', "'A'"), card('TNULL1', 1)] },
    ['error column TNULL1'],
  ],
  [
    'TDIM that does not fit',
    { forms: ['4B'], rows, cards: [card('TTYPE1', "'A'"), card('TDIM1', "'(3,2)'")] },
    ['error column TDIM1'],
  ],
  [
    'a format for another type',
    { forms: ['4B'], rows, cards: [card('TTYPE1', "'A'"), card('TDISP1', "'A4'")] },
    ['warning column TDISP1'],
  ],
  [
    'a keyword of no column',
    { forms: ['4B'], rows, cards: [card('TTYPE1', "'A'"), card('TTYPE2', "'B'")] },
    ['warning column TTYPE2'],
  ],
  [
    'text that is not ASCII',
    { forms: ['4A'], rows, cards: [card('TTYPE1', "'A'")] },
    ['error data TFORM1'],
  ],
  [
    'a logical value that is none',
    { forms: ['4L'], rows, cards: [card('TTYPE1', "'A'")] },
    ['error data TFORM1'],
  ],
  [
    'a descriptor out of the heap',
    { forms: ['PB'], rows: [Buffer.alloc(8, 1)], cards: [card('TTYPE1', "'A'")] },
    ['error data TFORM1'],
  ],
  [
    'a keyword of images',
    { forms: ['4B'], rows, cards: [card('TTYPE1', "'A'"), card('BZERO', 1)] },
    ['warning value BZERO'],
  ],
])('in a table, %s is found', async (_what, table, expected) => {
  expect(short(await find(rawTable(table)))).toEqual(expected);
});

test('a file that is cut off is told once, and nothing is thrown', async () => {
  const issues = await find(rawFits({ cards: pixels, data }).subarray(0, 2884));
  expect(issues.map(({ code }) => code)).toContain('truncated');
});
