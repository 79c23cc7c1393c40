import { escapeItem, splitList, type Facet, type WordCount } from '../../catalog/index.js';
import { filterSlot, kindLabel, type FilterSlot } from '../render.js';

/** One value that a filter can have, with what it would give. */
export interface Choice {
  /** As it stands in the address: an item of a list, its own commas escaped. */
  readonly value: string;
  readonly label: string;
  /** Frames with this value under the other filters, in the whole archive for absent ones; null if nobody counted. */
  readonly count: number | null;
  readonly isChosen: boolean;
  readonly slot: FilterSlot;
}

export interface ChoiceGroup {
  readonly name: string;
  readonly choices: readonly Choice[];
  /** Values that the archive has, but not under the other filters. */
  readonly absent: readonly Choice[];
}

interface FacetKey {
  readonly name: string;
  /** Value of this filter for a facet. */
  readonly valueOf: (facet: Facet) => string;
  /** True if the facet has one of the chosen values; wider than `valueOf` for the type of a frame. */
  readonly matches: (facet: Facet, chosen: readonly string[]) => boolean;
}

/** The filters that offer choices, in the order of the panel. */
const FACET_KEYS: readonly FacetKey[] = [
  {
    name: 'IMAGETYPE',
    valueOf: (facet) => facet.imageKind,
    matches: (facet, chosen) =>
      chosen.some((value) => {
        const word = value.toLowerCase();
        return word === facet.imageKind || word === facet.imageType?.toLowerCase();
      }),
  },
  key('FILTER', (facet) => facet.filter ?? 'None'),
  key('INSTRUMENT', (facet) => facet.instrument),
  key('TELESCOPE', (facet) => facet.telescope),
  key('SITE', (facet) => facet.siteId),
  key('binning', (facet) => facet.binning),
  key('RLEVEL', (facet) => String(facet.reductionLevel)),
  key('PROPID', (facet) => facet.proposal ?? 'None'),
];

/** Names of the filters that are counted here. */
export const FACET_NAMES: ReadonlySet<string> = new Set(FACET_KEYS.map(({ name }) => name));

/**
 * What there is to choose from, each value with its count under the *other* filters.
 *
 * @param matching facets under all conditions but those of FACET_NAMES
 * @param all      facets of the whole archive
 * @param filters  active filters, as they stand in the address
 */
export function toChoiceGroups(
  matching: readonly Facet[],
  all: readonly Facet[],
  filters: ReadonlyMap<string, readonly string[]>,
): ChoiceGroup[] {
  const chosen = chosenItems(all, filters);
  const active = FACET_KEYS.filter(({ name }) => chosen.has(name));
  return FACET_KEYS.map((facetKey) => {
    const others = active.filter((other) => other !== facetKey);
    const here = matching.filter((facet) =>
      others.every((other) => other.matches(facet, chosen.get(other.name) ?? [])),
    );
    const counts = countBy(here, facetKey);
    const values = chosen.get(facetKey.name) ?? [];
    // A chosen value stays in sight even when nothing has it, or nobody could take it back.
    for (const value of values)
      if (!counts.has(value)) counts.set(value, countOf(here, facetKey, value));
    const everywhere = [...countBy(all, facetKey)].filter(
      ([value]) => value !== '' && !counts.has(value),
    );
    const toChoice = ([value, count]: readonly [string, number]): Choice => ({
      value: escapeItem(value),
      label: choiceLabel(facetKey.name, value),
      count,
      isChosen: values.includes(value),
      slot: facetKey.name === 'FILTER' && value !== 'None' ? filterSlot(value) : 'none',
    });
    return {
      name: facetKey.name,
      choices: [...counts]
        .filter(([value]) => value !== '')
        .map(toChoice)
        .sort(byRank),
      absent: everywhere.map(toChoice).sort(byRank),
    };
  });
}

/**
 * The single values that are chosen, by filter. A text with a comma is a list, and means itself as
 * well where the archive has such a value.
 */
