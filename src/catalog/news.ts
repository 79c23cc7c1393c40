import type { Knex } from 'knex';
import type { Catalog } from './db.js';
import { refusedFor, seesNothing, trashedFor, visibleTo, type Viewer } from './visibility.js';

/** What happens in the archive that is told to those who listen. */
export const NEWS_TYPES = [
  'frame.stored',
  'frame.replaced',
  'frame.restored',
  'frame.measured',
  'frame.removed',
  'upload.quarantined',
] as const;
export type NewsType = (typeof NEWS_TYPES)[number];

/** A row of the outbox as it was written. */
export interface OutboxEvent {
  readonly id: number;
  readonly kind: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly createdMs: number;
}

/** An event as one viewer is told of it. */
export interface News {
  /** Of the event: goes up, with holes. */
  readonly id: number;
  readonly type: NewsType;
  readonly atMs: number;
  /** Of the frame, or of the file in quarantine. */
  readonly subjectId: number;
  /** Basename of a frame, or the name under which a refused file was sent. */
  readonly name: string;
  /** `YYYY-MM-DD`; null if it has none. */
  readonly night: string | null;
  /** Why a file was refused; null for frames. */
  readonly reason: string | null;
}

type About = Pick<News, 'name' | 'night' | 'reason'>;
type Area = 'frame' | 'trashed' | 'refused';

/** Kind of the outbox → what it is told as, and what it is about. */
const KINDS: Readonly<Record<string, { readonly type: NewsType; readonly area: Area }>> = {
  'frame.stored': { type: 'frame.stored', area: 'frame' },
  'version.restored': { type: 'frame.replaced', area: 'frame' },
  'frame.restored': { type: 'frame.restored', area: 'frame' },
  'frame.measured': { type: 'frame.measured', area: 'frame' },
  'frame.trashed': { type: 'frame.removed', area: 'trashed' },
  'quarantine.added': { type: 'upload.quarantined', area: 'refused' },
};

/** Ids of the oldest event that is kept and of the newest; both 0 if there is none. */
export async function readEventSpan({
  read,
}: Catalog): Promise<{ readonly oldest: number; readonly newest: number }> {
  const [row]: { oldest: number | null; newest: number | null }[] = await read('outbox').select(
    read.raw('min(id) as oldest, max(id) as newest'),
  );
  return { oldest: row?.oldest ?? 0, newest: row?.newest ?? 0 };
}

/** The events after one, in order. */
export async function listEvents(
  { read }: Catalog,
  afterId: number,
  limit: number,
): Promise<OutboxEvent[]> {
  const rows: { id: number; kind: string; payload: string; created_ms: number }[] = await read(
    'outbox',
  )
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit);
  return rows.map(({ id, kind, payload, created_ms: createdMs }) => ({
    id,
    kind,
    payload: JSON.parse(payload) as OutboxEvent['payload'],
    createdMs,
  }));
}

/**
 * Those of some events that are news to `viewer`: of what they may see as it is now.
 *
 * @param seesRefused whether they may see refused files
 */
export async function tellEvents(
  { read }: Catalog,
  events: readonly OutboxEvent[],
  seesRefused: boolean,
  viewer: Viewer,
): Promise<News[]> {
  const idsIn = (area: Area): number[] => [
    ...new Set(events.filter(({ kind }) => KINDS[kind]?.area === area).map(subjectOf)),
  ];
  const known: Readonly<Record<Area, ReadonlyMap<number, About>>> = {
    frame: await framesOf(read, idsIn('frame'), viewer),
    trashed: await trashedOf(read, idsIn('trashed'), viewer),
    refused: seesRefused ? await refusedOf(read, idsIn('refused'), viewer) : new Map(),
  };
  return events.flatMap((event) => {
    const told = KINDS[event.kind];
    const about = told && known[told.area].get(subjectOf(event));
    if (told === undefined || about === undefined) return [];
    const isNewVersion = told.type === 'frame.stored' && Number(event.payload['version']) > 1;
    const type = isNewVersion ? 'frame.replaced' : told.type;
    return [{ id: event.id, type, atMs: event.createdMs, subjectId: subjectOf(event), ...about }];
  });
}

function subjectOf({ payload }: OutboxEvent): number {
  return Number(payload['frameId'] ?? payload['quarantineId'] ?? -1);
}

async function framesOf(
  db: Knex,
  ids: readonly number[],
  viewer: Viewer,
): Promise<Map<number, About>> {
  if (ids.length === 0) return new Map();
  const rows: { id: number; basename: string; night: string | null }[] = await db('frames')
    .whereRaw('frames.id in (select value from json_each(?))', [JSON.stringify(ids)])
    .modify(visibleTo, viewer)
    .select('frames.id', 'frames.basename', 'frames.night');
  return new Map(rows.map(({ id, basename: name, night }) => [id, { name, night, reason: null }]));
}

async function trashedOf(
  db: Knex,
  ids: readonly number[],
  viewer: Viewer,
): Promise<Map<number, About>> {
  if (ids.length === 0 || seesNothing(viewer)) return new Map();
  const rows: { frame_id: number; basename: string; night: string | null }[] = await db('trash')
    .whereRaw('frame_id in (select value from json_each(?))', [JSON.stringify(ids)])
    .modify(trashedFor, viewer)
    .select('frame_id', 'basename', 'night');
  return new Map(
    rows.map(({ frame_id: id, basename: name, night }) => [id, { name, night, reason: null }]),
  );
}

async function refusedOf(
  db: Knex,
  ids: readonly number[],
  viewer: Viewer,
): Promise<Map<number, About>> {
  if (ids.length === 0) return new Map();
  const rows: { id: number; upload_name: string; reason: string }[] = await db('quarantine')
    .whereRaw('id in (select value from json_each(?))', [JSON.stringify(ids)])
    .modify(refusedFor, viewer)
    .select('id', 'upload_name', 'reason');
  return new Map(
    rows.map(({ id, upload_name: name, reason }) => [id, { name, night: null, reason }]),
  );
}
