import { gapsOf, type NightOverview } from '../../nights/index.js';
import { countOf, formatBytes, formatDuration, formatNight } from '../render.js';
import { makeMiniRoll, type MiniRoll } from '../roll/mini.js';
import { hourTicks, makeScale, spanOfNight } from '../roll/scale.js';
import { moonFaceAt } from '../../almanac/index.js';
import { filterSums, rollLabel, shutterOf, usualOf, widthOf } from './rows.js';
import type { Sample } from './samples.js';
import {
  doubtTroubles,
  missingTroubles,
  quarantineTrouble,
  type Told,
  type Trouble,
} from './standing.js';
import {
  formatClock,
  formatPercent,
  moonIcon,
  partsOfDay,
  type FilterTime,
  type MoonIcon,
} from './words.js';

/** The newest night with frames: what we got, how it went, what is to be done. */
export interface Hero {
  readonly night: string;
  readonly url: string;
  /** `Last night` */
  readonly when: string;
  /** `Saturday 14 → Sunday 15 November 2026`, and `Sat 14 → Sun 15 Nov` where there is little room. */
  readonly date: string;
  readonly shortDate: string;
  /** `214 frames`, `6 targets`, `12 h 02 min`: the title. */
  readonly frames: string;
  /** '' if there are none. */
  readonly targets: string;
  readonly shutter: string;
  readonly filters: readonly (Pick<FilterTime, 'slot' | 'name'> & { readonly time: string })[];
  /** `Seeing 2.1″, usual 2.2″`; '' if nothing was measured. */
  readonly seeing: string;
  readonly moon: MoonIcon;
  /** `sets 19:21 UTC`, '' if it neither rises nor sets in the night. */
  readonly moonWords: string;
  /** Sentences of figures about the time. */
  readonly facts: readonly string[];
  readonly roll: MiniRoll;
  readonly rollLabel: string;
  readonly axis: readonly { readonly x: string; readonly text: string; readonly anchor: string }[];
  readonly samples: readonly Sample[];
  readonly downloadUrl: string;
  readonly size: string;
  /** `To do before tonight` */
  readonly todoTitle: string;
  /** Null for visitors, who can mend nothing. */
  readonly todo: readonly Trouble[] | null;
  /** True while it is not known yet what calibrations it lacks. */
  readonly isPending: boolean;
}

/** What the hero is made of, besides its night. */
export interface HeroOptions {
  readonly base: string;
  readonly samples: readonly Sample[];
  readonly missing: Told['missing'];
  readonly isToldMissing: boolean;
  /** All files that the viewer could mend. */
  readonly quarantined: number;
  readonly seesTodo: boolean;
  /** Epoch ms. */
  readonly now: number;
}

const SIZE = { width: 668, height: 78 } as const;
const DAY_MS = 86_400_000;
const HALF_DAY_MS = DAY_MS / 2;
const EVERY_HOURS = 3;
const ONGOING = 'Tonight so far';
const CAMERAS_TOLD = 3;

/** Makes the hero of a night that has frames. */
export function makeHero(night: NightOverview, options: HeroOptions): Hero {
  const { base, samples, missing, isToldMissing, now } = options;
  const { exposures, targets } = night;
  const sky = night.skies[0]?.sky;
  const middleMs = Date.parse(`${night.night}T12:00:00Z`) + HALF_DAY_MS;
  const skies = night.skies.map((each) => each.sky);
  const span = spanOfNight(night.night, skies.slice(0, 1), exposures);
  const seconds = shutterOf(night);
  const bytes = exposures.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    night: night.night,
    url: `${base}/nights/${night.night}/`,
    when: whenOf(night, now),
    date: formatNight(night.night),
    shortDate: shortDate(night.night),
    frames: countOf(exposures.length, 'frame'),
    targets: targets.length > 0 ? countOf(targets.length, 'target') : '',
    shutter: seconds > 0 ? formatDuration(seconds) : '',
    filters: filterSums(night).map(({ slot, name, seconds: time }) => ({
      slot,
      name,
      time: formatDuration(time),
    })),
    seeing: seeingOf(night),
    moon: moonIcon(moonFaceAt(sky?.midnightMs ?? middleMs)),
    moonWords: moonWords(night),
    facts: [usedOf(night), timesOf(night)].filter((fact) => fact !== ''),
    roll: makeMiniRoll(exposures, { night: night.night, sky, span, ...SIZE }),
    rollLabel: rollLabel(night),
    axis: axisOf(span),
    samples,
    downloadUrl: `${base}/frames/zip/?night=${night.night}`,
    size: formatBytes(bytes),
    todoTitle: whenOf(night, now) === ONGOING ? 'To do' : 'To do before tonight',
    todo: options.seesTodo ? todoOf({ base, night, missing }, options.quarantined) : null,
    isPending: isToldMissing && missing === undefined && targets.length > 0,
  };
}

