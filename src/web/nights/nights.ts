import type { Request, RequestHandler, Response } from 'express';
import type { Span } from '../../almanac/index.js';
import { may } from '../../auth/index.js';
import {
  countQuarantined,
  findFilter,
  listFacets,
  listHashes,
  listNightTotals,
  listNotedNights,
  listOpenShutter,
  type NightTotal,
  type Viewer,
} from '../../catalog/index.js';
import { queryParameters, requireAction } from '../../http/index.js';
import type { NightOverview } from '../../nights/index.js';
import { goTo, sendPage, type Web } from '../page.js';
import { countOf, formatCount } from '../render.js';
import { sumFrames } from '../frames/facets.js';
import { makeCalendar, type Calendar } from './calendar.js';
import { keepAnswers, type Kept } from './kept.js';
import { axisOf, makeHero, type Hero } from './hero.js';
import { commonAxis, toRow, type NightRowModel } from './rows.js';
import { chooseSamples, toSamples, type Sample } from './samples.js';
import { isToCome, isToldMissing } from './standing.js';
import { nightsUrl, readState, withFilter, type NightsState, type ReadState } from './state.js';

const HALF_DAY_MS = 43_200_000;
const ROW_SAMPLES = 5;
const HERO_SAMPLES = 10;
/** How long the page waits to learn what the last night lacks; if it takes longer, it is told later. */
const WAIT_MS = 50;
/** Frames that are read for one page: of nights with very many fewer are shown at once. */
const MAX_FRAMES = 12_000;
const KEPT_SHUTTERS = 20;

/** What one request works with. */
interface Asked extends ReadState {
  readonly web: Web;
  /** Seconds of open shutter by night. */
  readonly shutter: Kept<ReadonlyMap<string, number>>;
  readonly viewer: Viewer;
  /** Every night there is, newest first; those with notes alone have no frames. */
  readonly entries: readonly NightTotal[];
}

/** `GET /nights/`: the newest night, the calendar, and the nights before it. */
export function showNights(web: Web): RequestHandler {
  const { services, base } = web;
  const shutter: Asked['shutter'] = keepAnswers(services.catalog, KEPT_SHUTTERS);
  return async (req: Request, res: Response) => {
    const viewer = requireAction(res, 'read');
    const read = readState(queryParameters(req));
    const { state, conditions, problems } = read;
    const totals = await listNightTotals(services.catalog, conditions, viewer);
    const noted = may(viewer, 'read-notes') && state.filters.size === 0;
    const entries = noted
      ? withNoted(totals, await listNotedNights(services.catalog, viewer))
      : totals;
    if (state.offset > 0 && state.offset >= entries.length) {
      const offset = Math.floor(Math.max(0, entries.length - 1) / state.limit) * state.limit;
      goTo(web, req, res, nightsUrl(base, { ...state, offset }));
      return;
    }
    const asked = { ...read, web, viewer, entries, shutter };
    const [list, calendar, instruments] = await Promise.all([
      readList(asked),
      readCalendar(asked),
      readInstruments(asked),
    ]);
    if (problems.length > 0) res.status(400);
    await sendPage(
      web,
      req,
      res,
      'nights',
      { title: 'Nights', place: 'nights' },
      {
        problems,
        ...list,
        calendar,
        instruments,
        chips: chipsOf(base, state),
        clearUrl: nightsUrl(base, { ...state, filters: new Map(), offset: 0 }),
        framesUrl: nightsUrl(base, { ...state, counts: 'frames' }),
        shutterUrl: nightsUrl(base, { ...state, counts: 'shutter' }),
        counts: state.counts,
        total: entries.length,
        undated: entries.length === 0 ? await undatedOf(web, viewer) : null,
      },
    );
  };
}

/** Frames that belong to no night, where there is no night to show; null if there are none. */
async function undatedOf({ services, base }: Web, viewer: Viewer) {
  const frames = sumFrames(await listFacets(services.catalog, [], viewer));
  if (frames === 0) return null;
  return { words: countOf(frames, 'frame'), url: `${base}/frames/` };
}

