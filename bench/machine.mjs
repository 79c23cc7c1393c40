/** What the machine and a server on it do while something is measured: from /proc, so Linux only. */
import fs from 'node:fs';
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';

const TICKS = 100; // USER_HZ, the same on every Linux that Node runs on
const MIB = 1024; // of kB

/** Load and size of the machine, for people who compare figures. */
export function describeMachine() {
  const model = os.cpus()[0]?.model.trim() ?? 'unknown';
  const memory = (os.totalmem() / 2 ** 30).toFixed(0);
  const load = os.loadavg().map((each) => each.toFixed(1));
  const versions = `Node ${process.versions.node}, ${os.type()} ${os.release()}`;
  return { model, cores: os.cpus().length, memoryGib: Number(memory), load, versions };
}

/** The processes below `pid`, itself first. */
export function treeOf(pid) {
  const found = [];
  const open = [pid];
  while (open.length > 0) {
    const next = open.pop();
    found.push(next);
    for (const task of list(`/proc/${next}/task`)) {
      const children = read(`/proc/${next}/task/${task}/children`).trim();
      if (children !== '') open.push(...children.split(' ').map(Number));
    }
  }
  return found;
}

/** Processor time of a server and all below it, seconds: of its main thread, and of all. */
export function cpuOf(pid) {
  let all = 0;
  for (const each of treeOf(pid)) all += cpuIn(`/proc/${each}/stat`, true);
  return { main: cpuIn(`/proc/${pid}/task/${pid}/stat`, false), all };
}

function cpuIn(file, withEnded) {
  const fields = read(file).split(') ')[1]?.split(' ').map(Number);
  if (fields === undefined) return 0;
  const ended = withEnded ? fields[13] + fields[14] : 0;
  return (fields[11] + fields[12] + ended) / TICKS;
}

/**
 * Memory of a server and all below it, MiB. `pss` counts pages that several processes share once;
 * pages of mapped files are in it, though they are the kernel's to take away; `own` is without them.
 */
export function memoryOf(pid) {
  let pss = 0;
  let own = 0;
  for (const each of treeOf(pid)) {
    const text = read(`/proc/${each}/smaps_rollup`);
    pss += field(text, 'Pss');
    own += field(text, 'Pss_Anon');
  }
  return { pss: pss / MIB, own: own / MIB };
}

/** The most memory that the process ever had resident since the last `forgetPeak`, MiB. */
export function peakOf(pid) {
  return field(read(`/proc/${pid}/status`), 'VmHWM') / MIB;
}

function forgetPeak(pid) {
  try {
    fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error; // then it is the peak since the start
  }
}

/** The most memory that a server had while one was watched, as `memoryOf` counts. */
export const worst = { pss: 0, own: 0 };

/**
 * Watches a server from now on.
 *
 * @returns a function that ends it and tells: seconds, memory (MiB), processor time (s), and how many
 *          cores were busy with other things than server and bench
 */
export function watch(pid) {
  forgetPeak(pid);
  const began = performance.now();
  const before = { busy: busySeconds(), own: process.cpuUsage(), server: cpuOf(pid) };
  const start = memoryOf(pid);
  const peak = { ...start };
  const look = () => {
    const now = memoryOf(pid);
    peak.pss = Math.max(peak.pss, now.pss);
    peak.own = Math.max(peak.own, now.own);
    return now;
  };
  const timer = setInterval(look, 150);
  return () => {
    clearInterval(timer);
    const after = look();
    if (peak.pss > worst.pss) Object.assign(worst, peak);
    const seconds = (performance.now() - began) / 1000;
    const server = cpuOf(pid);
    const used = process.cpuUsage(before.own);
    const client = (used.user + used.system) / 1e6;
    const serverCpu = server.all - before.server.all;
    const foreign = busySeconds() - before.busy - serverCpu - client;
    return {
      seconds,
      memory: { before: start.pss, peak: peak.pss, peakOwn: peak.own, after: after.pss },
      peakResident: peakOf(pid),
      serverCpu,
      mainCpu: server.main - before.server.main,
      clientCpu: client,
      foreignCores: Math.max(0, foreign / seconds),
    };
  };
}

/** Waits until a server has nothing left to do of itself, a minute at most. */
export async function untilQuiet(pid) {
  for (let looks = 0, quiet = 0; looks < 240 && quiet < 2; looks += 1) {
    const before = cpuOf(pid).all;
    await setTimeout(250);
    quiet = cpuOf(pid).all - before <= 0.01 ? quiet + 1 : 0;
  }
}

/** Seconds of work of all cores since the start of the machine. */
function busySeconds() {
  const [, ...times] = read('/proc/stat').split('\n')[0].split(/\s+/);
  return [0, 1, 2, 5, 6, 7].reduce((sum, at) => sum + Number(times[at]), 0) / TICKS;
}

function field(text, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** What has ended meanwhile has no files any more: empty. */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
    throw error;
  }
}

function list(folder) {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return [];
    throw error;
  }
}
