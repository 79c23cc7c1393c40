import type { Request } from 'express';
import {
  countWords,
  FRAME_FILTERS,
  listFacets,
  listNights,
  MAX_SUMMED,
  parseConditions,
  splitList,
  type Viewer,
} from '../../catalog/index.js';
import { findSite } from '../../config/index.js';
import { readCookie } from '../../http/index.js';
import { nightOf } from '../../lib/time.js';
import type { Web } from '../page.js';
import { formatCount } from '../render.js';
import { FACET_NAMES, sumFrames, toChoiceGroups, toWordGroup, type ChoiceGroup } from './facets.js';
import {
  FIELD_GROUPS,
  headerRows,
  OTHER_FIELDS,
  RELATIONS,
  WORD_FILTERS,
  type FieldGroup,
} from './fields.js';
import { hiddenFields, listUrl, withFilter, type ListState } from './list-state.js';

const NIGHTS_SHOWN = 60;
const DAY_MS = 86_400_000;

type Group = ChoiceGroup & { readonly label: string; readonly absentUrls: readonly string[] };

/** The panel of filters as its template shows it. */
export interface Panel {
  /** As it was left: the script of the page keeps it in a cookie, so that nothing jumps. */
  readonly isOpen: boolean;
  readonly groups: ReadonlyMap<string, Group>;
  readonly archiveTotal: string;
  readonly presets: readonly { label: string; url: string; isChosen: boolean }[];
  /** What is chosen of nights, in words. */
  readonly nightState: string;
  readonly nights: readonly { night: string; count: string; url: string; isChosen: boolean }[];
  /** Nights before and after the chosen one that have frames. */
  readonly earlierUrl: string;
  readonly laterUrl: string;
  readonly fields: ReadonlyMap<string, ShownGroup>;
  readonly headers: readonly ShownHeader[];
  /** '' both, `false` without what is public, for those who are signed in; null for visitors. */
  readonly publicData: { readonly isWithout: boolean } | null;
  /** Whether names that the catalogue lacks are sent to Sesame. */
  readonly asksSesame: boolean;
  readonly value: (name: string) => string;
  /** Whether it is what could not be read. */
  readonly isWrong: (name: string) => boolean;
  readonly hidden: readonly { name: string; value: string }[];
}

interface ShownGroup extends FieldGroup {
  /** How many of its fields are set. */
  readonly set: number;
}

interface ShownHeader {
  readonly keyword: string;
  readonly value: string;
  readonly operators: readonly { value: string; label: string; isChosen: boolean }[];
  /** The list without it; '' for the row that is still empty. */
  readonly removeUrl: string;
}

/** What the panel says for this list. */
export async function readPanel(
  web: Web,
  req: Request,
  {
    state,
    left,
    total,
  }: {
    readonly state: ListState;
    /** What was asked for and could not be read, by the name of its field. */
    readonly left: ReadonlyMap<string, readonly string[]>;
    /** Frames of the list. */
    readonly total: number;
  },
  viewer: Viewer,
): Promise<Panel> {
  const { services, base } = web;
  const { catalog, config } = services;
  const others = new Map([...state.filters].filter(([name]) => !FACET_NAMES.has(name)));
  const conditions = parseConditions(others);
  const [all, nights, words] = await Promise.all([
    listFacets(catalog, [], viewer),
    listNights(catalog, 1000, viewer),
    readWords(web, { state, total }, viewer),
  ]);
  const matching = conditions.length === 0 ? all : await listFacets(catalog, conditions, viewer);
  const groups = [...toChoiceGroups(matching, all, state.filters), ...words];
  const shown = Object.entries({ ...FIELD_GROUPS, other: OTHER_FIELDS });
  return {
    isOpen: readCookie(req, 'filters') !== 'closed',
    groups: new Map(groups.map((group) => [group.name, toGroup(base, state, group)])),
    archiveTotal: formatCount(sumFrames(all)),
    ...nightParts(web, state, nights),
    fields: new Map(shown.map(([name, group]) => [name, toShown(group, state, left)])),
    headers: toHeaders(base, state),
    publicData:
      viewer.role === 'anonymous' ? null : { isWithout: state.filters.get('public') !== undefined },
    asksSesame: config.SESAME_URL !== '',
    value: (name) => (state.filters.get(name) ?? left.get(name))?.[0] ?? '',
    isWrong: (name) => left.has(name),
    hidden: hiddenFields(state),
  };
}

function toGroup(base: string, state: ListState, group: ChoiceGroup): Group {
  const only = { ...state, filters: new Map<string, readonly string[]>(), offset: 0 };
  return {
    ...group,
    label: FRAME_FILTERS.find(({ name }) => name === group.name)?.label ?? group.name,
    absentUrls: group.absent.map(({ value }) =>
      listUrl(base, withFilter(only, group.name, [value])),
    ),
  };
}