/** The nights of frames, and those that only have notes. */
export function withNoted(totals: readonly NightTotal[], noted: readonly string[]): NightTotal[] {
  const known = new Set(totals.map(({ night }) => night));
  const others = noted.filter((night) => !known.has(night)).map((night) => ({ night, frames: 0 }));
  return [...totals, ...others].sort((a, b) => (a.night < b.night ? 1 : -1));
}

/** As many nights of a page as can be read in a moment; one at least. */
export function cutPage(entries: readonly NightTotal[], state: NightsState): NightTotal[] {
  const page = entries.slice(state.offset, state.offset + state.limit);
  let frames = 0;
  const end = page.findIndex((entry, index) => {
    frames += entry.frames;
    return index > 0 && frames > MAX_FRAMES;
  });
  return end === -1 ? page : page.slice(0, end);
}

interface List {
  /** Only on the first page. */
  readonly hero: Hero | null;
  readonly rows: readonly NightRowModel[];
  readonly head: { readonly axis: Hero['axis']; readonly cameras: string };
  readonly pager: {
    readonly words: string;
    readonly laterUrl: string;
    readonly earlierUrl: string;
  };
}

async function readList(asked: Asked): Promise<List> {
  const { web, viewer, entries, state, conditions } = asked;
  const { services, base } = web;
  const { nights } = services;
  const page = cutPage(entries, state);
  const options = { seesRefused: may(viewer, 'upload'), seesNotes: may(viewer, 'read-notes') };
  const newest = state.offset === 0 ? page.find(isPast) : undefined;
  const rest = page.filter((entry) => entry !== newest).map(({ night }) => night);
  const isTold = isToldMissing(viewer);
  const names = newest === undefined ? rest : [newest.night, ...rest];
  const [told, lacking] = await Promise.all([
    nights.describe({ nights: names, conditions, ...options }, viewer),
    isTold && newest !== undefined ? nights.lacking.soon(newest.night, WAIT_MS) : undefined,
  ]);
  const [first, others] = newest === undefined ? [undefined, told] : [told[0], told.slice(1)];
  const [known, samplesOf, quarantine] = await Promise.all([
    isTold ? nights.lacking.known(others.filter(hasFrames).map(({ night }) => night)) : [],
    readSamples(asked, first, others),
    options.seesRefused ? countQuarantined(services.catalog, {}, viewer) : { files: 0 },
  ]);
  const missingOf = new Map(others.filter(hasFrames).map(({ night }, at) => [night, known[at]]));
  const axis = commonAxis(others);
  const year = new Date().toISOString().slice(0, 4);
  const shared = { base, axis, year, isToldMissing: isTold };
  return {
    hero:
      first === undefined
        ? null
        : makeHero(first, {
            base,
            samples: samplesOf(first),
            missing: lacking,
            isToldMissing: isTold,
            quarantined: quarantine.files,
            seesTodo: viewer.role !== 'anonymous',
            now: Date.now(),
          }),
    rows: others.map((night) =>
      toRow(night, { ...shared, samples: samplesOf(night), missing: missingOf.get(night.night) }),
    ),
    head: { axis: axisOf(fromNoon(axis)), cameras: camerasOf(others) },
    pager: pagerOf(base, state, entries.length, page.length),
  };
}

/** A night that may be the last one: others have notes alone, or a date that has not been yet. */
function isPast({ night, frames }: NightTotal): boolean {
  return frames > 0 && !isToCome(night);
}

/** Spans after noon as times of day. */
function fromNoon({ fromMs, toMs }: Span): Span {
  return { fromMs: fromMs + HALF_DAY_MS, toMs: toMs + HALF_DAY_MS };
}

function hasFrames({ exposures }: NightOverview): boolean {
  return exposures.length > 0;
}

/** Pictures of all nights of the page, with one look for the addresses of all of them. */
async function readSamples(
  { web, viewer }: Asked,
  first: NightOverview | undefined,
  others: readonly NightOverview[],
): Promise<(night: NightOverview) => readonly Sample[]> {
  const { services, base } = web;
  const chosen = new Map(
    [...others, ...(first === undefined ? [] : [first])].map((night) => [
      night,
      chooseSamples(night.exposures, night === first ? HERO_SAMPLES : ROW_SAMPLES),
    ]),
  );
  const ids = [...chosen.values()].flat().map(({ id }) => id);
  const hashes = await listHashes(services.catalog, ids, viewer);
  return (night) => toSamples(base, chosen.get(night) ?? [], hashes);
}

