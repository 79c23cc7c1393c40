import { checkSky, lookFrom, type Place, type SkyClaims } from '../../../src/almanac/index.js';
import {
  celestialFrame,
  fromUnitVector,
  toUnitVector,
  type SkyPoint,
} from '../../../src/sky/index.js';

const HILL: Place = { latitudeDeg: 51.56, longitudeDeg: 9.944, elevationM: 201 };
const PRAIRIE: Place = { latitudeDeg: 46.87, longitudeDeg: -97.2, elevationM: 311 };
const M13: SkyPoint = { raDeg: 250.4235, decDeg: 36.4613 };
const START_MS = Date.parse('2024-03-12T02:13:05Z');
const HOUR_MS = 3_600_000;

const NOTHING = {
  isSite: false,
  latitudeDeg: null,
  longitudeDeg: null,
  startMs: START_MS,
  exposureSec: 30,
  isScience: true,
  position: M13,
  solved: null,
  altDeg: null,
  azDeg: null,
  airmass: null,
  sunAltDeg: null,
  moonAltDeg: null,
  moonDistanceDeg: null,
  siderealDeg: null,
} as const satisfies Omit<SkyClaims, 'place'>;

/** All that a telescope there writes then, looking at a position. */
function headerAt(place: Place, ms: number, position: SkyPoint = M13): SkyClaims {
  const { sun, moon, siderealDeg, at } = lookFrom(place, ms);
  const { altDeg, azDeg, airmass, moonDistanceDeg } = at(position);
  return {
    ...NOTHING,
    place,
    latitudeDeg: place.latitudeDeg,
    longitudeDeg: place.longitudeDeg,
    startMs: ms,
    position,
    altDeg,
    azDeg,
    airmass,
    sunAltDeg: sun.altDeg,
    moonAltDeg: moon.altDeg,
    moonDistanceDeg,
    siderealDeg,
  };
}

const check = (claims: SkyClaims, toleranceDeg = 1): [string, string][] =>
  checkSky(claims, { toleranceDeg }).map(({ code, text }) => [code, text]);

test('a header that is right, or says nothing, has no findings', () => {
  for (const place of [HILL, PRAIRIE]) {
    const ms = START_MS - (place.longitudeDeg / 15) * HOUR_MS;
    expect(check(headerAt(place, ms))).toEqual([]);
    expect(check({ ...NOTHING, place, startMs: ms })).toEqual([]);
  }
});

test('values of the end of a long exposure are right too', () => {
  const end = headerAt(HILL, START_MS + HOUR_MS);
  expect(check({ ...end, startMs: START_MS, exposureSec: 3600 })).toEqual([]);
  expect(check({ ...end, startMs: START_MS, exposureSec: 60 })).toHaveLength(1);
});

describe('an exposure of two hours', () => {
  const LONG = { startMs: START_MS, exposureSec: 7200 };
  const END_MS = START_MS + 2 * HOUR_MS;

  test.each([0, 0.1, 0.25, 0.4, 0.5, 0.77, 1])(
    'may tell its numbers for any of its instants: %p',
    (part) => {
      const told = headerAt(HILL, START_MS + part * 2 * HOUR_MS);
      expect(check({ ...told, ...LONG }, 0.3)).toEqual([]);
    },
  );

  test('may tell the mean airmass, altitude of the start and sidereal time of the middle', () => {
    const airmasses = Array.from(
      { length: 121 },
      (_, minute) => lookFrom(HILL, START_MS + minute * 60_000).at(M13).airmass ?? NaN,
    );
    const start = headerAt(HILL, START_MS);
    const claims = {
      ...start,
      ...LONG,
      airmass: airmasses.reduce((sum, each) => sum + each, 0) / airmasses.length,
      siderealDeg: headerAt(HILL, START_MS + HOUR_MS).siderealDeg,
    };
    expect(check(claims)).toEqual([]);
  });

  test('across the meridian stands as high as it stood between its ends', () => {
    const { siderealDeg } = lookFrom(HILL, START_MS);
    const position = { raDeg: (siderealDeg + 15) % 360, decDeg: 10 };
    const top = headerAt(HILL, START_MS + HOUR_MS, position);
    expect(check({ ...top, ...LONG }, 0.2)).toEqual([]);
    expect(check({ ...top, ...LONG, altDeg: (top.altDeg ?? NaN) + 2 })).toHaveLength(1);
  });

  test('has a wrong clock if no instant of it will do', () => {
    const wrong = { ...headerAt(HILL, END_MS + 4 * HOUR_MS), ...LONG, isScience: false };
    const [[code, text] = []] = check(wrong);
    expect(code).toBe('wrong-clock');
    // Its end has to reach the instant: by four hours, or as many as its start needs, six.
    expect(text).toMatch(/they would be right (?:about )?[456] h(?: 30 min)? later than/);
  });
});

