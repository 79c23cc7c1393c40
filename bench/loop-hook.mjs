/**
 * Loaded into a server with `--import`: tells how long its event loop made others wait. On SIGUSR2 it
 * writes what was since the last time to the file that BENCH_LOOP_FILE names, as JSON in ms.
 */
import fs from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env.BENCH_LOOP_FILE;
if (isMainThread && file !== undefined) {
  const resolution = Number(process.env.BENCH_LOOP_MS ?? 10);
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  process.on('SIGUSR2', () => {
    // Each sample has the time between two looks in it.
    const beyond = (ns) => Math.max(0, ns / 1e6 - resolution);
    const told = {
      p50: beyond(delay.percentile(50)),
      p99: beyond(delay.percentile(99)),
      max: beyond(delay.max),
    };
    fs.writeFileSync(`${file}.part`, JSON.stringify(told));
    fs.renameSync(`${file}.part`, file);
    delay.reset();
  });
}