async function readCalendar(asked: Asked): Promise<
  Omit<Calendar, 'months' | 'earlier' | 'later'> & {
    readonly months: readonly (Calendar['months'][number] & { readonly url: string })[];
    readonly earlier: { readonly url: string; readonly text: string };
    readonly later: { readonly url: string; readonly text: string };
  }
> {
  const { web, entries, state } = asked;
  const seconds = state.counts === 'shutter' ? await readShutter(asked) : undefined;
  const toCome = entries.filter(({ night }) => isToCome(night)).length; // the first ones
  const nights = entries.slice(toCome).map(({ night, frames }) => ({
    night,
    value: seconds === undefined ? frames : (seconds.get(night) ?? 0),
  }));
  const today = new Date().toISOString().slice(0, 10);
  const { counts, until } = state;
  const calendar = makeCalendar({ nights, counts, until, today });
  const at = (change: Partial<NightsState>): string => nightsUrl(web.base, { ...state, ...change });
  const around = ({ until: month, text }: Calendar['earlier']): { url: string; text: string } => ({
    url: month === '' ? '' : at({ until: month }),
    text,
  });
  return {
    ...calendar,
    months: calendar.months.map((month) => ({
      ...month,
      url: month.offset === undefined ? '' : `${at({ offset: month.offset + toCome })}#nights`,
    })),
    earlier: around(calendar.earlier),
    later: around(calendar.later),
  };
}

function readShutter({ web, viewer, state, conditions, shutter }: Asked) {
  return shutter.read([[...state.filters]], viewer, async () => {
    const rows = await listOpenShutter(web.services.catalog, conditions, viewer);
    return new Map(rows.map(({ night, exposureSec }) => [night, exposureSec]));
  });
}

/** Cameras to choose from, each with its frames. */
async function readInstruments({ web, viewer, state }: Asked) {
  const facets = await listFacets(web.services.catalog, [], viewer);
  const counts = new Map<string, number>();
  for (const { instrument, frames } of facets) {
    counts.set(instrument, (counts.get(instrument) ?? 0) + frames);
  }
  const chosen = state.filters.get('INSTRUMENT') ?? [];
  const names = [...counts.keys()].filter((name) => name !== '');
  const urlOf = (values: readonly string[]): string =>
    nightsUrl(web.base, withFilter(state, 'INSTRUMENT', values));
  return {
    label: chosen.length === 0 ? 'All instruments' : chosen.join(', '),
    choices: [
      { name: 'All instruments', url: urlOf([]), isChosen: chosen.length === 0, frames: '' },
      ...names.sort(new Intl.Collator('en', { numeric: true }).compare).map((name) => ({
        name,
        url: urlOf([name]),
        isChosen: chosen.includes(name),
        frames: formatCount(counts.get(name) ?? 0),
      })),
    ],
  };
}

/** Conditions besides the camera, which has a menu of its own. */
function chipsOf(base: string, state: NightsState): { label: string; url: string }[] {
  return [...state.filters]
    .filter(([name]) => name !== 'INSTRUMENT')
    .map(([name, values]) => ({
      label: `${findFilter(name)?.filter.label ?? name} ${values.join(', ')}`,
      url: nightsUrl(base, withFilter(state, name, [])),
    }));
}

function camerasOf(nights: readonly NightOverview[]): string {
  const longest = nights.reduce<readonly string[]>((most, { instruments }) => {
    const names = instruments.map(({ instrument }) => instrument).filter((name) => name !== '');
    return names.length > most.length ? names : most;
  }, []);
  return longest.slice(0, 3).join(' above ');
}

function pagerOf(base: string, state: NightsState, total: number, shown: number): List['pager'] {
  const { offset, limit } = state;
  const at = (place: number): string => `${nightsUrl(base, { ...state, offset: place })}#nights`;
  return {
    words: `Nights ${formatCount(offset + 1)}–${formatCount(offset + shown)} of ${formatCount(total)}`,
    laterUrl: offset > 0 ? at(Math.max(0, offset - limit)) : '',
    earlierUrl: offset + shown < total ? at(offset + shown) : '',
  };
}
