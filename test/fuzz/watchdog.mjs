/**
 * A thread that ends the process if one mutation goes on too long: a loop without end never comes
 * back to say so itself. Time is that of the processor as well, so that a busy machine is no fault.
 */
import fs from 'node:fs';
import { workerData } from 'node:worker_threads';

const { progress, file, keep, maxMs, maxWaitMs } = workerData;
const LOOK_MS = 200;

let count = -1;
let started = performance.now();
let cpu = process.cpuUsage();

setInterval(() => {
  const now = Atomics.load(progress, 0);
  if (now !== count) {
    count = now;
    started = performance.now();
    cpu = process.cpuUsage();
    return;
  }
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000;
  const ms = performance.now() - started;
  if (!(ms > maxMs && cpuMs > maxMs) && ms < maxWaitMs) return;
  fs.copyFileSync(file, keep);
  const times = `${Math.round(ms)} ms, ${Math.round(cpuMs)} ms of the processor`;
  fs.writeSync(2, `fuzz: mutation ${Atomics.load(progress, 1)} does not end (${times}): ${keep}\n`);
  process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
