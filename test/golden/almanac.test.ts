import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { airmassOf, lookFrom, nightAt, type Night, type Place } from '../../src/almanac/index.js';
import { mapHeader } from '../../src/ingest/mapping.js';
import { loadProfiles } from '../../src/ingest/profiles.js';
import { headerHdu, type Values } from '../fixtures/header-hdu.js';
import { randomNumbers } from '../fixtures/random-frames.js';
import { PROJECT_DIR } from '../support/archive.js';

/*
 * Sun, Moon and targets against astropy (compare/sky.py), which has Earth's rotation from the IERS;
 * no refraction on either side.
 */
const ASTROPY = '/usr/lib/python3/dist-packages/astropy/__init__.py';
/** Degrees. UT1 - UTC, which we leave out, is up to 0.004° of them. */
const CLOSE_DEG = 0.02;
const FIRST_MS = Date.parse('1990-01-01T00:00:00Z');
const LAST_MS = Date.parse('2035-12-31T00:00:00Z');

interface Case extends Place {
  readonly ms: number;
  readonly raDeg: number;
  readonly decDeg: number;
}

interface Answer {
  readonly altDeg: number;
  readonly azDeg: number;
  readonly secz: number;
  readonly sunAltDeg: number;
  readonly sunAzDeg: number;
  readonly moonAltDeg: number;
  readonly moonAzDeg: number;
  readonly moonDistanceDeg: number;
  readonly sunDistanceDeg: number;
  readonly moonFraction: number;
  readonly siderealDeg: number;
  readonly hourAngleDeg: number;
  readonly parallacticDeg: number;
}

const isThere = existsSync(ASTROPY);
if (!isThere) process.stdout.write('NOT TESTED: the sky against astropy: no python3-astropy.\n');
const withAstropy = isThere ? test : test.skip;

function ask(cases: readonly Case[]): Promise<readonly Answer[]> {
  const script = join(PROJECT_DIR, 'test/golden/compare/sky.py');
  return new Promise((resolve, reject) => {
    const child = execFile('/usr/bin/python3', [script], (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as Answer[]);
      else reject(new Error(stderr || error.message));
    });
    child.stdin?.end(JSON.stringify(cases));
  });
}

/** Places up to 89° of latitude, evenly over the globe, as targets are over the sky. */
function randomCases(count: number): Case[] {
  const random = randomNumbers(2026);
  const latitude = (): number => (Math.asin(2 * random() - 1) * 180) / Math.PI;
  return Array.from({ length: count }, () => ({
    latitudeDeg: Math.max(-89, Math.min(89, latitude())),
    longitudeDeg: 360 * random() - 180,
    elevationM: Math.round(4500 * random()),
    ms: Math.round(FIRST_MS + (LAST_MS - FIRST_MS) * random()),
    raDeg: 360 * random(),
    decDeg: latitude(),
  }));
}

/** Angle between two directions of the compass, which near the zenith means little. */
function compassGap(a: number, b: number, altDeg: number): number {
  const gap = Math.abs(((((a - b) % 360) + 540) % 360) - 180);
  return gap * Math.cos((altDeg * Math.PI) / 180);
}

const away = (a: number | null, b: number): number => Math.abs((a ?? NaN) - b);

withAstropy(
  'Sun, Moon and target of 200 nights by chance stand where astropy has them',
  async () => {
    const cases = randomCases(200);
    const answers = await ask(cases);
    expect(answers).toHaveLength(200);
    const worst: Record<string, number> = {};
    const note = (name: string, gap: number): void => {
      worst[name] = Math.max(worst[name] ?? 0, Number.isFinite(gap) ? gap : Infinity);
    };
    let airmasses = 0;
    for (const [i, expected] of answers.entries()) {
      const asked = cases[i] ?? fail();
      const { sun, moon, siderealDeg, at } = lookFrom(asked, asked.ms);
      const target = at(asked);
      note('altitude', away(target.altDeg, expected.altDeg));
      note('azimuth', compassGap(target.azDeg, expected.azDeg, expected.altDeg));
      note('Sun altitude', away(sun.altDeg, expected.sunAltDeg));
      note('Sun azimuth', compassGap(sun.azDeg, expected.sunAzDeg, expected.sunAltDeg));
      note('Moon altitude', away(moon.altDeg, expected.moonAltDeg));
      note('Moon azimuth', compassGap(moon.azDeg, expected.moonAzDeg, expected.moonAltDeg));
      note('Moon distance', away(target.moonDistanceDeg, expected.moonDistanceDeg));
      note('Sun distance', away(target.sunDistanceDeg, expected.sunDistanceDeg));
      note('hour angle', compassGap(target.hourAngleDeg, expected.hourAngleDeg, asked.decDeg));
      const { parallacticDeg } = expected;
      note('parallactic angle', compassGap(target.parallacticDeg, parallacticDeg, expected.altDeg));
      note('sidereal time', compassGap(siderealDeg, expected.siderealDeg, 0));
      note('Moon lit, %', 100 * away(moon.fraction, expected.moonFraction));
      // Nearer to the horizon what UT1 - UTC does to the altitude is more than that.
      if (expected.altDeg < 3) continue;
      airmasses += 1;
      note('airmass, %', 100 * away((target.airmass ?? NaN) / expected.secz, 1));
    }
    const lines = Object.entries(worst).map(
      ([name, gap]) => `${gap.toFixed(4).padStart(8)} ${name}`,
    );
    process.stdout.write(`\nLargest differences to astropy, degrees\n${lines.join('\n')}\n`);
    expect(airmasses).toBeGreaterThan(60);
    for (const [name, gap] of Object.entries(worst)) {
      expect([name, gap < (name.includes('%') ? 0.2 : CLOSE_DEG)]).toEqual([name, true]);
    }
  },
);

