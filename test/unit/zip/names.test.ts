import { createNamer, safeName, windowsName } from '../../../src/zip/index.js';

test.each([
  ['m31.fits', 'm31.fits'],
  ['../../etc/passwd', '.._.._etc_passwd'],
  ['a\\b.fits', 'a_b.fits'],
  ['line\nend\x1b[31m.fits', 'line_end_[31m.fits'],
  ['\u202etsif.fits', '_tsif.fits'],
  ['..', '_'],
  ['', '_'],
  ['T20:30:00.fits', 'T20:30:00.fits'],
  [`it's $(x) "y".fits`, `it's $(x) "y".fits`],
])('%j is safe as %j', (name, expected) => {
  expect(safeName(name)).toBe(expected);
});

test.each([
  ['T20:30:00.fits', 'T20_30_00.fits'],
  ['con.fits', '_con.fits'],
  ['LPT1', '_LPT1'],
  ['dot. ', 'dot_'],
  ['what?*|<>".fits', 'what______.fits'],
])('Windows takes %j as %j', (name, expected) => {
  expect(windowsName(name)).toBe(expected);
});

test('no two files have one name, also where case and composition do not count', () => {
  const nameOf = createNamer();
  const names = [
    'a.fits.fz',
    'a.fits.fz',
    'A.fits.fz',
    'a~2.fits.fz',
    'é',
    'e\u0301',
    'x/y',
    'x_y',
  ];
  expect(names.map(nameOf)).toEqual([
    'a.fits.fz',
    'a~2.fits.fz',
    'A~3.fits.fz',
    'a~2~2.fits.fz',
    'é',
    'e\u0301~2',
    'x_y',
    'x_y~2',
  ]);
});

test('thousands of files of one name are named in no time', () => {
  const nameOf = createNamer();
  const names = Array.from({ length: 20_000 }, () => nameOf('same.fits'));
  expect(new Set(names).size).toBe(20_000);
  expect(names.at(-1)).toBe('same~20000.fits');
});
