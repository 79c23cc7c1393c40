import type { Knex } from 'knex';
import { groupBy } from '../lib/groups.js';
import { createPace } from '../lib/pace.js';
import type { Catalog } from './db.js';
import { matching } from './frames.js';
import type { Frame, ImageKind } from './schema.js';
import type { Viewer } from './visibility.js';
import { parseStoredCards } from './write-cards.js';

/** How a frame was taken: what decides which calibrations fit it. Units as in `FrameFacts`. */
export interface FrameSetup extends Pick<
  Frame,
  | 'id'
  | 'basename'
  | 'siteId'
  | 'telescope'
  | 'instrument'
  | 'imageKind'
  | 'reductionLevel'
  | 'dateObsMs'
  | 'night'
  | 'binningX'
  | 'binningY'
  | 'width'
  | 'height'
  | 'originX'
  | 'originY'
  | 'gain'
  | 'ccdTempC'
  | 'exposureSec'
  | 'filter'
> {
  readonly versionId: number;
  readonly extension: string;
}

type TextFact = 'siteId' | 'telescope' | 'filter';
type BinningFact = 'binningX' | 'binningY';
type NumberFact =
  BinningFact | 'width' | 'height' | 'originX' | 'originY' | 'gain' | 'ccdTempC' | 'exposureSec';

/** What a setup must be; null as a text means that there is none. Bounds are inclusive. */
export type SetupBound =
  | { readonly fact: TextFact; readonly is: string | null }
  | {
      readonly fact: NumberFact;
      readonly min: number;
      readonly max: number;
      /** Whether frames of which it is not known pass. */
      readonly orUnknown: boolean;
    };

/** Which frames to look for around an instant. */
export interface SetupQuery {
  readonly instrument: string;
  readonly kinds: readonly ImageKind[];
  /** Reduced frames, or raw ones; null for both. */
  readonly isReduced: boolean | null;
  readonly aroundMs: number;
  /** Frames further away are not looked for. */
  readonly withinMs: number;
  readonly bounds: readonly SetupBound[];
  readonly limit: number;
}

const COLUMNS: Readonly<Record<TextFact | NumberFact, string>> = {
  siteId: 'site_id',
  telescope: 'telescope',
  filter: 'filter',
  binningX: 'binning_x',
  binningY: 'binning_y',
  width: 'width',
  height: 'height',
  originX: 'origin_x',
  originY: 'origin_y',
  gain: 'gain',
  ccdTempC: 'ccd_temp_c',
  exposureSec: 'exposure_sec',
};

/** What frames of one facet have in common. */
const FACET_FACTS: ReadonlySet<string> = new Set([
  'siteId',
  'telescope',
  'filter',
  'binningX',
  'binningY',
]);

const SELECTED = {
  id: 'frames.id',
  basename: 'frames.basename',
  versionId: 'frames.version_id',
  instrument: 'frames.instrument',
  imageKind: 'frames.image_kind',
  reductionLevel: 'frames.reduction_level',
  dateObsMs: 'frames.date_obs_ms',
  night: 'frames.night',
  extension: 'versions.extension',
  ...namedIn('frames', COLUMNS),
} satisfies Record<keyof FrameSetup, string>;

/** Columns with the name of their table. */
function namedIn<K extends string>(
  table: string,
  columns: Readonly<Record<K, string>>,
): Record<K, string> {
  const named = Object.entries<string>(columns).map(([fact, name]) => [fact, `${table}.${name}`]);
  return Object.fromEntries(named) as Record<K, string>;
}

/** Ids in one statement. */
const SLICE = 500;
/** HDUs whose headers are read for a keyword: a file may have thousands. */
const MAX_HDUS = 4;

/**
 * The setups of the frames nearest in time, nearest first; frames without a date are none of them.
 * The facets tell which frames can match, and the index by facet and date where they are.
 */
export async function listSetups(
  catalog: Catalog,
  { instrument, kinds, isReduced, aroundMs, withinMs, bounds, limit }: SetupQuery,
  viewer: Viewer,
): Promise<FrameSetup[]> {
  const facets = catalog
    .read('facets')
    .select('facets.id')
    .where('facets.instrument', instrument)
    .whereIn('facets.image_kind', kinds)
    .modify(keepWithin, 'facets', bounds);
  if (isReduced !== null) void facets.where('facets.reduction_level', isReduced ? '>' : '<=', 0);
  const nearest = matching(catalog.read, [], viewer)
    .whereIn('frames.facet_id', facets)
    .whereBetween('frames.date_obs_ms', [aroundMs - withinMs, aroundMs + withinMs])
    .modify(keepWithin, 'frames', bounds)
    .select('frames.id')
    .orderByRaw('abs(frames.date_obs_ms - ?), frames.id', [aroundMs])
    .limit(limit);
  const setups = await withVersions(catalog.read('frames').whereIn('frames.id', nearest));
  const away = (setup: FrameSetup): number => Math.abs((setup.dateObsMs ?? 0) - aroundMs);
  return setups.sort((a, b) => away(a) - away(b) || a.id - b.id);
}

