import type { AppError } from '../../../src/lib/errors.js';
import {
  exposureSuffix,
  filePlace,
  formatTemplate,
  versionKey,
  type PlaceRequest,
  type TemplateValue,
} from '../../../src/ingest/naming.js';

const VALUES: Record<string, TemplateValue> = {
  SITEID: 'home',
  'DAY-OBS': '2026-03-01',
  EXPTIME: { kind: 'float', value: 30 },
  BIG: 12345678901234567890n,
  PAIR: [1, 2],
};

function lookupIn(values: Record<string, TemplateValue>): (key: string) => TemplateValue {
  return (key) => values[key.toUpperCase()];
}

function place(request: Partial<PlaceRequest>): ReturnType<typeof filePlace> {
  return filePlace({
    pathTemplate: '{SITEID}/{DAY-OBS}/',
    filenameTemplate: '',
    lookup: lookupIn(VALUES),
    ...request,
  });
}

function failure(run: () => unknown): Pick<AppError, 'code' | 'message'> | undefined {
  try {
    run();
  } catch (error) {
    const { code, message } = error as AppError;
    return { code, message };
  }
  return undefined;
}

describe('formatTemplate', () => {
  const format = (template: string): string => formatTemplate(template, lookupIn(VALUES));

  test('a card says how its number is written', () => {
    expect(format('{EXPTIME}')).toBe('30.0');
    expect(formatTemplate('{EXPTIME}', () => 30)).toBe('30');
    expect(format('{EXPTIME|string:03d}')).toBe('030');
  });

  test('integers beyond 2^53 keep their digits', () => {
    expect(format('{BIG}-{BIG|string:d}')).toBe('12345678901234567890-12345678901234567890');
  });

  test.each([
    ['{NOPE}', 'header_missing', 'NOPE'],
    ['{PAIR}', 'header_invalid', 'PAIR'],
    ['{SITEID|date}', 'header_invalid', 'SITEID'],
    ['{EXPTIME|string:x}', 'header_invalid', 'EXPTIME'],
    ['{SITEID|upper}', 'config_invalid', 'upper'],
    ['{SITEID|constructor}', 'config_invalid', 'constructor'],
    ['{EXPTIME|string:q}', 'config_invalid', 'q'],
    ['{EXPTIME|string:99999999d}', 'config_invalid', '99999999d'],
    ['{SITEID|lower:x}', 'config_invalid', 'lower'],
  ])('%s fails as %s', (template, code, word) => {
    const found = failure(() => format(template));
    expect(found?.code).toBe(code);
    expect(found?.message).toContain(word);
  });

  test.each([
    ['g', 30.7, '30.7'],
    ['g', 0, '0'],
    ['g', 1234567, '1.23457e+06'],
    ['g', 0.0000125, '1.25e-05'],
    ['E', 30.7, '3.070000E+01'],
    ['x', 255, 'ff'],
    ['04X', 255, '00FF'],
    ['o', 8, '10'],
    ['x', -255, '-ff'],
    ['d', -30.7, '-30'],
    ['-05d', 7, '7    '],
  ])('printf %s of %d', (spec, value, text) => {
    expect(formatTemplate(`{A|string:${spec}}`, () => value)).toBe(text);
  });

  test.each([NaN, Infinity])('%d cannot be written', (value) => {
    expect(failure(() => formatTemplate('{A}', () => value))?.code).toBe('header_invalid');
    expect(failure(() => formatTemplate('{A|string:d}', () => value))?.code).toBe('header_invalid');
  });
});

