import {
  inNights,
  listNightParts,
  listNightSpans,
  listNightTotals,
  listObjectParts,
  type Catalog,
  type Condition,
  type NightPart,
  type NightSpan,
  type Viewer,
} from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';
import { observedIn, type NightTarget } from './observed.js';

/** A night as lists have it. */
export interface NightSummary {
  readonly night: string;
  readonly frames: number;
  readonly parts: readonly NightPart[];
  /** Undefined if none of its frames has a date. */
  readonly span: NightSpan | undefined;
  readonly targets: readonly NightTarget[];
}

/** Some nights, newest first, and how many match. */
export interface NightPage {
  readonly total: number;
  readonly nights: readonly NightSummary[];
}

/** A page of the nights of the frames that match. */
export async function listNightPage(
  catalog: Catalog,
  asked: {
    readonly conditions: readonly Condition[];
    readonly limit: number;
    readonly offset: number;
  },
  viewer: Viewer,
): Promise<NightPage> {
  const { conditions, limit, offset } = asked;
  const totals = await listNightTotals(catalog, conditions, viewer);
  const page = totals.slice(offset, offset + limit);
  const names = page.map(({ night }) => night);
  const [parts, spans, observed] = await Promise.all([
    listNightParts(catalog, names, conditions, viewer),
    listNightSpans(catalog, names, conditions, viewer),
    names.length === 0
      ? []
      : listObjectParts(catalog, undefined, [...conditions, inNights(names)], viewer),
  ]);
  const partsOf = groupBy(parts, ({ night }) => night);
  const observedOf = groupBy(observed, ({ night }) => night);
  const spanOf = new Map(spans.map((span) => [span.night, span]));
  const nights = page.map(({ night, frames }) => ({
    night,
    frames,
    parts: partsOf.get(night) ?? [],
    span: spanOf.get(night),
    targets: observedIn(observedOf.get(night) ?? []),
  }));
  return { total: totals.length, nights };
}
