export { describeRoom, judgeRoom, readDisk, type Disk } from './disk.js';
export { createMetrics, type Metrics } from './metrics.js';
export { createOverview, readDiskStates, type DiskState, type Overview } from './overview.js';
export { createPartsLook } from './parts.js';
export { createReadiness, type ReadyCheck } from './readiness.js';
