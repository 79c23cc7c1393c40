'use strict';
/**
 * Makes a checkout ready to run: installs the packages when the lock file has changed, compiles src/
 * into dist/ when a source has changed, and links the command for npx. Nothing to do takes a few
 * milliseconds. Only the syntax of old Node here, so that an old Node can read the sentence about it.
 */
const NEEDED_NODE = [20, 19];

/** Ends the program with one sentence if this Node is too old. Call it before anything else. */
function requireNode() {
  const have = process.versions.node.split('.').map(Number);
  if (have[0] > NEEDED_NODE[0] || (have[0] === NEEDED_NODE[0] && have[1] >= NEEDED_NODE[1])) return;
  console.error(
    `Platevault needs Node ${NEEDED_NODE.join('.')} or newer; this is Node ${process.versions.node}.`,
  );
  process.exit(1);
}
requireNode();

const { createHash } = require('node:crypto');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.dirname(__dirname);
const inRoot = (...names) => path.join(ROOT, ...names);
const DIST = inRoot('dist');
const LOCK = inRoot('dist', '.setup-lock');
const INSTALL_STAMP = inRoot('node_modules', '.platevault-installed');
const BUILD_STAMP = inRoot('dist', '.built-from');

/** How long a lock without a living owner may be honoured: its owner is about to write its name. */
const LOCK_GRACE_MS = 10_000;

/** A reason not to go on that is meant for people: printed without a stack. */
class SetupError extends Error {}

/** True in a checkout; false in an image or an installed package, where dist/ is all there is. */
function isCheckout() {
  return fs.existsSync(inRoot('src', 'main.ts')) && fs.existsSync(inRoot('package-lock.json'));
}

/** True if there is a compiled program, of whatever age. */
function isBuilt() {
  return fs.existsSync(path.join(DIST, 'main.js'));
}

/**
 * Installs and builds what is missing or out of date. Safe beside a second one: the later waits.
 *
 * @param {{ rebuild?: boolean }} [options] rebuild: compile even if nothing has changed
 * @throws {SetupError} with a sentence for people
 */
function setup(options) {
  const rebuild = options !== undefined && options.rebuild === true;
  if (!isCheckout()) return;
  if (rebuild || needsInstall() || needsBuild()) {
    withLock(() => {
      if (needsInstall()) install();
      if (rebuild || needsBuild()) build();
    });
  }
  linkCommand();
}

/** Runs `work` and ends the process with a sentence instead of a stack if the set-up fails in it. */
function orExit(work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    return process.exit(1);
  }
}

function needsInstall() {
  const stamp = readStamp(INSTALL_STAMP);
  return stamp === '' ? !isInstalledByHand() : stamp !== installHash();
}

