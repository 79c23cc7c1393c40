import sharp from 'sharp';
import { serveTasks } from './serve.js';
import { TASKS } from './tasks.js';

// Each picture is made once: nothing is worth keeping. The pool's workers are the parallelism.
sharp.cache(false);
sharp.concurrency(1);

serveTasks(TASKS);
