export { createPixelPool } from './pool.js';
export type { JobOptions, PixelPool, PoolOptions } from './pool.js';
export { createSpoolThread } from './spool-thread.js';
export type { SpoolingFile, SpoolThread, SpoolThreadOptions } from './spool-thread.js';
