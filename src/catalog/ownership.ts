import type { Knex } from 'knex';
import { OPERATOR, type Actor, type Viewer } from './visibility.js';

/**
 * Whether `by` may change what others have brought: put another file in its place, or change who sees
 * it. Who brought it may, and whoever decides for the archive: admins with everything their role
 * allows, and the operator of the box.
 *
 * @param owner the account that brought it; null if nobody knows, or it has gone since
 */
export function mayDecideFor(owner: number | null, by: Actor | Viewer): boolean {
  if (by.userId !== null && by.userId === owner) return true;
  if (by === OPERATOR) return true;
  return 'role' in by && by.role === 'admin' && by.scope === 'admin';
}

/**
 * Whose a frame is: the account that brought its first version, whoever brought others since. null if
 * nobody knows, or it has gone since.
 */
export async function findOwner(db: Knex, frameId: number): Promise<number | null> {
  const row: { uploaded_by: number | null } | undefined = await db('versions')
    .where({ frame_id: frameId, number: 1 })
    .first('uploaded_by');
  return row?.uploaded_by ?? null;
}