/** Flags, findings and tags with their counts, as far as these can be had in the time of a page. */
async function readWords(
  { services: { catalog } }: Web,
  { state, total }: { readonly state: ListState; readonly total: number },
  viewer: Viewer,
): Promise<ChoiceGroup[]> {
  return Promise.all(
    WORD_FILTERS.map(async (kind) => {
      const others = new Map([...state.filters].filter(([name]) => name !== kind));
      const chosen = (state.filters.get(kind) ?? []).flatMap(splitList);
      const conditions = parseConditions(others);
      const all = await countWords(catalog, kind, [], viewer);
      // Of a list that this very filter makes short nobody knows how long it is without it.
      const isShort = total <= MAX_SUMMED && chosen.length === 0;
      const here =
        conditions.length === 0
          ? all
          : isShort
            ? await countWords(catalog, kind, conditions, viewer)
            : undefined;
      return toWordGroup(kind, { here, all, chosen });
    }),
  );
}

function toShown(
  group: FieldGroup,
  { filters }: ListState,
  left: ReadonlyMap<string, readonly string[]>,
): ShownGroup {
  const isSet = (name: string): boolean => name !== '' && (filters.has(name) || left.has(name));
  const set = group.fields.filter(({ name, upper }) => isSet(name) || isSet(upper)).length;
  return { ...group, set };
}

function toHeaders(base: string, state: ListState): ShownHeader[] {
  const rows = headerRows(state.filters).map((row) => ({ ...row, isEmpty: false }));
  const empty = { keyword: '', operator: 'is' as const, value: '', isEmpty: true, name: '' };
  return [...rows, empty].map(({ keyword, operator, value, isEmpty, name }) => {
    const left = (state.filters.get(name) ?? []).filter((each) => each !== value);
    return {
      keyword,
      value,
      operators: RELATIONS.map((each) => ({ ...each, isChosen: each.value === operator })),
      removeUrl: isEmpty ? '' : listUrl(base, withFilter(state, name, left)),
    };
  });
}

/** Presets, the list of nights, and the way to those before and after. */
function nightParts(
  web: Web,
  state: ListState,
  nights: readonly { night: string; frames: number }[],
): Pick<Panel, 'presets' | 'nightState' | 'nights' | 'earlierUrl' | 'laterUrl'> {
  const { base, services } = web;
  const site = findSite(services.config.sites, services.config.SITE_ID);
  const today = nightOf(Date.now(), site?.longitudeDeg ?? 0);
  const chosen = state.filters.get('night')?.[0];
  const to = (range: NightRange): string => listUrl(base, withNights(state, range));
  const toNight = (night: string | undefined): string => (night === undefined ? '' : to({ night }));
  const [from, until] = ['night_start', 'night_end'].map((name) => state.filters.get(name)?.[0]);
  const all = presetsOf(today, nights[0]?.night);
  // The last night may be that of yesterday: one of them is marked.
  const own = all.find(({ range }) => isRange(range, { night: chosen, from, until }));
  const presets = all.map((preset) => ({
    label: preset.label,
    url: to(preset.range),
    isChosen: preset === own,
  }));
  return {
    presets,
    nightState:
      presets.find(({ isChosen }) => isChosen)?.label.toLowerCase() ??
      chosen ??
      (from === undefined && until === undefined ? 'any' : `${from ?? '…'} – ${until ?? '…'}`),
    nights: nights.slice(0, NIGHTS_SHOWN).map(({ night, frames }) => ({
      night,
      count: formatCount(frames),
      url: toNight(night),
      isChosen: night === chosen,
    })),
    earlierUrl:
      chosen === undefined ? '' : toNight(nights.find(({ night }) => night < chosen)?.night),
    laterUrl:
      chosen === undefined ? '' : toNight(nights.findLast(({ night }) => night > chosen)?.night),
  };
}

interface NightRange {
  readonly night?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

function isRange(a: NightRange, b: NightRange): boolean {
  return a.night === b.night && a.from === b.from && a.until === b.until;
}

function withNights(state: ListState, { night, from, until }: NightRange): ListState {
  const one = (value: string | undefined): string[] => (value === undefined ? [] : [value]);
  const withNight = withFilter(state, 'night', one(night));
  return withFilter(withFilter(withNight, 'night_start', one(from)), 'night_end', one(until));
}

/** Ranges that one asks for every day. @param last the newest night that has frames */
export function presetsOf(
  today: string,
  last: string | undefined,
): { label: string; range: NightRange }[] {
  const before = (days: number): string =>
    new Date(Date.parse(today) - days * DAY_MS).toISOString().slice(0, 10);
  const year = Number(today.slice(0, 4));
  const ofYear = (each: number): NightRange => ({ from: `${each}-01-01`, until: `${each}-12-31` });
  return [
    { label: 'All', range: {} },
    ...(last === undefined ? [] : [{ label: 'Last', range: { night: last } }]),
    { label: 'Tonight', range: { night: today } },
    { label: 'Yesterday', range: { night: before(1) } },
    { label: '7 nights', range: { from: before(6) } },
    { label: '30 nights', range: { from: before(29) } },
    { label: 'This year', range: ofYear(year) },
    { label: 'Last year', range: ofYear(year - 1) },
  ];
}
