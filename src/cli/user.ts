import { createInterface } from 'node:readline/promises';
import { hashPassword, USER_NAME } from '../auth/index.js';
import {
  endSessions,
  findUser,
  formatSight,
  insertUser,
  listUsers,
  OPERATOR,
  parseSight,
  ROLES,
  updateUser,
  type Catalog,
  type Role,
  type Sight,
  type User,
} from '../catalog/index.js';
import { openArchive, readConfig } from '../context.js';
import { AppError } from '../lib/errors.js';
import { COMMON_EXITS, type Command, type CommandArguments } from './command.js';

const SIGHT_OPTIONS = { proposals: { type: 'string' }, sees: { type: 'string' } } as const;

export const userAdd: Command = {
  usage:
    'user add NAME --role user|writer|admin [--proposals A,B] [--sees all|proposals] [--password-stdin]',
  summary: 'Make an account; the password is read from standard input.',
  exits: COMMON_EXITS,
  options: { role: { type: 'string' }, ...SIGHT_OPTIONS, 'password-stdin': { type: 'boolean' } },
  async run(args, out) {
    const username = requireName(args);
    const role = parseRole(args.values.role);
    const sight = parseSight(askedSight(args));
    const passwordHash = await hashPassword(await readPassword(args), username);
    await withCatalog((catalog) =>
      insertUser(catalog, { username, passwordHash, role, sight }, OPERATOR),
    );
    out.record(
      { username, role, ...sight },
      `User '${username}' can log in now, as ${role}, and sees ${sightOf(role, sight)}.`,
    );
    return 0;
  },
};

export const userSet: Command = {
  usage: 'user set NAME [--proposals A,B] [--sees all|proposals]',
  summary: 'Say which frames an account sees: all, or public ones, its proposals and own uploads.',
  exits: COMMON_EXITS,
  options: SIGHT_OPTIONS,
  async run(args, out) {
    const username = requireName(args);
    const asked = askedSight(args);
    if (asked.sees === undefined && asked.proposals === undefined) {
      throw new AppError('bad_request', 'Nothing is asked for: give --proposals or --sees.');
    }
    const { role, sight } = await withCatalog(async (catalog) => {
      const user = await requireUser(catalog, username);
      const sight = parseSight(asked, user);
      await updateUser(catalog, user.id, { sight }, OPERATOR);
      return { role: user.role, sight };
    });
    out.record({ username, ...sight }, `User '${username}' sees ${sightOf(role, sight)} now.`);
    return 0;
  },
};

export const userList: Command = {
  usage: 'user list [--json]',
  summary: 'List the accounts.',
  exits: COMMON_EXITS,
  options: {},
  async run(_args, out) {
    for (const user of await withCatalog(listUsers)) {
      const { username, role, disabled, seesAll, proposals } = user;
      const created = new Date(user.createdMs).toISOString();
      const state = disabled ? 'disabled' : 'active';
      out.record(
        { username, role, disabled, created, seesAll, proposals },
        `${username}\t${role}\t${state}\t${created}\t${sightOf(role, user)}`,
      );
    }
    return 0;
  },
};

export const userPasswd: Command = {
  usage: 'user passwd NAME [--password-stdin]',
  summary: 'Set a new password, read from standard input; ends the sessions of the account.',
  exits: COMMON_EXITS,
  options: { 'password-stdin': { type: 'boolean' } },
  async run(args, out) {
    const username = requireName(args);
    const passwordHash = await hashPassword(await readPassword(args), username);
    await changeUser(username, { passwordHash });
    out.record({ username }, `The password of '${username}' is changed.`);
    return 0;
  },
};

export const userDisable: Command = {
  usage: 'user disable NAME [--enable]',
  summary: 'Lock an account with its tokens and sessions; with --enable open it again.',
  exits: COMMON_EXITS,
  options: { enable: { type: 'boolean' } },
  async run(args, out) {
    const username = requireName(args);
    const disabled = args.values.enable !== true;
    await changeUser(username, { disabled });
    out.record(
      { username, disabled },
      `User '${username}' is ${disabled ? 'disabled' : 'active'} now.`,
    );
    return 0;
  },
};

