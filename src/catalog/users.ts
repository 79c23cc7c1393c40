import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { recordDeed } from './audit.js';
import { CHANGES, inTransaction, required, uniqueViolation, type Catalog } from './db.js';
import { EVERYTHING, writeSight, type Sight } from './sight.js';
import { insertRow } from './write.js';
import type { Actor, Role, Scope } from './visibility.js';

export interface User extends Sight {
  readonly id: number;
  readonly username: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly disabled: boolean;
  /** Part of what the token of /api-token-auth/ is made from. */
  readonly tokenSerial: number;
  readonly createdMs: number;
}

export interface Token {
  readonly id: number;
  readonly userId: number;
  readonly username: string;
  readonly name: string;
  readonly hint: string;
  readonly scope: Scope;
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly usedMs: number | null;
}

interface UserRow {
  id: number;
  username: string;
  password_hash: string;
  role: Role;
  disabled: number | boolean;
  sees_all: number | boolean;
  /** JSON list. */
  proposals: string;
  token_serial: number;
  created_ms: number;
}

interface TokenRow {
  id: number;
  user_id: number;
  username: string;
  name: string;
  hint: string;
  scope: Scope;
  created_ms: number;
  expires_ms: number | null;
  used_ms: number | null;
}

/** @throws 'bad_request' if the name is taken; upper and lower case are one name */
export async function insertUser(
  catalog: Catalog,
  user: { username: string; passwordHash: string; role: Role; sight?: Sight },
  by: Actor,
): Promise<number> {
  const { username, role, sight = EVERYTHING } = user;
  try {
    return await inTransaction(catalog, async (tx) => {
      const id = await insertRow(tx, 'users', {
        username,
        username_key: username.toLowerCase(),
        password_hash: user.passwordHash,
        role,
        created_ms: Date.now(),
      });
      await writeSight(tx, id, sight);
      const subject = `user:${username}`;
      await recordDeed(tx, by, {
        action: 'user.added',
        subject,
        outcome: 'done',
        detail: { role, ...sight },
      });
      return id;
    });
  } catch (error) {
    if (uniqueViolation(error) === undefined) throw error;
    throw new AppError('bad_request', `There is a user '${user.username}' already.`, {}, error);
  }
}

export async function findUser(catalog: Catalog, username: string): Promise<User | undefined> {
  const row: UserRow | undefined = await users(catalog.read)
    .where({ username_key: username.toLowerCase() })
    .first();
  return row === undefined ? undefined : toUser(row);
}

export async function findUserById(catalog: Catalog, id: number): Promise<User | undefined> {
  const row: UserRow | undefined = await users(catalog.read).where({ id }).first();
  return row === undefined ? undefined : toUser(row);
}

export function listUsers(catalog: Catalog): Promise<User[]> {
  return listUsersIn(catalog.read);
}

/** The same in a transaction. */
export async function listUsersIn(db: Knex): Promise<User[]> {
  const rows: UserRow[] = await users(db).orderBy('username_key');
  return rows.map(toUser);
}

/** Name of the token that a name and a password are exchanged for. */
export const PASSWORD_TOKEN = 'api-token-auth';

/** What can be changed of a user. */
export interface UserChange {
  readonly passwordHash?: string;
  readonly role?: Role;
  readonly disabled?: boolean;
  /** Holds from the next request on, also for those who are signed in. */
  readonly sight?: Sight;
}

/**
 * Changes a user and ends all sessions, so that an old password or role is worth nothing; a change of
 * what it is shown alone ends none.
 *
 * @throws 'not_found'
 */
