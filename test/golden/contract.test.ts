import { startArchive, type TestArchive } from '../support/archive.js';
import { BEYOND } from './contract/beyond.js';
import { compareAnswers } from './contract/compare.js';
import { DIFFERENCES, type IntendedDifference } from './contract/differences.js';
import {
  contractDir,
  contractTest,
  hasRecordings,
  readIntended,
  readRecordings,
  type JsonObject,
} from './contract/recordings.js';
import { startReplay, type Replay } from './contract/replay.js';

/*
 * 306 recorded requests against a server of ours. Everything that is not as recorded is in the table
 * of contract/differences.ts with its reason, and what is here instead is shown to be right.
 */
if (!hasRecordings) {
  process.stdout.write(
    `\nNOT TESTED: no recordings of the reference archive at ${contractDir}: set CONTRACT_DIR.\n`,
  );
}

const recordings = hasRecordings ? readRecordings() : [];
const intended = hasRecordings ? readIntended() : { must: [], allowed: [] };
let replay: Replay;

beforeAll(async () => {
  if (hasRecordings) replay = await startReplay(recordings);
});
afterAll(async () => {
  if (hasRecordings) await replay.archive.close();
});

/** `214-217` → 214, …; `265#length` → 265; `*` → none. */
function numbersOf(label: string): number[] {
  const [, first, last] = /^(\d+)(?:-(\d+))?/.exec(label) ?? [];
  if (first === undefined) return [];
  const from = Number(first);
  return Array.from({ length: Number(last ?? first) - from + 1 }, (_, index) => from + index);
}

const explains = (row: IntendedDifference, number: number): boolean =>
  row.requests.some((label) => numbersOf(label).includes(number));

contractTest(
  'nothing differs from the recordings but what the table explains, and that is right',
  async () => {
    const everything = (
      recordings.find(({ name }) => name === 'list-')?.answer.json as unknown as {
        results: JsonObject[];
      }
    ).results;
    const problems: string[] = [];
    const seen = new Map<IntendedDifference, Set<number>>();
    for (const recording of recordings) {
      const { number, method, path } = recording;
      const answer = await replay.send(recording);
      const rows = [
        ...DIFFERENCES.filter((row) => explains(row, number)),
        ...DIFFERENCES.filter((row) => row.requests.includes('*') && !explains(row, number)),
      ];
      const found = new Map(rows.map((row) => [row, []] as [IntendedDifference, typeof all]));
      const all = await compareAnswers(recording.answer, answer, replay);
      for (const difference of all) {
        const row = rows.find(({ where }) => where.test(difference.where));
        if (row !== undefined) found.get(row)?.push(difference);
        else {
          const { where, theirs, ours } = difference;
          problems.push(
            `${number} ${method} ${path}: ${where} is ${cut(ours)}, not ${cut(theirs)}`,
          );
        }
      }
      for (const [row, differences] of found) {
        if (differences.length > 0) {
          seen.set(row, (seen.get(row) ?? new Set()).add(number));
        } else if (!explains(row, number)) continue;
        try {
          await row.right?.({ recording, answer, found: differences, replay, everything });
        } catch (error) {
          problems.push(`${number} ${method} ${path}: not right: ${row.reason}\n${String(error)}`);
        }
      }
    }
    printTable(seen);
    expect(problems).toEqual([]);
    expect(staleRows(seen)).toEqual([]);
  },
  180_000,
);

const labelsOf = (...sources: IntendedDifference['source'][]): string[] =>
  DIFFERENCES.filter(({ source }) => sources.includes(source)).flatMap(({ requests }) => requests);

contractTest('every row of INTENDED.md that must be seen is looked for', () => {
  const labels = labelsOf('must', 'decided');
  const wanted = intended.must.filter((label) => !labels.includes(label) && !(label in BEYOND));
  expect(wanted).toEqual([]);
  expect(intended.must.length).toBeGreaterThan(60);
});

contractTest('what is only allowed is allowed by INTENDED.md, request by request', () => {
  const allowed = new Set(intended.allowed.flatMap(numbersOf));
  const numbers = labelsOf('allowed').flatMap(numbersOf);
  expect(numbers.filter((number) => !allowed.has(number))).toEqual([]);
});

describe('what the recordings cannot show', () => {
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await startArchive();
  });
  afterAll(() => archive.close());

  test.each(Object.entries(BEYOND).map(([label, row]) => ({ label, ...row })))(
    '$label: $what',
    async ({ right }) => {
      await right(archive);
    },
  );
});

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

/** Rows, and requests of rows, that explain nothing; what must be seen is checked in any case. */
function staleRows(seen: ReadonlyMap<IntendedDifference, ReadonlySet<number>>): string[] {
  return DIFFERENCES.filter(({ source }) => source !== 'must').flatMap((row) => {
    const numbers = seen.get(row) ?? new Set();
    if (numbers.size === 0) return [`nothing: ${row.reason}`];
    return row.requests
      .filter((label) => label !== '*' && !numbersOf(label).some((number) => numbers.has(number)))
      .map((label) => `${label}: ${row.reason}`);
  });
}

function printTable(seen: ReadonlyMap<IntendedDifference, ReadonlySet<number>>): void {
  const differing = new Set([...seen.values()].flatMap((numbers) => [...numbers]));
  const lines = DIFFERENCES.map((row) => {
    const requests = row.requests.includes('*') ? '(any)' : row.requests.join(' ');
    const times = String(seen.get(row)?.size ?? 0).padStart(3);
    return `${times}  ${row.source.padEnd(12)} ${row.reason}  [${requests}]`;
  });
  process.stdout.write(
    `\nRecorded answers of pyobs-archive: ${recordings.length} requests, ` +
      `${recordings.length - differing.size} answered alike, ${differing.size} with an intended difference.\n` +
      `requests, who says so, what is right here\n${lines.join('\n')}\n`,
  );
}