export const userEnable: Command = {
  usage: 'user enable NAME',
  summary: 'Open a disabled account again; its tokens work again, its sessions do not.',
  exits: COMMON_EXITS,
  options: {},
  async run(args, out) {
    const username = requireName(args);
    await changeUser(username, { disabled: false });
    out.record({ username, disabled: false }, `User '${username}' is active now.`);
    return 0;
  },
};

export const userRole: Command = {
  usage: 'user role NAME user|writer|admin',
  summary: 'Give an account another role; ends its sessions.',
  exits: COMMON_EXITS,
  options: {},
  async run({ values, positionals }, out) {
    const [name = '', word, ...more] = positionals;
    const username = requireName({ values, positionals: [name, ...more] });
    const role = ROLES.find((each) => each === word && each !== 'anonymous');
    if (role === undefined) {
      throw new AppError('bad_request', 'A role is needed: user, writer or admin.');
    }
    await changeUser(username, { role });
    out.record({ username, role }, `User '${username}' is ${role} now.`);
    return 0;
  },
};

export const userLogout: Command = {
  usage: 'user logout NAME',
  summary: 'End all sessions of an account; its tokens go on working.',
  exits: COMMON_EXITS,
  options: {},
  async run(args, out) {
    const username = requireName(args);
    const sessions = await withCatalog(async (catalog) => {
      const { id } = await requireUser(catalog, username);
      return endSessions(catalog, id, OPERATOR);
    });
    out.record({ username, sessions }, `User '${username}' is signed out everywhere.`);
    return 0;
  },
};

/**
 * Runs `work` on the catalogue, beside a running server if there is one.
 *
 * @param options.create false for commands that only look
 */
export async function withCatalog<T>(
  work: (catalog: Catalog) => Promise<T>,
  options = { create: true },
): Promise<T> {
  const archive = await openArchive(readConfig().config, options);
  try {
    return await work(archive.catalog);
  } finally {
    await archive.close();
  }
}

/** @throws 'not_found' */
export async function requireUser(catalog: Catalog, username: string): Promise<User> {
  const user = await findUser(catalog, username);
  if (user === undefined) throw new AppError('not_found', `There is no user '${username}'.`);
  return user;
}

/** The one positional argument. @throws 'bad_request' */
export function requireName(args: CommandArguments): string {
  const [name, ...more] = args.positionals;
  if (name === undefined || more.length > 0)
    throw new AppError('bad_request', 'One NAME is needed.');
  if (!USER_NAME.test(name)) {
    throw new AppError('bad_request', `'${name}' is no user name: letters, digits and @.+_- are.`);
  }
  return name;
}

function askedSight({ values }: CommandArguments): Parameters<typeof parseSight>[0] {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' ? value : undefined;
  return { proposals: text(values.proposals), sees: text(values.sees) };
}

/** In words; whatever is said, an admin sees everything. */
function sightOf(role: Role, sight: Sight): string {
  return formatSight(role === 'admin' ? { ...sight, seesAll: true } : sight);
}

async function changeUser(
  username: string,
  change: Parameters<typeof updateUser>[2],
): Promise<void> {
  await withCatalog(async (catalog) => {
    const user = await requireUser(catalog, username);
    await updateUser(catalog, user.id, change, OPERATOR);
  });
}

function parseRole(value: unknown): Role {
  const role = ROLES.find((each) => each === value && each !== 'anonymous');
  if (role === undefined)
    throw new AppError('bad_request', '--role needs one of user, writer, admin.');
  return role;
}

/** The first line of standard input: never an argument, which every user of the box could read. */
async function readPassword(args: CommandArguments): Promise<string> {
  if (args.values['password-stdin'] !== true && !process.stdin.isTTY) {
    throw new AppError(
      'bad_request',
      'Give the password on standard input, with --password-stdin.',
    );
  }
  const input = createInterface({
    input: process.stdin,
    output: process.stdin.isTTY ? process.stderr : undefined,
  });
  try {
    if (process.stdin.isTTY) return await input.question('Password: ');
    for await (const line of input) return line;
    return '';
  } finally {
    input.close();
  }
}
