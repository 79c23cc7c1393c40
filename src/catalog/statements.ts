import { LRUCache } from 'lru-cache';

/** What a driver calls when it is done. `this` is the statement, with what it changed. */
type Done = (this: unknown, error: Error | null, rows?: unknown) => void;

/** A prepared statement as sqlite3 gives it. */
interface Statement {
  run(bindings: unknown, done: Done): unknown;
  all(bindings: unknown, done: Done): unknown;
  finalize(): unknown;
}

/** Connection as sqlite3 gives it; only what Knex and the pragmas need. */
export interface SqliteConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
  prepare(sql: string, done: (error: Error | null) => void): Statement;
  run(sql: string, bindings: unknown, done?: Done): unknown;
  all(sql: string, bindings: unknown, done?: Done): unknown;
  close(done: (error: Error | null) => void): void;
}

/** What is asked over and over; others may leave a statement standing, as pragmas do. */
const KEEPABLE = /^\s*(?:select|with|insert|update|delete|begin|commit)\b/i;
/** Of these, what is done after a single step, as `run` makes only one. */
const ONE_STEP = /^\s*(?:insert|update|delete)\b(?!.*\breturning\b)/is;

/**
 * SQLite plans by the number that is bound to LIMIT, and so prepares the statement anew each time one
 * is bound. Behind a sign it does not look for one.
 */
const BOUND_LIMIT = /\blimit \?/g;

/**
 * Makes a connection keep the statements that it has prepared, where the driver prepares each anew:
 * that takes longer than most of our queries themselves.
 *
 * @param maxSize characters of those that are kept; prepared, each takes some ten bytes
 */
export function keepStatements(connection: SqliteConnection, maxSize: number): void {
  const kept = new LRUCache<string, Statement>({
    maxSize,
    sizeCalculation: (_statement, sql) => sql.length,
    // One that is taken out is in use; any other is not needed any more.
    dispose(statement, _sql, reason) {
      if (reason !== 'delete') statement.finalize();
    },
  });

  // One that is at work is not among those that are kept: so none is ever used twice at a time.
  const take = (sql: string, failed: (error: Error) => void): Statement => {
    const statement = kept.get(sql);
    kept.delete(sql);
    return (
      statement ??
      connection.prepare(sql.replace(BOUND_LIMIT, 'limit +?'), (error) => {
        if (error !== null) failed(error);
      })
    );
  };

  const through =
    (how: 'run' | 'all', isKept: RegExp) =>
    (sql: string, bindings: unknown, done?: Done): unknown => {
      // Only Knex always gives bindings.
      if (done === undefined) return original[how](sql, bindings);
      if (!isKept.test(sql)) return original[how](sql, bindings, done);
      const statement = take(sql, (error) => {
        done.call(undefined, error);
      });
      return statement[how](bindings, function (this: unknown, error, rows) {
        // After an error nobody knows how it stands.
        if (error === null && sql.length <= maxSize) kept.set(sql, statement);
        else statement.finalize();
        done.call(this, error, rows);
      });
    };

  const original = {
    run: connection.run.bind(connection),
    all: connection.all.bind(connection),
    close: connection.close.bind(connection),
  };
  connection.run = through('run', ONE_STEP);
  connection.all = through('all', KEEPABLE);
  connection.close = (done) => {
    for (const statement of kept.values()) statement.finalize();
    kept.clear();
    original.close(done);
  };
}