/**
 * For each of many searches one of the nearest frames that it finds, if there is any. Facets are matched
 * here: there are few of them, and the database would go through all of them for each search.
 */
export async function findNearest(
  catalog: Catalog,
  searches: readonly Omit<SetupQuery, 'limit'>[],
  viewer: Viewer,
): Promise<(number | null)[]> {
  const { read } = catalog;
  const facetsOf = await readFacets(catalog, searches);
  const wanted = searches
    .map((search, place) => toWanted(search, place, facetsOf(search)))
    .filter(({ facets }) => facets.length > 0);
  const nearest = (side: 'before' | 'after'): Knex.QueryBuilder =>
    matching(read, [], viewer)
      .whereRaw('frames.facet_id = facet.value')
      .whereRaw(`frames.date_obs_ms between ${SPANS[side]}`)
      .modify(keepWanted)
      .orderBy('frames.date_obs_ms', side === 'before' ? 'desc' : 'asc')
      .limit(1)
      .select(read.raw('json_array(abs(frames.date_obs_ms - wanted.around_ms), frames.id)'));
  const found = new Map<number, Near>();
  for (let at = 0; at < wanted.length; at += SLICE) {
    const part = JSON.stringify(wanted.slice(at, at + SLICE));
    const rows: { place: number; before: string | null; after: string | null }[] = await read
      .withMaterialized('wanted', read.raw(WANTED, part))
      .from('wanted')
      .joinRaw('cross join json_each(wanted.facets) as facet')
      .select({ place: 'wanted.place', before: nearest('before'), after: nearest('after') });
    for (const { place, before, after } of rows) {
      for (const text of [before, after]) {
        const near = text === null ? undefined : (JSON.parse(text) as Near);
        if (near !== undefined && near[0] < (found.get(place)?.[0] ?? Infinity))
          found.set(place, near);
      }
    }
  }
  return searches.map((_, place) => found.get(place)?.[1] ?? null);
}

/** How far a frame is from the instant that was asked for, ms, and its id. */
type Near = readonly [awayMs: number, id: number];

const SPANS = {
  before: 'wanted.from_ms and wanted.around_ms',
  after: 'wanted.around_ms and wanted.to_ms',
};

/** Reads what the searches are to be matched with. @returns ids of the facets whose frames one may find */
async function readFacets(
  { read }: Catalog,
  searches: readonly Omit<SetupQuery, 'limit'>[],
): Promise<(search: Omit<SetupQuery, 'limit'>) => readonly number[]> {
  const instruments = [...new Set(searches.map(({ instrument }) => instrument))];
  const rows: FacetSetup[] = await read('facets')
    .whereRaw('instrument in (select value from json_each(?))', [JSON.stringify(instruments)])
    .select({
      id: 'id',
      instrument: 'instrument',
      imageKind: 'image_kind',
      reductionLevel: 'reduction_level',
      siteId: 'site_id',
      telescope: 'telescope',
      filter: 'filter',
      binningX: 'binning_x',
      binningY: 'binning_y',
    });
  const byInstrument = groupBy(rows, ({ instrument }) => instrument);
  return ({ instrument, kinds, isReduced, bounds }) =>
    (byInstrument.get(instrument) ?? []).flatMap((facet) => {
      const isKind = kinds.includes(facet.imageKind);
      const isLevel = isReduced === null || facet.reductionLevel > 0 === isReduced;
      return isKind && isLevel && bounds.every((bound) => isWithin(facet, bound)) ? [facet.id] : [];
    });
}

type FacetSetup = Pick<
  FrameSetup,
  'id' | 'instrument' | 'imageKind' | 'reductionLevel' | TextFact | BinningFact
>;

/** What facets do not tell is for the frames to tell. */
function isWithin(facet: FacetSetup, bound: SetupBound): boolean {
  if ('is' in bound) return facet[bound.fact] === bound.is;
  const { fact, min, max } = bound;
  return (fact !== 'binningX' && fact !== 'binningY') || (facet[fact] >= min && facet[fact] <= max);
}

/** The setups of frames by id, in slices; unknown and hidden frames are left out. */
export async function* eachSetup(
  catalog: Catalog,
  ids: readonly number[],
  viewer: Viewer,
): AsyncGenerator<readonly FrameSetup[]> {
  for (let at = 0; at < ids.length; at += SLICE) {
    const part = ids.slice(at, at + SLICE);
    const some = matching(catalog.read, [], viewer).whereRaw(
      'frames.id in (select value from json_each(?))',
      [JSON.stringify(part)],
    );
    yield await withVersions(some);
  }
}

