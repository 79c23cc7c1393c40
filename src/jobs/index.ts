export { createHandlers } from './handlers.js';
export { startJobs, type JobRunner } from './runner.js';
