import type { Knex } from 'knex';
import { splitFitsName } from '../lib/paths.js';
import { escapeUnseen } from '../lib/unseen.js';
import { inTransaction, type Catalog, type Transaction } from './db.js';
import { writeFindings } from './findings.js';
import type { Row } from './schema.js';
import { foundOut } from './touches.js';

/** A name under which the bytes of a frame came once more, when they did so first, and from whom. */
export interface OtherName {
  /** As the client gave it, without folders. */
  readonly name: string;
  readonly by: string;
  readonly atMs: number;
}

/** More names of one frame are not kept: whoever sends so many gives each upload a name of its own. */
const MAX_NAMES = 20;

/** Characters of a name that are kept: longer ones no file system has. */
const MAX_LENGTH = 255;

/** Names that are told in a sentence. */
const TOLD_NAMES = 3;

/**
 * Keeps that bytes which are there came under another name, and makes it a finding. A name that the frame
 * has, or once came under, changes nothing, nor does another extension.
 *
 * @param uploadedBy id of who sent it first, if that was not `by`; null if that is not known
 */
export async function noteOtherName(
  catalog: Catalog,
  frameId: number,
  sent: Omit<OtherName, 'atMs'> & { readonly uploadedBy?: number | null | undefined },
): Promise<void> {
  const { by, uploadedBy = null } = sent;
  const name = sent.name.slice(0, MAX_LENGTH);
  if (!(await isOther(catalog.read, frameId, name))) return;
  const work = async (tx: Transaction): Promise<void> => {
    const here: unknown = await tx('frames').where({ id: frameId }).first('id');
    if (here === undefined) return;
    const sender: { username: string } | undefined = await tx('users')
      .where({ id: uploadedBy ?? 0 })
      .first('username');
    const made = { name, by: sender?.username ?? by, atMs: Date.now() };
    await insertOtherNames(tx, frameId, [made]);
  };
  await inTransaction(catalog, work, () => foundOut([frameId]));
}

async function isOther(db: Knex, frameId: number, name: string): Promise<boolean> {
  const others = await readOtherNames(db, frameId);
  if (others.length >= MAX_NAMES) return false;
  const known = [...(await ownNames(db, frameId)), ...others.map((other) => other.name)];
  return !known.map(stemOf).includes(stemOf(name));
}

function stemOf(name: string): string {
  return splitFitsName(name).basename;
}

/** The names under which its versions came, and its own. */
async function ownNames(db: Knex, frameId: number): Promise<string[]> {
  const rows: { upload_name: string; basename: string }[] = await db('versions')
    .join('frames', 'frames.id', 'versions.frame_id')
    .where({ frame_id: frameId })
    .orderBy('number')
    .select('upload_name', 'basename');
  const names = rows.map(({ upload_name: name }) => name).filter((name) => name !== '');
  return [...names, ...rows.slice(0, 1).map(({ basename }) => basename)];
}

/** Writes other names of a frame back, and what is to be said of all of them. In the caller's transaction. */
export async function insertOtherNames(
  tx: Knex.Transaction,
  frameId: number,
  names: readonly OtherName[],
): Promise<void> {
  if (names.length === 0) return;
  for (const { name, by, atMs } of names) {
    await tx('other_names')
      .insert({ frame_id: frameId, name, made_by: by, made_ms: atMs })
      .onConflict(['frame_id', 'name'])
      .ignore();
  }
  const [first = ''] = await ownNames(tx, frameId);
  const text = describe(first, await readOtherNames(tx, frameId));
  await writeFindings(tx, frameId, 'names', [{ code: 'same-bytes', level: 'warning', text }]);
}

/** Who sent them is not said here: visitors, who are told no accounts, see findings too. */
function describe(first: string, others: readonly OtherName[]): string {
  const told = others.slice(0, TOLD_NAMES).map(({ name, atMs }) => {
    const at = new Date(atMs).toISOString();
    return `'${name}' on ${at.slice(0, 10)} at ${at.slice(11, 16)} UTC`;
  });
  const more = others.length - told.length;
  const rest = more > 0 ? `, and ${more} more` : '';
  const all = `first as '${first}', then as ${told.join(', as ')}${rest}`;
  return escapeUnseen(`The same bytes came under ${others.length + 1} names: ${all}.`);
}

/** The other names of a frame, the first one first. @param db a transaction, or `catalog.read` */
export async function readOtherNames(db: Knex, frameId: number): Promise<OtherName[]> {
  return (await readOtherNamesOf(db, [frameId])).get(frameId) ?? [];
}

/** The other names of those of these frames that have some, by id. */
export async function readOtherNamesOf(
  db: Knex,
  frameIds: readonly number[],
): Promise<ReadonlyMap<number, OtherName[]>> {
  const rows: Row[] = await db('other_names')
    .whereIn('frame_id', frameIds)
    .orderBy(['frame_id', 'made_ms', 'name']);
  const names = new Map<number, OtherName[]>();
  for (const row of rows) {
    const id = Number(row.frame_id);
    const some = names.get(id) ?? [];
    some.push({ name: String(row.name), by: String(row.made_by), atMs: Number(row.made_ms) });
    names.set(id, some);
  }
  return names;
}