test('of the sum of many exposures only the start is known, and nothing is compared', () => {
  const sum = {
    ...headerAt(HILL, START_MS + 20 * HOUR_MS),
    startMs: START_MS,
    exposureSec: 200_000,
  };
  expect(check(sum)).toEqual([]);
});

test('azimuth that is counted from the south is no finding', () => {
  const right = headerAt(HILL, START_MS);
  expect(check({ ...right, azDeg: ((right.azDeg ?? NaN) + 180) % 360 })).toEqual([]);
});

test('the Moon as seen from the centre of the Earth is no finding, but that of another day is', () => {
  const right = headerAt(HILL, START_MS);
  const from = (deg: number): SkyClaims => ({
    ...right,
    moonAltDeg: (right.moonAltDeg ?? NaN) + deg,
  });
  expect(check(from(1.2))).toEqual([]);
  expect(check(from(4)).map(([code]) => code)).toEqual(['wrong-sky']);
});

describe('a wrong clock', () => {
  test.each([
    [-6, '6 h later'],
    [5.5, '5 h 30 min earlier'],
    [-24, '1 day later'],
    [31 * 24, '31 days earlier'],
  ])('%p hours off is told by how much', (offH, words) => {
    const ms = START_MS - (PRAIRIE.longitudeDeg / 15) * HOUR_MS;
    const claims = { ...headerAt(PRAIRIE, ms), startMs: ms + offH * HOUR_MS };
    const [[code, text] = []] = check(claims);
    expect(code).toBe('wrong-clock');
    expect(text).toContain(`they would be right ${words} than DATE-OBS`);
  });

  test('of minutes is told by the sidereal time, with the longitude that would explain it too', () => {
    const claims = { ...headerAt(HILL, START_MS), startMs: START_MS + 20 * 60_000 };
    const [[code, text] = []] = check(claims);
    expect(code).toBe('wrong-clock');
    expect(text).toMatch(/20 min earlier than DATE-OBS, or at 51\.56° N, 4\.87° E\.$/);
  });

  test('days are not guessed without the Moon: stars stand alike day after day', () => {
    const right = headerAt(HILL, START_MS);
    const stars = { ...right, moonAltDeg: null, moonDistanceDeg: null, sunAltDeg: null };
    const claims = { ...stars, startMs: START_MS + 3 * 24 * HOUR_MS, siderealDeg: null };
    expect(check(claims).map(([code]) => code)).toEqual(['wrong-sky']);
  });

  test('is supposed of a science frame by day, but not of a flat or of one of the Sun', () => {
    const noon = Date.parse('2024-03-12T11:00:00Z');
    const day = { ...NOTHING, place: HILL, startMs: noon, position: { raDeg: 350, decDeg: 60 } };
    const [[code, text] = []] = check(day);
    expect(code).toBe('wrong-clock');
    expect(text).toMatch(/^The Sun stood at 3[45]\.\d° during an exposure of the sky/);
    expect(check({ ...day, isScience: false })).toEqual([]);
    expect(check({ ...day, position: { raDeg: 352.5, decDeg: -3.3 } })).toEqual([]);
  });
});