export async function updateUser(
  catalog: Catalog,
  id: number,
  change: UserChange,
  by: Actor,
): Promise<void> {
  await inTransaction(catalog, async (tx) => {
    const before = await getUser(tx, id);
    const { sight, ...doors } = change;
    if (sight !== undefined) await writeSight(tx, id, sight);
    if (Object.keys(doors).length > 0) {
      await tx('users')
        .where({ id })
        .update({
          ...(doors.passwordHash === undefined ? {} : { password_hash: doors.passwordHash }),
          ...(doors.role === undefined ? {} : { role: doors.role }),
          ...(doors.disabled === undefined ? {} : { disabled: doors.disabled }),
        });
      await tx('sessions').where({ user_id: id }).delete();
    }
    if (change.passwordHash !== undefined) {
      await tx('tokens').where({ user_id: id, name: PASSWORD_TOKEN }).delete();
    }
    await recordChange(tx, before, change, by);
  });
}

async function recordChange(
  tx: Knex,
  before: User,
  { passwordHash, role, disabled, sight }: UserChange,
  by: Actor,
): Promise<void> {
  const about = { subject: `user:${before.username}`, outcome: 'done' } as const;
  if (passwordHash !== undefined)
    await recordDeed(tx, by, { action: 'password.changed', ...about });
  if (sight !== undefined) {
    const old = { seesAll: before.seesAll, proposals: before.proposals };
    await recordDeed(tx, by, { action: 'user.changed', ...about, old, detail: sight });
  }
  if (role === undefined && disabled === undefined) return;
  const old = { role: before.role, disabled: before.disabled };
  const detail = { role: role ?? old.role, disabled: disabled ?? old.disabled };
  await recordDeed(tx, by, { action: 'user.changed', ...about, old, detail });
}

/** Ends all sessions of a user. @returns how many there were; @throws 'not_found' */
export async function endSessions(catalog: Catalog, userId: number, by: Actor): Promise<number> {
  return inTransaction(catalog, async (tx) => {
    const { username } = await getUser(tx, userId);
    const sessions = await tx('sessions').where({ user_id: userId }).delete();
    await recordDeed(tx, by, {
      action: 'login.ended',
      subject: `user:${username}`,
      outcome: 'done',
      detail: { where: 'everywhere', sessions },
    });
    return sessions;
  });
}

async function getUser(tx: Knex, id: number): Promise<User> {
  const row: UserRow | undefined = await users(tx).where({ id }).first();
  return toUser(required(row));
}

/** A token to be kept: only its hash is. */
export interface NewToken {
  readonly userId: number;
  readonly name: string;
  readonly tokenHash: string;
  /** Its first characters. */
  readonly hint: string;
  readonly scope: Scope;
  readonly expiresMs: number | null;
}

/** Tokens of one account: each camera and script may have its own, and a loop cannot fill the table. */
const MAX_TOKENS = 50;

/** @throws 'not_found' if there is no such user, 'bad_request' if it has too many tokens already */
export async function insertToken(catalog: Catalog, token: NewToken, by: Actor): Promise<number> {
  const { userId, name, hint, scope, expiresMs } = token;
  return inTransaction(catalog, async (tx) => {
    const { username } = await getUser(tx, userId);
    await requireRoom(tx, userId);
    const id = await insertRow(tx, 'tokens', {
      user_id: userId,
      name,
      token_hash: token.tokenHash,
      hint,
      scope,
      created_ms: Date.now(),
      expires_ms: expiresMs,
    });
    const expires = expiresMs === null ? null : new Date(expiresMs).toISOString();
    await recordDeed(tx, by, {
      action: 'token.added',
      subject: `token:${id}`,
      outcome: 'done',
      detail: { user: username, name, scope, expires },
    });
    return id;
  });
}

async function requireRoom(tx: Knex, userId: number): Promise<void> {
  const there: unknown[] = await tx('tokens')
    .where({ user_id: userId })
    .select('id')
    .limit(MAX_TOKENS);
  if (there.length < MAX_TOKENS) return;
  const message = `This account has ${MAX_TOKENS} tokens, and more cannot be. Revoke one first.`;
  throw new AppError('bad_request', message);
}

