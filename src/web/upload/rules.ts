import type { Request } from 'express';
import { may } from '../../auth/index.js';
import {
  insertRule,
  listUsedRules,
  removeRule,
  type NewRule,
  type RepairRule,
  type UsedRule,
  type Viewer,
} from '../../catalog/index.js';
import { bodyText, parseId } from '../../http/index.js';
import { publicityKeywords } from '../../ingest/index.js';
import { AppError } from '../../lib/errors.js';
import type { Web } from '../page.js';
import { formatCount, formatDateTime } from '../render.js';
import { readValues } from './mend.js';

/**
 * Makes each value of the form a rule for the uploads to come.
 *
 * @returns a sentence about what was made
 * @throws 'bad_request' if there is no value, or no condition; 'forbidden' for what decides who sees
 *         frames, unless `viewer` is an admin
 */
export async function keepAsRules(
  { services }: Web,
  req: Request,
  viewer: Viewer,
): Promise<string> {
  const values = [...readValues(req)];
  if (values.length === 0) {
    throw new AppError(
      'bad_request',
      'A rule needs a value: give the keyword and what it shall be.',
    );
  }
  const secret = publicityKeywords(services.reader.profiles);
  const closed = values.find(([keyword]) => secret.has(keyword))?.[0];
  if (closed !== undefined && !may(viewer, 'administer')) {
    const message = `${closed} decides who sees a frame: only an admin makes that a rule for what others upload.`;
    throw new AppError('forbidden', message);
  }
  const where = {
    instrument: bodyText(req, 'rule-camera'),
    namePattern: bodyText(req, 'rule-name'),
  };
  const made: NewRule[] = [];
  for (const [keyword, value] of values) {
    // That it cannot be nothing is said by the catalogue, in words for people.
    const rule = { keyword, value: value ?? '', ...where };
    await insertRule(services.catalog, rule, viewer);
    made.push(rule);
  }
  const told = made.map(({ keyword, value }) => `${keyword} = ${String(value)}`).join(', ');
  return `From now on ${told} where it is missing, for ${conditionOf(where)}.`;
}

/** Takes a rule away: its maker, or an admin. @throws 'not_found', 'forbidden' */
export async function dropRule({ services }: Web, req: Request, viewer: Viewer): Promise<string> {
  const owner = may(viewer, 'administer') ? undefined : viewer.username;
  const id = parseId(bodyText(req, 'rule'));
  const rule = await removeRule(services.catalog, id, owner, viewer);
  return `Rule ${id} is removed: ${rule.keyword} stays missing where it is missing. Frames that have their value from it keep it.`;
}

/** The rules as the page lists them, the newest first. */
export async function ruleRows({ services }: Web, viewer: Viewer) {
  const rules = await listUsedRules(services.catalog);
  return rules.toReversed().map((rule) => toRow(rule, viewer));
}

function toRow(rule: UsedRule, viewer: Viewer) {
  const isOwn = rule.madeBy.toLowerCase() === viewer.username.toLowerCase();
  return {
    id: rule.id,
    gives: `${rule.keyword} = ${String(rule.value)}`,
    where: conditionOf(rule),
    by: rule.madeBy,
    at: formatDateTime(rule.madeMs),
    frames: formatCount(rule.frames),
    mayRemove: may(viewer, 'correct') && (isOwn || may(viewer, 'administer')),
  };
}

function conditionOf({
  instrument,
  namePattern,
}: Pick<RepairRule, 'instrument' | 'namePattern'>): string {
  const camera = instrument?.trim().toLowerCase() ?? '';
  const name = namePattern?.trim().toLowerCase() ?? '';
  const files = name === '' ? 'all files' : `files named ${name}`;
  return camera === '' ? files : `${files} of camera ${camera}`;
}

/** A pattern for files like this one: long numbers are counters and dates. */
export function patternOf(uploadName: string): string {
  return uploadName.replace(/\d{3,}/g, '*');
}
