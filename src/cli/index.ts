import { parseArgs } from 'node:util';
import { toCatalogError } from '../catalog/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { escapeUnseen } from '../lib/unseen.js';
import { adopt } from './adopt.js';
import { backup, backupList, backupVerify, restore } from './backup.js';
import { check } from './check.js';
import { COMMON_EXITS, type Command, type Output } from './command.js';
import { config } from './config.js';
import { demo } from './demo.js';
import { doctor } from './doctor.js';
import { importFromPyobs } from './import.js';
import { journalRebuild } from './journal.js';
import { log } from './log.js';
import { measure } from './measure.js';
import { reindex } from './reindex.js';
import { report } from './report.js';
import { serve } from './serve.js';
import { solve } from './solve.js';
import { tokenAdd, tokenList, tokenRevoke } from './token.js';
import { quarantineDiscard, quarantineList, quarantineRetry } from './quarantine.js';
import { trashEmpty, trashList, trashPurge, trashRestore } from './trash.js';
import {
  userAdd,
  userDisable,
  userEnable,
  userList,
  userLogout,
  userPasswd,
  userRole,
  userSet,
} from './user.js';

/** Every verb, in the order of the help. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  serve,
  config,
  'user add': userAdd,
  'user list': userList,
  'user passwd': userPasswd,
  'user role': userRole,
  'user set': userSet,
  'user disable': userDisable,
  'user enable': userEnable,
  'user logout': userLogout,
  'token add': tokenAdd,
  'token list': tokenList,
  'token revoke': tokenRevoke,
  log,
  doctor,
  check,
  'journal rebuild': journalRebuild,
  backup,
  'backup list': backupList,
  'backup verify': backupVerify,
  restore,
  reindex,
  measure,
  adopt,
  'import pyobs': importFromPyobs,
  solve,
  report,
  'trash list': trashList,
  'trash restore': trashRestore,
  'trash purge': trashPurge,
  'trash empty': trashEmpty,
  'quarantine list': quarantineList,
  'quarantine retry': quarantineRetry,
  'quarantine discard': quarantineDiscard,
  demo,
};

/** Runs `platevault` with these arguments. @returns the exit status */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  process.stdout.on('error', ignoreClosed);
  // Whoever read the messages has gone, or their disk is full: that ends no server.
  process.stderr.on('error', () => undefined);
  const two = argv.slice(0, 2).join(' ');
  const name = Object.hasOwn(COMMANDS, two) ? two : (argv[0] ?? '--help');
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const asked = name === '--help' || name === '-h' || name === 'help';
    (asked ? console.log : console.error)(
      asked ? helpText() : `There is no command '${name}'.\n\n${helpText()}`,
    );
    return asked ? 0 : 2;
  }
  return runCommand(name, command, argv.slice(name.split(' ').length));
}

/** Whoever read along has seen enough (`… | head`): the command goes on to its usual status. */
function ignoreClosed(error: Error): void {
  if (systemCode(error) !== 'EPIPE') throw error;
}

async function runCommand(
  name: string,
  command: Command,
  argv: readonly string[],
): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      options: {
        ...command.options,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    requireOnce(parsed.tokens, command);
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : String(error)}\n\n${commandHelp(name, command)}`,
    );
    return 2;
  }
  if (parsed.values.help === true) {
    console.log(commandHelp(name, command));
    return 0;
  }
  try {
    return await command.run(parsed, createOutput(parsed.values.json === true));
  } catch (error) {
    const known = error instanceof AppError ? error : toCatalogError(error);
    if (known === undefined) throw error;
    console.error(escapeUnseen(known.message));
    return known.code === 'bad_request' ? 2 : 1;
  }
}

/** @throws if an option has two values where one is taken: the first would be dropped without a word */
function requireOnce(
  tokens: readonly { readonly kind: string; readonly name?: string }[],
  { options }: Command,
): void {
  const isSingle = (name: string): boolean =>
    options[name]?.type === 'string' && options[name].multiple !== true;
  const names = tokens.flatMap(({ kind, name = '' }) =>
    kind === 'option' && isSingle(name) ? [name] : [],
  );
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`Option '--${twice}' can be given once only.`);
}

function createOutput(asJson: boolean): Output {
  return {
    line: (text) => {
      console.log(escapeUnseen(text));
    },
    problem: (text) => {
      console.error(escapeUnseen(text));
    },
    record: (object, text) => {
      console.log(escapeUnseen(asJson ? JSON.stringify(object) : text));
    },
  };
}

function helpText(): string {
  const width = Math.max(...Object.values(COMMANDS).map((command) => command.usage.length));
  const lines = Object.values(COMMANDS).map(
    (command) => `  ${command.usage.padEnd(width)}  ${command.summary}`,
  );
  return `Usage: platevault COMMAND\n\n${lines.join('\n')}\n\nplatevault COMMAND --help tells more about one.`;
}

function commandHelp(name: string, command: Command): string {
  const options = Object.entries(command.options).map(([option, { type }]) =>
    type === 'string' ? `  --${option} VALUE` : `  --${option}`,
  );
  const exits = Object.entries({ ...COMMON_EXITS, ...command.exits }).map(
    ([status, when]) => `  ${status}  ${when}`,
  );
  return [
    `Usage: platevault ${command.usage}`,
    '',
    `${name}: ${command.summary}`,
    ...(options.length === 0 ? [] : ['', 'Options:', ...options]),
    '',
    'Exit status:',
    ...exits,
  ].join('\n');
}