/**
 * The token with this hash and its owner, unless it has expired or the owner is disabled. Every request
 * of a program asks for it, and lists for `changes` as `readChanges` tells it: in one question.
 */
export async function findToken(
  { read }: Catalog,
  tokenHash: string,
): Promise<{ token: Token; user: User; changes: number } | undefined> {
  const row: (UserRow & { token: string; changes: number }) | undefined = await users(read)
    .join('tokens', 'tokens.user_id', 'users.id')
    .where({ token_hash: tokenHash })
    .first(read.raw(OWN_TOKEN), read.raw(CHANGES));
  if (row === undefined) return undefined;
  const token = toToken({
    ...(JSON.parse(row.token) as Omit<TokenRow, 'username'>),
    username: row.username,
  });
  if (token.expiresMs !== null && token.expiresMs <= Date.now()) return undefined;
  return row.disabled ? undefined : { token, user: toUser(row), changes: row.changes };
}

/** Tokens and users have columns of the same names. */
const OWN_TOKEN = `json_object(${[
  'id',
  'user_id',
  'name',
  'hint',
  'scope',
  'created_ms',
  'expires_ms',
  'used_ms',
]
  .map((name) => `'${name}', tokens.${name}`)
  .join(', ')}) as token`;

/** Notes when tokens were last used. */
export async function touchTokens(
  catalog: Catalog,
  usedMs: ReadonlyMap<number, number>,
): Promise<void> {
  await catalog.write.transaction(async (tx) => {
    for (const [id, used_ms] of usedMs) await tx('tokens').where({ id }).update({ used_ms });
  });
}

/** Tokens of one user, or of all, oldest first. */
export async function listTokens(catalog: Catalog, userId?: number): Promise<Token[]> {
  const query = tokens(catalog).orderBy('tokens.id');
  if (userId !== undefined) void query.where({ user_id: userId });
  const rows: TokenRow[] = await query;
  return rows.map(toToken);
}

/** @throws 'not_found' if there is no such token (of the user `ownerId`, if given) */
export async function deleteToken(
  catalog: Catalog,
  id: number,
  by: Actor,
  ownerId?: number,
): Promise<void> {
  await inTransaction(catalog, async (tx) => {
    const query = tx('tokens').where({ id });
    if (ownerId !== undefined) void query.andWhere({ user_id: ownerId });
    const row: Omit<TokenRow, 'username'> | undefined = await query.first();
    if (row === undefined) throw new AppError('not_found', 'There is no such token.');
    const { username } = await getUser(tx, row.user_id);
    await tx('tokens').where({ id }).delete();
    if (row.name === PASSWORD_TOKEN) {
      await tx('users').where({ id: row.user_id }).increment('token_serial', 1);
    }
    await recordDeed(tx, by, {
      action: 'token.revoked',
      subject: `token:${id}`,
      outcome: 'done',
      old: { user: username, name: row.name, scope: row.scope },
    });
  });
}

function tokens(catalog: Catalog) {
  return catalog
    .read('tokens')
    .join('users', 'users.id', 'tokens.user_id')
    .select('tokens.*', 'users.username as username');
}

/** Accounts, each with its proposals. */
function users(db: Knex) {
  const list = db.raw(`(select json_group_array(proposal order by proposal) from user_proposals
    where user_id = users.id) as proposals`);
  return db('users').select('users.*', list);
}

function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    passwordHash: row.password_hash,
    role: row.role,
    disabled: Boolean(row.disabled),
    seesAll: Boolean(row.sees_all),
    proposals: JSON.parse(row.proposals) as string[],
    tokenSerial: row.token_serial,
    createdMs: row.created_ms,
  };
}

function toToken(row: TokenRow): Token {
  return {
    id: row.id,
    userId: row.user_id,
    username: row.username,
    name: row.name,
    hint: row.hint,
    scope: row.scope,
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    usedMs: row.used_ms,
  };
}
