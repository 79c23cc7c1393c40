import { toRow, VOTABLE_FIELDS } from '../../../src/api/list-votable.js';

const cells = (frame: Record<string, unknown>): Map<string, string> => {
  const texts = [...toRow(frame).matchAll(/<TD>(.*?)<\/TD>/gs)].map(([, text]) => text ?? '');
  return new Map(VOTABLE_FIELDS.map(({ name }, index) => [name, texts[index] ?? 'missing']));
};

test('a row has a cell for each column, empty where nothing is known', () => {
  const row = cells({ id: 7, EXPTIME: 0, AIRMASS: null });
  expect(row.size).toBe(VOTABLE_FIELDS.length);
  expect([row.get('id'), row.get('EXPTIME'), row.get('AIRMASS')]).toEqual(['7', '0', '']);
});

test('texts of headers cannot break the table', () => {
  const row = cells({
    OBJECT: 'M 31 <b>&"\u0001',
    findings: [{ code: 'clouds' }, { code: 'few' }],
  });
  expect(row.get('OBJECT')).toBe('M 31 &lt;b&gt;&amp;"');
  expect(row.get('findings')).toBe('clouds few');
});

test('times are in UTC without saying so, as their column says it', () => {
  expect(cells({ DATE_OBS: '2026-03-01T20:01:00.000Z' }).get('DATE_OBS')).toBe(
    '2026-03-01T20:01:00.000',
  );
});

test('measures are found below quality', () => {
  expect(cells({ quality: { fwhm: 2.5 } }).get('quality.fwhm')).toBe('2.5');
  expect(cells({ quality: null }).get('quality.fwhm')).toBe('');
});
