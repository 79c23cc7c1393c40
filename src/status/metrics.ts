import { performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Config } from '../config/index.js';
import type { Overview } from './overview.js';

/** What one upload came to. */
export interface JudgedFile {
  readonly status: string;
  readonly sizeBytes: number;
}

/** What is counted while the archive works, and the text that Prometheus reads. */
export interface Metrics {
  /** @param route the pattern of the address, never the address: there are too many of them */
  requestEnded(route: string, status: number, ms: number): void;
  filesJudged(files: readonly JudgedFile[]): void;
  /** @param ms from the head of a request with files until its answer had gone */
  uploadAcknowledged(ms: number): void;
  /** Media type of `render`. */
  readonly contentType: string;
  render(): Promise<string>;
}

export interface MetricsParts {
  readonly config: Config;
  readonly version: string;
  readonly overview: () => Promise<Overview>;
  /** Pictures that were in the cache when they were asked for, and those that were not. */
  readonly previewCounts: () => { readonly hits: number; readonly misses: number };
}

const REQUEST_BUCKETS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];
const LAG_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
const LOOP_LOOK_MS = 20;

/**
 * Counts in memory, a microsecond for each event. How the archive stands is read when somebody asks,
 * and so is the process: an archive that nobody scrapes measures nothing of it.
 */
export function createMetrics(parts: MetricsParts): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: 'platevault_http_request_duration_seconds',
    help: 'Time until a request was answered, by the pattern of its address and class of status.',
    labelNames: ['route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const files = new Counter({
    name: 'platevault_ingest_files_total',
    help: 'Files that came in, by what became of them.',
    labelNames: ['result'],
    registers,
  });
  const bytes = new Counter({
    name: 'platevault_ingest_bytes_total',
    help: 'Bytes of files that came in.',
    registers,
  });
  const lag = new Histogram({
    name: 'platevault_ingest_lag_seconds',
    help: 'Time from the head of a request with files until it was answered.',
    buckets: LAG_BUCKETS,
    registers,
  });
  const standing = createGauges(registry, parts);
  let isBegun = false;
  return {
    requestEnded(route, status, ms) {
      requests.observe({ route, status: `${Math.floor(status / 100)}xx` }, ms / 1000);
    },
    filesJudged(judged) {
      for (const { status, sizeBytes } of judged) {
        files.inc({ result: status });
        bytes.inc(sizeBytes);
      }
    },
    uploadAcknowledged(ms) {
      lag.observe(ms / 1000);
    },
    contentType: registry.contentType,
    async render() {
      if (!isBegun) {
        collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LOOK_MS });
      }
      isBegun = true;
      const began = performance.now();
      await standing();
      const text = await registry.metrics();
      const seconds = (performance.now() - began) / 1000;
      return `${text}\n# HELP platevault_metrics_seconds Time that this answer took.\n# TYPE platevault_metrics_seconds gauge\nplatevault_metrics_seconds ${seconds}\n`;
    },
  };
}

type Numbers = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
const one = (value: number): Numbers => [[{}, value]];

/** Name → help, and what it is now; no line where nothing is known. */
const GAUGES: Readonly<
  Record<string, readonly [help: string, numbers: (state: Overview) => Numbers]>
