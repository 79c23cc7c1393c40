import type { Catalog } from './db.js';

/** The stored data of a session that has not expired. `idHash` is a hash: the id itself is a secret. */
export async function findSession(catalog: Catalog, idHash: string): Promise<string | undefined> {
  const row: { data: string } | undefined = await catalog
    .read('sessions')
    .where({ id_hash: idHash })
    .where('expires_ms', '>', Date.now())
    .first('data');
  return row?.data;
}

export async function saveSession(
  catalog: Catalog,
  session: { idHash: string; userId: number | null; data: string; expiresMs: number },
): Promise<void> {
  await catalog
    .write('sessions')
    .insert({
      id_hash: session.idHash,
      user_id: session.userId,
      data: session.data,
      expires_ms: session.expiresMs,
    })
    .onConflict('id_hash')
    .merge();
}

export async function extendSession(
  catalog: Catalog,
  idHash: string,
  expiresMs: number,
): Promise<void> {
  await catalog.write('sessions').where({ id_hash: idHash }).update({ expires_ms: expiresMs });
}

export async function deleteSession(catalog: Catalog, idHash: string): Promise<void> {
  await catalog.write('sessions').where({ id_hash: idHash }).delete();
}

export async function deleteExpiredSessions(catalog: Catalog): Promise<void> {
  await catalog.write('sessions').where('expires_ms', '<=', Date.now()).delete();
}

/** Ends every session there is: everybody has to log in anew. */
export async function deleteAllSessions(catalog: Catalog): Promise<void> {
  await catalog.write('sessions').delete();
}
