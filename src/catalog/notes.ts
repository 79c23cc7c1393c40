import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { recordDeed } from './audit.js';
import { insertEvent } from './outbox.js';
import { readNotes, type Note } from './records.js';
import type { Catalog } from './db.js';
import type { Actor } from './visibility.js';

/** Longest note, characters. */
export const MAX_NOTE = 4000;

/**
 * Writes a note in the caller's transaction, with its deed and event. Notes are never changed: another
 * one is written.
 *
 * @param subject `frame:<id>` or `night:<date>`; the caller makes sure that there is such a thing
 * @throws 'bad_request' for an empty or endless text
 */
export async function writeNote(
  tx: Knex.Transaction,
  subject: string,
  text: string,
  by: Actor,
): Promise<Note> {
  const clean = text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]|\p{Cs}/gu, '')
    .trim();
  if (clean === '') throw new AppError('bad_request', 'The note is empty.', { parameter: 'text' });
  if (clean.length > MAX_NOTE) {
    const message = `The note has ${clean.length} characters; ${MAX_NOTE} fit.`;
    throw new AppError('bad_request', message, { parameter: 'text' });
  }
  const atMs = Date.now();
  const [row]: { id: number }[] = await tx('notes')
    .insert({ subject, text: clean, made_by: by.username, made_ms: atMs })
    .returning('id');
  const note: Note = { id: row?.id ?? 0, text: clean, by: by.username, atMs };
  await recordDeed(tx, by, {
    action: 'note.written',
    subject,
    outcome: 'done',
    detail: { text: clean },
  });
  await insertEvent(tx, 'note.written', { subject, ...note });
  return note;
}

/** The notes on a subject, oldest first. */
export function listNotes(catalog: Catalog, subject: string): Promise<readonly Note[]> {
  return readNotes(catalog.read, subject);
}