/** A header that tells nothing of the sky but when, where and what. */
function headerOf({ latitudeDeg, longitudeDeg, elevationM, raDeg, decDeg, ms }: Case): Values {
  const place = { SITELAT: latitudeDeg, SITELONG: longitudeDeg, SITEELEV: elevationM };
  const dateObs = new Date(ms).toISOString().slice(0, -1);
  return { ...place, 'DATE-OBS': dateObs, IMAGETYP: 'Light Frame', RA: raDeg, DEC: decDeg };
}

withAstropy('what is stored of 200 frames by chance is what astropy says', async () => {
  const profiles = await loadProfiles([join(PROJECT_DIR, 'config', 'mapping')]);
  const nowhere = { siteId: '', telescope: '', instrument: '' };
  const cases = randomCases(200);
  const starts = await ask(cases);
  const middles = await ask(cases.map((asked) => ({ ...asked, ms: asked.ms + 150_000 })));
  let airmasses = 0;
  for (const [i, asked] of cases.entries()) {
    const facts = mapHeader([headerHdu({ ...headerOf(asked), EXPTIME: 300 })], profiles, nowhere);
    const [start, middle] = [starts[i] ?? fail(), middles[i] ?? fail()];
    expect(away(facts.altDeg, middle.altDeg)).toBeLessThan(CLOSE_DEG);
    expect(away(facts.sunAltDeg, middle.sunAltDeg)).toBeLessThan(CLOSE_DEG);
    expect(away(facts.moonAltDeg, middle.moonAltDeg)).toBeLessThan(CLOSE_DEG);
    expect(away(facts.moonDistanceDeg, middle.moonDistanceDeg)).toBeLessThan(CLOSE_DEG);
    expect(away(facts.moonFraction, middle.moonFraction)).toBeLessThan(0.002);
    const hours = (deg: number | null): number => (deg ?? NaN) * 15;
    const siderealGap = compassGap(hours(facts.siderealHours), start.siderealDeg, 0);
    expect(siderealGap).toBeLessThan(CLOSE_DEG);
    const turnGap = compassGap(hours(facts.hourAngleHours), start.hourAngleDeg, asked.decDeg);
    expect(turnGap).toBeLessThan(CLOSE_DEG);
    // Nearer to the horizon what UT1 - UTC does to the altitude is more than that.
    if (middle.altDeg < 3) continue;
    airmasses += 1;
    expect(away((facts.airmass ?? NaN) / middle.secz, 1)).toBeLessThan(0.002);
  }
  expect(airmasses).toBeGreaterThan(60);
});

function fail(): never {
  throw new Error('there is an answer without a question');
}

const PLACES: Readonly<Record<string, Place>> = {
  Göttingen: { latitudeDeg: 51.56, longitudeDeg: 9.944, elevationM: 201 },
  Sutherland: { latitudeDeg: -32.38, longitudeDeg: 20.81, elevationM: 1760 },
  Hawaii: { latitudeDeg: 19.83, longitudeDeg: -155.47, elevationM: 4200 },
  Tromsø: { latitudeDeg: 69.65, longitudeDeg: 18.96, elevationM: 100 },
  Fiji: { latitudeDeg: -17.7, longitudeDeg: 179.9, elevationM: 10 },
};

