import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder in which disks come and go. */
export interface Mounts {
  /** A path in it; the folder is made. */
  folder(name: string): string;
  /** A disk of this size in megabytes. */
  disk(name: string, megabytes: number): string;
  /** Shows one folder in the place of another. */
  bind(from: string, to: string, options?: { readonly readOnly: boolean }): void;
  /** Takes away what was mounted last on a path, also while it is in use. */
  unmount(path: string): void;
  /** Takes everything away and removes the folder. */
  close(): void;
}

const run = (...args: readonly string[]): void => {
  execFileSync(String(args[0]), args.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
};

export function createMounts(): Mounts {
  const root = mkdtempSync(join(tmpdir(), 'platevault-mounts-'));
  const mounted: string[] = [];
  const folder = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const unmount = (path: string): void => {
    run('umount', '-l', path);
    mounted.splice(mounted.lastIndexOf(path), 1);
  };
  return {
    folder,
    disk(name, megabytes) {
      const path = folder(name);
      run('mount', '-t', 'tmpfs', '-o', `size=${String(megabytes)}m`, 'tmpfs', path);
      mounted.push(path);
      return path;
    },
    bind(from, to, options) {
      run('mount', '--bind', from, to);
      mounted.push(to);
      if (options?.readOnly === true) run('mount', '-o', 'remount,bind,ro', to);
    },
    unmount,
    close() {
      for (const path of [...mounted].reverse()) unmount(path);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** `test` where disks may be mounted; else one visible line, and a `test` that is counted as skipped. */
export function testWithMounts(what: string): jest.It {
  const folder = mkdtempSync(join(tmpdir(), 'platevault-mount-'));
  const may = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (may) run('umount', folder);
  rmSync(folder, { recursive: true });
  if (may) return test;
  process.stdout.write(`NOT TESTED: ${what}: nothing may be mounted here.\n`);
  return test.skip;
}
