import type { Knex } from 'knex';
import { createPace } from '../lib/pace.js';
import type { Catalog } from './db.js';
import { matching } from './frames.js';
import type { Frame, ImageKind, Row } from './schema.js';
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
type NumberFact =
  | 'binningX'
  | 'binningY'
  | 'width'
  | 'height'
  | 'originX'
  | 'originY'
  | 'gain'
  | 'ccdTempC'
  | 'exposureSec';

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
  /** Reduced frames, or raw ones. */
  readonly isReduced: boolean;
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

const TEXT_FACTS: ReadonlySet<string> = new Set(['siteId', 'telescope', 'filter']);

const SELECTED = [
  'frames.id',
  'frames.basename',
  'frames.version_id',
  'frames.instrument',
  'frames.image_kind',
  'frames.reduction_level',
  'frames.date_obs_ms',
  'frames.night',
  ...Object.values(COLUMNS).map((column) => `frames.${column}`),
  'versions.extension',
];

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
    .where('facets.reduction_level', isReduced ? '>' : '<=', 0)
    .modify(keepWithin, 'facets', bounds);
  const nearest = matching(catalog.read, [], viewer)
    .whereIn('frames.facet_id', facets)
    .whereBetween('frames.date_obs_ms', [aroundMs - withinMs, aroundMs + withinMs])
    .modify(keepWithin, 'frames', bounds)
    .select('frames.id')
    .orderByRaw('abs(frames.date_obs_ms - ?), frames.id', [aroundMs])
    .limit(limit);
  const rows: Row[] = await withVersions(catalog.read('frames').whereIn('frames.id', nearest));
  const away = (setup: FrameSetup): number => Math.abs((setup.dateObsMs ?? 0) - aroundMs);
  return rows.map(toSetupOfRow).sort((a, b) => away(a) - away(b) || a.id - b.id);
}

/** For each of many searches one of the nearest frames that it finds, if there is any. */
export async function findNearest(
  catalog: Catalog,
  searches: readonly Omit<SetupQuery, 'limit'>[],
  viewer: Viewer,
): Promise<(number | null)[]> {
  const { read } = catalog;
  const facets = read('facets')
    .select('facets.id')
    .whereRaw('facets.instrument = wanted.instrument')
    .whereRaw('facets.image_kind in (select value from json_each(wanted.kinds))')
    .whereRaw('(facets.reduction_level > 0) = wanted.is_reduced')
    .modify(keepWanted, 'facets');
  const nearest = matching(read, [], viewer)
    .whereIn('frames.facet_id', facets)
    .whereRaw('frames.date_obs_ms between wanted.from_ms and wanted.to_ms')
    .modify(keepWanted, 'frames')
    .select('frames.id')
    .orderByRaw('abs(frames.date_obs_ms - wanted.around_ms)')
    .limit(1);
  const found: (number | null)[] = [];
  for (let at = 0; at < searches.length; at += SLICE) {
    const part = searches.slice(at, at + SLICE).map(toWanted);
    const rows: { id: number | null }[] = await read
      .withMaterialized('wanted', read.raw(WANTED, JSON.stringify(part)))
      .from('wanted')
      .select({ id: nearest })
      .orderBy('wanted.place');
    found.push(...rows.map(({ id }) => id));
  }
  return found;
}

/** The setups of frames by id, in slices; unknown and hidden frames are left out. */
export async function* eachSetup(
  catalog: Catalog,
  ids: readonly number[],
  viewer: Viewer,
): AsyncGenerator<readonly FrameSetup[]> {
  for (let at = 0; at < ids.length; at += SLICE) {
    const part = ids.slice(at, at + SLICE);
    const rows: Row[] = await withVersions(
      matching(catalog.read, [], viewer).whereIn('frames.id', part),
    );
    yield rows.map(toSetupOfRow);
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
      .whereIn('version_id', versionIds.slice(at, at + SLICE))
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

/** A search as a row of `WANTED` is made of: the bounds by their column. */
function toWanted({ aroundMs, withinMs, bounds, ...search }: Omit<SetupQuery, 'limit'>): object {
  const within = Object.fromEntries(
    bounds.map((bound) => [
      COLUMNS[bound.fact],
      'is' in bound ? [bound.is] : [bound.min, bound.max, Number(bound.orUnknown)],
    ]),
  );
  const span = { around: aroundMs, from: aroundMs - withinMs, to: aroundMs + withinMs };
  return { ...search, isReduced: Number(search.isReduced), ...span, ...within };
}

const isText = (fact: string): boolean => TEXT_FACTS.has(fact);

/** Searches as a table, from JSON: what one does not bound lies between all there is. */
const WANTED = `select key as place, value ->> 'instrument' as instrument, value -> 'kinds' as kinds,
  value ->> 'isReduced' as is_reduced, value ->> 'around' as around_ms, value ->> 'from' as from_ms,
  value ->> 'to' as to_ms, ${Object.entries(COLUMNS)
    .map(([fact, column]) =>
      isText(fact)
        ? `value -> '${column}' is null as ${column}_any, value ->> '$.${column}[0]' as ${column}`
        : `coalesce(value ->> '$.${column}[0]', -${UNBOUNDED}) as ${column}_min,
  coalesce(value ->> '$.${column}[1]', ${UNBOUNDED}) as ${column}_max,
  coalesce(value ->> '$.${column}[2]', 1) as ${column}_unknown`,
    )
    .join(',\n  ')} from json_each(?)`;

/** As `keepWithin`, by the row of `WANTED` that is looked at. */
function keepWanted(query: Knex.QueryBuilder, table: 'facets' | 'frames'): void {
  for (const [fact, column] of Object.entries(COLUMNS)) {
    if (FACET_FACTS.has(fact) !== (table === 'facets')) continue;
    void query.whereRaw(
      isText(fact)
        ? `(wanted.${column}_any or ${table}.${column} is wanted.${column})`
        : `(${table}.${column} between wanted.${column}_min and wanted.${column}_max
          or (${table}.${column} is null and wanted.${column}_unknown))`,
    );
  }
}

const FACET_FACTS: ReadonlySet<string> = new Set([
  'siteId',
  'telescope',
  'filter',
  'binningX',
  'binningY',
]);

function withVersions(query: Knex.QueryBuilder): Knex.QueryBuilder {
  return query.join('versions', 'versions.id', 'frames.version_id').select(SELECTED);
}

function toSetupOfRow(row: Row): FrameSetup {
  const number = (value: string | number | null | undefined): number | null =>
    value === null || value === undefined ? null : Number(value);
  const text = (value: string | number | null | undefined): string | null =>
    value === null || value === undefined ? null : String(value);
  return {
    id: Number(row.id),
    basename: String(row.basename),
    versionId: Number(row.version_id),
    extension: String(row.extension),
    siteId: String(row.site_id),
    telescope: String(row.telescope),
    instrument: String(row.instrument),
    imageKind: row.image_kind as ImageKind,
    reductionLevel: Number(row.reduction_level),
    dateObsMs: number(row.date_obs_ms),
    night: text(row.night),
    binningX: Number(row.binning_x),
    binningY: Number(row.binning_y),
    width: Number(row.width),
    height: Number(row.height),
    originX: number(row.origin_x),
    originY: number(row.origin_y),
    gain: number(row.gain),
    ccdTempC: number(row.ccd_temp_c),
    exposureSec: number(row.exposure_sec),
    filter: text(row.filter),
  };
}
