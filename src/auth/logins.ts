import { findUser, recordDeed, type Actor, type Catalog, type User } from '../catalog/index.js';
import { hasCode } from '../lib/errors.js';
import type { DeedLog } from './deed-log.js';
import { findDevice, makeDevice, type DeviceCookie } from './device.js';
import { createGuesses, type Guesses } from './guesses.js';
import { verifyPassword } from './password.js';
import type { Signer } from './token.js';

/** Where a password comes from. */
export interface Origin {
  readonly address: string;
  /** The header `Cookie`: it may hold the mark of a browser that has signed in before. */
  readonly cookie?: string | undefined;
  /** True for somebody who is signed in, and is asked for the password of this account once more. */
  readonly isSignedIn?: boolean;
}

/** The one place where a name and a password are held against the catalogue. */
export interface Logins {
  /**
   * The user with this name and password, unless disabled. Takes the same time and gives the same
   * answer whether there is such a user or not.
   *
   * @throws 'too_many' when there were too many wrong ones
   */
  check(username: string, password: string, origin: Origin): Promise<User | undefined>;
  /** The mark for a browser in which somebody has just signed in to this account. */
  deviceFor(user: User): DeviceCookie;
  /**
   * Writes into the audit log that somebody signed in: a line of its own, which no flood of refusals
   * can push out. @param how `page` or `token`
   */
  noteDone(user: User, address: string, how: 'page' | 'token'): Promise<void>;
  /** Writes down in the same way that somebody signed out, here and nowhere else. */
  noteEnded(actor: Actor): Promise<void>;
}

/**
 * @param signer of the marks of browsers
 * @param guesses counts the wrong ones
 */
export function createLogins(
  catalog: Catalog,
  deeds: DeedLog,
  signer: Signer,
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
    async check(username, password, { address, cookie, isSignedIn = false }) {
      const device = isSignedIn ? 'signed in' : findDevice(signer, cookie, username);
      const user = await findUser(catalog, username);
      try {
        guesses.begin(username, address, device);
      } catch (error) {
        if (hasCode(error, 'too_many')) refuse(user, address, 'too often');
        throw error;
      }
      const from = guesses.isKnown(username, address, device) ? 'known' : 'stranger';
      const isRight = await verifyPassword(password, user?.passwordHash, from);
      if (user !== undefined && isRight && !user.disabled) {
        guesses.succeed(username, address, device);
        return user;
      }
      refuse(user, address, user?.disabled === true ? 'disabled' : 'name and password');
      return undefined;
    },
    deviceFor: ({ username }) => makeDevice(signer, username),
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
