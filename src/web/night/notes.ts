import { may } from '../../auth/index.js';
import type { Note, Viewer } from '../../catalog/index.js';
import { renderMarkdown } from '../markdown.js';
import type { Web } from '../page.js';
import { formatDateTime } from '../render.js';

/** What came of a note that could not be written, and what was typed. */
export interface ToldNote {
  readonly message: string;
  readonly text: string;
}

/** One version of what is said of a night. */
interface NoteVersion {
  readonly number: number;
  /** Safe to show as it is. */
  readonly html: string;
  readonly by: string;
  readonly at: string;
}

/** What people say of a night, and the form of those who may say more. */
export interface NightNotes {
  readonly current: NoteVersion | null;
  /** Those before it, the latest first. */
  readonly earlier: readonly NoteVersion[];
  /** '' for those who may only read. */
  readonly url: string;
  /** What the form begins with. */
  readonly text: string;
  /** The version that is edited: its id, 0 for none. */
  readonly after: number;
  readonly message: string;
}

/**
 * Each note is a version of the one text about the night: what was written last is shown, the others
 * are its history.
 *
 * @param notes oldest first; null for those who may not read them
 * @returns null for those
 */
export function toNotes(
  { base }: Web,
  night: string,
  notes: readonly Note[] | null,
  viewer: Viewer,
  told: ToldNote | null,
): NightNotes | null {
  if (notes === null) return null;
  const versions = notes.map(({ text, by, atMs }, index) => ({
    number: index + 1,
    html: renderMarkdown(text),
    by: by === '' ? 'someone' : by,
    at: formatDateTime(atMs).slice(0, 16),
  }));
  const last = notes.at(-1);
  return {
    current: versions.at(-1) ?? null,
    earlier: versions.slice(0, -1).reverse(),
    url: may(viewer, 'upload') ? `${base}/nights/${night}/note/` : '',
    text: told?.text ?? last?.text ?? '',
    after: last?.id ?? 0,
    message: told?.message ?? '',
  };
}
