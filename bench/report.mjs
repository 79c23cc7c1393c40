/** One table of everything that was measured, and the same as JSON. */
import fs from 'node:fs';
import path from 'node:path';
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
  'busy',
  'more',
];
const LEFT = new Set(['what', 'unit', 'met', 'more']);
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
  console.log(
    [
      'ours: median of the same request again; new: median of requests never made before.',
      'ratio: how many times better than the peer; by the worse of the two.',
      'growth: to the figure of a tenth of the rows; busy: cores used by others meanwhile.',
    ].join('\n'),
  );
}

function toRow(figure, all) {
  const { unit, peer, ours, cold, budget, foreignCores } = figure;
  const isRate = RATES.has(unit);
  const judged = cold === undefined ? ours : Math.max(ours, cold);
  const better = peer === undefined ? undefined : isRate ? judged / peer : peer / judged;
  const isMet = budget === undefined ? undefined : isRate ? judged >= budget : judged <= budget;
  return {
    what: label(figure),
    unit,
    peer: digits(peer),
    ours: digits(ours),
    new: digits(cold),
    ratio: better === undefined ? '' : `${digits(better)}×`,
    growth: growthOf(figure, all),
    budget: digits(budget),
    met: isMet === undefined ? '' : isMet ? 'yes' : 'NO',
    busy: foreignCores === undefined ? '' : foreignCores.toFixed(1),
    more: moreOf(figure),
  };
}

function growthOf({ part, name, rows, ours, cold }, all) {
  const before = all.find(
    (each) => each.part === part && each.name === name && each.rows === rows / 10,
  );
  if (before === undefined) return '';
  return `${(Math.max(ours, cold) / Math.max(before.ours, before.cold)).toFixed(1)}×`;
}

function moreOf({ more, firstMs, p95, coldP95, eight, eightDifferent }) {
  const words = more === undefined ? [] : [more];
  if (firstMs !== undefined) {
    words.push(`first ${digits(firstMs)}, p95 ${digits(p95)}, of new ${digits(coldP95)}`);
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
