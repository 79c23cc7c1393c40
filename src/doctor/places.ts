import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config/index.js';
import { AppError, systemCode } from '../lib/errors.js';
import { statFile } from '../lib/files.js';
import { createPartsLook, describeRoom, judgeRoom, readDisk } from '../status/index.js';
import { markerPath, readMarker } from '../store/index.js';
import { about, type Finding } from './finding.js';

const KEY_LENGTH = 16;
/** File systems of other machines have clocks of their own. */
const CLOCK_MS = 5_000;
const MOUNT_OR_OWN = 'Mount its disk, and let the folder belong to the user of the server.';

/** The folders, their disks, the key. A file of no bytes is written, linked and removed again. */
export async function checkPlaces(config: Config): Promise<Finding[]> {
  return [
    ...(await checkDataDir(config)),
    ...(await checkRoot(config)),
    ...(await checkParts(config)),
    ...(await checkDisk('DATA_DIR', config.DATA_DIR)),
    ...(await checkDisk('ARCHIVE_ROOT', config.ARCHIVE_ROOT)),
  ];
}

async function checkDataDir({ DATA_DIR, SECRET_KEY }: Config): Promise<Finding[]> {
  const { ok, warn, fail } = about('data');
  const found = await statFile(DATA_DIR);
  if (found?.isDirectory() !== true) {
    return [
      fail(`DATA_DIR (${DATA_DIR}) is not there.`, 'Start the server once, or mount its disk.'),
    ];
  }
  const refusal = await refusalOf(DATA_DIR, constants.R_OK | constants.W_OK | constants.X_OK);
  if (refusal !== '') {
    return [fail(`DATA_DIR (${DATA_DIR}) cannot be read and written (${refusal}).`, MOUNT_OR_OWN)];
  }
  const isOpen = (found.mode & 0o002) !== 0;
  const findings = isOpen
    ? [warn(`DATA_DIR (${DATA_DIR}) can be written by everybody.`, `chmod o-w ${DATA_DIR}`)]
    : [ok(`DATA_DIR (${DATA_DIR}) can be read and written.`)];
  return SECRET_KEY === '' ? [...findings, await checkKey(join(DATA_DIR, 'secret.key'))] : findings;
}

async function checkKey(path: string): Promise<Finding> {
  const { ok, warn, fail } = about('key');
  const found = await statFile(path);
  if (found === undefined) return ok('secret.key will be made at the first start.');
  if (found.size < KEY_LENGTH) {
    return fail(`${path} holds no key.`, 'Remove it to have one made: all sessions then end.');
  }
  const mode = found.mode & 0o777;
  if ((mode & 0o077) === 0) return ok(`${path} is readable by its owner alone.`);
  const text = `${path} is readable by others (mode ${mode.toString(8)}): who has it can log in as anybody.`;
  return warn(text, `chmod 600 ${path}`);
}

async function checkRoot({ ARCHIVE_ROOT: root }: Config): Promise<Finding[]> {
  const { ok, fail } = about('root');
  const found = await statFile(root);
  if (found?.isDirectory() !== true) {
    return [
      fail(`ARCHIVE_ROOT (${root}) is not there.`, 'Mount its disk, or start the server once.'),
    ];
  }
  try {
    const marker = await readMarker(root);
    if (marker === undefined) {
      const text = `ARCHIVE_ROOT (${root}) has no marker file (${markerPath(root)}).`;
      return [fail(text, 'Is its disk mounted? A new archive gets one at its first start.')];
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [fail(error.message, 'Bring the marker file back; the catalogue knows the id.')];
  }
  const refusal = await refusalOf(root, constants.R_OK | constants.W_OK | constants.X_OK);
  if (refusal !== '') {
    return [fail(`ARCHIVE_ROOT (${root}) cannot be written (${refusal}).`, MOUNT_OR_OWN)];
  }
  return [ok(`ARCHIVE_ROOT (${root}) is there with its marker.`), ...(await tryRoot(root))];
}

/** Disks below the root, and adopted trees: a root that is away itself was told already. */
async function checkParts({ ARCHIVE_ROOT: root }: Config): Promise<Finding[]> {
  const { fail } = about('root');
  const away = await createPartsLook(root)();
  const advice =
    'Mount it again. Until then its frames cannot be read; all that belongs elsewhere is filed.';
  return away.map((text) => fail(text, advice));
}

/** Whether uploads can be put in their places: by a link, within one file system. */
async function tryRoot(root: string): Promise<Finding[]> {
  const { ok, warn, fail } = about('root');
  const spool = join(root, '.incoming');
  if ((await statFile(spool)) === undefined) return [ok('The spool is made at the first start.')];
  const state = dirname(markerPath(root));
  const [probe, twin] = [
    join(spool, `doctor-${randomUUID()}`),
    join(state, `doctor-${randomUUID()}`),
  ];
  const findings: Finding[] = [];
  try {
    if ((await stat(spool)).dev !== (await stat(root)).dev) {
      const text = `${spool} lies in another file system than ${root}.`;
      findings.push(fail(text, 'Make it a plain folder: an upload is put in its place by a link.'));
    }
    const before = Date.now();
    await writeFile(probe, '', { flag: 'wx' });
    const shift = (await stat(probe)).mtimeMs - before;
    if (Math.abs(shift) > CLOCK_MS) {
      const text = `The clock of the file system is ${Math.round(shift / 1000)} s ahead of that of the machine.`;
      findings.push(warn(text, 'Set both by the same time service.'));
    }
    await link(probe, twin);
    if (findings.length === 0) findings.push(ok('Files can be written and linked in the root.'));
  } catch (error) {
    findings.push(toFinding(error, root));
  } finally {
    await rm(probe, { force: true }).catch(() => undefined); // a disk that cannot be written was told
    await rm(twin, { force: true }).catch(() => undefined);
  }
  return findings;
}

function toFinding(error: unknown, root: string): Finding {
  const { warn, fail } = about('root');
  const code = systemCode(error) ?? 'unknown error';
  if (['EPERM', 'ENOTSUP', 'ENOSYS', 'EXDEV'].includes(code)) {
    const text = `The file system of ${root} knows no links (${code}): files are copied into their places.`;
    return warn(text, 'Take a file system with hard links (ext4, xfs, zfs, NFS).');
  }
  const advice = code === 'ENOSPC' ? 'Make room.' : MOUNT_OR_OWN;
  return fail(`Nothing can be written to ${root} (${code}).`, advice);
}

async function checkDisk(name: string, path: string): Promise<Finding[]> {
  const { ok, warn, fail } = about('disk');
  if ((await statFile(path)) === undefined) return []; // told already
  const disk = await readDisk(path);
  const share = disk.totalInodes === 0 ? '' : `, ${disk.freeInodes} inodes`;
  const text = `${name}: ${describeRoom(disk)} free${share}.`;
  const room = judgeRoom(disk);
  if (room === 'full') return [fail(text, 'Make room: no upload is taken.')];
  return [room === 'low' ? warn(text, 'Make room soon.') : ok(text)];
}

/** The code of the refusal; '' if none. */
async function refusalOf(path: string, mode: number): Promise<string> {
  try {
    await access(path, mode);
    return '';
  } catch (error) {
    return systemCode(error) ?? 'unknown error';
  }
}
