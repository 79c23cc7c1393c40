import { listFacets, type Catalog, type Facet, type Viewer } from '../../catalog/index.js';
import { filterSlot, formatCount, type FilterSlot } from '../render.js';

/** Values that a keyword has in the archive, the most frequent first. */
export interface UsualValues {
  readonly keyword: string;
  readonly values: readonly {
    readonly value: string;
    readonly frames: string;
    readonly slot: FilterSlot;
  }[];
}

const MOST = 6;

/** Keywords whose values the catalogue can count without reading headers. */
const KNOWN: Readonly<Record<string, (facet: Facet) => string | null>> = {
  FILTER: ({ filter }) => filter,
  IMAGETYP: ({ imageType }) => imageType,
  INSTRUME: ({ instrument }) => instrument,
  SITEID: ({ siteId }) => siteId,
  TELID: ({ telescope }) => telescope,
};

/**
 * What others have where a file has nothing, to choose from.
 *
 * @param keyword that stands in the way; null if nobody knows
 */
export async function usualValues(
  catalog: Catalog,
  keyword: string | null,
  viewer: Viewer,
): Promise<UsualValues> {
  const valueOf = keyword === null ? undefined : KNOWN[keyword];
  if (keyword === null || valueOf === undefined) return { keyword: '', values: [] };
  const counts = new Map<string, number>();
  for (const facet of await listFacets(catalog, [], viewer)) {
    const value = valueOf(facet) ?? '';
    if (value !== '') counts.set(value, (counts.get(value) ?? 0) + facet.frames);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST);
  const values = most.map(([value, frames]) => ({
    value,
    frames: formatCount(frames),
    slot: filterSlot(value),
  }));
  return { keyword, values };
}
