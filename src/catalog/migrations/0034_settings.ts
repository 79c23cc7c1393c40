import type { Knex } from 'knex';
import { describeSetting } from '../camera-settings.js';

/**
 * Frames of one camera are compared with those that were taken with the same gain, offset, read mode and
 * temperature to be held: other settings have other levels and noise.
 */
export async function settings(db: Knex): Promise<void> {
  await db.schema.alterTable('measure_groups', (t) => {
    t.string('setting').notNullable().defaultTo('');
    t.dropUnique(SETUP);
    t.unique([...SETUP, 'setting']);
  });
  await collectSettings(db);
  await regroup(db);
  await db.raw('drop table setting_values');
  await db.raw('delete from measure_groups where id not in (select group_id from measures)');
  await db('usual').delete(); // of groups that were others
  // All nights are compared anew, after what is more urgent.
  await db.raw(`insert or ignore into judge_later (night_no)
    select distinct night_no from measures where night_no > -1000000`);
}

const SETUP = [
  ...['site_id', 'telescope', 'instrument', 'filter', 'binning_x', 'binning_y', 'kind'],
  'is_reduced',
];

/** Keywords as `config/calibration.json` has them, the best first. */
const KEYWORDS = {
  offset: ['OFFSET', 'BLKLEVEL', 'BLACKLVL', 'DET-OFFS'],
  readMode: ['READMODE', 'READOUTM', 'CONFMODE', 'DET-MODE'],
  setPoint: ['SET-TEMP', 'CCDSTEMP', 'DET-TSET', 'CCD-TSET', 'TEMP-SET'],
} as const;

/** Values lie by keyword: they are put together by frame once. */
async function collectSettings(db: Knex): Promise<void> {
  await db.raw(`create temp table setting_values (
    frame_id integer not null,
    name text not null,
    value text not null,
    primary key (frame_id, name)
  ) without rowid`);
  for (const [name, keywords] of Object.entries(KEYWORDS)) {
    for (const keyword of keywords) {
      for (const [table, column] of Object.entries(VALUES)) {
        await db.raw(
          `insert or ignore into setting_values (frame_id, name, value)
           select frame_id, ?, trim(${column}) from ${table} as own
             where keyword_id = (select id from header_keywords where name = ?)
               and trim(${column}) <> ''
               and not exists (select 1 from header_others as other
                 where other.keyword_id = own.keyword_id and other.frame_id = own.frame_id
                   and other.value = own.${column})`,
          [name, keyword],
        );
      }
    }
  }
}

const VALUES = { header_numbers: 'number', header_texts: 'text' } as const;

/** Frames of one step. */
const STEP = 10_000;

interface Measured {
  readonly id: number;
  readonly groupId: number;
  readonly gain: number | null;
  /** JSON. */
  readonly headers: string;
}

async function regroup(db: Knex): Promise<void> {
  const made = new Map<string, number>();
  for (let after = 0; ;) {
    const rows: Measured[] = await db('measures')
      .join('frames', 'frames.id', 'measures.frame_id')
      .where('measures.frame_id', '>', after)
      .orderBy('measures.frame_id')
      .limit(STEP)
      .select({ id: 'measures.frame_id', groupId: 'measures.group_id', gain: 'frames.gain' })
      .select(
        db.raw(`(select json_group_object(name, value) from setting_values
          where setting_values.frame_id = frames.id) as headers`),
      );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    const moved: (readonly [id: number, groupId: number])[] = [];
    for (const { id, groupId, gain, headers } of rows) {
      const told = new Map(Object.entries(JSON.parse(headers) as Record<string, string>));
      const setting = describeSetting(gain, told);
      if (setting === '') continue;
      const key = JSON.stringify([groupId, setting]);
      const group = made.get(key) ?? (await makeGroup(db, groupId, setting));
      made.set(key, group);
      moved.push([id, group]);
    }
    await db.raw(
      `update measures set group_id = moved.value ->> 1 from json_each(?) as moved
        where measures.frame_id = moved.value ->> 0`,
      [JSON.stringify(moved)],
    );
  }
}

async function makeGroup(db: Knex, groupId: number, setting: string): Promise<number> {
  const own: Record<string, unknown> | undefined = await db('measure_groups')
    .where({ id: groupId })
    .first(...SETUP);
  const [made]: { id: number }[] = await db('measure_groups')
    .insert({ ...own, setting })
    .returning('id');
  return made?.id ?? groupId;
}
