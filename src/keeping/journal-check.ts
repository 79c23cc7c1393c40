import { createHash } from 'node:crypto';
import {
  eachSubject,
  findFrameIds,
  IDS,
  openJournalDigests,
  parseFrameSubject,
  readEpoch,
  readToldStates,
  type Catalog,
  type JournalDigests,
  type JournalState,
} from '../catalog/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import type { Store } from '../store/index.js';
import type { Difference } from './check.js';
import {
  journalFolder,
  readLines,
  type JournalLine,
  type JournalPosition,
} from './journal-file.js';
import { lookAtJournal } from './journal.js';
import { inBatches } from './loose.js';

/** Lines that are taken in at once. */
const LINES = 1_000;
/** A subject that changes while it is compared is looked at again. */
const TRIES = 3;
/** Subjects and lines that are named one by one; the others are counted. */
const NAMED = 20;
const REMEDY = '`platevault journal rebuild` writes it anew.';
/** Whoever deletes has it told: without that the journal may be all that is left of it. */
const LOST =
  'If it was removed for good, `platevault journal rebuild` forgets it; else the catalogue has lost it, and `platevault reindex` brings it back.';

interface Parts {
  readonly catalog: Catalog;
  readonly store: Store;
}

/**
 * Compares the journal in the tree with the catalogue: every frame, every deleted frame, the notes on
 * nights, shares, rules, sent reports and the accounts have to be told as they are, and nothing else. What
 * the catalogue still has to tell is no difference, nor is a line that others have made up for. Works beside a running server.
 *
 * @throws 'busy' if the journal is being replaced
 */