describe('the name of a file', () => {
  test.each([
    [{ fname: 'm31.001.fits', uploadName: 'x.fits.fz' }, 'm31.001', '.fits.fz'],
    [{ fname: '../../evil.fits', uploadName: 'a.fits' }, 'evil', '.fits'],
    [{ fname: '/etc/passwd', uploadName: 'a.fits' }, 'passwd', '.fits'],
    [{ uploadName: 'IMG_0001.FIT' }, 'IMG_0001', '.FIT'],
    [{ uploadName: 'C:\\data\\M31 Light.fits.gz' }, 'M31 Light', '.fits.gz'],
    [{ uploadName: 'dir/m31.new.fit' }, 'm31.new', '.fit'],
    [{ fname: '', uploadName: 'x.fits' }, 'x', '.fits'],
    [{ fname: 'm31' }, 'm31', '.fits'],
    [{ fname: 'm31', container: 'tiles' }, 'm31', '.fits.fz'],
    [{ fname: 'm31.fits', container: 'gzip' }, 'm31', '.fits.gz'],
    [{ fname: 'm31.fits', container: 'bzip2' }, 'm31', '.fits.bz2'],
    [{ fname: 'm31', container: 'compress' }, 'm31', '.fits.Z'],
    [{ fname: 'm31', container: 'zip' }, 'm31', '.fits.zip'],
    [{ fname: 'm31', container: 'xisf' }, 'm31', '.xisf'],
    [{ fname: 'm31', uploadName: 'x.fit.bz2', container: 'bzip2' }, 'm31', '.fit.bz2'],
    [{ fname: 'm31', uploadName: 'blob', container: 'plain' }, 'm31', '.fits'],
    [{ filenameTemplate: '{SITEID}-{DAY-OBS|date:}.fits' }, 'home-20260301', '.fits'],
    [{ filenameTemplate: 'night', fname: 'no.fits', uploadName: 'a.fts' }, 'night', '.fts'],
    [{ fname: 'ñandú_ü.fits' }, 'ñandú_ü', '.fits'],
  ] as const)('%j', (request, basename, extension) => {
    expect(place(request)).toEqual({ folder: 'home/2026-03-01', basename, extension });
  });

  test.each([
    [{ fname: '..' }, '..'],
    [{ fname: 'a/.' }, '.'],
    [{ fname: 'a/' }, ''],
    [{}, ''],
    [{ uploadName: '   ' }, ''],
    [{ fname: '.fits' }, '.fits'],
    [{ fname: 'a\\b.fits' }, 'a\\b'],
    [{ fname: 'a\u0000b.fits' }, 'a\u0000b'],
    [{ fname: 'a\nb.fits' }, 'a\nb'],
    [{ filenameTemplate: 'a/{SITEID}' }, 'a/home'],
    [{ filenameTemplate: '../{SITEID}' }, '../home'],
  ])('%j is refused', (request, shown) => {
    expect(failure(() => place(request))).toEqual({
      code: 'header_invalid',
      message: `Invalid filename derived from FITS header: '${shown}'`,
    });
  });

  test.each([
    ['CON', 'is that of a device'],
    ['con.old.fits', 'is that of a device'],
    ['Lpt9 .fits', 'is that of a device'],
    ['.htaccess', 'begins with a dot'],
    ['gpj\u202e.fits', 'has invisible characters'],
    ['a\ud800b', 'has invisible characters'],
  ])('%j is refused: it %s', (fname, problem) => {
    const found = failure(() => place({ fname }));
    expect([found?.code, found?.message]).toEqual([
      'header_invalid',
      expect.stringContaining(`File name ${problem}`),
    ]);
  });

  test.each(['CONTROL', 'com10', 'nullify', 'a.con', 'M 31', "it's", '$x'])(
    '%j is kept',
    (fname) => {
      expect(place({ fname: `${fname}.fits` }).basename).toBe(fname);
    },
  );

  test('is the same however its letters are composed', () => {
    expect(place({ fname: 'e\u0301.fits' }).basename).toBe('\u00e9');
  });

  test('is at most 200 bytes, not characters', () => {
    expect(place({ fname: 'a'.repeat(195) }).basename).toHaveLength(195);
    expect(failure(() => place({ fname: 'a'.repeat(196) }))?.code).toBe('header_invalid');
    expect(failure(() => place({ fname: 'é'.repeat(100) }))?.code).toBe('header_invalid');
  });
});

