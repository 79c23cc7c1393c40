/** One table of everything that was measured, and the same as JSON. */
import fs from 'node:fs';
import path from 'node:path';
import { BUDGET_ROWS } from './figures.mjs';
import { describeMachine } from './machine.mjs';

const COLUMNS = [
  'what',
  'unit',
  'peer',
  'ours',
  'new',
  'ratio',
  'growth',
  'budget',
  'met',
  'cpu',
  'busy',
  'more',
];
const LEFT = new Set(['what', 'unit', 'met', 'more']);
const LEGEND = [
  'ours: median of the same request again; new: median of requests never made before.',
  'ratio: how many times better than the peer, by the worse of the two.',
  'growth: to the figure of a tenth of the rows, by the worse of the two.',
  'met: "busy" where the budget was missed, but within it on the processor, while others used the machine.',
  'cpu: processor time of the server for each request, ms; busy: cores that others used meanwhile.',
];
const BUSY_CORES = 0.3;
const RATES = new Set(['MB/s', 'req/s']);

/**
 * Collects figures. One has: part, name, unit, ours; and where there is such a thing: rows, peer, budget,
 * cold (of queries never asked before), more (text).
 */
export function createReport() {
  const started = { at: new Date().toISOString(), machine: describeMachine() };
  const figures = [];
  const notes = [];
  const kept = {};
  const report = {
    figures,
    add(figure) {
      figures.push(figure);
      const cold = figure.cold === undefined ? '' : `, new ${digits(figure.cold)}`;
      console.error(`  ${label(figure)}: ${digits(figure.ours)}${cold} ${figure.unit}`);
    },
    note(text) {
      notes.push(text);
      console.error(`  ${text}`);
    },
    keep(name, value) {
      kept[name] = value;
    },
    find: (part, name, rows) =>
      figures.find((each) => each.part === part && each.name === name && each.rows === rows),
    print() {
      if (figures.length > 0) printTable(figures);
      for (const note of notes) console.log(note);
      const { model, cores, memoryGib, versions, load } = started.machine;
      console.log(`machine: ${cores} × ${model}, ${memoryGib} GiB, ${versions}`);
      const now = describeMachine().load;
      console.log(`load average: ${load.join(' ')} at the start, ${now.join(' ')} at the end`);
    },
    write(file) {
      const ended = { at: new Date().toISOString(), load: describeMachine().load };
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(
        file,
        `${JSON.stringify({ started, ended, notes, figures, ...kept }, null, 1)}\n`,
      );
      console.log(`figures: ${file}`);
    },
  };
  return report;
}

function printTable(figures) {
  const rows = figures.map((figure) => toRow(figure, figures));
  const widths = COLUMNS.map((name) =>
    Math.max(name.length, ...rows.map((row) => row[name].length)),
  );
  const line = (row) =>
    COLUMNS.map((name, at) =>
      LEFT.has(name) ? row[name].padEnd(widths[at]) : row[name].padStart(widths[at]),
    )
      .join('  ')
      .trimEnd();
  console.log(line(Object.fromEntries(COLUMNS.map((name) => [name, name]))));
  for (const row of rows) console.log(line(row));
  for (const legend of LEGEND) console.log(legend);
}

function toRow(figure, all) {
  const { unit, peer, ours, cold, foreignCores } = figure;
  const budget = figure.budget ?? growthBudget(figure, all);
  const isRate = RATES.has(unit);
  const judged = worseOf(figure);
  const better = peer === undefined ? undefined : isRate ? judged / peer : peer / judged;
  return {
    what: label(figure),
    unit,
    peer: digits(peer),
    ours: digits(ours),
    new: digits(cold),
    ratio: better === undefined ? '' : `${digits(better)}×`,
    growth: growthOf(figure, all),
    budget: digits(budget),
    met: verdictOf({ ...figure, budget }, judged, isRate),
    cpu: digits(figure.cpuMs),
    busy: foreignCores === undefined ? '' : foreignCores.toFixed(1),
    more: moreOf(figure),
  };
}

/** Waiting for others is not the server's fault; work that it does itself is. */
function verdictOf({ budget, cpuMs, foreignCores }, judged, isRate) {
  if (budget === undefined) return '';
  if (isRate ? judged >= budget : judged <= budget) return 'yes';
  const isLate = !isRate && cpuMs !== undefined && cpuMs <= budget;
  return isLate && foreignCores > BUSY_CORES ? 'busy' : 'NO';
}

function growthOf(figure, all) {
  const before = tenthOf(figure, all);
  return before === undefined ? '' : `${(worseOf(figure) / worseOf(before)).toFixed(1)}×`;
}

/** Beyond the size that the budgets are for, ten times the rows may cost twice as much. */
function growthBudget(figure, all) {
  const before = tenthOf(figure, all);
  return before === undefined || before.rows < BUDGET_ROWS ? undefined : 2 * worseOf(before);
}

function tenthOf({ part, name, rows }, all) {
  return all.find((each) => each.part === part && each.name === name && each.rows === rows / 10);
}

function worseOf({ ours, cold }) {
  return Math.max(ours, cold ?? ours);
}

function moreOf({ more, firstMs, best, p95, coldP95, eight, eightDifferent }) {
  const words = more === undefined ? [] : [more];
  if (firstMs !== undefined) {
    words.push(
      `first ${digits(firstMs)}, best ${digits(best)}, p95 ${digits(p95)}, of new ${digits(coldP95)}`,
    );
  }
  if (eight !== undefined) words.push(`8 clients ${crowdWords(eight)}`);
  if (eightDifferent !== undefined) words.push(`all different ${crowdWords(eightDifferent)}`);
  return words.join('; ');
}

function crowdWords({ perSecond, cpuMs, mainCpuMs, peer, budget }) {
  const beside = peer === undefined ? '' : ` (peer ${peer}, ${digits(perSecond / peer)}×)`;
  const wanted =
    budget === undefined ? '' : ` of ${budget} wanted${perSecond < budget ? ': NO' : ''}`;
  return `${digits(perSecond)}/s${wanted}${beside} at ${digits(cpuMs)} ms CPU, ${digits(mainCpuMs)} of it in the main thread`;
}

function label({ name, rows }) {
  return rows === undefined ? name : `${name}, 10${superscript(Math.log10(rows))} rows`;
}

function superscript(power) {
  return Number.isInteger(power) ? '⁰¹²³⁴⁵⁶⁷⁸⁹'[power] : `^${power.toFixed(1)}`;
}

/** Three digits that count, at least. */
function digits(number) {
  if (number === undefined) return '';
  if (!Number.isFinite(number)) return '-';
  if (Math.abs(number) >= 100) return number.toFixed(0);
  return number.toFixed(Math.abs(number) >= 10 ? 1 : 2);
}
