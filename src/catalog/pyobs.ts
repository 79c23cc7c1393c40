import { pathToFileURL } from 'node:url';
import knex, { type Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { databasePath } from './db.js';
import type { Row } from './schema.js';

/** A row of the frame table of a pyobs-archive. */
export interface PyobsFrame {
  readonly id: number;
  /** As it stands there, with or without extension. */
  readonly basename: string;
  /** Folder below the root. */
  readonly path: string;
  /** Code of its project; null where it has none, or the archive is older than projects. */
  readonly project: string | null;
  /** Names of the frames that it was made from. */
  readonly related: readonly string[];
}

/** An account of a pyobs-archive; its password stays there. */
export interface PyobsUser {
  readonly username: string;
  readonly isSuperuser: boolean;
  readonly isStaff: boolean;
  readonly joinedMs: number;
}

/** The database of a pyobs-archive, to be read from. */
export interface PyobsDatabase {
  countFrames(): Promise<number>;
  eachFrame(): AsyncIterable<readonly PyobsFrame[]>;
  listUsers(): Promise<readonly PyobsUser[]>;
  close(): Promise<void>;
}

const PAGE = 500;

/**
 * Opens the database of a pyobs-archive. Its tables are those that Django makes of the models of the
 * application `api`; columns that came with later versions may be absent.
 *
 * @param url `postgres://…`, or `sqlite:<path>`
 * @throws 'bad_request' if it cannot be opened, or is none
 */
export async function openPyobs(url: string): Promise<PyobsDatabase> {
  const db = connect(url);
  try {
    const columns = await columnsOf(db, 'api_frame');
    // The first version called it `filename`.
    const name = ['basename', 'filename'].find((each) => columns.has(each));
    if (name === undefined || !columns.has('path')) {
      const message =
        'This is not the database of a pyobs-archive: there is no table api_frame with basename and path.';
      throw new AppError('bad_request', message);
    }
    const project = ['PROJECT', 'project', 'project_id'].find((each) => columns.has(each));
    const hasRelated = (await columnsOf(db, 'api_frame_related')).has('from_frame_id');
    const hasUsers = (await columnsOf(db, 'auth_user')).has('username');
    return {
      async countFrames() {
        const row = await db('api_frame').count({ total: '*' }).first();
        return Number(row?.total ?? 0);
      },
      eachFrame: () => eachFrame(db, { name, project, hasRelated }),
      listUsers: () => (hasUsers ? listUsers(db) : Promise.resolve([])),
      close: () => db.destroy(),
    };
  } catch (error) {
    await db.destroy();
    if (error instanceof AppError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('bad_request', `The database cannot be read: ${reason}`, {}, error);
  }
}

function connect(url: string): Knex {
  if (/^postgres(?:ql)?:\/\//.test(url)) {
    return knex({ client: 'pg', connection: url, pool: { min: 0, max: 2 } });
  }
  if (!/^sqlite:./.test(url)) {
    const message = '--database needs sqlite:<path> or postgres://user:password@host/name.';
    throw new AppError('bad_request', message);
  }
  // knex asks for reading and writing; what the address says is stronger.
  const filename = `${pathToFileURL(databasePath(url)).href}?mode=ro`;
  const connection = { filename, flags: ['OPEN_URI'] };
  return knex({ client: 'sqlite3', connection, useNullAsDefault: true, pool: { min: 0, max: 2 } });
}

/** Names of the columns of a table; none if there is no such table. */
async function columnsOf(db: Knex, table: string): Promise<ReadonlySet<string>> {
  return new Set(Object.keys(await db(table).columnInfo()));
}

interface FrameColumns {
  readonly name: string;
  readonly project: string | undefined;
  readonly hasRelated: boolean;
}

async function* eachFrame(
  db: Knex,
  { name, project, hasRelated }: FrameColumns,
): AsyncIterable<readonly PyobsFrame[]> {
  for (let after = 0; ;) {
    const rows: Row[] = await db('api_frame')
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .select('id', 'path', { name }, ...(project === undefined ? [] : [{ project }]));
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => Number(id));
    const related = hasRelated ? await relatedOf(db, ids, name) : new Map<number, string[]>();
    yield rows.map((row) => ({
      id: Number(row.id),
      basename: String(row.name),
      path: String(row.path ?? ''),
      project: typeof row.project === 'string' && row.project !== '' ? row.project : null,
      related: related.get(Number(row.id)) ?? [],
    }));
    after = ids.at(-1) ?? after;
  }
}

async function relatedOf(
  db: Knex,
  ids: readonly number[],
  name: string,
): Promise<ReadonlyMap<number, string[]>> {
  const rows: Row[] = await db('api_frame_related')
    .join('api_frame', 'api_frame.id', 'api_frame_related.to_frame_id')
    .whereIn('from_frame_id', ids)
    .orderBy('api_frame_related.id')
    .select('from_frame_id', { name: `api_frame.${name}` });
  const related = new Map<number, string[]>();
  for (const row of rows) {
    const id = Number(row.from_frame_id);
    related.set(id, [...(related.get(id) ?? []), String(row.name)]);
  }
  return related;
}

async function listUsers(db: Knex): Promise<readonly PyobsUser[]> {
  const rows: Record<string, unknown>[] = await db('auth_user').orderBy('id').select('*');
  return rows.map((row) => ({
    username: String(row.username),
    isSuperuser: Boolean(row.is_superuser),
    isStaff: Boolean(row.is_staff),
    joinedMs: toMs(row.date_joined) ?? Date.now(),
  }));
}

/** A time of Django: a Date from PostgreSQL, a text in UTC from SQLite. */
function toMs(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  if (typeof value !== 'string') return undefined;
  const ms = Date.parse(`${value.replace(' ', 'T').replace(/(?:Z|[+-]\d\d(?::?\d\d)?)$/, '')}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
