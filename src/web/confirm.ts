import type { Request, Response } from 'express';
import { sendPage, type Place, type Web } from './page.js';
import { formatBytes } from './render.js';

/** Names that are shown before a deed; the others are counted. */
const NAMES_SHOWN = 8;

/** What cannot be undone, and what it is done to. */
export interface GraveDeed {
  /** As in `Throw 3 files away?` */
  readonly question: string;
  /** What the button says, before the size. */
  readonly deed: string;
  /** Word of the field `do`. */
  readonly word: string;
  readonly place: Place;
  /** Path where it is asked for, without the base. */
  readonly path: string;
  readonly items: readonly {
    readonly id: number;
    readonly name: string;
    readonly sizeBytes: number;
  }[];
}

/** Asks before something that cannot be undone: the same form again, with `sure`. */
export async function askFirst(
  web: Web,
  req: Request,
  res: Response,
  { question, deed, word, place, path, items }: GraveDeed,
): Promise<void> {
  const size = items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const url = `${web.base}${path}`;
  await sendPage(
    web,
    req,
    res,
    'confirm',
    { title: question, place },
    {
      question,
      deed: `${deed} · ${formatBytes(size)}`,
      action: url,
      backUrl: url,
      names: items.slice(0, NAMES_SHOWN).map(({ name }) => name),
      more: Math.max(0, items.length - NAMES_SHOWN),
      fields: [
        { name: 'do', value: word },
        ...items.map(({ id }) => ({ name: 'ids', value: String(id) })),
      ],
    },
  );
}
