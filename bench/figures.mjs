/** What our figures stand beside: those of the reference archive, and the budgets. */
import fs from 'node:fs';

const figures = JSON.parse(fs.readFileSync(new URL('figures.json', import.meta.url), 'utf8'));

/** The size of catalogue that the budgets are for. */
export const BUDGET_ROWS = figures.budgetRows;

/** @returns peer and budget of a case of lists, as far as there are any for so many rows */
export function figureOf(name, rows) {
  const figure = figures.lists[name] ?? {};
  const peer = figure[String(rows)];
  return {
    peer: peer && { ms: peer[0], perSecond: peer[1] },
    budget: rows === BUDGET_ROWS ? figure.budget : undefined,
  };
}

/** @returns peer and budget of anything else, in its unit */
export function otherFigureOf(name) {
  return figures.others[name] ?? {};
}
