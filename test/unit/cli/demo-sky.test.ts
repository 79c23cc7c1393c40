import {
  airmassAt,
  angleBetween,
  findTwilight,
  locateMoon,
  locateSun,
  moonFraction,
  noonOf,
  siderealTimeDeg,
  sunAltitude,
  toHorizontal,
} from '../../../src/cli/demo/ephemeris.js';

const GREENWICH = { latitudeDeg: 51.4769, longitudeDeg: 0, heightM: 46 };
const at = (iso: string): number => Date.parse(iso);

test('sidereal time at Greenwich is that of Meeus, example 12.a', () => {
  const hours = 13 + 10 / 60 + 46.3668 / 3600;
  expect(siderealTimeDeg(at('1987-04-10T00:00:00Z'), 0) / 15).toBeCloseTo(hours, 4);
});

test('the Sun is where Meeus, example 25.a, has it', () => {
  const sun = locateSun(at('1992-10-13T00:00:00Z'));
  expect(angleBetween(sun, { raDeg: 198.38083, decDeg: -7.78507 })).toBeLessThan(0.02);
});

test('the Moon is where Meeus, example 47.a, has it, to 0.4 degrees', () => {
  const moon = locateMoon(at('1992-04-12T00:00:00Z'));
  expect(angleBetween(moon, { raDeg: 134.68847, decDeg: 13.768368 })).toBeLessThan(0.4);
  expect(moonFraction(at('1992-04-12T00:00:00Z'))).toBeCloseTo(0.68, 1);
});

test.each([
  ['new', '2026-08-12T17:37:00Z', 0],
  ['full', '2026-08-28T04:19:00Z', 1],
])('the Moon is %s when the eclipses of August 2026 say so', (_, iso, fraction) => {
  expect(moonFraction(at(iso))).toBeCloseTo(fraction, 2);
});

test('Venus in Washington stands where Meeus, example 13.b, has it', () => {
  const washington = { latitudeDeg: 38.92139, longitudeDeg: -77.06556, heightM: 92 };
  const venus = { raDeg: 347.3193375, decDeg: -6.719892 };
  const { altDeg, azDeg } = toHorizontal(venus, at('1987-04-10T19:21:00Z'), washington);
  expect(altDeg).toBeCloseTo(15.1249, 1);
  expect(azDeg).toBeCloseTo(68.0337 + 180, 1); // Meeus counts azimuth from south
});

test.each([
  [90, 1],
  [30, 1.994],
  [0, 37.9],
])('at altitude %d° the air mass is %d', (altDeg, airmass) => {
  expect(airmassAt(altDeg)).toBeCloseTo(airmass, altDeg === 0 ? 0 : 2);
});

test('noon of a night is local: earlier in the east', () => {
  expect(noonOf('2026-11-14', 15)).toBe(at('2026-11-14T11:00:00Z'));
});

test('the Sun passes the altitude of twilight in the evening down and in the morning up', () => {
  const found = findTwilight('2026-11-14', -12, GREENWICH);
  if (found === undefined) throw new Error('there is a twilight in November');
  const { evening, morning } = found;
  expect(evening).toBeLessThan(morning);
  for (const ms of [evening, morning]) expect(sunAltitude(ms, GREENWICH)).toBeCloseTo(-12, 1);
  expect(sunAltitude(evening + 600_000, GREENWICH)).toBeLessThan(-12);
  expect(sunAltitude(morning + 600_000, GREENWICH)).toBeGreaterThan(-12);
});

test('in the white nights of the far north there is no dark', () => {
  const tromso = { latitudeDeg: 69.65, longitudeDeg: 18.96, heightM: 100 };
  expect(findTwilight('2026-06-21', -12, tromso)).toBeUndefined();
});
