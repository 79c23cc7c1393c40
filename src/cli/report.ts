import { createCalibrations } from '../calibration/index.js';
import { openArchive, readCalibrationRules, readConfig, readProfiles } from '../context.js';
import { AppError } from '../lib/errors.js';
import { parseDate } from '../lib/time.js';
import { createNights } from '../nights/index.js';
import {
  EVERYTHING_READER,
  formatReport,
  lastNight,
  makeReport,
  reportWays,
  rootOf,
  sendReport,
  toReportShape,
} from '../report/index.js';
import type { Command, CommandArguments } from './command.js';

export const report: Command = {
  usage: 'report [DATE] [--send] [--json]',
  summary:
    'Tell a night, by default the last one with frames, in ten lines; with --send by mail and webhook too, as the settings have them.',
  exits: {
    0: 'done',
    1: 'failed, or it could not be sent',
    2: 'wrong usage',
  },
  options: { send: { type: 'boolean' } },
  async run(args, out) {
    const asked = readNight(args);
    const { config } = readConfig();
    const ways = reportWays(config);
    const isSent = args.values.send === true;
    if (isSent && ways.length === 0) {
      const message =
        'There is no way to send it: set MAIL_URL and REPORT_MAIL_TO, or REPORT_WEBHOOK.';
      throw new AppError('config_invalid', message);
    }
    const rules = await readCalibrationRules(config);
    const profiles = await readProfiles(config);
    const archive = await openArchive(config, { create: false });
    try {
      const calibrations = createCalibrations(archive.catalog, rules);
      const nights = createNights({ ...archive, calibrations, reader: { profiles } });
      const parts = { ...archive, nights };
      const night = asked ?? (await lastNight(parts, EVERYTHING_READER.viewer));
      if (night === undefined) throw new AppError('not_found', 'There is no frame yet.');
      const made = await makeReport(parts, night, EVERYTHING_READER);
      out.record(toReportShape(made, rootOf(config)), formatReport(made).trimEnd());
      let unsent = 0;
      for (const way of isSent ? ways : []) {
        try {
          const left = await sendReport(config, way, made);
          if (left === undefined) out.record({ kind: 'sent', way }, `Sent by ${way}.`);
          else {
            unsent += 1;
            out.problem(`Not sent to all by ${way}: ${left.text}`);
          }
        } catch (error) {
          unsent += 1;
          const reason = error instanceof Error ? error.message : String(error);
          out.problem(`Not sent by ${way}: ${reason}`);
        }
      }
      return unsent === 0 ? 0 : 1;
    } finally {
      await archive.close();
    }
  },
};

/** @throws 'bad_request' for what is no date */
function readNight({ positionals }: CommandArguments): string | undefined {
  const [text, more] = positionals;
  if (more !== undefined) throw new AppError('bad_request', `'${more}' is not understood.`);
  if (text === undefined) return undefined;
  const night = parseDate(text);
  if (night !== undefined) return night;
  throw new AppError('bad_request', `'${text}' is no date such as 2026-03-01.`);
}
