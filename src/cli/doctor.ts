import { readConfig } from '../context.js';
import { examine, type Finding } from '../doctor/index.js';
import { AppError } from '../lib/errors.js';
import type { LoadedConfig } from '../config/index.js';
import type { Command, Output } from './command.js';

const SIGNS: Readonly<Record<Finding['level'], string>> = {
  ok: 'ok  ',
  warn: 'warn',
  fail: 'FAIL',
};

export const doctor: Command = {
  usage: 'doctor [--json]',
  summary:
    'Look at settings, folders, disks, database, clock, proxy and back-ups, and say what to do. Nothing is changed.',
  exits: { 0: 'all is well, or only warnings', 1: 'something fails', 2: 'wrong usage' },
  options: {},
  async run({ positionals }, out) {
    const [extra] = positionals;
    if (extra !== undefined) throw new AppError('bad_request', `'${extra}' is not understood.`);
    const loaded = load(out);
    if (loaded === undefined) return 1;
    const counts = { ok: 0, warn: 0, fail: 0 };
    for await (const finding of examine(loaded.config)) {
      counts[finding.level] += 1;
      tell(out, finding);
    }
    out.problem(`${counts.ok} ok, ${counts.warn} warnings, ${counts.fail} failures.`);
    return counts.fail === 0 ? 0 : 1;
  },
};

/** The settings; undefined, with every problem told, if they cannot be used. */
function load(out: Output): LoadedConfig | undefined {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'config_invalid') throw error;
    const { problems } = error.data;
    for (const text of Array.isArray(problems) ? problems.map(String) : [error.message]) {
      const advice = 'Correct it; config/README.md tells every setting.';
      tell(out, { topic: 'settings', level: 'fail', text, advice });
    }
    return undefined;
  }
}

function tell(out: Output, finding: Finding): void {
  const advice = finding.advice === '' ? '' : `\n      → ${finding.advice}`;
  out.record({ ...finding }, `${SIGNS[finding.level]}  ${finding.topic}: ${finding.text}${advice}`);
}
