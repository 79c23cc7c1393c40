import type { FrameFacts, Overrides } from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import { cannotBeUsed } from './keywords.js';

/** Longest keyword of a card that is none of a HIERARCH. FITS Standard 4.0 §4.1.2.1. */
const LONGEST = 8;

/**
 * Refuses values that people lay over a header, if they cannot be right: nothing that is read from the
 * header could be read from them, no exposure is below 0, and a file that has no HIERARCH card of a long
 * keyword gets none. What is there already is let be, however it reads.
 *
 * @param facts  what the header says with them
 * @param given  those that are new
 * @param hasKeyword whether the file itself has a keyword
 * @throws 'header_invalid' naming the keyword
 */
export function requireSense(
  { warnings, exposureSec }: Pick<FrameFacts, 'warnings' | 'exposureSec'>,
  given: Overrides,
  hasKeyword: (keyword: string) => boolean,
): void {
  for (const [keyword, value] of given) {
    if (value === null) continue;
    const problem = warnings.includes(cannotBeUsed(keyword, String(value)))
      ? `cannot be read from '${String(value)}'`
      : exposureSec !== null && exposureSec < 0 && Number(value) === exposureSec
        ? `cannot be ${value}: no exposure is shorter than nothing`
        : isTooLong(keyword) && !hasKeyword(keyword)
          ? `is longer than the ${LONGEST} characters of a keyword, and stands in no header of the file`
          : '';
    if (problem === '') continue;
    throw new AppError('header_invalid', `${keyword} ${problem}.`, { keyword });
  }
}

function isTooLong(keyword: string): boolean {
  return keyword.length > LONGEST && !keyword.includes(' ');
}
