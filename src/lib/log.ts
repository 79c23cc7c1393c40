import type { Writable } from 'node:stream';
import { pino, type Logger, type LoggerOptions } from 'pino';
import { systemCode } from './errors.js';
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

/** Bytes that may wait for a reader that is slow. */
const MAX_WAITING_BYTES = 2 ** 20;

/**
 * The log on standard error. The stream of Node itself: to files, and to pipes that are read, it writes
 * at once, so that no line is lost however the process ends. For who does not read, or has gone, no
 * request waits and none fails: lines beyond a bound are counted, and told of when there is a reader.
 */
export function openLog(level: LogLevel, stream: Writable = process.stderr): Log {
  let lost = 0;
  const send = (line: string): void => {
    try {
      stream.write(`${line}\n`);
    } catch (error) {
      // A file on a full disk; a pipe answers by the event.
      if (systemCode(error) === undefined) throw error;
      lost += 1;
    }
  };
  stream.on('error', () => {
    lost += 1; // there is nowhere to tell it
  });
  const direct = createLog(send, level);
  return createLog((line) => {
    if (stream.writableLength > MAX_WAITING_BYTES) {
      lost += 1;
      return;
    }
    const lines = lost;
    lost = 0;
    if (lines > 0) direct.warn('lines of the log are lost: nobody read them', { lines });
    send(line);
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
