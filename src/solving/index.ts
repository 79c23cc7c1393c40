import { setTimeout as wait } from 'node:timers/promises';
import {
  ARCHIVE_VIEWER,
  claimSolving,
  countSolving,
  endSolving,
  findSolution,
  getFrame,
  queueNewFrames,
  recordSolution,
  type Catalog,
  type Frame,
  type Solution,
  type SolvingCounts,
  type SolvingTask,
  type SolvingRequest,
} from '../catalog/index.js';
import type { Config } from '../config/index.js';
import { sourceLimits } from '../ingest/index.js';
import { hasCode } from '../lib/errors.js';
import { errorFields, type Log } from '../lib/log.js';
import { createProducts, type ProductPool } from '../products/index.js';
import type { Store } from '../store/index.js';
import { checkNext } from './check.js';
import { judgeSolved } from './judge.js';
import { createSolver, sweepSolving, type Outcome, type Solver } from './solve.js';

export { pointingOffDeg } from './pointing.js';
export { solverCommand, solverProblem } from './solve.js';

export interface SolvingParts {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly config: Config;
  readonly pool: ProductPool;
  readonly log: Log;
}

/** How plate-solving stands. */
export interface SolvingState extends SolvingCounts {
  readonly solver: Config['SOLVER'];
  /** Why nothing is solved though something should be; null if nothing is wrong. */
  readonly problem: string | null;
}

/** Plate-solving in the background. */
export interface Solving {
  state(): Promise<SolvingState>;
  /** Ends the programs that run: their frames are due again at the next start. */
  close(): Promise<void>;
}

/** With or without a new frame: in the background nobody waits for it. */
const LOOK_EVERY_MS = 3_000;
const PROBLEM_EVERY_MS = 60_000;
/** A frame waits this long at most for a moment in which no upload comes in. */
const YIELD_MS = 20_000;
const YIELD_STEP_MS = 250;
/** What is in the way may go by itself: it is tried so often, waiting longer each time. */
const MAX_ATTEMPTS = 4;
const FIRST_DELAY_MS = 60_000;
/** Reading and writing beside the two calls of the program. */
const OTHER_WORK_MS = 120_000;

/** Solves frames that need it, the newest first, as long as it is not closed. */
export function startSolving(
  parts: SolvingParts & {
    /** True while something goes on that must not be slowed down. */
    readonly isBusy: () => boolean;
  },
): Solving {
  const { config, catalog, log } = parts;
  const solver = toSolver(parts);
  const stop = new AbortController();
  let problem: string | undefined;
  const rest = (ms: number): Promise<unknown> =>
    wait(ms, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);

  const whenQuiet = async (): Promise<void> => {
    for (let waited = 0; parts.isBusy() && waited < YIELD_MS; waited += YIELD_STEP_MS) {
      if (stop.signal.aborted) break;
      await rest(YIELD_STEP_MS);
    }
  };
  const step = async (by: Solver): Promise<boolean> => {
    await whenQuiet();
    return !stop.signal.aborted && (await solveNext(parts, by, stop.signal)) !== undefined;
  };
  const swept = sweepSolving(config).catch((error: unknown) => {
    log.warn('what a solver left behind cannot be removed', errorFields(error));
  });
  const loop = async (by: Solver, isFirst: boolean): Promise<void> => {
    await swept; // a folder of ours would be swept away with those of a process that had our number
    while (!stop.signal.aborted) {
      const now = await by.problem();
      if (isFirst && now !== undefined && now !== problem) log.error(now);
      problem = now;
      if (problem !== undefined) await rest(PROBLEM_EVERY_MS);
      else {
        try {
          if (isFirst) while (await queueNewFrames(catalog)) await rest(0);
          if (await step(by)) continue;
        } catch (error) {
          log.warn('plate-solving was interrupted', errorFields(error));
        }
        await rest(LOOK_EVERY_MS);
      }
    }
  };
  const check = async (): Promise<void> => {
    while (config.WCS_TOLERANCE_PX > 0 && !stop.signal.aborted) {
      await whenQuiet();
      const isMore = await checkNext(parts).catch((error: unknown) => {
        log.warn('the stars of a frame could not be held against its WCS', errorFields(error));
        return false;
      });
      await rest(isMore ? 0 : LOOK_EVERY_MS);
    }
  };
  const checks = check();
  const loops = Array.from({ length: solver === undefined ? 0 : config.SOLVER_WORKERS }, (_, at) =>
    solver === undefined ? undefined : loop(solver, at === 0),
  );
  return {
    async state() {
      return { solver: config.SOLVER, problem: problem ?? null, ...(await countSolving(catalog)) };
    },
    async close() {
      stop.abort();
      await Promise.all([checks, swept, ...loops]);
    },
  };
}