describe('the folder of a file', () => {
  const folderOf = (pathTemplate: string, SITEID = 'home'): string =>
    place({ pathTemplate, fname: 'x', lookup: lookupIn({ ...VALUES, SITEID }) }).folder;

  test.each([
    ['{SITEID}/{DAY-OBS}/', 'home', 'home/2026-03-01'],
    ['{SITEID}/{DAY-OBS}', 'a/b', 'a/b/2026-03-01'],
    ['{SITEID}//./x/', 'home', 'home/x'],
    ['./', 'home', ''],
    ['', 'home', ''],
    ['{SITEID}', 'a..b', 'a..b'],
    ['{SITEID}', 'cafe\u0301', 'caf\u00e9'],
  ])('%s with %s', (template, site, folder) => {
    expect(folderOf(template, site)).toBe(folder);
  });

  test.each([
    ['{SITEID}/{DAY-OBS}/', '/etc', '/etc/2026-03-01/'],
    ['{SITEID}/{DAY-OBS}/', '../../../etc', '../../../etc/2026-03-01/'],
    ['x/{SITEID}', 'a/../..', 'x/a/../..'],
    ['{SITEID}', '..', '..'],
    ['{SITEID}', '..\\..', '..\\..'],
    ['{SITEID}', '\\\\server', '\\\\server'],
    ['{SITEID}', 'C:\\x', 'C:\\x'],
    ['{SITEID}', 'a\u0000b', 'a\u0000b'],
    ['{SITEID}/x', '', '/x'],
  ])('%s with %j would escape', (template, site, shown) => {
    expect(failure(() => folderOf(template, site))).toEqual({
      code: 'path_escapes',
      message: `Formatted path escapes ARCHIVE_ROOT: '${shown}'`,
    });
  });

  test.each([
    ['..a', 'begins with a dot'],
    ['.ssh', 'begins with a dot'],
    ['x/.platevault', 'begins with a dot'],
    ['a..', 'ends with a dot or a blank'],
    ['a /b', 'ends with a dot or a blank'],
    ['NUL', 'is that of a device'],
    ['x/com1.dir', 'is that of a device'],
    ['a\u202eb', 'has invisible characters'],
    ['a\u200bb', 'has invisible characters'],
    ['a\u2028b', 'has invisible characters'],
    ['a/'.repeat(33), 'is too long'],
    [`${'a'.repeat(200)}/`.repeat(6), 'is too long'],
  ])('%j is refused: it %s', (site, problem) => {
    const found = failure(() => folderOf('{SITEID}', site));
    expect([found?.code, found?.message]).toEqual([
      'header_invalid',
      expect.stringContaining(`Folder name ${problem}`),
    ]);
  });

  test('has parts of at most 255 bytes', () => {
    expect(folderOf('{SITEID}', 'a'.repeat(255))).toHaveLength(255);
    const found = failure(() => folderOf('{SITEID}', 'a'.repeat(256)));
    expect(found?.code).toBe('header_invalid');
    expect(found?.message).toContain('aaa');
  });
});

test('later versions are marked before the extension', () => {
  expect(versionKey('home/2026-03-01', 'm31.001', '.fits.fz', 1)).toBe(
    'home/2026-03-01/m31.001.fits.fz',
  );
  expect(versionKey('home', 'm31', '.fits', 2)).toBe('home/m31~2.fits');
  expect(versionKey('', 'm31', '.fits', 12)).toBe('m31~12.fits');
});

test('the suffix of another exposure always has milliseconds', () => {
  expect(exposureSuffix(Date.UTC(2026, 2, 1, 20, 0, 0, 123))).toBe('-20260301T200000.123');
  expect(exposureSuffix(Date.UTC(2026, 2, 1, 20))).toBe('-20260301T200000.000');
  expect(exposureSuffix(null)).toBe('-undated');
});
