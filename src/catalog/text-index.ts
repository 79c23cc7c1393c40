import type { Knex } from 'knex';
import { onIndex, onFrames, onObjects, type Condition } from './conditions.js';

/** Characters of the pieces that the index of names is made of: shorter words are not in it. */
const PIECE = 3;

/** Frames with `part` anywhere in their name, case-blind. */
export function nameContains(part: string): Condition {
  const test = (query: Knex.QueryBuilder): void => {
    void query.whereRaw("frames.basename like ? escape '\\'", [likePattern(part)]);
  };
  if (!isIndexed(part)) return onFrames(test);
  return onIndex((query) => {
    const { sql, bindings } = namesWith(part);
    void query.whereRaw(`frames.id in (${sql})`, bindings);
  }, test);
}

/**
 * A query for the ids of the frames with `part` anywhere in their name, case-blind, to be put into
 * another one. A part of fewer than three characters reads through all names (by their index).
 */
export function namesWith(part: string): { readonly sql: string; readonly bindings: string[] } {
  if (!isIndexed(part)) {
    const sql = "select id from frames where basename like ? escape '\\'";
    return { sql, bindings: [likePattern(part)] };
  }
  const phrase = `"${part.replaceAll('"', '""')}"`;
  return {
    sql: 'select rowid from frame_names where frame_names match ?',
    bindings: [phrase],
  };
}

/**
 * Frames with `part` anywhere in the name of their object, case-blind. There are far fewer objects
 * than frames, so their names are simply read through.
 */
export function objectContains(part: string): Condition {
  return onObjects((query, table) => {
    void query.whereRaw(`${table}.object like ? escape '\\'`, [likePattern(part)]);
  });
}

/** Names of objects that frames have, whoever may see these. */
export async function objectNames(db: Knex): Promise<string[]> {
  const row: { names: string } | undefined = await db('objects')
    .whereNotNull('object')
    .first(db.raw('json_group_array(object) as names'));
  return JSON.parse(row?.names ?? '[]') as string[];
}

/** Pattern of LIKE, with `escape '\'`, for texts that contain `part`. */
export function likePattern(part: string): string {
  return `%${part.replace(/[\\%_]/g, (character) => `\\${character}`)}%`;
}

function isIndexed(part: string): boolean {
  return Array.from(part).length >= PIECE;
}
