import type { StoredCard, StoredHdu } from '../catalog/index.js';
import { createPace, type Pace } from '../lib/pace.js';
import { toCardShape, toEntry, toHduShape, type HeaderEntry } from './shapes.js';

/** Cards between two looks at the clock, and in one piece of text. */
const STEP = 250;

/** What is told of the headers of a file; the parts are as `toHdusShape` and `toHeadersShape` have them. */
export interface HeaderAnswer {
  /** Every card of these HDUs. */
  readonly hdus?: readonly StoredHdu[];
  /** The header that is given by keys; undefined for no such part, null for an empty one. */
  readonly byKey?: StoredHdu | null;
  /** Values that people set right; told only if there are any. */
  readonly corrections?: readonly object[];
}

/**
 * The same answer as text of JSON, piece by piece: a header may have 100 000 cards, and the event
 * loop runs meanwhile.
 */
export async function* headerText({
  hdus,
  byKey,
  corrections = [],
}: HeaderAnswer): AsyncGenerator<string> {
  const pace = createPace();
  yield '{';
  if (hdus !== undefined) {
    yield '"hdus":[';
    for (const [index, hdu] of hdus.entries()) {
      const start = JSON.stringify({ ...toHduShape(hdu), cards: [] }).slice(0, -2);
      yield `${index === 0 ? '' : ','}${start}`;
      yield* listText(hdu.cards, (card) => JSON.stringify(toCardShape(card)), pace);
      yield ']}';
    }
    yield byKey === undefined ? ']' : '],';
  }
  if (byKey !== undefined) {
    const results = await sortedEntries(byKey, pace);
    yield '"results":[';
    yield* listText(results, (entry) => JSON.stringify(entry), pace);
    yield '],"data":{';
    yield* listText(await firstOfEach(results, pace), memberText, pace);
    yield '}';
  }
  if (corrections.length > 0) yield `,"corrections":${JSON.stringify(corrections)}`;
  yield '}';
}

function memberText({ key, value }: HeaderEntry): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

/** Items with commas between them. */
async function* listText<T>(
  items: readonly T[],
  toText: (item: T) => string,
  pace: Pace,
): AsyncGenerator<string> {
  for (let from = 0; from < items.length; from += STEP) {
    const text = items
      .slice(from, from + STEP)
      .map(toText)
      .join(',');
    yield from === 0 ? text : `,${text}`;
    await pace();
  }
}

/** The entries of a header in the order of keys; those of one key in the order of the file. */
async function sortedEntries(hdu: StoredHdu | null, pace: Pace): Promise<HeaderEntry[]> {
  const cards: readonly StoredCard[] = hdu?.cards ?? [];
  const byKey = new Map<string, HeaderEntry[]>();
  for (const [index, card] of cards.entries()) {
    const entry = toEntry(card, hdu?.kind ?? '');
    if (entry !== undefined) {
      const same = byKey.get(entry.key);
      if (same === undefined) byKey.set(entry.key, [entry]);
      else same.push(entry);
    }
    if (index % STEP === 0) await pace();
  }
  const entries: HeaderEntry[] = [];
  for (const key of await sortTexts([...byKey.keys()], pace)) {
    for (const entry of byKey.get(key) ?? []) entries.push(entry);
    await pace();
  }
  return entries;
}

/** In the order of code units: sorted some at a time, then merged two and two. */
async function sortTexts(texts: readonly string[], pace: Pace): Promise<readonly string[]> {
  let runs: (readonly string[])[] = [];
  for (let from = 0; from < texts.length; from += STEP) {
    runs.push(texts.slice(from, from + STEP).sort());
    await pace();
  }
  while (runs.length > 1) {
    const merged: (readonly string[])[] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(await merge(runs[at] ?? [], runs[at + 1] ?? [], pace));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge(
  left: readonly string[],
  right: readonly string[],
  pace: Pace,
): Promise<readonly string[]> {
  const all: string[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [left[i], right[j]];
    if (a === undefined && b === undefined) return all;
    if (b === undefined || (a !== undefined && a < b)) {
      all.push(a ?? '');
      i += 1;
    } else {
      all.push(b);
      j += 1;
    }
    if (all.length % STEP === 0) await pace();
  }
}

/** The first of a repeated keyword counts, as everywhere in FITS. */
async function firstOfEach(sorted: readonly HeaderEntry[], pace: Pace): Promise<HeaderEntry[]> {
  const firsts: HeaderEntry[] = [];
  for (const [index, entry] of sorted.entries()) {
    if (entry.key !== sorted[index - 1]?.key) firsts.push(entry);
    if (index % STEP === 0) await pace();
  }
  return firsts;
}