/** The solver over stored frames; undefined if the settings have none. @throws 'config_invalid' */
function toSolver({ config, store, pool }: SolvingParts): Solver | undefined {
  const products = createProducts(pool, sourceLimits(config, store));
  return createSolver({ config, store, products });
}

/**
 * Solves what is due, until nothing is or it is stopped: for commands, also beside a server.
 *
 * @param among only frames that this names
 * @param onEnd told of each frame
 * @throws 'config_invalid' if there is no solver, or it cannot be run
 */
export async function workOff(
  parts: SolvingParts,
  { among, signal }: { readonly among: SolvingRequest; readonly signal: AbortSignal },
  onEnd: (end: Solved) => void,
): Promise<void> {
  const solver = toSolver(parts);
  if (solver === undefined) return;
  while (!signal.aborted) {
    const end = await solveNext(parts, solver, signal, among);
    if (end === undefined) return;
    onEnd(end);
  }
}

/** What came of one frame. */
export interface Solved {
  readonly frameId: number;
  readonly basename: string;
  readonly outcome: 'solved' | 'failed' | 'skipped' | 'waiting';
  /** Why, if it is not solved; else ''. */
  readonly text: string;
}

/** @returns undefined if nothing is due */
async function solveNext(
  parts: SolvingParts,
  solver: Solver,
  signal: AbortSignal,
  among?: SolvingRequest,
): Promise<Solved | undefined> {
  const { catalog, config } = parts;
  const leaseMs = 2 * config.SOLVER_TIMEOUT_SEC * 1000 + OTHER_WORK_MS;
  const task = await claimSolving(catalog, leaseMs, among);
  if (task === undefined) return undefined;
  const frame = await getFrame(catalog, task.frameId, ARCHIVE_VIEWER).catch((error: unknown) => {
    if (!hasCode(error, 'not_found')) throw error;
    return undefined; // deleted a moment ago, and its place in the queue with it
  });
  if (frame === undefined) {
    return { frameId: task.frameId, basename: '', outcome: 'skipped', text: 'It is gone.' };
  }
  const known = await findSolution(catalog.read, frame.id, frame.version.id);
  // The pixels are those that were solved; only what is known of them otherwise has changed.
  if (known !== undefined && !task.isForced) return judge(parts, frame, known);
  return settle(parts, task, frame, await solver.solve(frame, signal));
}

async function settle(
  parts: SolvingParts,
  task: SolvingTask,
  frame: Frame,
  outcome: Outcome,
): Promise<Solved> {
  const { catalog, log } = parts;
  const { id: frameId, basename } = frame;
  if (outcome.kind === 'solved') {
    const { kind, ...solved } = outcome;
    if (!(await recordSolution(catalog, frame, solved))) return again(catalog, frame);
    const solution = await findSolution(catalog.read, frameId, frame.version.id);
    if (solution === undefined) return again(catalog, frame);
    log.info('frame solved', { frameId, solver: solved.solver, kind });
    return judge(parts, frame, solution);
  }
  if (outcome.kind === 'stopped') {
    await endSolving(catalog, frameId, { state: 'waiting', error: null, delayMs: 0 });
    return { frameId, basename, outcome: 'waiting', text: 'It was stopped.' };
  }
  const { kind, text } = outcome;
  const isLast = kind !== 'trouble' || task.attempts >= MAX_ATTEMPTS;
  log.warn('frame not solved', { frameId, text, attempts: task.attempts });
  if (isLast) {
    const state = kind === 'skipped' ? 'skipped' : 'failed';
    await endSolving(catalog, frameId, { state, error: text });
    return { frameId, basename, outcome: state, text };
  }
  const delayMs = FIRST_DELAY_MS * 4 ** (task.attempts - 1);
  await endSolving(catalog, frameId, { state: 'waiting', error: text, delayMs });
  return { frameId, basename, outcome: 'waiting', text };
}

/** Another version of it came in the meantime. */
async function again(catalog: Catalog, { id, basename }: Frame): Promise<Solved> {
  await endSolving(catalog, id, { state: 'waiting', error: null, delayMs: 0 });
  return { frameId: id, basename, outcome: 'waiting', text: 'It was changed in the meantime.' };
}

/** Says whether the header was right. */
async function judge(parts: SolvingParts, frame: Frame, solution: Solution): Promise<Solved> {
  const anew = await judgeSolved(parts, frame, solution);
  await endSolving(parts.catalog, frame.id, { state: 'solved', anew });
  return { frameId: frame.id, basename: frame.basename, outcome: 'solved', text: '' };
}
