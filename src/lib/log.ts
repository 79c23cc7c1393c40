import { escapeUnseen } from './unseen.js';

export type LogFields = Readonly<Record<string, unknown>>;

/** One JSON line per event: fixed text, data in fields. Never secrets, headers or file contents. */
export interface Log {
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
  /** A log that adds `fields` to each of its lines. */
  child(fields: LogFields): Log;
}

/** @param write takes one line without its end */
export function createLog(write: (line: string) => void, base: LogFields = {}): Log {
  const line =
    (level: string) =>
    (text: string, fields: LogFields = {}) => {
      const all = { at: new Date().toISOString(), level, text, ...base, ...fields };
      write(escapeUnseen(JSON.stringify(all)));
    };
  return {
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => createLog(write, { ...base, ...fields }),
  };
}

/** What of an unknown thrown value may go into a log line. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause === undefined ? {} : { cause: errorFields(error.cause) };
  const told = withoutStatement(error.message);
  return { error: told, stack: error.stack?.replace(error.message, () => told), ...cause };
}

/** The database puts the statement before what is wrong, with all values: hashes of secrets among them. */
function withoutStatement(message: string): string {
  const at = message.lastIndexOf(' - SQLITE_');
  return at < 0 ? message : message.slice(at + 3);
}
