'use strict';
/**
 * `npm test`: makes the checkout ready, gets what suites need from Debian's packages where it may,
 * and runs everything, stopping at the first step that fails. Further arguments go to jest.
 * TEST_NO_INSTALL=1 keeps it from installing Debian packages.
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ROOT, setup, orExit, isOnPath } = require('./setup.cjs');

/** Programs that suites use. Without one, its suite says that it was skipped. */
const NEEDED = [
  {
    programs: ['nginx', '/usr/sbin/nginx'],
    packages: ['nginx'],
    tests: 'the archive behind nginx',
  },
  {
    programs: ['chromium', '/usr/bin/chromium'],
    packages: ['chromium', 'fonts-dejavu-core'],
    tests: 'the pages in a browser',
  },
  { programs: ['fpack'], packages: ['libcfitsio-bin'], tests: 'comparison with cfitsio' },
  {
    programs: ['fitsverify'],
    packages: ['fitsverify'],
    tests: 'files that the program writes against fitsverify',
  },
  {
    programs: ['/usr/lib/python3/dist-packages/swift/__init__.py'],
    packages: ['python3-swift'],
    tests: 'back-ups to an S3 server',
  },
  {
    programs: ['/usr/lib/python3/dist-packages/astropy/__init__.py'],
    packages: ['python3-astropy'],
    tests: 'Sun, Moon and targets against astropy',
  },
  {
    programs: ['solve-field'],
    packages: ['astrometry.net'],
    tests: 'plate-solving with astrometry.net',
  },
  {
    programs: ['/usr/share/astrometry/index-tycho2-08.littleendian.fits'],
    packages: ['astrometry-data-tycho2-08'],
    tests: 'plate-solving with astrometry.net',
  },
  {
    programs: ['pg_lsclusters'],
    packages: ['postgresql'],
    tests: 'import of a pyobs-archive from PostgreSQL',
  },
  {
    programs: ['source-extractor'],
    packages: ['source-extractor'],
    tests: 'stars of real fields against sep, SExtractor and photutils',
  },
  ...['sep', 'photutils', 'scipy'].map((name) => ({
    // photutils only recommends scipy, and has no background without it.
    modules: [name],
    packages: [`python3-${name}`],
    tests: 'stars of real fields against sep, SExtractor and photutils',
  })),
  { programs: ['curl'], packages: ['curl'], tests: 'the tour of the README' },
  { programs: ['wget'], packages: ['wget'], tests: 'the tour of the README' },
  { programs: ['unzip'], packages: ['unzip'], tests: 'what is in a zip' },
];

/** One shell for root: services that a package brings must not start on somebody's machine. */
const INSTALL_SCRIPT = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
fi
apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
`;

function findMissing() {
  const isThere = (name) => (path.isAbsolute(name) ? fs.existsSync(name) : isOnPath(name));
  const isModule = (name) =>
    spawnSync('/usr/bin/python3', ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0;
  return NEEDED.filter(({ programs = [], modules = [] }) => {
    return !programs.some(isThere) && !modules.some(isModule);
  });
}

/** How to become root without being asked for a password; undefined if there is no way. */
function findRootPrefix() {
  if (typeof process.getuid !== 'function') return undefined;
  if (process.getuid() === 0) return [];
  const isFree = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return isFree ? ['sudo', '-n'] : undefined;
}

/** @returns why packages may not be installed here, or undefined if they may */
function whyNotInstall(prefix) {
  if (process.env.TEST_NO_INSTALL) return 'TEST_NO_INSTALL is set';
  if (!isOnPath('apt-get')) return 'there is no apt-get';
  return prefix === undefined ? 'neither root nor sudo without a password' : undefined;
}

/** Installs missing programs if it may, and says in one line what will not be tested. */
function provide() {
  const missing = findMissing();
  if (missing.length === 0) return;
  const prefix = findRootPrefix();
  let reason = whyNotInstall(prefix);
  if (reason === undefined) {
    const packages = missing.flatMap((need) => need.packages);
    console.log(`==> apt-get install ${packages.join(' ')}`);
    const [command, ...args] = [...prefix, 'sh', '-c', INSTALL_SCRIPT, 'sh', ...packages];
    spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    reason = 'apt-get could not install it';
  }
  const left = findMissing();
  if (left.length === 0) return;
  const list = left.map((need) => `${need.tests} (${need.packages[0]} is missing)`).join(', ');
  console.log(`NOT TESTED HERE: ${list}: ${reason}.`);
}

function run(title, args, env) {
  console.log(`==> ${title}`);
  const result = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return result.status === null ? 1 : result.status;
}

const tool = (...names) => path.join(ROOT, 'node_modules', ...names);

function runSuites(args) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'platevault-test-'));
  const countsFile = path.join(folder, 'counts.json');
  try {
    const isPaced = args.some((arg) => /^(?:-i|--runInBand|-w|--maxWorkers)(?:=|$)/.test(arg));
    // After the arguments of the caller: an option that takes several values would swallow them.
    const flags = [
      ...(isPaced ? [] : ['--maxWorkers=2']),
      '--reporters=default',
      `--reporters=${path.join(__dirname, 'count-reporter.cjs')}`,
    ];
    const nodeOptions = [
      process.env.NODE_OPTIONS,
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
    ];
    const status = run('tests', [tool('jest', 'bin', 'jest.js'), ...args, ...flags], {
      NODE_OPTIONS: nodeOptions.filter(Boolean).join(' '),
      TEST_COUNTS_FILE: countsFile,
    });
    if (fs.existsSync(countsFile)) {
      const { passed, failed, skipped } = JSON.parse(fs.readFileSync(countsFile, 'utf8'));
      console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    }
    return status;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function main(jestArgs) {
  console.log('==> build');
  setup();
  provide();
  const checks = [
    ['lint', [tool('eslint', 'bin', 'eslint.js'), '.']],
    ['format', [tool('prettier', 'bin', 'prettier.cjs'), '--check', '.']],
    ['types', [tool('typescript', 'bin', 'tsc'), '-p', 'tsconfig.test.json']],
  ];
  for (const [title, args] of checks) {
    const status = run(title, args, {});
    if (status !== 0) {
      console.error(`npm test: ${title} failed; the steps after it were not run`);
      return status;
    }
  }
  return runSuites(jestArgs);
}

process.exitCode = orExit(() => main(process.argv.slice(2)));
