import knex, { type Knex } from 'knex';
import { parseFrameSubject, type JournalEntry, type JournalState } from './journal.js';

/**
 * The states that a journal leads to, on disk, so that one of millions of lines needs no memory. A file
 * beside the catalogue that is being made, removed afterwards.
 */
export interface JournalIndex {
  /** Takes lines, in the order of the journal. */
  add(entries: readonly JournalEntry[]): Promise<void>;
  /** Epochs, the one that was told of last first. */
  epochs(): Promise<readonly EpochSpan[]>;
  /** The newest states of an epoch: of all that is no frame, then of frames by their ids. */
  eachState(epoch: number): AsyncIterable<SubjectState>;
  /** Whether an epoch tells of a subject. */
  knows(epoch: number, subject: string): Promise<boolean>;
  /** The highest ids that any line tells of: none of them may be given again. */
  highestIds(): HighestIds;
  close(): Promise<void>;
}

export type SubjectState = Pick<JournalEntry, 'subject' | 'state'>;

export interface HighestIds {
  readonly frames: number;
  readonly versions: number;
  readonly notes: number;
}

/** One catalogue's part of the journal. */
export interface EpochSpan {
  readonly epoch: number;
  /** Number of its newest line. */
  readonly lastSeq: number;
}

const PAGE = 500;

/** @param path of a file that is not there yet */
export async function openJournalIndex(path: string): Promise<JournalIndex> {
  const db = knex({
    client: 'sqlite3',
    connection: { filename: path },
    useNullAsDefault: true,
    pool: { min: 1, max: 1, idleTimeoutMillis: 2 ** 31 - 1 },
  });
  // A scratch file: after a crash it is made anew.
  await db.raw('pragma journal_mode = off');
  await db.raw('pragma synchronous = off');
  await db.raw(`create table states (
    epoch integer not null, subject text not null, frame_id integer, seq integer not null,
    line integer not null, state text not null, primary key (epoch, subject)
  ) without rowid`);
  await db.raw('create index states_frame on states (epoch, frame_id)');
  let line = 0;
  const highest = { frames: 0, versions: 0, notes: 0 };
  return {
    async add(entries) {
      await db.transaction(async (tx) => {
        for (const entry of entries) {
          raiseIds(highest, entry);
          await keep(tx, entry, ++line);
        }
      });
    },
    highestIds: () => highest,

    async knows(epoch, subject) {
      const row: unknown = await db('states').where({ epoch, subject }).first('seq');
      return row !== undefined;
    },

    async epochs() {
      const rows: { epoch: number; lastSeq: number }[] = await db('states')
        .groupBy('epoch')
        .select('epoch')
        .max({ lastSeq: 'seq' })
        .orderByRaw('max(line) desc');
      return rows;
    },

    async *eachState(epoch) {
      const others: { subject: string; state: string }[] = await db('states')
        .where({ epoch })
        .whereNull('frame_id')
        .orderBy('subject')
        .select('subject', 'state');
      for (const row of others) yield toState(row);
      yield* eachFrameState(db, epoch);
    },

    close: () => db.destroy(),
  };
}

/** Raises ids to those that a line tells of. */
export function raiseIds(
  highest: { frames: number; versions: number; notes: number },
  { subject, state }: JournalEntry,
): void {
  highest.frames = Math.max(highest.frames, parseFrameSubject(subject) ?? 0);
  if (state.kind === 'ids') {
    const { frames, versions, notes } = state.ids;
    highest.frames = Math.max(highest.frames, frames);
    highest.versions = Math.max(highest.versions, versions);
    highest.notes = Math.max(highest.notes, notes);
  }
  const record = 'record' in state ? state.record : undefined;
  for (const { id } of record?.versions ?? []) highest.versions = Math.max(highest.versions, id);
  const notes = 'notes' in state ? state.notes : (record?.notes ?? []);
  for (const { id } of notes) highest.notes = Math.max(highest.notes, id);
}

async function keep(
  tx: Knex.Transaction,
  { epoch, seq, subject, state }: JournalEntry,
  line: number,
): Promise<void> {
  // Two processes may have written at the same time: not the last line counts, but the newest state.
  await tx.raw(
    `insert into states (epoch, subject, frame_id, seq, line, state) values (?, ?, ?, ?, ?, ?)
     on conflict (epoch, subject) do update
     set seq = excluded.seq, line = excluded.line, state = excluded.state
     where excluded.seq >= states.seq`,
    [epoch, subject, parseFrameSubject(subject) ?? null, seq, line, JSON.stringify(state)],
  );
}

async function* eachFrameState(db: Knex, epoch: number): AsyncIterable<SubjectState> {
  for (let after = -1; ;) {
    const rows: { frame_id: number; subject: string; state: string }[] = await db('states')
      .where({ epoch })
      .where('frame_id', '>', after)
      .orderBy('frame_id')
      .limit(PAGE)
      .select('frame_id', 'subject', 'state');
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const row of rows) yield toState(row);
    after = last.frame_id;
  }
}

function toState(row: { subject: string; state: string }): SubjectState {
  return { subject: row.subject, state: JSON.parse(row.state) as JournalState };
}
