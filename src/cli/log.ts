import { listDeeds, parseDeedQuery } from '../catalog/index.js';
import { formatInstant } from '../lib/time.js';
import { COMMON_EXITS, type Command } from './command.js';
import { withCatalog } from './user.js';

const DEFAULT_LIMIT = 100;

export const log: Command = {
  usage:
    'log [--actor NAME] [--action WORD] [--subject WHAT] [--from TIME] [--to TIME] [--limit N] [--json]',
  summary: 'Print the audit log: every change and every refusal, newest first.',
  exits: COMMON_EXITS,
  options: {
    actor: { type: 'string' },
    action: { type: 'string' },
    subject: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    limit: { type: 'string' },
  },
  async run({ values }, out) {
    const valueOf = (name: string): string => {
      const value = values[name];
      return typeof value === 'string' ? value.trim() : '';
    };
    const query = parseDeedQuery(valueOf, DEFAULT_LIMIT);
    const rows = await withCatalog((catalog) => listDeeds(catalog, query), { create: false });
    for (const { id, atMs, actor, action, subject, outcome, old, detail } of rows) {
      const who = actor.username === '' ? 'visitor' : actor.username;
      const at = formatInstant(atMs);
      const about = [old, detail].filter((each) => each !== undefined);
      out.record(
        {
          id,
          at,
          actor: actor.username,
          address: actor.address,
          action,
          subject,
          outcome,
          old: old ?? null,
          detail: detail ?? null,
        },
        [
          at,
          who,
          actor.address || '-',
          action,
          subject,
          ...about.map((each) => JSON.stringify(each)),
        ].join('\t'),
      );
    }
    return 0;
  },
};
