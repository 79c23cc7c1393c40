import { spawn, type ChildProcess } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { systemCode } from '../lib/errors.js';

/** Ends what it has started if we cannot: see there. */
const GUARD = fileURLToPath(new URL('./guard.js', import.meta.url));
/** So much later than we would it ends the program by itself, should we hang. */
const GUARD_LATER_MS = 10_000;
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

/**
 * Runs a program without a shell, and without anything that it could be told on its standard input.
 * All that it started itself has ended with it; if this process is killed, they end as well.
 */
export function runProgram(
  words: readonly string[],
  { folder, env, timeoutMs, signal }: ProgramOptions,
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    let output = '';
    let how: ProgramEnd['how'] = 'status';
    // A group of its own: a solver is made of several programs.
    const lifeMs = String(timeoutMs + GUARD_LATER_MS);
    const child = spawn(process.execPath, [GUARD, lifeMs, ...words], {
      cwd: folder,
      env: { ...env, TMPDIR: folder },
      detached: true,
      // The first one is never written to: that it is closed tells the guard that we are gone.
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    const [life, ...pipes] = child.stdio;
    const [said, complained, absence] = pipes.filter((pipe) => pipe instanceof Readable);
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
      for (const pipe of child.stdio) pipe?.destroy();
      resolve({ how, status, output: output.trim() });
    };
    let grace: NodeJS.Timeout | undefined;
    life.on('error', () => undefined); // it has ended a moment before
    for (const stream of [said, complained]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = `${output}${text}`.slice(-KEPT_OUTPUT);
      });
    }
    absence?.setEncoding('utf8').on('data', (code: string) => {
      how = 'absent';
      output = code;
    });
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
  });
}

function killGroup({ pid }: Pick<ChildProcess, 'pid'>): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error; // all of them have ended
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
