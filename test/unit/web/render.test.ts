import {
  countOf,
  filterSlot,
  formatBytes,
  formatCardValue,
  formatCount,
  formatDateTime,
  formatExposure,
  formatNight,
  formatNumber,
  initials,
  kindLabel,
  localPath,
} from '../../../src/web/render.js';

/** Narrow blanks are hard to tell from others in a table of cases. */
const plain = (text: string): string => text.replaceAll('\u202f', ' ');

test.each([
  [0, '0 B'],
  [640, '640 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [2880, '2.88 kB'],
  [20_300_000, '20.3 MB'],
  [99_960_000, '100 MB'],
  [999_600, '1.00 MB'],
  [4_294_967_296, '4.29 GB'],
  [5e15, '5.00 PB'],
])('%d bytes are written %s', (bytes, text) => {
  expect(plain(formatBytes(bytes))).toBe(text);
});

test('thousands are parted by narrow blanks that do not break', () => {
  expect(formatCount(1_048_377)).toBe('1\u202f048\u202f377');
  expect(formatCount(999)).toBe('999');
  expect(plain(countOf(4102, 'frame'))).toBe('4 102 frames');
  expect(countOf(1, 'frame')).toBe('1 frame');
});

test.each([
  [null, '–'],
  [0, '0.0'],
  [300, '300.0'],
  [0.25, '0.25'],
  [0.001_234, '0.00123'],
  [15.0031, '15.0'],
])('an exposure of %p s is written %s', (seconds, text) => {
  expect(formatExposure(seconds)).toBe(text);
});

test('numbers have a true minus and null is a dash', () => {
  expect(formatNumber(-20.03, 1)).toBe('−20.0');
  expect(formatNumber(0.1 + 0.2)).toBe('0.3');
  expect(formatNumber(null, 2)).toBe('–');
});

test('a night is told by its two days, also over the end of a month and a year', () => {
  expect(formatNight('2026-11-14')).toBe('Saturday 14 → Sunday 15 November 2026');
  expect(formatNight('2026-12-31')).toBe('Thursday 31 December → Friday 1 January 2027');
  expect(formatNight('undated')).toBe('undated');
});

test('instants are UTC to the second', () => {
  expect(formatDateTime(Date.UTC(2026, 10, 14, 18, 28, 0, 418))).toBe('2026-11-14 18:28:00');
  expect(formatDateTime(null)).toBe('–');
});

test.each([
  ['V', 'V'],
  ['R_Bessell', 'R'],
  ["Sloan r'", 'R'],
  ['rp', 'R'],
  ['SDSS-g', 'B'],
  ['Johnson B', 'B'],
  ['Luminance', 'clear'],
  ['Clear', 'clear'],
  ['H-alpha', 'Ha'],
  ['Ha 7nm', 'Ha'],
  ['Hα', 'Ha'],
  ['OIII', 'OIII'],
  ['S2', 'SII'],
  ['zs', 'I'],
  ['Green', 'V'],
  ['OG530', 'none'],
  ['', 'none'],
  [null, 'none'],
])('filter %p gets the mark %s', (name, slot) => {
  expect(filterSlot(name)).toBe(slot);
});

test('types are named as observers say them; an unknown one as it is', () => {
  expect(kindLabel('skyflat')).toBe('Sky flat');
  expect(kindLabel('Light Frame')).toBe('Light Frame');
  expect(kindLabel('constructor')).toBe('constructor');
});

test('values of cards look as in the file', () => {
  expect(formatCardValue({ kind: 'string', value: 'M 31' })).toBe("'M 31'");
  expect(formatCardValue({ kind: 'logical', value: true })).toBe('T');
  expect(formatCardValue({ kind: 'integer', value: '9007199254740993' })).toBe('9007199254740993');
  expect(formatCardValue({ kind: 'complex', value: [1, -2] })).toBe('(1, -2)');
  expect(formatCardValue({ kind: 'undefined', value: null })).toBe('');
});

test.each([
  ['/frames/?night=2026-11-14&OBJECT=M%2031', true],
  ['/', true],
  ['', false],
  ['frames/', false],
  ['//evil.example', false],
  ['/\\evil.example', false],
  ['/a\\..\\b', false],
  ['https://evil.example/', false],
  ['javascript:alert(1)', false],
  ['/\t/evil.example', false],
  ['/\n//evil.example', false],
  [' /frames/', false],
])('%j as the place to go to after signing in: %p', (path, isOurs) => {
  expect(localPath(path, '/home/')).toBe(isOurs ? path : '/home/');
});

test('a person is shown by two letters', () => {
  expect(initials('ines')).toBe('IN');
  expect(initials('ines.brandt')).toBe('IB');
});