function chosenItems(
  all: readonly Facet[],
  filters: ReadonlyMap<string, readonly string[]>,
): Map<string, readonly string[]> {
  const chosen = new Map<string, readonly string[]>();
  for (const { name, valueOf } of FACET_KEYS) {
    const given = filters.get(name);
    if (given === undefined) continue;
    const items = given.flatMap((value) => {
      const parts = splitList(value);
      const isOneToo = parts.length > 1 && all.some((facet) => valueOf(facet) === value);
      return isOneToo ? [value, ...parts] : parts;
    });
    chosen.set(name, [...new Set(items)]);
  }
  return chosen;
}

/** Number of frames in all of these facets. */
export function sumFrames(facets: readonly Facet[]): number {
  return facets.reduce((sum, facet) => sum + facet.frames, 0);
}

/** Items of a filter by words, counted: `none` is chosen by those that nobody said anything of. */
export function toWordGroup(
  name: string,
  { here, all, chosen }: WordsFound,
): Pick<ChoiceGroup, 'name' | 'choices' | 'absent'> {
  const counts = new Map<string, number | null>(here?.map(({ word, frames }) => [word, frames]));
  // Too many to be counted: what the archive has is offered without saying how often.
  if (here === undefined) for (const { word } of all ?? []) counts.set(word, null);
  for (const word of [...chosen, 'none']) if (!counts.has(word)) counts.set(word, null);
  const toChoice = ([value, count]: readonly [string, number | null]): Choice => ({
    value: escapeItem(value),
    label: value === 'none' ? 'none' : value.replaceAll('-', ' '),
    count,
    isChosen: chosen.includes(value),
    slot: 'none',
  });
  const others = (all ?? []).filter(({ word }) => !counts.has(word));
  const last = (choice: Choice): number => Number(choice.value === 'none');
  return {
    name,
    choices: [...counts].map(toChoice).sort((a, b) => last(a) - last(b)),
    absent: others.map(({ word, frames }) => toChoice([word, frames])),
  };
}

/** Words of the frames that match, and of the whole archive; undefined if they are too many to count. */
export interface WordsFound {
  readonly here: readonly WordCount[] | undefined;
  readonly all: readonly WordCount[] | undefined;
  readonly chosen: readonly string[];
}

function key(name: string, valueOf: (facet: Facet) => string): FacetKey {
  return { name, valueOf, matches: (facet, chosen) => chosen.includes(valueOf(facet)) };
}

function countBy(facets: readonly Facet[], { valueOf }: FacetKey): Map<string, number> {
  const counts = new Map<string, number>();
  for (const facet of facets) {
    const value = valueOf(facet);
    counts.set(value, (counts.get(value) ?? 0) + facet.frames);
  }
  return counts;
}

function countOf(facets: readonly Facet[], { matches }: FacetKey, value: string): number {
  return sumFrames(facets.filter((facet) => matches(facet, [value])));
}

function choiceLabel(name: string, value: string): string {
  if (name === 'IMAGETYPE') return kindLabel(value);
  if (name === 'FILTER' && value === 'None') return 'no filter';
  if (name === 'PROPID' && value === 'None') return 'no proposal';
  if (name === 'binning') return value.replace('x', '×');
  if (name === 'RLEVEL') return value === '0' ? '0, raw' : value;
  return value;
}

const KIND_ORDER = [
  'object',
  'standard',
  'skyflat',
  'flat',
  'dark',
  'bias',
  'arc',
  'focus',
  'acquisition',
  'guiding',
  'other',
];
const SLOT_ORDER: readonly FilterSlot[] = [
  'U',
  'B',
  'V',
  'R',
  'I',
  'clear',
  'Ha',
  'OIII',
  'SII',
  'none',
];

/** Types by how often one asks for them, filters by wavelength, the rest by name. */
function byRank(a: Choice, b: Choice): number {
  const rank = (choice: Choice): number =>
    SLOT_ORDER.indexOf(choice.slot) * 100 + KIND_ORDER.indexOf(choice.value);
  return (
    Number(a.value === 'None') - Number(b.value === 'None') ||
    rank(a) - rank(b) ||
    a.label.localeCompare(b.label, 'en', { numeric: true })
  );
}
