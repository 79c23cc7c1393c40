import type { RepairRule, Ruled } from '../catalog/index.js';
import type { Inspected } from './inspect.js';
import { findCard } from './keywords.js';
import type { Reading } from './overrides.js';
import type { Profile } from './profiles.js';
import type { Spooled } from './spool.js';

export const NO_RULES: Ruled = new Map();

/**
 * A reading with the values that rules give this file, where neither its headers nor a person say
 * something. A rule never takes the place of a value.
 *
 * @param rules the oldest first: the last one that fits a keyword is taken
 */
export function underRules(
  { hdus, keywords }: Pick<Inspected, 'hdus' | 'keywords'>,
  { uploadName }: Pick<Spooled, 'uploadName'>,
  reading: Reading,
  rules: readonly RepairRule[],
): Reading {
  if (rules.length === 0) return reading;
  const valueOf = (keyword: string) => findCard(hdus, keyword, keywords)?.value ?? '';
  const instrument = String(reading.overrides.get('INSTRUME') ?? valueOf('INSTRUME'));
  const file = { instrument: instrument.trim().toLowerCase(), name: uploadName.toLowerCase() };
  const fitting = rules.filter((rule) => {
    const isLacking = !reading.overrides.has(rule.keyword) && isBlank(valueOf(rule.keyword));
    return isLacking && holdsFor(rule, file);
  });
  if (fitting.length === 0) return reading;
  const values = fitting.map(({ keyword, value }) => [keyword, value] as const);
  const ruled = fitting.map(
    ({ keyword, id, madeBy }) => [keyword, { ruleId: id, by: madeBy }] as const,
  );
  const overrides = new Map([...values, ...reading.overrides]);
  return { ...reading, overrides, ruled: new Map(ruled) };
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}

/** @param file camera and name in lower case */
function holdsFor(
  { instrument, namePattern }: Pick<RepairRule, 'instrument' | 'namePattern'>,
  file: { readonly instrument: string; readonly name: string },
): boolean {
  const isCamera = instrument === null || instrument === file.instrument;
  return isCamera && (namePattern === null || matchesGlob(file.name, namePattern));
}

/** Whether a text is as a pattern with `*` and `?` says. Takes at most their lengths multiplied. */
export function matchesGlob(text: string, pattern: string): boolean {
  let [at, want, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[want] === '*') {
      [star, mark] = [want, at];
      want += 1;
    } else if (pattern[want] === '?' || pattern[want] === text[at]) {
      at += 1;
      want += 1;
    } else if (star >= 0) {
      // The last star takes one letter more.
      mark += 1;
      [at, want] = [mark, star + 1];
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(want));
}

/**
 * Keywords that decide who sees a frame, in any profile: a rule about them holds for what others upload,
 * so it is for admins.
 */
export function publicityKeywords(profiles: readonly Profile[]): ReadonlySet<string> {
  const sources = profiles.flatMap(({ columns }) => [
    ...(columns.publicDate ?? []),
    ...(columns.proposal ?? []),
  ]);
  return new Set(sources.map(({ keyword }) => keyword.toUpperCase()));
}
