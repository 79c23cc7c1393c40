import { spellingKey, targetKey } from '../targets/index.js';
import type { ObjectSummary } from './summary.js';

type Compare = (a: ObjectSummary, b: ObjectSummary) => number;

/** Names by which a list of objects can be sorted, and what each compares. */
const SORTS = {
  name: (a, b) => byName(a, b),
  frames: (a, b) => a.frames - b.frames,
  hours: (a, b) => a.exposureSec - b.exposureSec,
  first_night: (a, b) => byText(a.firstNight, b.firstNight),
  last_night: (a, b) => byText(a.lastNight, b.lastNight),
} as const satisfies Record<string, Compare>;

export type ObjectSort = keyof typeof SORTS;

/** The words that a list of objects can be sorted by. */
export const OBJECT_SORTS = [
  'name',
  'frames',
  'hours',
  'first_night',
  'last_night',
] as const satisfies readonly ObjectSort[];

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** How two objects compare; those that are equal go by name. */
export function objectOrder(sort: ObjectSort, order: 'asc' | 'desc'): Compare {
  const compare = SORTS[sort];
  const sign = order === 'asc' ? 1 : -1;
  return (a, b) => sign * compare(a, b) || byName(a, b);
}

function byName(a: ObjectSummary, b: ObjectSummary): number {
  return collator.compare(a.merged.name, b.merged.name);
}

/** Without a night first. */
function byText(a: string | null, b: string | null): number {
  const [first, second] = [a ?? '', b ?? ''];
  return first < second ? -1 : Number(first > second);
}

/** True if a name of the object has the words in it, or is spelled like them. */
export function isNamed({ merged }: ObjectSummary, words: string): boolean {
  const plain = words.toLowerCase();
  const key = spellingKey(words);
  const names = [merged.name, ...merged.names, ...(merged.target?.aliases ?? [])];
  if (targetKey(words) === targetKey(merged.name)) return true;
  return names.some(
    (name) =>
      name.toLowerCase().includes(plain) || (key !== '' && spellingKey(name).startsWith(key)),
  );
}
