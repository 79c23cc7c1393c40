import type { ParseArgsConfig } from 'node:util';

export interface CommandArguments {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** Where a command says things: text for people, records for programs. */
export interface Output {
  /** One line on standard output. */
  line(text: string): void;
  /** One line on standard error. */
  problem(text: string): void;
  /** A JSON line with --json, else the text on standard output. */
  record(object: Readonly<Record<string, unknown>>, text: string): void;
}

/** One verb of the program. */
export interface Command {
  /** As in `user add NAME --role user|writer|admin --password-stdin`. */
  readonly usage: string;
  readonly summary: string;
  /** Exit status → when. */
  readonly exits: Readonly<Record<number, string>>;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** @returns the exit status */
  run(args: CommandArguments, out: Output): Promise<number>;
}

/** The exits that every command has. */
export const COMMON_EXITS = { 0: 'done', 1: 'failed', 2: 'wrong usage' } as const;
