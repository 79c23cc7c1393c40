import knex, { type Knex } from 'knex';

/** What the journal tells of a subject, as far as it can be compared. */
export interface ToldDigest {
  readonly subject: string;
  readonly seq: number;
  /** Of the state; undefined for a subject that is gone. */
  readonly digest: string | undefined;
}

/**
 * What the newest lines of one part of the journal tell, in a few bytes for each subject, so that
 * millions can be compared with the catalogue. In a nameless file that goes with the process.
 */
export interface JournalDigests {
  /** Takes lines, in the order of the journal. */
  add(lines: readonly ToldDigest[]): Promise<void>;
  /** Of some subjects, those that are told to be there. */
  find(subjects: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** All subjects that are told to be there, page by page. */
  each(): AsyncIterable<readonly string[]>;
  close(): Promise<void>;
}

const PAGE = 500;
/** Rows of one statement: three values each, well below what SQLite takes. */
const ROWS = 200;

/** An empty one. */
export async function openJournalDigests(): Promise<JournalDigests> {
  const db = knex({
    client: 'sqlite3',
    // SQLite: a database without a name lies in a file of its own that is removed at once.
    connection: { filename: '' },
    useNullAsDefault: true,
    pool: { min: 1, max: 1, idleTimeoutMillis: 2 ** 31 - 1 },
  });
  await db.raw('pragma journal_mode = off');
  await db.raw('pragma synchronous = off');
  await db.raw(
    'create table told (subject text primary key, seq integer not null, digest text) without rowid',
  );
  return {
    async add(lines) {
      await db.transaction(async (tx) => {
        for (let at = 0; at < lines.length; at += ROWS) await keep(tx, lines.slice(at, at + ROWS));
      });
    },

    async find(subjects) {
      const rows: { subject: string; digest: string }[] = await db('told')
        .whereIn('subject', subjects)
        .whereNotNull('digest')
        .select('subject', 'digest');
      return new Map(rows.map(({ subject, digest }) => [subject, digest]));
    },

    async *each() {
      for (let after = ''; ;) {
        const rows: { subject: string }[] = await db('told')
          .where('subject', '>', after)
          .whereNotNull('digest')
          .orderBy('subject')
          .limit(PAGE)
          .select('subject');
        const last = rows.at(-1);
        if (last === undefined) return;
        yield rows.map(({ subject }) => subject);
        after = last.subject;
      }
    },

    close: () => db.destroy(),
  };
}

/** As in a reindex: not the last line counts, but the newest state. */
async function keep(tx: Knex, lines: readonly ToldDigest[]): Promise<void> {
  const places = lines.map(() => '(?, ?, ?)').join(', ');
  await tx.raw(
    `insert into told (subject, seq, digest) values ${places}
     on conflict (subject) do update set seq = excluded.seq, digest = excluded.digest
     where excluded.seq >= told.seq`,
    lines.flatMap(({ subject, seq, digest }) => [subject, seq, digest ?? null]),
  );
}
