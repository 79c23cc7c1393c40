import { AppError } from '../lib/errors.js';
import { parseDate, parseInstant } from '../lib/time.js';
import { ACTIONS, type DeedQuery } from './audit.js';

/** The filters of the audit log: their names are those of the API, the page and the command. */
export const DEED_FILTERS = ['actor', 'action', 'subject', 'from', 'to'] as const;

/** Most lines of one page. */
export const MAX_DEEDS = 1000;

const DAY_MS = 86_400_000;

/**
 * Reads which lines of the audit log are wanted. Empty values filter nothing; a date in `to` means
 * the whole day.
 *
 * @param valueOf the value by name: those of DEED_FILTERS, and `limit` and `cursor`
 * @throws 'bad_request' naming the parameter
 */
export function parseDeedQuery(valueOf: (name: string) => string, defaultLimit: number): DeedQuery {
  const [actor, action, subject] = ['actor', 'action', 'subject'].map(valueOf);
  if (action && !Object.hasOwn(ACTIONS, action)) throw invalid('action', 'a word of the log');
  const fromMs = parseMoment('from', valueOf('from'));
  const to = valueOf('to');
  const toMs = parseMoment('to', to);
  const untilMs =
    toMs === undefined ? undefined : toMs + (parseDate(to) === undefined ? 0 : DAY_MS);
  const before = parseWhole('cursor', valueOf('cursor'));
  return {
    ...(actor ? { actor } : {}),
    ...(action ? { action } : {}),
    ...(subject ? { subject } : {}),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(before === undefined ? {} : { before }),
    limit: Math.min(MAX_DEEDS, Math.max(1, parseWhole('limit', valueOf('limit')) ?? defaultLimit)),
  };
}

function parseMoment(name: string, text: string): number | undefined {
  if (text === '') return undefined;
  const ms = parseInstant(text);
  if (ms === undefined) throw invalid(name, 'a date or an instant such as 2026-03-01T20:00');
  return ms;
}

function parseWhole(name: string, text: string): number | undefined {
  if (text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalid(name, 'a whole number');
  return Number(text);
}

function invalid(name: string, expected: string): AppError {
  const message = `Invalid value for ${name}: expected ${expected}.`;
  return new AppError('bad_request', message, { parameter: name });
}
