import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PROJECT_DIR, type TestArchive } from './archive.js';

/** What `GET /frames/<id>/solution/` answers. */
export interface SolutionAnswer {
  readonly state: 'none' | 'waiting' | 'solved' | 'failed' | 'skipped';
  readonly attempts: number;
  readonly error: string | null;
  readonly solution: {
    readonly solver: string;
    readonly ra: number;
    readonly dec: number;
    readonly scale: number;
    readonly rotation: number;
    readonly mirrored: boolean;
    readonly pointing_off_deg: number | null;
    readonly wcs: Readonly<Record<string, string | number>>;
  } | null;
}

/** The settings of a solver that does what the OBJECT of a file says; calls are lines of `log`. */
export function fakeSolver(log: string): Record<string, string> {
  const script = join(PROJECT_DIR, 'test/support/fake-solver.mjs');
  return {
    SOLVER: 'astap',
    SOLVER_COMMAND: `"${process.execPath}" "${script}" {file} {out} "${log}" [{ra} {dec}]`,
  };
}

/** A call of the fake solver. */
export interface FakeCall {
  readonly object: string;
  readonly hint: string | null;
  readonly isPlain: boolean;
  readonly pid: number;
}

/** The calls so far. */
export async function readCalls(log: string): Promise<FakeCall[]> {
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as FakeCall);
}

/** The solution of a frame as soon as nothing more is to be done for it. */
export async function whenSettled(archive: TestArchive, id: number): Promise<SolutionAnswer> {
  for (;;) {
    const answer = await archive.json<SolutionAnswer>(`/frames/${id}/solution/`);
    if (!['none', 'waiting'].includes(answer.state)) return answer;
    await setTimeout(200);
  }
}
