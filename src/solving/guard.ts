/**
 * The program between the archive and a solver: `guard.js LIFE_MS PROGRAM ARG…`, at the head of a group
 * of processes of its own. It runs the solver and ends as that ends; when its standard input is closed,
 * or after LIFE_MS, it ends the whole group. A server that is killed cannot end what it has started:
 * its end of the pipe is closed by the system.
 *
 * What keeps the solver from being started is written to descriptor 3, as a code of the system.
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { setPriority } from 'node:os';
import { systemCode } from '../lib/errors.js';

/** Requests and uploads go first. */
const PRIORITY = 10;
const ABSENCE_FD = 3;
/** As shells say that there is no such program. */
const ABSENT_STATUS = 127;

const [lifeMs, program = '', ...args] = process.argv.slice(2);

function endAll(): void {
  process.kill(-process.pid, 'SIGKILL');
}

process.stdin.once('close', endAll).once('error', endAll).resume();
setTimeout(endAll, Number(lifeMs));
try {
  setPriority(PRIORITY);
} catch (error) {
  if (systemCode(error) === undefined) throw error; // the system has no such thing
}

spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  .once('error', (error) => {
    writeSync(ABSENCE_FD, systemCode(error) ?? error.message);
    process.exit(ABSENT_STATUS);
  })
  .once('exit', (status, signal) => {
    if (signal === null) process.exit(status ?? 1);
    process.kill(process.pid, signal);
  });
