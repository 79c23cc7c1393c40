import { findUser, recordDeed, type Actor, type Catalog, type User } from '../catalog/index.js';
import { hasCode } from '../lib/errors.js';
import type { DeedLog } from './deed-log.js';
import { createGuesses, type Guesses } from './guesses.js';
import { verifyPassword } from './password.js';

/** The one place where a name and a password are held against the catalogue. */
export interface Logins {
  /**
   * The user with this name and password, unless disabled. Takes the same time and gives the same
   * answer whether there is such a user or not.
   *
   * @throws 'too_many' when there were too many wrong ones
   */
  check(username: string, password: string, address: string): Promise<User | undefined>;
  /**
   * Writes into the audit log that somebody signed in: a line of its own, which no flood of refusals
   * can push out. @param how `page` or `token`
   */
  noteDone(user: User, address: string, how: 'page' | 'token'): Promise<void>;
  /** Writes down in the same way that somebody signed out, here and nowhere else. */
  noteEnded(actor: Actor): Promise<void>;
}

/** @param guesses counts the wrong ones */
export function createLogins(
  catalog: Catalog,
  deeds: DeedLog,
  guesses: Guesses = createGuesses(),
): Logins {
  const refuse = (user: User | undefined, address: string, why: string): void => {
    // Not the name as it was typed: people type their password there.
    const subject = user === undefined ? 'user:?' : `user:${user.username}`;
    const visitor: Actor = { userId: null, username: '', address };
    const outcome = 'refused';
    deeds.note(visitor, { action: 'login.refused', subject, outcome, detail: { why } });
  };

  return {
    async check(username, password, address) {
      const user = await findUser(catalog, username);
      try {
        guesses.begin(username, address);
      } catch (error) {
        if (hasCode(error, 'too_many')) refuse(user, address, 'too often');
        throw error;
      }
      const isRight = await verifyPassword(password, user?.passwordHash);
      if (user !== undefined && isRight && !user.disabled) {
        guesses.succeed(username, address);
        return user;
      }
      refuse(user, address, user?.disabled === true ? 'disabled' : 'name and password');
      return undefined;
    },
    async noteDone(user, address, how) {
      const actor: Actor = { userId: user.id, username: user.username, address };
      const subject = `user:${user.username}`;
      const deed = { action: 'login.done', subject, outcome: 'done', detail: { how } } as const;
      await recordDeed(catalog.write, actor, deed);
    },
    async noteEnded(actor) {
      const subject = `user:${actor.username}`;
      const deed = { action: 'login.ended', subject, outcome: 'done' } as const;
      await recordDeed(catalog.write, actor, { ...deed, detail: { where: 'here' } });
    },
  };
}