withAstropy(
  'at its twilights and moonrises the Sun and Moon have the altitudes of them',
  async () => {
    const nights = ['2024-01-11', '2025-03-20', '2026-10-03'];
    const asked: {
      name: string;
      ms: number;
      place: Place;
      body: 'sun' | 'moon';
      altDeg: number;
    }[] = [];
    for (const [name, place] of Object.entries(PLACES)) {
      for (const night of nights) {
        const found = nightAt(night, place);
        const { sunset, civil, nautical, astronomical, moonriseMs, moonsetMs } = found;
        for (const { altDeg, eveningMs, morningMs } of [sunset, civil, nautical, astronomical]) {
          for (const ms of [eveningMs, morningMs].filter((each) => each !== null)) {
            asked.push({ name, ms, place, body: 'sun', altDeg });
          }
        }
        for (const ms of [moonriseMs, moonsetMs].filter((each) => each !== null)) {
          asked.push({ name, ms, place, body: 'moon', altDeg: -0.83 });
        }
      }
    }
    const answers = await ask(
      asked.map(({ place, ms }) => ({ ...place, ms, raDeg: 0, decDeg: 0 })),
    );
    expect(asked.length).toBeGreaterThan(130);
    const far = asked.flatMap(({ name, ms, body, altDeg }, i) => {
      const { sunAltDeg = NaN, moonAltDeg = NaN } = answers[i] ?? {};
      const [found, allowed] = body === 'sun' ? [sunAltDeg, CLOSE_DEG] : [moonAltDeg, 0.03];
      const isFar = !(Math.abs(found - altDeg) <= allowed);
      return isFar
        ? [`${name} ${new Date(ms).toISOString()} ${body}: ${found}, not ${altDeg}`]
        : [];
    });
    expect(far).toEqual([]);
  },
);

test('there is no airmass near the horizon and below', () => {
  expect(airmassOf(90)).toBeCloseTo(1, 6);
  expect(airmassOf(30)).toBeCloseTo(2, 6);
  expect(airmassOf(10)).toBeCloseTo(5.7588, 4);
  expect([airmassOf(0.9), airmassOf(0), airmassOf(-30), airmassOf(NaN)]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

describe('nights of high latitudes', () => {
  const tromso: Place = { latitudeDeg: 69.65, longitudeDeg: 18.96, elevationM: 100 };
  const within = (night: Night, ms: number | null): boolean =>
    ms !== null && ms > night.fromMs && ms < night.toMs;

  test('in June the Sun of Tromsø does not set: nothing but a word', () => {
    const night = nightAt('2026-06-21', tromso);
    expect(night.word).toBe('polar day: the Sun does not set');
    expect(night.sunset).toMatchObject({ eveningMs: null, morningMs: null, word: 'stays above' });
    expect([night.dark, night.darkHours, night.moonless]).toEqual([null, 0, []]);
  });

  test('in December it does not rise, and yet it is dark only a part of the time', () => {
    const night = nightAt('2026-12-21', tromso);
    expect(night.word).toBe('polar night: the Sun does not rise');
    expect(night.sunset).toMatchObject({ eveningMs: null, morningMs: null, word: 'stays below' });
    // By the triangle of pole, zenith and Sun: 24 h less 2 × 78.4°.
    expect(night.darkHours).toBeCloseTo(13.55, 1);
    expect(within(night, night.astronomical.eveningMs)).toBe(true);
  });

  test('in the depth of the polar night it is dark from noon to noon', () => {
    const night = nightAt('2026-12-21', { latitudeDeg: 86, longitudeDeg: 0, elevationM: 0 });
    expect(night.dark).toEqual({ fromMs: night.fromMs, toMs: night.toMs });
  });

  test('in June of Göttingen the Sun sets, and no dark comes but that of another setting', () => {
    const goettingen = PLACES['Göttingen'] ?? fail();
    const night = nightAt('2026-06-21', goettingen);
    expect(night.word).toBe('no dark: the Sun does not go below -18°');
    expect(night.sunset.word).toBe('crosses');
    expect(night.astronomical.word).toBe('stays above');
    expect(nightAt('2026-06-21', goettingen, -12)).toMatchObject({ word: null });
  });
});

test('the moonless part of the dark and the Moon of the dark are the dark', () => {
  const place = PLACES['Hawaii'] ?? fail();
  const shares = Array.from({ length: 30 }, (_, day) => {
    const date = new Date(Date.UTC(2026, 8, 1 + day)).toISOString().slice(0, 10);
    const night = nightAt(date, place);
    for (const { fromMs, toMs } of night.moonless) {
      expect(fromMs).toBeGreaterThanOrEqual(night.dark?.fromMs ?? NaN);
      expect(toMs).toBeLessThanOrEqual(night.dark?.toMs ?? NaN);
      expect(lookFrom(place, fromMs + 60_000).moon.altDeg).toBeLessThan(0);
      expect(lookFrom(place, toMs - 60_000).moon.altDeg).toBeLessThan(0);
    }
    return night.moonlessHours / night.darkHours;
  });
  // New Moon on the 11th, full on the 26th.
  expect(shares[10]).toBeGreaterThan(0.95);
  expect(shares[25]).toBeLessThan(0.05);
});
