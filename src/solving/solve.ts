import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Frame } from '../catalog/index.js';
import { programEnvironment, type Config } from '../config/index.js';
import { AppError, hasCode, systemCode } from '../lib/errors.js';
import { isOfOtherProcess, ownedName } from '../lib/owned-names.js';
import type { Products } from '../products/index.js';
import type { Store } from '../store/index.js';
import { readAnswer, type Answer } from './answer.js';
import { COMMANDS, parseCommand, type CommandTemplate, type CommandValues } from './command.js';
import { canRun, runProgram, type ProgramEnd } from './program.js';

/** What came of an attempt. */
export type Outcome =
  | ({ readonly kind: 'solved'; readonly solver: string } & Answer)
  /** It cannot be solved: another attempt would end as this one. */
  | { readonly kind: 'failed' | 'skipped'; readonly text: string }
  /** Something was in the way. */
  | { readonly kind: 'trouble'; readonly text: string }
  /** It was told to stop. */
  | { readonly kind: 'stopped' };

/** A program that solves frames, one call at a time. */
export interface Solver {
  readonly name: string;
  /** What keeps it from being run; undefined if nothing does. */
  problem(): Promise<string | undefined>;
  /** Never throws for what the program does or the file holds. */
  solve(frame: Frame, signal: AbortSignal): Promise<Outcome>;
}

export interface SolverParts {
  readonly config: Config;
  readonly store: Pick<Store, 'localPath'>;
  readonly products: Pick<Products, 'make'>;
}

/** How far from its pointing a frame is looked for at first, degrees; then everywhere. */
const NEAR_DEG = 5;
const EVERYWHERE_DEG = 180;
/** Where the header is right that is found at once: most of the time is left for the whole sky. */
const NEAR_SHARE = 0.25;
/** By how much a scale in a header may be off. */
const SCALE_SLACK = 1.25;

/** The command of the settings. @throws 'config_invalid' if its template makes no sense */
export function solverCommand({ SOLVER, SOLVER_COMMAND }: Config): CommandTemplate | undefined {
  if (SOLVER === 'none') return undefined;
  return parseCommand(SOLVER_COMMAND.trim() === '' ? COMMANDS[SOLVER] : SOLVER_COMMAND);
}

/** What keeps the solver of the settings from being run; undefined if nothing does, or there is none. */
export async function solverProblem(config: Config): Promise<string | undefined> {
  const program = solverCommand(config)?.program;
  if (program === undefined || (await canRun(program, programEnvironment()))) return undefined;
  return `SOLVER is ${config.SOLVER}, but the program '${program}' cannot be found or run: frames wait until it can.`;
}

