import type { Request, Response } from 'express';
import { parameter, queryParameters } from '../../http/index.js';
import type { Web } from '../page.js';
import { keepChoice, KEEP, readChoice } from './choice.js';
import { hiddenState, MOST_PLATES, parsePlates, type ListState } from './list-state.js';

const COOKIE = 'plates';
/** Step of whom nobody has chosen otherwise. */
const USUAL = 2;
/** From this step on pictures are drawn twice as wide: the others would be enlarged. */
const FIRST_WIDE = 4;
/** The steps in words, smallest first: what the slider says to those who do not see it. */
const WORDS = ['smallest', 'small', 'middle', 'large', 'largest'] as const;

/** How large the pictures of the contact sheet are, and the slider for it. */
export interface Plates {
  /** From 1 on; the style sheet has a width for each. */
  readonly step: number;
  readonly most: number;
  readonly word: string;
  /** All words, with commas, for the script. */
  readonly words: string;
  /** Width of the pictures that are asked for, pixels. */
  readonly widthPx: number;
  /** What the form of the slider carries along. */
  readonly hidden: readonly { name: string; value: string }[];
}

/** The size of the address, else that of this browser, else the usual one. */
export function readPlates(req: Request, state: ListState): Plates {
  const step = state.plates ?? parsePlates(readChoice(req, COOKIE)) ?? USUAL;
  return {
    step,
    most: MOST_PLATES,
    word: WORDS[step - 1] ?? '',
    words: WORDS.join(','),
    widthPx: step < FIRST_WIDE ? 200 : 400,
    hidden: [...hiddenState({ ...state, plates: undefined }), { name: KEEP, value: 'plates' }],
  };
}

/**
 * Remembers the size of an address for this browser if it says so: the slider does, bookmarks do not.
 *
 * @returns true if the address is to be left for the one without that word
 */
export function keepPlates(web: Web, req: Request, res: Response, state: ListState): boolean {
  if (parameter(queryParameters(req), KEEP) !== 'plates') return false;
  keepChoice(web, req, res, COOKIE, state.plates === undefined ? undefined : String(state.plates));
  return true;
}
