import type { Knex } from 'knex';

/** What is told of frames that were compared can be searched, and copies are found wherever they are. */
export async function compared(db: Knex): Promise<void> {
  // Lists are searched and sorted by every rank, and by the measures that have none.
  for (const name of COLUMNS) {
    await db.raw(`create index measures_${name} on measures (${name}) where ${name} is not null`);
  }
  await keepOtherNames(db);
  await findCopies(db);
  await judgeUndated(db);
}

const COLUMNS = [
  'elongation_angle_deg',
  'instrumental_mag',
  'fwhm_rank',
  'hfr_rank',
  'elongation_rank',
  'stars_rank',
  'background_rank',
  'background_gradient_rank',
  'noise_rank',
  'saturated_rank',
  'hot_pixels_rank',
  'transparency_rank',
] as const;

/** Names under which the bytes of a frame came once more. */
async function keepOtherNames(db: Knex): Promise<void> {
  await db.raw(`create table other_names (
    frame_id integer not null references frames (id) on delete cascade,
    name text not null,
    made_by text not null,
    made_ms integer not null,
    primary key (frame_id, name)
  ) without rowid`);
  await db.raw(`create trigger journal_other_name after insert on other_names begin
    insert into journal_queue (subject) values ('frame:' || new.frame_id);
  end`);
}

/**
 * Frames with the same pixels may be of any nights. When one comes, goes or is measured anew, those of a
 * higher id are judged once more: they tell of it. Pictures that are all one level have sums in common.
 */
async function findCopies(db: Knex): Promise<void> {
  await db.raw(`create index measures_content_sum on measures (content_sum)
    where content_sum is not null and noise > 0`);
  // Frames that no night has, and how often they were queued.
  await db.raw(`create table undated_queue (
    frame_id integer primary key references frames (id) on delete cascade,
    changes integer not null default 1
  )`);
  const judge = (row: 'old' | 'new'): string => {
    const copies = `select frame_id, night_no from measures
      where content_sum = ${row}.content_sum and noise > 0 and frame_id > ${row}.frame_id
      order by frame_id limit ${MOST_COPIES}`;
    return `insert into judge_queue (night_no)
        select distinct night_no from (${copies}) where night_no > ${UNDATED}
        on conflict (night_no) do update set changes = changes + 1;
      insert into undated_queue (frame_id)
        select frame_id from (${copies}) where night_no = ${UNDATED}
        on conflict (frame_id) do update set changes = changes + 1;`;
  };
  await db.raw(`create trigger copies_insert after insert on measures
    when new.content_sum is not null and new.noise > 0 begin ${judge('new')} end`);
  await db.raw(`create trigger copies_delete after delete on measures
    when old.content_sum is not null and old.noise > 0 begin ${judge('old')} end`);
  await db.raw(`create trigger copies_update after update of content_sum on measures
    when new.content_sum is not old.content_sum begin ${judge('old')} ${judge('new')} end`);
}

/** Copies of one picture that are asked again at once. */
const MOST_COPIES = 100;

/** The night of frames without one, far from all others: they are compared with their whole group. */
const UNDATED = -1_000_000;

async function judgeUndated(db: Knex): Promise<void> {
  await db('measures').whereNull('night_no').update({ night_no: UNDATED });
  await db.raw(
    'insert or ignore into undated_queue (frame_id) select frame_id from measures where night_no = ?',
    [UNDATED],
  );
}