/** The solver of the settings; undefined if there is none. @throws 'config_invalid' */
export function createSolver(parts: SolverParts): Solver | undefined {
  const { config } = parts;
  const command = solverCommand(config);
  if (command === undefined) return undefined;
  return {
    name: config.SOLVER,
    problem: () => solverProblem(config),
    async solve(frame, signal) {
      const folder = join(solvingFolder(config), ownedName(''));
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        return await solveIn(parts, command, { frame, folder, signal });
      } catch (error) {
        return toOutcome(error);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function solvingFolder({ DATA_DIR }: Config): string {
  return join(DATA_DIR, 'solving');
}

/** Removes what processes that died have left behind. */
export async function sweepSolving(config: Config): Promise<void> {
  const folder = solvingFolder(config);
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    if (isOfOtherProcess(name)) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

interface Attempt {
  readonly frame: Frame;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** With what the header says, then without: the header may be wrong, which is what we want to know. */
async function solveIn(
  parts: SolverParts,
  command: CommandTemplate,
  attempt: Attempt,
): Promise<Outcome> {
  const { frame, folder, signal } = attempt;
  const { config } = parts;
  const file = join(folder, 'image.fits');
  await writePlainImage(parts, frame, file);
  const hints = hintsOf(frame);
  const tries = Object.keys(hints).length === 0 ? [{}] : [hints, {}];
  let last: ProgramEnd | undefined;
  for (const [index, hint] of tries.entries()) {
    const out = join(folder, `solution-${index}`);
    const isNear = index + 1 < tries.length;
    const share = isNear ? NEAR_SHARE : 1;
    const seconds = Math.ceil(config.SOLVER_TIMEOUT_SEC * share);
    const values: CommandValues = {
      ...hint,
      file,
      out,
      dir: folder,
      timeout: String(seconds),
      radius: String('ra' in hint ? NEAR_DEG : EVERYWHERE_DEG),
      width: String(frame.width),
      height: String(frame.height),
    };
    last = await runProgram(command.fill(values), {
      folder,
      env: programEnvironment(),
      timeoutMs: seconds * 1000,
      signal,
    });
    if (last.how === 'stopped') return { kind: 'stopped' };
    if (last.how === 'absent') {
      const text = `The program '${command.program}' cannot be run (${last.output}).`;
      return { kind: 'trouble', text };
    }
    const answer = await readAnswer(out, frame);
    if (answer !== undefined) return { kind: 'solved', solver: config.SOLVER, ...answer };
  }
  return describe(last, config);
}

function describe(last: ProgramEnd | undefined, config: Config): Outcome {
  if (last?.how === 'timeout') {
    const text = `${config.SOLVER} was ended after ${config.SOLVER_TIMEOUT_SEC} s (SOLVER_TIMEOUT_SEC).`;
    return { kind: 'failed', text };
  }
  if (last?.how === 'status' && last.status === 0) {
    return { kind: 'failed', text: `${config.SOLVER} found no match for the stars of this frame.` };
  }
  const said = last?.output.split('\n').at(-1) ?? '';
  const status = last?.status === null ? 'was killed' : `ended with status ${last?.status ?? '?'}`;
  return { kind: 'failed', text: `${config.SOLVER} ${status}: ${said.slice(0, 300)}` };
}

/** What is in the way of one file, or of all. */
function toOutcome(error: unknown): Outcome {
  if (hasCode(error, 'fits_unsupported') || hasCode(error, 'bad_request')) {
    return { kind: 'skipped', text: error instanceof Error ? error.message : String(error) };
  }
  if (hasCode(error, 'header_invalid')) {
    return { kind: 'failed', text: error instanceof Error ? error.message : String(error) };
  }
  if (!(error instanceof AppError) && systemCode(error) === undefined) throw error;
  return { kind: 'trouble', text: error instanceof Error ? error.message : String(error) };
}

/** What the header tells of where to look, as the words of a command. */
function hintsOf({ raDeg, decDeg, footprint, height }: Frame): CommandValues {
  const scale = footprint?.pixelScaleArcsec;
  return {
    ...(raDeg === null || decDeg === null
      ? {}
      : {
          ra: String(raDeg),
          dec: String(decDeg),
          ra_hours: String(raDeg / 15),
          spd: String(decDeg + 90),
        }),
    ...(scale === undefined
      ? {}
      : {
          scale: String(scale),
          scale_low: String(scale / SCALE_SLACK),
          scale_high: String(scale * SCALE_SLACK),
          fov: String((scale * height) / 3600),
        }),
  };
}

/**
 * The first plane of the main image as a plain FITS file of its own. The program is given a copy, so
 * that there is no way for it to write to the stored file.
 */
async function writePlainImage(
  { store, products }: SolverParts,
  { version, width, height }: Frame,
  target: string,
): Promise<void> {
  const { sha256, container } = version;
  const path = await store.localPath(version.key);
  const box = { kind: 'pixels', x: 0, y: 0, width, height } as const;
  const image = await products.make({ path, sha256, container }, { kind: 'cutout', box, plane: 0 });
  try {
    const bytes = image.read({ start: 0, end: image.sizeBytes });
    await pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(target));
  } finally {
    await image.close();
  }
}
