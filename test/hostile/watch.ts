import { readFileSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestArchive } from '../support/archive.js';

/** Growth of the resident memory that no attack may cause, at any moment. */
const MAX_GROWTH_MB = 600;
/** How long a plain question may take right after an attack. */
const MAX_ANSWER_MS = 2000;
/** Files being received are put away within this, also those of clients that left. */
const MAX_TIDY_MS = 5000;
/** Sockets that clients keep open, and what the database opens by turns. A leak is far more. */
const SPARE_DESCRIPTORS = 40;

/** Looks after a server under attack: its memory, descriptors, files, and whether it still answers. */
export interface Watch {
  /**
   * To be called after each attack. Asks two plain questions and compares what is stored.
   *
   * @param stored files that the attack may have stored; they are the base of the next look
   * @returns what is wrong; [] if nothing is
   */
  look(kind: string, stored: number): Promise<string[]>;
  /** What is wrong after all of it: memory that stays, descriptors that leak, a catalogue that lies. */
  end(): Promise<string[]>;
  /** One line for each kind of attack, and what it cost. */
  summary(): string;
  /** No more looks: the process may end. */
  stop(): void;
}

interface Cost {
  count: number;
  slowestMs: number;
}

export async function startWatch(archive: TestArchive): Promise<Watch> {
  const { pid } = archive.process;
  const start = { rssMb: rssOf(pid), descriptors: descriptorsOf(pid) };
  let peakMb = start.rssMb;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, rssOf(pid));
  }, 25);
  const stalls = watchStalls(archive);
  const costs = new Map<string, Cost>();
  let files = await countFiles(archive);

  const look: Watch['look'] = async (kind, stored) => {
    const cost = costs.get(kind) ?? { count: 0, slowestMs: 0 };
    costs.set(kind, cost);
    cost.count += 1;
    const wrong: string[] = [];
    const began = performance.now();
    const [health, list] = await Promise.all([
      archive.fetch('/health/', { token: '' }),
      archive.json<{ count: number }>('/frames/?limit=1'),
    ]);
    await health.arrayBuffer();
    if (health.status !== 200) wrong.push(`/health/ answers ${health.status}`);
    const ms = performance.now() - began;
    cost.slowestMs = Math.max(cost.slowestMs, ms);
    if (ms > MAX_ANSWER_MS) wrong.push(`a plain question took ${ms.toFixed(0)} ms`);
    const stallMs = stalls.take();
    cost.slowestMs = Math.max(cost.slowestMs, stallMs);
    if (stallMs > MAX_ANSWER_MS) wrong.push(`others waited ${stallMs.toFixed(0)} ms meanwhile`);
    const spool = await leftInSpool(archive);
    if (spool.length > 0) wrong.push(`left in the spool: ${spool.join(' ')}`);
    const now = await countFiles(archive);
    if (now !== files + stored) {
      wrong.push(`${now - files} files more in the tree, not ${stored}`);
    }
    files = now;
    if (list.count > files) wrong.push(`${list.count} frames are listed, of ${files} files`);
    if (peakMb - start.rssMb > MAX_GROWTH_MB) {
      wrong.push(`memory grew by ${(peakMb - start.rssMb).toFixed(0)} MB`);
      peakMb = 0; // the next attack is not to blame
    }
    return wrong;
  };

  return {
    look,
    stop() {
      stalls.stop();
      clearInterval(timer);
    },
    async end() {
      const wrong: string[] = [];
      const open = await settled(() => descriptorsOf(pid) - start.descriptors - SPARE_DESCRIPTORS);
      if (open > 0) wrong.push(`${open + SPARE_DESCRIPTORS} descriptors more than before`);
      // Buffers that nothing refers to stay in the process until it collects garbage.
      const more = await settled(() => rssOf(pid) - start.rssMb - MAX_GROWTH_MB / 2);
      if (more > 0) wrong.push(`memory stays ${(more + MAX_GROWTH_MB / 2).toFixed(0)} MB higher`);
      return [...wrong, ...(await archive.check())];
    },
    summary() {
      const lines = [...costs].map(
        ([kind, { count, slowestMs }]) =>
          `${String(count).padStart(5)}  ${kind} (others waited ${slowestMs.toFixed(0)} ms at most)`,
      );
      const all = [...costs.values()].reduce((sum, { count }) => sum + count, 0);
      const memory = `memory ${start.rssMb.toFixed(0)} MB at the start, ${peakMb.toFixed(0)} MB at most, ${rssOf(pid).toFixed(0)} MB now`;
      return `${lines.join('\n')}\n${String(all).padStart(5)}  in all; ${memory}\n`;
    },
  };
}

/** Asks a plain question all the time, as others do who have nothing to do with the attack. */
function watchStalls(archive: TestArchive): { take(): number; stop(): void } {
  let longestMs = 0;
  let sinceMs: number | undefined;
  let isOver = false;
  const waited = (): number => (sinceMs === undefined ? 0 : performance.now() - sinceMs);
  const ask = async (): Promise<void> => {
    while (!isOver) {
      sinceMs = performance.now();
      await archive.fetch('/health/', { token: '' }).then(
        (response) => response.arrayBuffer(),
        () => undefined,
      );
      longestMs = Math.max(longestMs, waited());
      sinceMs = undefined;
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  void ask();
  return {
    take() {
      const ms = Math.max(longestMs, waited());
      longestMs = 0;
      return ms;
    },
    stop() {
      isOver = true;
    },
  };
}

/** Resident memory in MB. */
export function rssOf(pid: number | undefined): number {
  const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  return Number(kb) / 1024;
}

export function descriptorsOf(pid: number | undefined): number {
  return readdirSync(`/proc/${String(pid)}/fd`).length;
}

/** The first value that is not positive, or the one after a while. */
async function settled(measure: () => number): Promise<number> {
  const end = Date.now() + MAX_TIDY_MS;
  let value = measure();
  while (value > 0 && Date.now() < end) {
    await new Promise((done) => setTimeout(done, 50));
    value = measure();
  }
  return value;
}

/** Files of frames in the tree, whoever put them there. */
export async function countFiles({ dataDir }: TestArchive): Promise<number> {
  const entries = await readdir(join(dataDir, 'archive'), { recursive: true, withFileTypes: true });
  return entries.filter(
    (entry) => !entry.isDirectory() && !/\/\.(?:incoming|platevault)\b/.test(entry.parentPath),
  ).length;
}

/** Names of what stays in the spool; an upload that comes in only now is not left over yet. */
async function leftInSpool({ dataDir }: TestArchive): Promise<string[]> {
  const folder = join(dataDir, 'archive/.incoming');
  let left: string[] = [];
  await settled(() => (left = readdirSync(folder)).length);
  return left;
}
