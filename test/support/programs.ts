import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** True if a program of this name is on the path, or there is a file of this absolute path. */
export function isInstalled(program: string): boolean {
  if (isAbsolute(program)) return existsSync(program);
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** `test` if all programs are there; else one visible line, and a `test` that is counted as skipped. */
export function testWith(programs: readonly string[], what: string): jest.It {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return test;
  process.stdout.write(`NOT TESTED: ${what}: there is no ${missing.join(', ')}.\n`);
  return test.skip;
}
