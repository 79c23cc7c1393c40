'use strict';
/** `npm start`: makes the checkout ready and serves, in this one process, so that signals arrive. */
const { setup, orExit } = require('./setup.cjs');

orExit(() => setup());
require('./launch.cjs').launch(['serve', ...process.argv.slice(2)]);