function todoOf(told: Told, quarantined: number): Trouble[] {
  return [
    ...missingTroubles(told),
    ...(quarantined > 0 ? [quarantineTrouble(told.base, quarantined)] : []),
    ...doubtTroubles(told),
  ];
}

/** Until the next noon of the site the night is the last one; while it is dark, it goes on. */
function whenOf({ night, skies }: NightOverview, now: number): string {
  const noonMs = Date.parse(`${night}T12:00:00Z`);
  const sky = skies[0]?.sky;
  const endMs = sky?.sunset.morningMs ?? noonMs + DAY_MS;
  if (now < endMs && now > (sky?.fromMs ?? noonMs)) return ONGOING;
  const days = Math.floor((now - (sky?.fromMs ?? noonMs)) / DAY_MS);
  return days <= 1 ? 'Last night' : `Latest night, ${countOf(days, 'day')} ago`;
}

function seeingOf({ leading }: NightOverview): string {
  if (leading === undefined) return '';
  const usual = usualOf(leading);
  return `FWHM ${widthOf(leading)}${usual === '' ? '' : `, ${usual}`}`;
}

function moonWords({ skies }: NightOverview): string {
  const sky = skies[0]?.sky;
  if (sky === undefined) return '';
  const { moonriseMs, moonsetMs, sunset } = sky;
  const isInNight = (ms: number | null): ms is number =>
    ms !== null && ms > (sunset.eveningMs ?? sky.fromMs) && ms < (sunset.morningMs ?? sky.toMs);
  const words = [
    ...(isInNight(moonriseMs)
      ? [{ ms: moonriseMs, text: `rises ${formatClock(moonriseMs)}` }]
      : []),
    ...(isInNight(moonsetMs) ? [{ ms: moonsetMs, text: `sets ${formatClock(moonsetMs)}` }] : []),
  ];
  const told = words.sort((a, b) => a.ms - b.ms).map(({ text }) => text);
  return told.length === 0 ? '' : `${told.join(', ')} UTC`;
}

/** `cam1 65 %, cam2 40 % of the dark used` */
function usedOf({ instruments }: NightOverview): string {
  const used = instruments.flatMap(({ instrument, used: share }) =>
    share === null || share === 0 ? [] : [{ instrument, share }],
  );
  const [only] = used;
  if (only === undefined) return '';
  if (used.length === 1) return `${formatPercent(only.share)} of the dark used`;
  const told = used
    .slice(0, CAMERAS_TOLD)
    .map(({ instrument, share }) => `${instrument} ${formatPercent(share)}`);
  return `${told.join(', ')} of the dark used`;
}

function shortDate(night: string): string {
  const morning = new Date(Date.parse(night) + DAY_MS).toISOString().slice(0, 10);
  const [from, to] = [partsOfDay(night), partsOfDay(morning)];
  return `${from.weekday} ${from.day} → ${to.weekday} ${to.day} ${to.month}`;
}

/** `First 14:37, last 02:55 UTC · gap 18:54–19:33`, the longest one */
function timesOf({ exposures, instruments }: NightOverview): string {
  const dates = exposures.flatMap(({ dateObsMs }) => dateObsMs ?? []);
  const [first, last] = [dates[0], dates.at(-1)];
  if (first === undefined || last === undefined) return '';
  const [longest] = gapsOf(instruments);
  const gap =
    longest === undefined
      ? ''
      : ` · gap ${formatClock(longest.fromMs)}–${formatClock(longest.toMs)}`;
  return `First ${formatClock(first)}, last ${formatClock(last)} UTC${gap}`;
}

/** Every third hour, as per cent of the width: the drawing is as wide as there is room. */
export function axisOf(span: { readonly fromMs: number; readonly toMs: number }): Hero['axis'] {
  const ticks = hourTicks(makeScale(span, 100), null).filter(({ ms, x }) => {
    return new Date(ms).getUTCHours() % EVERY_HOURS === 0 && x >= 0 && x <= 100;
  });
  return ticks.map(({ x, utc }) => ({
    x: `${x}%`,
    text: utc,
    anchor: x < 4 ? 'start' : x > 96 ? 'end' : 'middle',
  }));
}