> = {
  jobs: [
    'Background work by state: due, put off until later, failed when it was last tried.',
    ({ queue }) => [
      [{ state: 'due' }, queue.due],
      [{ state: 'later' }, queue.total - queue.due],
      [{ state: 'failed' }, queue.failed],
    ],
  ],
  jobs_oldest_wait_seconds: [
    'For how long the job that waits longest has been due.',
    ({ queue }) => one(queue.oldestDueMs === null ? 0 : since(queue.oldestDueMs)),
  ],
  measure_waiting: [
    'Frames that wait to be measured, and those of them that failed when they were last tried.',
    ({ measuring }) => [
      [{ state: 'due' }, measuring.waiting - measuring.failed],
      [{ state: 'failed' }, measuring.failed],
    ],
  ],
  measure_oldest_wait_seconds: [
    'For how long the frame has waited that has waited longest to be measured.',
    ({ measuring }) => one(measuring.oldestMs === null ? 0 : since(measuring.oldestMs)),
  ],
  measured_frames: [
    'Frames measured since the start of the program.',
    ({ measuring }) => one(measuring.measured),
  ],
  disk_free_bytes: ['Bytes that are free.', ({ disks }) => ofDisks(disks, 'freeBytes')],
  disk_size_bytes: ['Size of the disk.', ({ disks }) => ofDisks(disks, 'totalBytes')],
  disk_nights_left: [
    'Nights like the last thirty that still fit; no line where the end is not in sight.',
    ({ disks }) =>
      disks.flatMap(({ place, forecast }): Numbers =>
        forecast === null ? [] : [[{ place }, forecast.nights]],
      ),
  ],
  parts_away: [
    'Disks below the root, and adopted trees, that are away.',
    ({ partsAway }) => one(partsAway.length),
  ],
  frames: ['Frames in the catalogue.', ({ holdings }) => one(holdings.frames)],
  versions: ['Stored files, former versions among them.', ({ holdings }) => one(holdings.versions)],
  stored_bytes: ['Bytes of all stored files.', ({ holdings }) => one(holdings.bytes)],
  quarantine_files: ['Refused files that are kept.', ({ quarantine }) => one(quarantine.files)],
  quarantine_bytes: ['Their bytes.', ({ quarantine }) => one(quarantine.bytes)],
  trash_frames: ['Deleted frames that can come back.', ({ trash }) => one(trash.frames)],
  trash_bytes: ['Their bytes.', ({ trash }) => one(trash.bytes)],
  backup_last_success_timestamp_seconds: [
    'When the last back-up that was completed ended.',
    ({ backup: { last } }) => (last === null ? [] : one((last.endedMs ?? last.startedMs) / 1000)),
  ],
  backup_overdue: [
    '1 if back-ups are switched on, and one is missing.',
    ({ backup }) => one(Number(backup.isOverdue)),
  ],
  audit_share: ['Part of the bytes read in this round, 0 to 1.', ({ audit }) => one(audit.share)],
  audit_oldest_check_timestamp_seconds: [
    'When the file was read whose reading lies back farthest.',
    ({ audit }) => (audit.oldestMs === null ? [] : one(audit.oldestMs / 1000)),
  ],
  audit_round_start_timestamp_seconds: [
    'When the round of the audit that is under way began.',
    ({ audit }) => (audit.roundStartedMs === null ? [] : one(audit.roundStartedMs / 1000)),
  ],
  damaged_files: [
    'Stored files that were not what they should be when they were last read.',
    ({ audit }) => one(audit.findings.length),
  ],
};

function ofDisks(disks: Overview['disks'], what: 'freeBytes' | 'totalBytes'): Numbers {
  return disks.map((disk) => [{ place: disk.place }, disk[what]]);
}

function since(ms: number): number {
  return Math.max(0, (Date.now() - ms) / 1000);
}

/** @returns a function that brings all of them up to date */
function createGauges(registry: Registry, parts: MetricsParts): () => Promise<void> {
  const registers = [registry];
  const gauges = Object.entries(GAUGES).map(([name, [help, numbers]]) => {
    const labelNames = ['state', 'place'];
    return {
      gauge: new Gauge({ name: `platevault_${name}`, help, labelNames, registers }),
      numbers,
    };
  });
  const previews = new Counter({
    name: 'platevault_preview_cache_total',
    help: 'Pictures that were asked for, by whether they were there already.',
    labelNames: ['result'],
    registers,
  });
  new Gauge({
    name: 'platevault_info',
    help: 'Always 1; the label tells the version.',
    labelNames: ['version'],
    registers,
  }).set({ version: parts.version }, 1);
  return async () => {
    const state = await parts.overview();
    for (const { gauge, numbers } of gauges) {
      gauge.reset();
      for (const [labels, value] of numbers(state)) gauge.set(labels, value);
    }
    const { hits, misses } = parts.previewCounts();
    previews.reset();
    previews.inc({ result: 'hit' }, hits);
    previews.inc({ result: 'miss' }, misses);
  };
}
