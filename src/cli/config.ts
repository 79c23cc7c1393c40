import { formatConfig, formatSettingsPage } from '../config/index.js';
import { readConfig } from '../context.js';
import { COMMON_EXITS, type Command } from './command.js';

export const config: Command = {
  usage: 'config [--markdown]',
  summary: 'Print the effective settings, secrets masked; with --markdown their documentation.',
  exits: { ...COMMON_EXITS, 1: 'a setting is unknown or bad' },
  options: { markdown: { type: 'boolean' } },
  run(args, out) {
    if (args.values.markdown === true) out.line(formatSettingsPage().trimEnd());
    else out.line(formatConfig(readConfig()));
    return Promise.resolve(0);
  },
};
