import type { Knex } from 'knex';
import { AppError } from '../lib/errors.js';
import { hasOddText } from '../lib/unseen.js';
import { recordDeed } from './audit.js';
import { insertEvent } from './outbox.js';
import { noteSubject, readNotes, readNotesOf, type Note } from './records.js';
import type { Catalog } from './db.js';
import { isTheirFrame, type Actor, type Viewer } from './visibility.js';

/** Longest note, characters. */
export const MAX_NOTE = 4000;

/**
 * Writes a note in the caller's transaction, with its deed and event. Notes are never changed: another
 * one is written.
 *
 * @param subject `frame:<id>` or `night:<date>`; the caller makes sure that there is such a thing
 * @throws 'bad_request' for an empty or endless text, or one with characters that cannot be shown
 */
export async function writeNote(
  tx: Knex.Transaction,
  subject: string,
  text: string,
  by: Actor,
): Promise<Note> {
  const clean = text.replace(/\r\n?/g, '\n').trim();
  if (clean === '') throw new AppError('bad_request', 'The note is empty.', { parameter: 'text' });
  if (clean.length > MAX_NOTE) {
    const message = `The note has ${clean.length} characters; ${MAX_NOTE} fit.`;
    throw new AppError('bad_request', message, { parameter: 'text' });
  }
  if (hasOddText(clean)) {
    const message = 'The note has characters that cannot be shown, or that turn its direction.';
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

/** What notes on a night are written under. @param night `YYYY-MM-DD` */
export function nightSubject(night: string): string {
  return `night:${night}`;
}

/**
 * The notes on a night that `viewer` may read, oldest first: all, or what they have written themselves
 * for accounts held to proposals. The others may be about frames that are not for them.
 */
export async function listNightNotes(
  catalog: Catalog,
  night: string,
  viewer: Viewer,
): Promise<readonly Note[]> {
  const [notes = []] = await listNotesOfNights(catalog, [night], viewer);
  return notes;
}

/** The same of several nights, in their order. */
export async function listNotesOfNights(
  { read }: Catalog,
  nights: readonly string[],
  viewer: Viewer,
): Promise<(readonly Note[])[]> {
  const found = await readNotesOf(read, nights.map(nightSubject));
  const isSeen = ({ by }: Note): boolean => viewer.seesAll || (by !== '' && by === viewer.username);
  return nights.map((night) => (found.get(nightSubject(night)) ?? []).filter(isSeen));
}

/**
 * The notes on a frame that `viewer` may read, oldest first: all, or what they have written themselves
 * for those who see the frame only because it is public. The others may be from when it was hidden.
 *
 * @param frame as `viewer` was given it
 */
export async function listVisibleNotes(
  catalog: Catalog,
  frame: { readonly id: number; readonly proposal: string | null },
  viewer: Viewer,
): Promise<readonly Note[]> {
  const notes = await readNotes(catalog.read, noteSubject(frame.id));
  if (await isTheirFrame(catalog.read, frame, viewer)) return notes;
  return notes.filter(({ by }) => by !== '' && by === viewer.username);
}
