export { createPixelPool } from './pool.js';
export type { JobOptions, PixelPool, PoolOptions } from './pool.js';