describe('a clock an hour off where the other longitude is an hour away', () => {
  const RHINE: Place = { latitudeDeg: 47.5, longitudeDeg: 7.5, elevationM: 500 };
  const NICE: Place = { latitudeDeg: 43.7258, longitudeDeg: 7.3, elevationM: 370 };
  const FIELDS: readonly SkyPoint[] = [
    { raDeg: 10.68, decDeg: 41.27 },
    { raDeg: 310, decDeg: 20 },
    { raDeg: 60, decDeg: 60 },
  ];
  const NIGHT_MS = Date.parse('2026-10-20T21:00:00Z');

  test.each([1, -1])('is told alike in each frame of a night: %p h', (hours) => {
    for (const place of [RHINE, NICE]) {
      for (const [i, position] of FIELDS.entries()) {
        const right = headerAt(place, NIGHT_MS + i * 1_300_000, position);
        const late = { ...right, startMs: right.startMs + hours * HOUR_MS, isSite: true };
        const noMoon = { ...late, sunAltDeg: null, moonAltDeg: null, moonDistanceDeg: null };
        const stars = { ...noMoon, siderealDeg: null };
        for (const claims of [late, noMoon, stars]) {
          const [[code, text] = []] = check(claims);
          expect(code).toBe('wrong-clock');
          expect(text).toContain(`right 1 h ${hours > 0 ? 'earlier' : 'later'} than DATE-OBS`);
          expect(text).not.toContain('other sign');
        }
      }
    }
  });

  test('is not told for a wrong site by its altitude alone: header and archive agree of that', () => {
    const place = { latitudeDeg: 51.5, longitudeDeg: 9.9, elevationM: 200 };
    const { altDeg } = headerAt(place, NIGHT_MS, FIELDS[0]);
    const own = { latitudeDeg: 51.5, longitudeDeg: 9.9, isSite: true };
    const claims = { ...NOTHING, ...own, place, position: FIELDS[0] ?? M13, altDeg };
    const late = { ...claims, startMs: NIGHT_MS + HOUR_MS, exposureSec: 300 };
    expect(check(late).map(([code]) => code)).toEqual(['wrong-sky']);
  });

  test('is told with the other longitude if the header alone says where it was', () => {
    const right = headerAt(RHINE, NIGHT_MS, FIELDS[1]);
    const claims = { ...right, startMs: NIGHT_MS + HOUR_MS, siderealDeg: null };
    expect(check(claims)[0]?.[1]).toMatch(
      /right 1 h earlier than DATE-OBS, or if the longitude had the other sign \(47\.50° N, 7\.50° W\)\.$/,
    );
  });

  test('is a wrong site where that fits and no hour does, though two sources have the slip', () => {
    const place = { ...PRAIRIE, longitudeDeg: 97.2 };
    const seen = headerAt(PRAIRIE, START_MS + 6 * HOUR_MS);
    const [[code] = []] = check({ ...seen, place, longitudeDeg: 97.2, isSite: true });
    expect(code).toBe('wrong-site');
  });
});

describe('a sidereal time', () => {
  test('is that of the middle of an exposure: so much is the clock off', () => {
    const middle = headerAt(HILL, START_MS + 150_000);
    const claims = { ...middle, startMs: START_MS + 600_000, exposureSec: 300 };
    expect(check(claims)[0]?.[1]).toMatch(/right about 10 min earlier than DATE-OBS, or at/);
  });

  test('of 58 minutes is not an hour', () => {
    const claims = { ...headerAt(HILL, START_MS), startMs: START_MS + 58 * 60_000 };
    expect(check(claims)[0]?.[1]).toMatch(/right 58 min earlier than DATE-OBS, or at/);
  });
});

describe('an exposure by day', () => {
  const NOON_MS = Date.parse('2024-03-12T11:00:00Z');
  const LOW_SUN_MS = Date.parse('2024-03-12T16:50:00Z');
  const STAR: SkyPoint = { raDeg: 350, decDeg: 60 };

  test.each([
    ['all of its header', (all: SkyClaims) => all],
    ['the altitude of the Sun', (all: SkyClaims) => ({ ...NOTHING, sunAltDeg: all.sunAltDeg })],
    ['altitude and azimuth', ({ altDeg, azDeg }: SkyClaims) => ({ ...NOTHING, altDeg, azDeg })],
  ])('is no wrong clock if %s says so too', (_what, some) => {
    const said = { ...some(headerAt(HILL, NOON_MS, STAR)), place: HILL, position: STAR };
    expect(check({ ...said, startMs: NOON_MS, exposureSec: 1 })).toEqual([]);
  });

  test.each([
    ['of a second', { exposureSec: 1, startMs: NOON_MS }, []],
    ['of ten', { exposureSec: 10, startMs: NOON_MS }, []],
    ['of five minutes', { exposureSec: 300, startMs: NOON_MS }, ['wrong-clock']],
    // The Sun at 3°, as it may stand all night in the north.
    ['of five minutes in low sunlight', { exposureSec: 300, startMs: LOW_SUN_MS }, []],
  ])('%s that knows of the Sun is what it says it is', (_what, when, codes) => {
    const right = { ...headerAt(HILL, when.startMs, STAR), position: STAR };
    expect(check({ ...right, place: HILL, ...when }).map(([code]) => code)).toEqual(codes);
  });

  test.each([
    ['the Moon among the stars', ['moonDistanceDeg']],
    ['what a program works out of its clock', ['airmass', 'siderealDeg']],
  ] as const)('is one if %s is all that agrees', (_what, names) => {
    const right = headerAt(HILL, NOON_MS, STAR);
    const said = Object.fromEntries(names.map((name) => [name, right[name]]));
    const claims = { ...NOTHING, place: HILL, position: STAR, startMs: NOON_MS, ...said };
    expect(check(claims).map(([code]) => code)).toEqual(['wrong-clock']);
  });

  // As astropy has them, to a tenth of a degree.
  test.each([
    ['Venus', { raDeg: 332.8, decDeg: -12.4 }],
    ['Jupiter', { raDeg: 40.9, decDeg: 14.9 }],
    ['the Moon', { raDeg: 19.9, decDeg: 8.1 }],
  ])('may be of %s, whatever its header says', (_name, position) => {
    const claims = { ...NOTHING, place: HILL, position, startMs: NOON_MS };
    expect(check(claims)).toEqual([]);
  });
});

