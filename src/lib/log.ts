import { pino, type Logger, type LoggerOptions } from 'pino';
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

/** Writes nothing. */
export const SILENT: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

/** A line that weighs less than this is not written. */
export type LogLevel = 'info' | 'warn' | 'error';

/** @param write takes one line without its end */
export function createLog(write: (line: string) => void, level: LogLevel = 'info'): Log {
  const options: LoggerOptions = {
    level,
    base: null, // neither process id nor host name: whoever gathers lines knows them
    messageKey: 'text',
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  };
  return fromPino(
    pino(options, {
      write(line) {
        write(escapeUnseen(line.trimEnd()));
      },
    }),
  );
}

/**
 * The log on standard error. The stream of Node itself: to files and pipes it writes at once, so that
 * no line is lost however the process ends. A buffer of its own would spare requests the write, but
 * would hold the process at its end for a reader that has gone.
 */
export function openLog(level: LogLevel): Log {
  return createLog((line) => {
    process.stderr.write(`${line}\n`);
  }, level);
}

function fromPino(logger: Logger): Log {
  const line =
    (level: LogLevel) =>
    (text: string, fields: LogFields = {}): void => {
      logger[level](fields, text);
    };
  return {
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => fromPino(logger.child(fields)),
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
