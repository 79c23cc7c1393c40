import {
  listFramesByCursor,
  type Catalog,
  type Condition,
  type FrameOrder,
  type FrameReader,
  type Viewer,
} from '../catalog/index.js';
import { QUALITY } from './shapes.js';

/** Frames that are read at once. */
const BATCH = 500;

/** Which frames a table has, in which order, and how many at most. */
export interface TableQuery {
  readonly conditions: readonly Condition[];
  readonly order: FrameOrder;
  readonly most: number;
}

/** A frame as the API gives it in JSON. */
export type FrameObject = Readonly<Record<string, unknown>>;

/**
 * All frames of a query, batch after batch: frames that come in the meantime may be among them, none
 * is twice.
 */
export async function* eachBatch(
  catalog: Catalog,
  read: FrameReader<Buffer>,
  { conditions, order, most }: TableQuery,
  viewer: Viewer,
): AsyncGenerator<readonly FrameObject[]> {
  let cursor: string | undefined;
  for (let left = most; left > 0; left -= BATCH) {
    const query = { conditions, order, limit: Math.min(left, BATCH), cursor };
    const page = await listFramesByCursor(catalog, read, query, viewer);
    yield JSON.parse(`[${page.items.map(String).join(',')}]`) as FrameObject[];
    if (page.next === null) return;
    cursor = page.next;
  }
}

/** Columns of the ranks among what is usual, in the order of the measures. */
export const RANK_COLUMNS: readonly string[] = Object.keys(QUALITY.rank.object).map(
  (name) => `quality.rank.${name}`,
);

/** The value of a column: the key of a frame in JSON, members with a dot, as those of `quality`. */
export function valueOf(frame: FrameObject, column: string): unknown {
  let value: unknown = frame;
  for (const key of column.split('.')) value = (value as FrameObject | null | undefined)?.[key];
  return value;
}

/** A value as one text: lists with a blank between, objects in them by their code; '' for none. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(wordOf).join(' ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function wordOf(each: unknown): string {
  if (typeof each === 'object' && each !== null && 'code' in each) return String(each.code);
  return typeof each === 'string' ? each : JSON.stringify(each);
}
