import { may } from '../../auth/index.js';
import {
  listVisibleNotes,
  MAX_WHY,
  type Correction,
  type Frame,
  type Viewer,
} from '../../catalog/index.js';
import type { Web } from '../page.js';
import { formatDateTime } from '../render.js';
import { ABSENT } from './header.js';

/** What came of a form about a frame that could not be done, and what was typed into it. */
export interface Told {
  readonly form: 'correct' | 'note' | 'mark' | '';
  readonly message: string;
  readonly keyword: string;
  readonly value: string;
  readonly why: string;
  readonly text: string;
}

/** Nothing was sent. */
export const NOTHING_TOLD: Told = {
  form: '',
  message: '',
  keyword: '',
  value: '',
  why: '',
  text: '',
};

/** What people say about a frame, with the forms of those who may say more; visitors see none of it. */
export async function toSaid(
  { services, base }: Web,
  frame: Frame,
  corrections: readonly Correction[],
  viewer: Viewer,
  told: Told,
) {
  const seesNotes = may(viewer, 'read-notes');
  const notes = seesNotes ? await listVisibleNotes(services.catalog, frame, viewer) : [];
  const url = `${base}/frames/${frame.id}/`;
  return {
    told,
    seesNotes,
    notes: notes.map(({ text, by, atMs }) => ({ text, by, at: formatDateTime(atMs) })),
    noteUrl: may(viewer, 'upload') ? `${url}note/` : '',
    correctUrl: may(viewer, 'correct') ? `${url}correct/` : '',
    corrected: corrections.map(({ keyword, value }) => ({
      keyword,
      value: value === null ? ABSENT : String(value),
    })),
    maxWhy: MAX_WHY,
    profiles: services.reader.profiles.map(({ name, title }) => ({ name, title })),
  };
}
