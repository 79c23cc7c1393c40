import { Body, Observer, SearchHourAngle, SearchRiseSet } from 'astronomy-engine';
import { lookFrom, sunAltitudeDeg, type Place } from './look.js';

/** Seconds: what is longer than any dark is the sum of many exposures, or a slip of its header. */
export const LONGEST_EXPOSURE_SEC = 12 * 3600;

/** From one instant to a later one, epoch ms UTC. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** When the Sun goes below an altitude in the evening, and comes above it in the morning. */
export interface Crossing {
  readonly altDeg: number;
  readonly eveningMs: number | null;
  readonly morningMs: number | null;
  /** Why there are no instants: the Sun stays above it, or below it, from noon to noon. */
  readonly word: 'crosses' | 'stays above' | 'stays below';
}

/** What a night is like at a place, from noon to noon of the Sun. Instants are epoch ms UTC. */
export interface Night extends Span {
  /** The Sun at its lowest. */
  readonly midnightMs: number;
  readonly lowestSunAltDeg: number;
  /** Upper limb on a sea horizon, with refraction: -0.833°. */
  readonly sunset: Crossing;
  readonly civil: Crossing;
  readonly nautical: Crossing;
  readonly astronomical: Crossing;
  /** The Sun below the altitude that was asked for; null if it does not go there. */
  readonly dark: Span | null;
  readonly darkHours: number;
  /** Parts of the dark without the Moon, in order. */
  readonly moonless: readonly Span[];
  readonly moonlessHours: number;
  /** Upper limb on a sea horizon, with refraction, between noon and noon: null if it does not happen then. */
  readonly moonriseMs: number | null;
  readonly moonsetMs: number | null;
  readonly moonFraction: number;
  /** In words, if the night is not like others: polar day, polar night, no dark. */
  readonly word: string | null;
}

/** Altitude of the Sun, degrees, of each boundary. */
const SUNSET = -0.833;
const CIVIL = -6;
const NAUTICAL = -12;
const ASTRONOMICAL = -18;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Sun and Moon of the night that begins on a day.
 *
 * @param night `YYYY-MM-DD`, as `nightOf` names it: the local date of its evening
 * @param darkSunAltDeg altitude of the Sun below which it counts as dark
 */
export function nightAt(night: string, place: Place, darkSunAltDeg = ASTRONOMICAL): Night {
  const arc = arcOf(night, place);
  const { fromMs, midnightMs, toMs } = arc;
  const crossing = (altDeg: number): Crossing => crossingOf(altDeg, place, arc);
  const sunset = crossing(SUNSET);
  const dark = spanOf(crossing(darkSunAltDeg), arc);
  const moon = moonOf(place, arc);
  const moonless = dark === null ? [] : moonlessIn(dark, place, moon);
  return {
    fromMs,
    toMs,
    midnightMs,
    lowestSunAltDeg: sunAltitudeDeg(place, midnightMs),
    sunset,
    civil: crossing(CIVIL),
    nautical: crossing(NAUTICAL),
    astronomical: crossing(ASTRONOMICAL),
    dark,
    darkHours: dark === null ? 0 : hoursOf([dark]),
    moonless,
    moonlessHours: hoursOf(moonless),
    ...moon,
    moonFraction: lookFrom(place, midnightMs).moon.fraction,
    word: wordOf(sunset, dark, darkSunAltDeg),
  };
}

/** The Sun goes down from noon to midnight, and up again to noon. */
interface Arc extends Span {
  readonly midnightMs: number;
}

/** True noons: they are up to 17 minutes off the mean ones, which at the poles decides about sunrise. */
function arcOf(night: string, place: Place): Arc {
  const meanNoon = Date.parse(`${night}T12:00:00Z`) - (place.longitudeDeg / 15) * HOUR_MS;
  const observer = observerAt(place);
  const next = (hour: number, afterMs: number): number =>
    SearchHourAngle(Body.Sun, observer, hour, new Date(afterMs)).time.date.getTime();
  const fromMs = next(0, meanNoon - HOUR_MS);
  const midnightMs = next(12, fromMs);
  return { fromMs, midnightMs, toMs: next(0, midnightMs) };
}

function crossingOf(altDeg: number, place: Place, { fromMs, midnightMs, toMs }: Arc): Crossing {
  const isBelow = (ms: number): boolean => sunAltitudeDeg(place, ms) < altDeg;
  const none = { altDeg, eveningMs: null, morningMs: null };
  const isLow = isBelow(midnightMs);
  const evening = isLow && !isBelow(fromMs) ? bisect(fromMs, midnightMs, isBelow) : null;
  const isUp = (ms: number): boolean => !isBelow(ms);
  const morning = isLow && isUp(toMs) ? bisect(midnightMs, toMs, isUp) : null;
  if (evening === null && morning === null) {
    return { ...none, word: isLow ? 'stays below' : 'stays above' };
  }
  return { altDeg, eveningMs: evening, morningMs: morning, word: 'crosses' };
}

/** The first instant, to a tenth of a second, at which something is so that is not so before. */
function bisect(fromMs: number, toMs: number, isSo: (ms: number) => boolean): number {
  let [before, after] = [fromMs, toMs];
  while (after - before > 100) {
    const middle = (before + after) / 2;
    if (isSo(middle)) after = middle;
    else before = middle;
  }
  return Math.round(after);
}

function spanOf({ eveningMs, morningMs, word }: Crossing, arc: Arc): Span | null {
  if (word === 'stays above') return null;
  return { fromMs: eveningMs ?? arc.fromMs, toMs: morningMs ?? arc.toMs };
}

function moonOf(place: Place, { fromMs, toMs }: Arc): Pick<Night, 'moonriseMs' | 'moonsetMs'> {
  // Thin air would bend its light less, but mountains are not reckoned with for the Sun either.
  const seaLevel = observerAt({ ...place, elevationM: 0 });
  const first = (direction: 1 | -1): number | null => {
    const days = (toMs - fromMs) / DAY_MS;
    const found = SearchRiseSet(Body.Moon, seaLevel, direction, new Date(fromMs), days);
    return found === null ? null : found.date.getTime();
  };
  return { moonriseMs: first(1), moonsetMs: first(-1) };
}

/** Between its rise and its set the Moon is up or down throughout: the middle tells which. */
function moonlessIn(
  dark: Span,
  place: Place,
  { moonriseMs, moonsetMs }: Pick<Night, 'moonriseMs' | 'moonsetMs'>,
): Span[] {
  const events = [moonriseMs, moonsetMs].filter((ms) => ms !== null);
  const inside = events.filter((ms) => ms > dark.fromMs && ms < dark.toMs).sort((a, b) => a - b);
  const edges = [dark.fromMs, ...inside, dark.toMs];
  return edges.slice(1).flatMap((toMs, i) => {
    const fromMs = edges[i] ?? toMs;
    const { altDeg } = lookFrom(place, (fromMs + toMs) / 2).moon;
    return altDeg < SUNSET ? [{ fromMs, toMs }] : [];
  });
}

function hoursOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / HOUR_MS, 0);
}

function wordOf(sunset: Crossing, dark: Span | null, darkSunAltDeg: number): string | null {
  if (sunset.word === 'stays above') return 'polar day: the Sun does not set';
  if (sunset.word === 'stays below') return 'polar night: the Sun does not rise';
  if (dark !== null) return null;
  return `no dark: the Sun does not go below ${darkSunAltDeg}°`;
}

function observerAt({ latitudeDeg, longitudeDeg, elevationM }: Place): Observer {
  return new Observer(latitudeDeg, longitudeDeg, elevationM);
}
