export { createPace, inSteps } from '../lib/pace.js';
