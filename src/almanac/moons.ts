import { Body, Illumination, MakeTime, MoonPhase, SearchMoonPhase } from 'astronomy-engine';

const DAY_MS = 86_400_000;
const FULL_DEG = 180;
/** A little more than from one full Moon to the next. */
const SEARCH_DAYS = 32;

/** How the Moon looks from anywhere on Earth, to a percent. */
export interface MoonFace {
  /** Lit part of the disc, 0…1. */
  readonly fraction: number;
  readonly isWaxing: boolean;
}

/** The face of the Moon. @param ms epoch ms UTC */
export function moonFaceAt(ms: number): MoonFace {
  const time = MakeTime(new Date(ms));
  return {
    fraction: Illumination(Body.Moon, time).phase_fraction,
    isWaxing: MoonPhase(time) < FULL_DEG,
  };
}

/** When the Moon is full, epoch ms UTC, in order. @param fromMs first instant @param toMs last instant */
export function fullMoonsIn(fromMs: number, toMs: number): number[] {
  const moons: number[] = [];
  for (let from = fromMs; from <= toMs;) {
    const found = SearchMoonPhase(FULL_DEG, new Date(from), SEARCH_DAYS)?.date.getTime();
    if (found === undefined || found > toMs) break;
    moons.push(found);
    from = found + DAY_MS;
  }
  return moons;
}