/** The setup of a frame that has been read already. */
export function toSetup(frame: Frame): FrameSetup {
  return { ...frame, versionId: frame.version.id, extension: frame.version.extension };
}

/**
 * Values of some keywords as text, from the first header of a file that has them.
 *
 * @returns version → keyword → value; keywords that a file lacks are not in it
 */
export async function readKeywords(
  catalog: Catalog,
  versionIds: readonly number[],
  keywords: readonly string[],
): Promise<Map<number, ReadonlyMap<string, string>>> {
  const found = new Map<number, Map<string, string>>();
  const pace = createPace();
  for (let at = 0; at < versionIds.length; at += SLICE) {
    const rows: { version_id: number; cards: string }[] = await catalog
      .read('hdus')
      .whereRaw('version_id in (select value from json_each(?))', [
        JSON.stringify(versionIds.slice(at, at + SLICE)),
      ])
      .where('hdu', '<', MAX_HDUS)
      .orderBy(['version_id', 'hdu'])
      .select('version_id', 'cards');
    for (const { version_id: versionId, cards } of rows) {
      const values = found.get(versionId) ?? new Map<string, string>();
      found.set(versionId, values);
      const wanted = keywords.filter((word) => !values.has(word) && cards.includes(`"${word}"`));
      if (wanted.length === 0) continue; // most headers have none: they need not be parsed
      for (const { keyword, value } of await parseStoredCards(cards, pace)) {
        if (value === null || !wanted.includes(keyword) || values.has(keyword)) continue;
        const text = String(value).trim();
        if (text !== '') values.set(keyword, text);
      }
    }
  }
  return found;
}

/** Adds the bounds that the columns of a table can tell. */
function keepWithin(
  query: Knex.QueryBuilder,
  table: 'facets' | 'frames',
  bounds: readonly SetupBound[],
): void {
  for (const bound of bounds) {
    if (FACET_FACTS.has(bound.fact) !== (table === 'facets')) continue;
    const column = `${table}.${COLUMNS[bound.fact]}`;
    if ('is' in bound) {
      void (bound.is === null ? query.whereNull(column) : query.where(column, bound.is));
    } else {
      const { min, max, orUnknown } = bound;
      void query.where((either) => {
        void either.whereBetween(column, [min, max]);
        if (orUnknown) void either.orWhereNull(column);
      });
    }
  }
}

/** Every number is below it, and JSON has no word for what is not finite. */
const UNBOUNDED = 1e308;

/** A search as a row of `WANTED` is made of: the bounds of what frames tell by their column. */
function toWanted(
  { aroundMs, withinMs, bounds }: Omit<SetupQuery, 'limit'>,
  place: number,
  facets: readonly number[],
) {
  const within = bounds.flatMap((bound): [string, readonly number[]][] =>
    'is' in bound ? [] : [[COLUMNS[bound.fact], [bound.min, bound.max, Number(bound.orUnknown)]]],
  );
  const span = { around: aroundMs, from: aroundMs - withinMs, to: aroundMs + withinMs };
  return { place, facets, ...span, ...Object.fromEntries(within) };
}

/** Columns of numbers that frames of one facet may differ in. */
const FRAME_COLUMNS = Object.entries(COLUMNS).flatMap(([fact, column]) =>
  FACET_FACTS.has(fact) ? [] : [column],
);

/** Searches as a table, from JSON: what one does not bound lies between all there is. */
const WANTED = `select value ->> 'place' as place, value -> 'facets' as facets,
  value ->> 'around' as around_ms, value ->> 'from' as from_ms, value ->> 'to' as to_ms,
  ${FRAME_COLUMNS.map(
    (column) => `coalesce(value ->> '$.${column}[0]', -${UNBOUNDED}) as ${column}_min,
  coalesce(value ->> '$.${column}[1]', ${UNBOUNDED}) as ${column}_max,
  coalesce(value ->> '$.${column}[2]', 1) as ${column}_unknown`,
  ).join(',\n  ')} from json_each(?)`;

/** As `keepWithin`, by the row of `WANTED` that is looked at. */
function keepWanted(query: Knex.QueryBuilder): void {
  for (const column of FRAME_COLUMNS) {
    void query.whereRaw(`(frames.${column} between wanted.${column}_min and wanted.${column}_max
      or (frames.${column} is null and wanted.${column}_unknown))`);
  }
}

async function withVersions(query: Knex.QueryBuilder): Promise<FrameSetup[]> {
  return query.join('versions', 'versions.id', 'frames.version_id').select(SELECTED);
}
