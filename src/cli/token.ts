import { hashSecret, makeToken } from '../auth/index.js';
import {
  deleteToken,
  insertToken,
  listTokens,
  OPERATOR,
  SCOPES,
  type Scope,
} from '../catalog/index.js';
import { AppError } from '../lib/errors.js';
import { COMMON_EXITS, type Command } from './command.js';
import { requireName, requireUser, withCatalog } from './user.js';

const DAY_MS = 86_400_000;

export const tokenAdd: Command = {
  usage: 'token add NAME [--scope read|upload|admin] [--label TEXT] [--days N]',
  summary:
    'Make a token for user NAME and print it alone; it is not shown again. Scope admin (the default): all that the role of NAME allows.',
  exits: COMMON_EXITS,
  options: { scope: { type: 'string' }, label: { type: 'string' }, days: { type: 'string' } },
  async run(args, out) {
    const username = requireName(args);
    const scope = parseScope(args.values.scope);
    const expiresMs = parseDays(args.values.days);
    const token = makeToken();
    await withCatalog(async (catalog) => {
      const user = await requireUser(catalog, username);
      if (user.disabled) {
        out.problem(`${username} is disabled: the token is good for nothing until that changes.`);
      }
      await insertToken(
        catalog,
        {
          userId: user.id,
          name: typeof args.values.label === 'string' ? args.values.label : 'command line',
          tokenHash: hashSecret(token),
          hint: token.slice(0, 6),
          scope,
          expiresMs,
        },
        OPERATOR,
      );
    });
    out.record({ token, username, scope }, token);
    return 0;
  },
};

export const tokenList: Command = {
  usage: 'token list [NAME] [--json]',
  summary: 'List the tokens of user NAME, or of all.',
  exits: COMMON_EXITS,
  options: {},
  async run(args, out) {
    const tokens = await withCatalog(async (catalog) => {
      const [name] = args.positionals;
      return listTokens(
        catalog,
        name === undefined ? undefined : (await requireUser(catalog, name)).id,
      );
    });
    for (const token of tokens) {
      const fields = {
        id: token.id,
        username: token.username,
        name: token.name,
        hint: token.hint,
        scope: token.scope,
        created: formatTime(token.createdMs),
        expires: formatTime(token.expiresMs),
        used: formatTime(token.usedMs),
      };
      out.record(
        fields,
        Object.values(fields)
          .map((value) => value ?? '-')
          .join('\t'),
      );
    }
    return 0;
  },
};

export const tokenRevoke: Command = {
  usage: 'token revoke ID',
  summary: 'End a token, by its number in the list.',
  exits: COMMON_EXITS,
  options: {},
  async run(args, out) {
    const [text = '', ...more] = args.positionals;
    if (!/^\d{1,9}$/.test(text) || more.length > 0) {
      throw new AppError('bad_request', 'One token ID is needed, as token list shows it.');
    }
    const id = Number(text);
    await withCatalog((catalog) => deleteToken(catalog, id, OPERATOR));
    out.record({ id }, `Token ${id} is worth nothing now.`);
    return 0;
  },
};

function parseScope(value: unknown): Scope {
  const scope = SCOPES.find((each) => each === (value ?? 'admin'));
  if (scope === undefined)
    throw new AppError('bad_request', '--scope needs one of read, upload, admin.');
  return scope;
}

function parseDays(value: unknown): number | null {
  if (value === undefined) return null;
  const days = Number(value);
  if (!(days > 0 && days <= 36_500))
    throw new AppError('bad_request', '--days needs a number of days.');
  return Date.now() + days * DAY_MS;
}

function formatTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
