import { setTimeout as wait } from 'node:timers/promises';
import type { Frame, StoredHdu } from '../../catalog/index.js';
import type { Issue } from '../../fits/index.js';
import { requireIntact } from '../../http/index.js';
import { AppError } from '../../lib/errors.js';
import type { Web } from '../page.js';
import { countOf, formatCount } from '../render.js';

/** A page waits this long for what the check of its file finds; then it offers to show it. */
const PATIENCE_MS = 250;
/** Larger files, and those to be expanded first, are only checked when someone asks. */
const MAX_UNASKED_BYTES = 64 * 1024 * 1024;
const QUICK_CONTAINERS = new Set(['plain', 'tiles', 'xisf']);
/** Findings that a page lists; all of them are one link away. */
const MAX_LISTED = 50;

/** What a check found, why it could not be made, or null if it has not been made. */
type Found = readonly Issue[] | string | null;

/** Whether a file is as the standard says, for its page. Never throws for what is in the file. */
export async function findChecks(
  { services }: Web,
  frame: Frame,
  isAsked: boolean,
): Promise<Found> {
  const { version } = frame;
  const isQuick = version.sizeBytes <= MAX_UNASKED_BYTES && QUICK_CONTAINERS.has(version.container);
  if (!isAsked && !isQuick) return null;
  const check = async (): Promise<Found> => {
    try {
      await requireIntact(services.store, version);
      const path = await services.store.localPath(version.key);
      return await services.products.check({ ...version, path });
    } catch (error) {
      // The page has more to say than this.
      if (error instanceof AppError) return error.message;
      throw error;
    }
  };
  if (isAsked) return check();
  const patience = new AbortController();
  const found = check().finally(() => {
    patience.abort();
  });
  const tired = wait(PATIENCE_MS, null, { signal: patience.signal }).catch(() => found);
  return Promise.race([found, tired]);
}

/** The verdicts on the sums, as the upload had them, and the findings. */
export function toChecks(found: Found, hdus: readonly StoredHdu[], pageUrl: string) {
  const issues = found === null || typeof found === 'string' ? [] : found;
  const errors = issues.filter(({ level }) => level === 'error').length;
  return {
    sums: toSums(hdus),
    wrong: hdus.filter(({ checksum }) => checksum === 'wrong').map(labelOf),
    isMade: found !== null,
    problem: typeof found === 'string' ? found : '',
    summary:
      issues.length === 0
        ? 'no findings'
        : `${countOf(issues.length, 'finding')}${errors === 0 ? '' : `, ${countOf(errors, 'error')}`}`,
    findings: issues.slice(0, MAX_LISTED).map((issue) => ({
      level: issue.level,
      text: issue.text,
      place: [
        `HDU ${issue.hdu}`,
        ...(issue.keyword === '' ? [] : [issue.keyword]),
        `byte ${formatCount(issue.offset)}`,
      ].join(', '),
    })),
    unlisted: formatCount(Math.max(0, issues.length - MAX_LISTED)),
    hasUnlisted: issues.length > MAX_LISTED,
    checkUrl: `${pageUrl}?checks=1#checks`,
    allUrl: `${pageUrl}verify/`,
  };
}

const VERDICTS = [
  ['ok', 'ok'],
  ['wrong', 'wrong'],
  ['absent', 'absent'],
  [null, 'not looked at'],
] as const;

/** `ok in HDU 0, 2; absent in HDU 1` */
function toSums(hdus: readonly StoredHdu[]): string {
  const parts = VERDICTS.flatMap(([verdict, word]) => {
    const numbers = hdus.filter(({ checksum }) => checksum === verdict).map(({ hdu }) => hdu);
    if (numbers.length === 0) return [];
    return numbers.length === hdus.length && hdus.length > 1
      ? [`${word} in every HDU`]
      : [`${word} in HDU ${formatRuns(numbers)}`];
  });
  return parts.join('; ');
}

/** `0, 2–5, 8` */
function formatRuns(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs
    .map(([first, last]) => {
      if (first === last) return String(first);
      return `${first}${last === first + 1 ? ', ' : '–'}${last}`;
    })
    .join(', ');
}

function labelOf({ hdu, name }: StoredHdu): string {
  return name === '' ? `HDU ${hdu}` : `HDU ${hdu} ${name}`;
}
