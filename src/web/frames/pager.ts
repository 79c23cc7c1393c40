import { formatCount } from '../render.js';
import { listUrl, PAGE_SIZES, type ListState } from './list-state.js';

/** Where a page of a list lies, and the ways to the others. */
export interface Pager {
  readonly first: string;
  readonly last: string;
  readonly page: string;
  readonly pages: string;
  /** '' at the ends. */
  readonly backUrl: string;
  readonly nextUrl: string;
  readonly sizes: readonly { size: number; isChosen: boolean; url: string }[];
}

/** @param shown rows of this page */
export function toPager(base: string, state: ListState, total: number, shown: number): Pager {
  const { limit, offset } = state;
  const at = (place: number): string => listUrl(base, { ...state, offset: place });
  return {
    first: formatCount(Math.min(offset + 1, total)),
    last: formatCount(offset + shown),
    page: formatCount(Math.floor(offset / limit) + 1),
    pages: formatCount(Math.max(1, Math.ceil(total / limit))),
    backUrl: offset > 0 ? at(Math.max(0, offset - limit)) : '',
    nextUrl: offset + limit < total ? at(offset + limit) : '',
    sizes: PAGE_SIZES.map((size) => ({
      size,
      isChosen: size === limit,
      // The first row of this page is on the page of another size too.
      url: listUrl(base, { ...state, limit: size, offset: Math.floor(offset / size) * size }),
    })),
  };
}
