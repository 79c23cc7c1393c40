import session, { type SessionData } from 'express-session';
import {
  deleteSession,
  extendSession,
  findSession,
  saveSession,
  type Catalog,
} from '../catalog/index.js';
import { hashSecret } from './token.js';

declare module 'express-session' {
  interface SessionData {
    /** Who is logged in. */
    userId?: number;
  }
}

const TOUCH_EVERY_MS = 3_600_000;
const MAX_TOUCHED = 10_000;

type Callback = (error?: unknown, data?: SessionData | null) => void;

/** Sessions of express-session as rows of the catalogue, under the hash of their id. */
export class CatalogSessions extends session.Store {
  readonly #catalog: Catalog;
  readonly #lifetimeMs: number;
  /** By a clock that nobody sets. */
  readonly #touchedMs = new Map<string, number>();

  constructor(catalog: Catalog, lifetimeMs: number) {
    super();
    this.#catalog = catalog;
    this.#lifetimeMs = lifetimeMs;
  }

  override get(id: string, callback: Callback): void {
    settle(
      findSession(this.#catalog, hashSecret(id)).then((text) =>
        text === undefined ? null : (JSON.parse(text) as SessionData),
      ),
      callback,
    );
  }

  override set(id: string, data: SessionData, callback: Callback = ignore): void {
    const row = {
      idHash: hashSecret(id),
      userId: data.userId ?? null,
      data: JSON.stringify(data),
      expiresMs: Date.now() + this.#lifetimeMs,
    };
    settle(saveSession(this.#catalog, row), callback);
  }

  override destroy(id: string, callback: Callback = ignore): void {
    settle(deleteSession(this.#catalog, hashSecret(id)), callback);
  }

  /** Called at each request; but reading must not cost a write, so it is kept for once an hour. */
  override touch(id: string, _data: SessionData, callback: Callback = ignore): void {
    const idHash = hashSecret(id);
    const now = Date.now();
    const tick = performance.now();
    if (tick - (this.#touchedMs.get(idHash) ?? -TOUCH_EVERY_MS) < TOUCH_EVERY_MS) {
      callback();
      return;
    }
    if (this.#touchedMs.size > MAX_TOUCHED) this.#touchedMs.clear();
    this.#touchedMs.set(idHash, tick);
    settle(extendSession(this.#catalog, idHash, now + this.#lifetimeMs), callback);
  }
}

/** Promise → callback: null where there is nothing to tell. */
function settle(work: Promise<unknown>, callback: Callback): void {
  work.then(
    (data) => {
      callback(null, (data ?? null) as SessionData | null);
    },
    (error: unknown) => {
      callback(error);
    },
  );
}

function ignore(): void {
  // express-session may call without a callback
}
