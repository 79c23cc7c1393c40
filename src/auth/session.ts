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

type Callback = (error?: unknown, data?: SessionData | null) => void;

/** Sessions of express-session as rows of the catalogue, under the hash of their id. */
export class CatalogSessions extends session.Store {
  readonly #catalog: Catalog;
  readonly #lifetimeMs: number;

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

  override touch(id: string, _data: SessionData, callback: Callback = ignore): void {
    settle(extendSession(this.#catalog, hashSecret(id), Date.now() + this.#lifetimeMs), callback);
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
