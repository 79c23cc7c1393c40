import { readFile } from 'node:fs/promises';
import { systemCode } from '../lib/errors.js';
import { about, type Finding } from './finding.js';

const { ok, warn, fail } = about('machine');
const LEAST_NODE = [20, 19] as const;
/** Clients, files being sent, and the database. */
const LEAST_FILES = 4096;
const FIRST_YEAR = 2024;
const LAST_YEAR = 2100;

/** Node, its limits, and the clock. */
export async function checkMachine(): Promise<Finding[]> {
  return [checkNode(), await checkOpenFiles(), checkYear()];
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1]);
  const text = `Node ${process.versions.node}.`;
  return isOld ? fail(text, `Install Node ${LEAST_NODE.join('.')} or newer.`) : ok(text);
}

async function checkOpenFiles(): Promise<Finding> {
  try {
    const limits = await readFile('/proc/self/limits', 'utf8');
    const most = /^Max open files\s+(\S+)/m.exec(limits)?.[1] ?? 'unlimited';
    const text = `This process may open ${most} files.`;
    if (most === 'unlimited' || Number(most) >= LEAST_FILES) return ok(text);
    return warn(text, `Raise it to ${LEAST_FILES} for the server (LimitNOFILE, ulimit -n).`);
  } catch (error) {
    return ok(`How many files may be open is not told here (${systemCode(error) ?? 'unknown'}).`);
  }
}

function checkYear(): Finding {
  const year = new Date().getUTCFullYear();
  if (year >= FIRST_YEAR && year <= LAST_YEAR) {
    return ok(`The clock says ${new Date().toISOString().slice(0, 19)} UTC.`);
  }
  return fail(
    `The clock says that it is the year ${year}.`,
    'Set it; use a time service (chrony).',
  );
}