export async function* checkJournal(parts: Parts): AsyncIterable<Difference> {
  const folder = journalFolder(parts.store);
  const fault = await lookAtJournal(parts.catalog, folder);
  if (fault !== undefined) yield difference('journal', '', `${fault.text} ${REMEDY}`);
  if (fault?.kind === 'missing') return;
  const digests = await openJournalDigests();
  try {
    const reader = createReader(folder, await readEpoch(parts.catalog.read), digests);
    yield* await reader.catchUp();
    const unnamed = reader.unnamed();
    if (unnamed > 0) {
      yield difference('journal', '', `${unnamed} more lines cannot be read. ${REMEDY}`);
    }
    let count = 0;
    for await (const found of compareAll(parts.catalog, digests, () => reader.catchUp())) {
      count += 1;
      if (count <= NAMED) yield found;
    }
    if (count > NAMED) {
      const text = `So it is with ${count - NAMED} more.`;
      yield difference('journal', '', text);
    }
    const other = reader.newestEpoch();
    if (count === 0 && other !== undefined && other !== reader.epoch) {
      yield difference('journal', '', `Another catalogue has told it more since. ${REMEDY}`);
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new AppError('busy', 'The journal is being replaced. Try again.', {}, error);
  } finally {
    await digests.close();
  }
}

function difference(kind: 'journal' | 'note', file: string, text: string): Difference {
  return { kind, key: file === '' ? 'journal' : `journal/${file}`, text };
}

interface Reader {
  readonly epoch: number;
  /** Takes in what has been written since. @returns what is wrong with these lines */
  catchUp(): Promise<Difference[]>;
  /** That of the last line. */
  newestEpoch(): number | undefined;
  /** Lines that cannot be read and were not named any more. */
  unnamed(): number;
}

function createReader(folder: string, epoch: number, digests: JournalDigests): Reader {
  const position: JournalPosition = new Map();
  let newest: number | undefined;
  let faulty = 0;
  return {
    epoch,
    newestEpoch: () => newest,
    unnamed: () => Math.max(0, faulty - NAMED),
    async catchUp() {
      const faults: Difference[] = [];
      for await (const lines of inBatches(readLines(folder, position), LINES)) {
        const told = lines.flatMap(({ entry }) => (entry?.epoch === epoch ? [entry] : []));
        newest = lines.findLast(({ entry }) => entry !== undefined)?.entry?.epoch ?? newest;
        await digests.add(
          told.map(({ subject, seq, state }) => ({ subject, seq, digest: digestOf(state) })),
        );
        for (const line of lines) {
          if (line.entry !== undefined) continue;
          faulty += 1;
          if (faulty <= NAMED) faults.push(lineFault(line));
        }
      }
      return faults;
    },
  };
}

/** A process that dies leaves half a line, and what it told is told again: that is no damage. */
function lineFault({ file, at, isTorn }: JournalLine): Difference {
  if (isTorn) return difference('note', file, `The line at byte ${at} breaks off.`);
  const text = `The line at byte ${at} cannot be read: it is damaged. ${REMEDY}`;
  return difference('journal', file, text);
}

type CatchUp = () => Promise<unknown>;

async function* compareAll(
  catalog: Catalog,
  digests: JournalDigests,
  catchUp: CatchUp,
): AsyncIterable<Difference> {
  const seen = new Set<string>(); // of nights and accounts: there are few
  for await (const subjects of eachSubject(catalog)) {
    for (const subject of subjects) if (frameIdOf(subject).length === 0) seen.add(subject);
    yield* await compare(catalog, digests, subjects, catchUp);
  }
  // What is there has been compared; what else the journal tells of should have gone from it.
  for await (const subjects of digests.each()) {
    const known = await findFrameIds(catalog.read, subjects.flatMap(frameIdOf));
    const isHere = (subject: string): boolean =>
      seen.has(subject) || frameIdOf(subject).some((id) => known.has(id));
    const others = subjects.filter((subject) => !isHere(subject));
    yield* await compare(catalog, digests, others, catchUp);
  }
}

function frameIdOf(subject: string): number[] {
  const id = parseFrameSubject(subject);
  return id === undefined ? [] : [id];
}

async function compare(
  catalog: Catalog,
  digests: JournalDigests,
  subjects: readonly string[],
  catchUp: CatchUp,
): Promise<Difference[]> {
  let left = subjects;
  let found: Difference[] = [];
  for (let tries = 0; left.length > 0 && tries < TRIES; tries += 1) {
    // Whatever was told before this look is in the journal by now.
    const states = await readToldStates(catalog, left);
    await catchUp();
    const told = await digests.find(left);
    found = [];
    left = [...states].flatMap(([subject, state]) => {
      const [here, there] = [digestOf(state), told.get(subject)];
      if (here === there || subject === IDS) return [];
      found.push(difference('journal', '', describe(subject, state, there)));
      return [subject];
    });
  }
  return left.length > 0 ? found : [];
}

function describe(subject: string, state: JournalState, told: string | undefined): string {
  const name = 'record' in state ? `${subject} ('${state.record.basename}')` : subject;
  if (told === undefined) return `It does not tell of ${name}. ${REMEDY}`;
  if (isNothing(state)) return `It tells of ${name}, which is not there any more. ${LOST}`;
  return `It tells of ${name} otherwise than it is. ${REMEDY}`;
}

function isNothing(state: JournalState): boolean {
  if (state.kind === 'rules') return state.rules.length === 0;
  if (state.kind === 'reports') return state.sent.length === 0;
  return state.kind === 'gone' || (state.kind === 'notes' && state.notes.length === 0);
}

/**
 * Equal for states that mean the same; undefined for what is not there. An older program did not write
 * what it did not know: a value that is absent is the same as an empty one.
 */
function digestOf(state: JournalState): string | undefined {
  if (isNothing(state)) return undefined;
  return createHash('sha256')
    .update(JSON.stringify(plain(state)))
    .digest('base64');
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([name, member]) => [name, plain(member)] as const)
    .filter(([, member]) => !isEmpty(member));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === false ||
    (Array.isArray(value) && value.length === 0)
  );
}
