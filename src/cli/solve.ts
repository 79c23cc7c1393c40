import {
  ARCHIVE_VIEWER,
  countWaiting,
  getFrame,
  requestSolutions,
  type Catalog,
  type SolvingRequest,
} from '../catalog/index.js';
import { openArchive, openTools, readConfig } from '../context.js';
import { AppError, hasCode } from '../lib/errors.js';
import { SILENT } from '../lib/log.js';
import { parseDate, parseInstant } from '../lib/time.js';
import { solverProblem, workOff } from '../solving/index.js';
import type { Command, CommandArguments } from './command.js';

export const solve: Command = {
  usage: 'solve [--frame ID] [--night DATE] [--since DATE] [--force] [--queue] [--json]',
  summary:
    'Find out by the stars where frames lie that have no WCS, with the program of the setting SOLVER; --force takes those that have one too, --queue leaves the work to the server.',
  exits: {
    0: 'done; all of them were solved, or none was due',
    1: 'failed, or some frames could not be solved',
    2: 'wrong usage',
  },
  options: {
    frame: { type: 'string' },
    night: { type: 'string' },
    since: { type: 'string' },
    force: { type: 'boolean' },
    queue: { type: 'boolean' },
  },
  async run(args, out) {
    const request = readRequest(args);
    const { config } = readConfig();
    if (config.SOLVER === 'none') {
      throw new AppError('config_invalid', 'There is no solver: set SOLVER first.');
    }
    const problem = await solverProblem(config);
    if (problem !== undefined) throw new AppError('config_invalid', problem);
    const archive = await openArchive(config, { create: false });
    const tools = await openTools(config);
    const stop = new AbortController();
    const onSignal = (): void => {
      stop.abort();
    };
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    try {
      const { frameId } = request;
      if (frameId !== undefined) await requireFrame(archive.catalog, frameId);
      await requestSolutions(archive.catalog, request);
      const queued = await countWaiting(archive.catalog, request);
      const frames = queued === 1 ? '1 frame is' : `${queued} frames are`;
      out.record({ kind: 'queued', frames: queued }, `${frames} to be solved.`);
      if (args.values.queue === true) return 0;
      let unsolved = 0;
      const parts = { ...archive, pool: tools.pool, log: SILENT };
      await workOff(parts, { among: request, signal: stop.signal }, (end) => {
        if (end.outcome !== 'solved') unsolved += 1;
        const { frameId, basename, outcome, text } = end;
        const why = text === '' ? '' : `: ${text}`;
        out.record({ kind: 'frame', ...end }, `${frameId} ${basename}: ${outcome}${why}`);
      });
      return unsolved === 0 && !stop.signal.aborted ? 0 : 1;
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      await tools.pool.close();
      await archive.close();
    }
  },
};

/** @throws 'not_found' */
async function requireFrame(catalog: Catalog, frameId: number): Promise<void> {
  await getFrame(catalog, frameId, ARCHIVE_VIEWER).catch((error: unknown) => {
    if (!hasCode(error, 'not_found')) throw error;
    throw new AppError('not_found', `There is no frame ${frameId}.`);
  });
}

/** @throws 'bad_request' naming what cannot be understood */
function readRequest({ values, positionals }: CommandArguments): SolvingRequest {
  const [one] = positionals;
  if (one !== undefined) throw new AppError('bad_request', `'${one}' is not understood.`);
  const { frame, night, since } = values;
  const isForced = values.force === true;
  if (isForced && frame === undefined && night === undefined && since === undefined) {
    throw new AppError('bad_request', '--force needs --frame, --night or --since.');
  }
  return {
    isForced,
    ...(typeof frame === 'string' ? { frameId: readWith('frame', frame, parseFrameId) } : {}),
    ...(typeof night === 'string' ? { night: readWith('night', night, parseDate) } : {}),
    ...(typeof since === 'string' ? { sinceMs: readWith('since', since, parseInstant) } : {}),
  };
}

function readWith<T>(name: string, text: string, parse: (text: string) => T | undefined): T {
  const value = parse(text);
  if (value !== undefined) return value;
  throw new AppError('bad_request', `--${name} ${text} is not understood.`);
}

function parseFrameId(text: string): number | undefined {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(id) ? id : undefined;
}
