import { availableParallelism } from 'node:os';
import { openArchive, openTools, readCalibrationRules, readConfig } from '../context.js';
import { createReader, sourceLimits } from '../ingest/index.js';
import { AppError } from '../lib/errors.js';
import { formatInstant, parseDate } from '../lib/time.js';
import { measureAnew, type RerunSummary } from '../measuring/index.js';
import { COMMON_EXITS, type Command, type CommandArguments } from './command.js';
import { startFileBar } from './file-bar.js';

export const measure: Command = {
  usage: 'measure [--night DATE] [--since DATE] [--instrument NAME] [--force] [--json]',
  summary:
    'Measure stars, sharpness and levels of frames that have no numbers of the current method (with --force: of all), newest first, beside a running server too; broken off, it goes on where it was.',
  exits: { ...COMMON_EXITS, 1: 'some frames could not be measured, or it was broken off' },
  options: {
    night: { type: 'string' },
    since: { type: 'string' },
    instrument: { type: 'string' },
    force: { type: 'boolean' },
  },
  async run(args, out) {
    const selection = readSelection(args);
    const archive = await openArchive(readConfig().config, { create: false });
    const { config, catalog, store } = archive;
    const tools = await openTools(config);
    const bar = startFileBar();
    const stop = new AbortController();
    const breakOff = (): void => {
      stop.abort();
    };
    process.once('SIGINT', breakOff).once('SIGTERM', breakOff);
    try {
      const limits = sourceLimits(config, store);
      const parts = {
        catalog,
        store,
        limits,
        pool: tools.pool,
        reader: createReader({ config, store, ...tools }),
        maxPixels: config.MEASURE_MAX_PIXELS,
        rules: await readCalibrationRules(config),
      };
      const summary = await measureAnew(parts, {
        ...selection,
        lanes: availableParallelism(),
        signal: stop.signal,
        onProgress: (progress) => {
          bar.show(progress);
        },
        onProblem: (key, error) => {
          bar.clear();
          out.problem(`${key}: ${error}`);
        },
      });
      bar.clear();
      out.record({ ...summary }, describe(summary));
      const { unmeasured, failed, away, isBrokenOff } = summary;
      const isWhole = unmeasured + failed + away === 0 && !isBrokenOff;
      return isWhole ? 0 : 1;
    } finally {
      process.removeListener('SIGINT', breakOff).removeListener('SIGTERM', breakOff);
      bar.clear();
      await tools.pool.close();
      await archive.close();
    }
  },
};

function readSelection({ values, positionals }: CommandArguments) {
  const [extra] = positionals;
  if (extra !== undefined) throw new AppError('bad_request', `'${extra}' is not understood.`);
  const night = readDate('night', values.night);
  const since = readDate('since', values.since);
  if (night !== undefined && since !== undefined) {
    throw new AppError('bad_request', 'Give --night or --since, not both.');
  }
  return {
    fromNight: night ?? since,
    toNight: night,
    instrument: typeof values.instrument === 'string' ? values.instrument : undefined,
    isForced: values.force === true,
  };
}

function readDate(name: string, value: CommandArguments['values'][string]): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (parseDate(value) === value) return value;
  throw new AppError('bad_request', `--${name} needs a date such as 2026-03-01, not '${value}'.`);
}

function describe(summary: RerunSummary): string {
  const { measured, unmeasured, skipped, failed, away, nights, isBrokenOff, begunMs } = summary;
  const parts = [
    `${measured} frames were measured`,
    `${skipped} have nothing to be measured`,
    `${unmeasured + failed + away} could not be measured`,
    `${nights} nights were compared with what is usual`,
  ];
  const rest = isBrokenOff ? ' Broken off: the same command goes on.' : '';
  const begun =
    begunMs === null
      ? ''
      : ` It went on with what was begun ${formatInstant(begunMs)}: what was measured since was left out.`;
  return `${parts.join(', ')}.${rest}${begun}`;
}
