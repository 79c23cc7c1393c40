import { randomUUID } from 'node:crypto';
import { systemCode } from './errors.js';

const OWNED = /^([1-9]\d*)-[\da-f]{8}-/;

/**
 * A new name for a file that only this process uses and that must not outlive it: the id of the
 * process is in it, so that another one can tell whether it may be cleared away.
 *
 * @param ending with its dot
 */
export function ownedName(ending: string): string {
  return `${process.pid}-${randomUUID()}${ending}`;
}

/**
 * Whether a file belongs to another process that is alive. The number of a dead one may have been
 * given away again: then its files are cleared away later, which does no harm.
 */
export function isOfOtherProcess(name: string): boolean {
  const pid = Number(OWNED.exec(name)?.[1]);
  return Number.isSafeInteger(pid) && pid !== process.pid && isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and belongs to somebody else.
    return systemCode(error) === 'EPERM';
  }
}
