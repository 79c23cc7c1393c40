import { createPace, inSteps } from '../lib/pace.js';
import type { StoredCard } from './schema.js';

type CardTuple = readonly [string, string, StoredCard['value'], string];

/** Between the parts of a list. JSON allows the line break here, and has none within its strings. */
const SEPARATOR = ',\n';

/**
 * The cards of a header as the catalogue keeps them: a JSON list of [keyword, kind, value, comment],
 * with a line break now and then. A header may have 100 000 cards: the event loop runs meanwhile.
 */
export async function formatCards(
  cards: readonly StoredCard[],
  pace = createPace(),
): Promise<string> {
  const parts: string[] = [];
  await inSteps(
    cards,
    (some) => {
      const tuples = some.map(({ keyword, kind, value, comment }): CardTuple => {
        return [keyword, kind, value, comment];
      });
      parts.push(JSON.stringify(tuples).slice(1, -1));
    },
    pace,
  );
  return `[${parts.join(SEPARATOR)}]`;
}

/** The opposite of `formatCards`; the event loop runs meanwhile. */
export async function parseStoredCards(text: string, pace = createPace()): Promise<StoredCard[]> {
  const cards: StoredCard[] = [];
  for (const part of text.slice(1, -1).split(SEPARATOR)) {
    for (const [keyword, kind, value, comment] of JSON.parse(`[${part}]`) as CardTuple[]) {
      cards.push({ keyword, kind, value, comment });
    }
    await pace();
  }
  return cards;
}