describe('a wrong site', () => {
  test('is told by coordinates that are not those of the site, with the sign that is wrong', () => {
    const right = headerAt(PRAIRIE, START_MS + 6 * HOUR_MS);
    expect(check({ ...right, longitudeDeg: 97.2 })).toEqual([
      [
        'wrong-site',
        'The header says 46.87° N, 97.20° E, 85.4° away from the site, ' +
          'which is at 46.87° N, 97.20° W: its longitude has the wrong sign.',
      ],
    ]);
    expect(check({ ...right, latitudeDeg: 47.2 })).toEqual([]);
    expect(check({ ...right, latitudeDeg: 47.2 }, 0.2)).toHaveLength(1);
  });

  test('is told by altitude and azimuth that are right for the other sign', () => {
    const ms = START_MS + 6 * HOUR_MS;
    const place = { ...PRAIRIE, longitudeDeg: 97.2 };
    const [[code, text] = []] = check({ ...headerAt(PRAIRIE, ms), place, longitudeDeg: null });
    expect(code).toBe('wrong-site');
    expect(text).toMatch(/if the longitude had the other sign \(46\.87° N, 97\.20° W\)/);
    const south = { ...headerAt(PRAIRIE, ms), place: { ...PRAIRIE, latitudeDeg: -46.87 } };
    expect(check({ ...south, latitudeDeg: null })[0]?.[1]).toMatch(
      /the latitude had the other sign/,
    );
  });
});

describe('a wrong position', () => {
  const from = (system: 'fk4' | 'fk5', equinox: number): SkyPoint =>
    fromUnitVector(celestialFrame(system, equinox).fromIcrs(toUnitVector(M13)));

  test.each([
    ['fk5', 2024.19, 'is of the equinox of that day'],
    ['fk4', 1950, 'is of the equinox B1950'],
  ] as const)('of %s %d is told by the WCS', (system, equinox, words) => {
    const [[code, text] = []] = check({
      ...NOTHING,
      place: HILL,
      position: from(system, equinox),
      solved: M13,
    });
    expect(code).toBe('wrong-epoch');
    expect(text).toContain(words);
  });

  test('in hours is told by the WCS, or by the altitude', () => {
    const position = { ...M13, raDeg: M13.raDeg / 15 };
    const [solved] = check({ ...NOTHING, place: HILL, position, solved: M13 });
    expect(solved?.[0]).toBe('wrong-epoch');
    const [seen] = check({ ...headerAt(HILL, START_MS), position });
    expect(seen?.[0]).toBe('wrong-epoch');
    expect(seen?.[1]).toContain('if the right ascension 16.695 were hours, not degrees');
  });

  test('a little beside the WCS is how telescopes point', () => {
    const solved = { raDeg: M13.raDeg + 0.1, decDeg: M13.decDeg };
    expect(check({ ...NOTHING, place: HILL, solved })).toEqual([]);
    const far = { raDeg: M13.raDeg, decDeg: M13.decDeg - 0.5 };
    expect(check({ ...NOTHING, place: HILL, solved: far })).toEqual([]);
  });
});

test('one number that is wrong beside others that are right is a note of its own', () => {
  const found = checkSky({ ...headerAt(HILL, START_MS), siderealDeg: 12 }, { toleranceDeg: 1 });
  expect(found).toMatchObject([{ code: 'wrong-sky', level: 'note' }]);
  expect(found[0]?.text).toMatch(/sidereal time 12\.0°, not \d+\.\d°: its altitude, .* agree with/);
});

test('what stands below the horizon, or behind the one of the site, is found', () => {
  const position = { raDeg: 250, decDeg: -60 };
  const low = { ...NOTHING, place: HILL, position };
  expect(check(low)[0]?.[0]).toBe('below-horizon');
  expect(check(low)[0]?.[1]).toMatch(/^The position of the header stood at altitude −\d+\.\d°/);
  const seen = { ...NOTHING, place: HILL };
  const { altDeg } = lookFrom(HILL, START_MS).at(M13);
  expect(checkSky(seen, { toleranceDeg: 1, horizon: () => altDeg + 0.5 })).toEqual([]);
  const [behind] = checkSky(seen, { toleranceDeg: 1, horizon: () => altDeg + 5 });
  expect(behind?.code).toBe('below-horizon');
  expect(behind?.text).toContain('below the horizon of the site there');
});
