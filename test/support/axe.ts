import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** The axe that comes with its binding to playwright, which would open a page more for each run. */
const AXE = (() => {
  const binding = createRequire(import.meta.url).resolve('@axe-core/playwright');
  return readFileSync(createRequire(binding).resolve('axe-core/axe.min.js'), 'utf8');
})();
/** WCAG 2.2 AA, and what axe's authors advise besides. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** What of the rules looks at colours: all that a theme changes. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

interface Violation {
  readonly id: string;
  readonly targets: readonly string[];
}

/**
 * What axe has to say of a page as it stands, a line for each element; [] if nothing.
 *
 * @param options.within     selector of the part that is looked at; default: the whole page
 * @param options.isColoured true to look at colours alone, as for a second theme
 */
export async function faultsOf(
  page: Page,
  { within = 'html', isColoured = false } = {},
): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(AXE);
  const runOnly = isColoured
    ? { type: 'rule', values: COLOUR_RULES }
    : { type: 'tag', values: TAGS };
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'] });
  const violations = await page.evaluate<Violation[]>(
    `axe.run(${JSON.stringify(within)}, ${options}).then(({ violations }) =>
      violations.map(({ id, nodes }) => ({ id, targets: nodes.map(({ target }) => String(target)) })))`,
  );
  return violations.flatMap(({ id, targets }) => targets.map((target) => `${id}: ${target}`));
}