/** True after somebody's own `npm ci`: npm writes its copy of the lock file last. */
function isInstalledByHand() {
  const done = fs.statSync(inRoot('node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return done !== undefined && done.mtimeMs >= fs.statSync(inRoot('package-lock.json')).mtimeMs;
}

/** Compiled packages belong to one kind of Node, so its ABI is part of the stamp. */
function installHash() {
  return hashFiles([inRoot('package-lock.json')], `${process.versions.modules} ${process.arch}`);
}

function install() {
  console.error('Installing packages …');
  // A production environment would leave out the compiler.
  const flags = ['--include=dev', '--no-audit', '--no-fund'];
  // npm ci refuses a lock file that lacks the binaries of some other system, as one does that was
  // made with a registry that does not have them; npm install keeps to the same versions without.
  const isLockWhole = runNpm(['ci', '--dry-run', '--silent'].concat(flags), 'ignore') === 0;
  const how = isLockWhole ? ['ci'] : ['install', '--no-save'];
  if (runNpm(how.concat(flags), 'inherit') !== 0) throw new SetupError(explainInstall());
  fs.writeFileSync(INSTALL_STAMP, installHash());
}

/** @param {'inherit' | 'ignore'} errors where npm's words go */
function runNpm(args, errors) {
  const own = process.env.npm_execpath;
  const useOwn = own !== undefined && path.basename(own) === 'npm-cli.js' && fs.existsSync(own);
  const [command, first] = useOwn ? [process.execPath, [own]] : ['npm', []];
  const result = spawnSync(command, first.concat(args), {
    cwd: ROOT,
    // Standard output belongs to the command that asked for the set-up.
    stdio: ['ignore', errors === 'ignore' ? 'ignore' : process.stderr, errors],
    shell: !useOwn && process.platform === 'win32',
  });
  return result.error === undefined ? result.status : 1;
}

/** sqlite3 has no ready binary for every machine; without a toolchain npm's own message is long. */
function explainInstall() {
  const tools = [
    ['g++', ['c++', 'g++', 'clang++']],
    ['make', ['make', 'gmake']],
    ['python3', ['python3', 'python']],
  ];
  const missing = tools.filter(([, names]) => !names.some(isOnPath)).map(([name]) => name);
  if (process.platform === 'win32' || missing.length === 0) {
    return 'Platevault could not install its packages; the reason is in the lines of npm above.';
  }
  return (
    `Platevault could not install its packages: sqlite3 is compiled on this machine, and ` +
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. ` +
    `On Debian or Ubuntu: apt-get install ${missing.join(' ')}`
  );
}

/** True if `name` is a program on the search path. */
function isOnPath(name) {
  return (process.env.PATH || '')
    .split(path.delimiter)
    .some((folder) => folder !== '' && fs.existsSync(path.join(folder, name)));
}

function needsBuild() {
  const sources = listFiles(inRoot('src'));
  const isWhole = sources.every((file) => !file.endsWith('.ts') || fs.existsSync(outputOf(file)));
  return !isWhole || readStamp(BUILD_STAMP) !== sourceHash(sources);
}

function sourceHash(sources) {
  return hashFiles(
    sources.concat(['tsconfig.json', 'package.json'].map((name) => inRoot(name))),
    '',
  );
}

function outputOf(source) {
  return path.join(DIST, path.relative(inRoot('src'), source)).replace(/\.ts$/, '.js');
}

function build() {
  console.error('Building …');
  // The hash of before: a file saved while the compiler runs must lead to another build.
  const hash = sourceHash(listFiles(inRoot('src')));
  const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', inRoot('tsconfig.json'), '--outDir', DIST, '--noEmitOnError'];
  const result = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', process.stderr, 'inherit'],
  });
  if (result.status !== 0) throw new SetupError('Platevault could not be compiled; see above.');
  removeLeftovers();
  fs.writeFileSync(BUILD_STAMP, hash);
}

/** Compiled files whose source has gone would still be found by imports. */
function removeLeftovers() {
  for (const file of listFiles(DIST)) {
    const stem = /^(.*)\.js(?:\.map)?$/.exec(path.relative(DIST, file));
    if (stem !== null && !fs.existsSync(inRoot('src', `${stem[1]}.ts`))) fs.rmSync(file);
  }
}

/** Lets `npx platevault` find this checkout's command without asking a registry. */
function linkCommand() {
  const folder = inRoot('node_modules', '.bin');
  const link = path.join(folder, 'platevault');
  if (process.platform === 'win32' || fs.existsSync(link) || !fs.existsSync(folder)) return;
  try {
    fs.symlinkSync(path.join('..', '..', 'bin', 'platevault.cjs'), link);
  } catch (error) {
    // A read-only or shared folder: the command is still there as bin/platevault.cjs.
    if (!['EEXIST', 'EROFS', 'EACCES', 'EPERM'].includes(error.code)) throw error;
  }
}

/** Runs `work` while holding a lock folder, whose file names the owner's process. */
function withLock(work) {
  fs.mkdirSync(DIST, { recursive: true });
  let hasTold = false;
  while (!takeLock()) {
    const owner = readStamp(path.join(LOCK, 'pid'));
    if (isStale(owner)) breakLock(owner);
    else if (!hasTold) {
      hasTold = true;
      console.error(`Waiting for another set-up (process ${owner || 'unknown'}) …`);
    }
    sleep(100);
  }
  try {
    work();
  } finally {
    fs.rmSync(LOCK, { recursive: true, force: true });
  }
}

function takeLock() {
  try {
    fs.mkdirSync(LOCK);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  fs.writeFileSync(path.join(LOCK, 'pid'), String(process.pid));
  return true;
}

function isStale(owner) {
  if (/^\d+$/.test(owner)) return !isAlive(Number(owner));
  const stat = fs.statSync(LOCK, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > LOCK_GRACE_MS;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Moves the lock aside first: if a third process was quicker, its new lock is put back. */
function breakLock(owner) {
  const aside = `${LOCK}-${process.pid}`;
  try {
    fs.renameSync(LOCK, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readStamp(path.join(aside, 'pid')) === owner) {
    fs.rmSync(aside, { recursive: true, force: true });
  } else {
    fs.renameSync(aside, LOCK);
  }
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Text of a small file, '' if it is not there. */
function readStamp(file) {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw error;
  }
}

/** All files below `folder`, sorted; [] if it does not exist. */
function listFiles(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function hashFiles(files, salt) {
  const hash = createHash('sha256').update(salt);
  for (const file of files) {
    hash.update(`\n${path.relative(ROOT, file)}\n`).update(fs.readFileSync(file));
  }
  return hash.digest('hex');
}

module.exports = { ROOT, setup, orExit, isCheckout, isBuilt, isOnPath };

if (require.main === module) orExit(() => setup());
