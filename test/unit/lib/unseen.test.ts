import { createLog } from '../../../src/lib/log.js';
import { escapeUnseen } from '../../../src/lib/unseen.js';

test.each([
  ['plain text, é and 🔭', 'plain text, é and 🔭'],
  ['two\nlines\tand a tab', 'two\nlines\tand a tab'],
  ['\u001b[2J', '\\u001b[2J'],
  ['a\rb\0c\u007f\u0085', 'a\\u000db\\u0000c\\u007f\\u0085'],
  ['\u202egpj.fits\u200b\u2028', '\\u202egpj.fits\\u200b\\u2028'],
  ['\u{e0001}', '\\udb40\\udc01'],
])('%j is told as %j', (text, told) => {
  expect(escapeUnseen(text)).toBe(told);
});

test('a line of the log reads back as what was logged', () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const name = 'a\r\n\u001b\u202e\u2028\u{e0001}.fits';
  log.info('file judged', { name });
  expect(lines[0]).toMatch(/^[^\p{Cc}\p{Cf}\u2028]*$/u);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ name });
});
