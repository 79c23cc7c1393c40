import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { systemCode } from '../lib/errors.js';

/** Requests and uploads go first. */
const PRIORITY = 10;
/** What a program says last is kept, so that one that says much does not fill the memory. */
const KEPT_OUTPUT = 4_000;
/** Time for the last words of a program that has ended. */
const PIPES_MS = 1_000;

export interface ProgramOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** How a program ended. */
export interface ProgramEnd {
  /** `status` by itself; `timeout`, `stopped` it was ended; `absent` it could not be started. */
  readonly how: 'status' | 'timeout' | 'stopped' | 'absent';
  readonly status: number | null;
  /** The end of all that it said. */
  readonly output: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Runs a program without a shell, and without anything that it could be told on its standard input.
 * All that it started itself has ended with it.
 */
export function runProgram(
  [program = '', ...args]: readonly string[],
  { folder, env, timeoutMs, signal }: ProgramOptions,
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    let output = '';
    let how: ProgramEnd['how'] = 'status';
    // A group of its own: a solver is made of several programs.
    const child: Child = spawn(program, args, {
      cwd: folder,
      env: { ...env, TMPDIR: folder },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = (why: ProgramEnd['how']) => (): void => {
      how = why;
      killGroup(child);
    };
    const stop = end('stopped');
    const timer = setTimeout(end('timeout'), timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    const finish = (status: number | null): void => {
      clearTimeout(timer);
      clearTimeout(grace);
      signal.removeEventListener('abort', stop);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ how, status, output: output.trim() });
    };
    let grace: NodeJS.Timeout | undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = `${output}${text}`.slice(-KEPT_OUTPUT);
      });
    }
    child.once('error', (error) => {
      how = 'absent';
      output = systemCode(error) ?? error.message;
      finish(null);
    });
    child.once('exit', (status) => {
      killGroup(child);
      // Whoever has left the group may hold the pipes for ever.
      grace = setTimeout(() => {
        finish(status);
      }, PIPES_MS);
      child.once('close', finish);
    });
    if (signal.aborted) stop();
    yieldToOthers(child);
  });
}

function killGroup({ pid }: Child): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error; // all of them have ended
  }
}

function yieldToOthers({ pid }: Child): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, PRIORITY);
  } catch (error) {
    if (systemCode(error) === undefined) throw error; // it has ended, or the system has no such thing
  }
}

/** Whether a program can be started by this name. */
export async function canRun(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  const places = program.includes('/')
    ? [program]
    : (env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  for (const place of places) {
    try {
      await access(place, constants.X_OK);
      return true;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }
  return false;
}
