'use strict';
/**
 * Starts the compiled program in this process. File, database and picture work share the threads of
 * libuv's pool, whose size is read once, at its first use: it has to be set before anything
 * asynchronous happens, so everything up to the import is synchronous.
 */
const fs = require('node:fs');
const path = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { pathToFileURL } = require('node:url');
const { ROOT } = require('./setup.cjs');

const DEFAULT_POOL_SIZE = '12';

/**
 * How far the heap may grow before what is old in it is looked through, in percent of what was alive
 * the last time. Left to itself V8 lets it grow to four times as much: what a request needs while it
 * waits for the database counts as old by then.
 */
const HEAP_GROWING = 50;

/** Runs `platevault` with these arguments; the exit status is that of the command. */
function launch(args) {
  process.env.UV_THREADPOOL_SIZE = process.env.UV_THREADPOOL_SIZE || poolSizeFromFiles();
  if (args[0] === 'serve') keepHeapSmall();
  // The package for S3 says at every start that some day it will want a newer Node.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  process.argv.splice(2, Infinity, ...args);
  const program = pathToFileURL(path.join(ROOT, 'dist', 'main.js'));
  import(program.href).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}

/** For what runs for weeks; commands that end are rather quick. */
function keepHeapSmall() {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING}`);
  // What the command line says of new objects was for this thread: others ask for less.
  setFlagsFromString('--max-semi-space-size=0');
}

/** The setting from `config/*.json`, later files first; what is wrong there the program itself tells. */
function poolSizeFromFiles() {
  const folder = path.join(ROOT, 'config');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).sort().reverse() : [];
  for (const name of names) {
    if (!name.endsWith('.json') || name.endsWith('.example.json')) continue;
    const size = readSize(path.join(folder, name));
    if (Number.isInteger(size) && size > 0) return String(size);
  }
  return DEFAULT_POOL_SIZE;
}

function readSize(file) {
  try {
    return Number(JSON.parse(fs.readFileSync(file, 'utf8')).UV_THREADPOOL_SIZE);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return NaN;
    throw error;
  }
}

module.exports = { launch };
