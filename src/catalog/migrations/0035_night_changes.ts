import type { Knex } from 'knex';

/**
 * How often anything has changed that is told of the frames of a night, so that what was read of it is
 * kept until then. Counted by the database itself, so that nothing that changes a frame can forget it,
 * in whatever process.
 */
export async function nightChanges(db: Knex): Promise<void> {
  await db.raw('alter table nights add column changes integer not null default 0');
  const raise = (nights: string): string =>
    `begin update nights set changes = changes + 1 where id in (${nights}); end`;
  await db.raw(`create trigger night_frame_insert after insert on frames ${raise('new.night_id')}`);
  await db.raw(
    `create trigger night_frame_update after update on frames ${raise('old.night_id, new.night_id')}`,
  );
  await db.raw(`create trigger night_frame_delete after delete on frames ${raise('old.night_id')}`);
  for (const { table, when } of TOLD) {
    for (const [event, row] of EVENTS) {
      const which = when === undefined ? '' : `when ${row}.${when} `;
      await db.raw(
        `create trigger night_${table}_${event} after ${event} on ${table} ${which}
          ${raise(`(select night_id from frames where id = ${row}.frame_id)`)}`,
      );
    }
  }
}

/** What is told of frames beside what they were entered with. */
const TOLD = [
  { table: 'measures', when: undefined },
  { table: 'flags', when: undefined },
  { table: 'findings', when: "level <> 'note'" },
] as const;

const EVENTS = [
  ['insert', 'new'],
  ['update', 'new'],
  ['delete', 'old'],
] as const;
