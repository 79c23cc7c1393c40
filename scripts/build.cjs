'use strict';
/** `npm run build`: installs what is missing, then compiles src/ into dist/ in any case. */
const { setup, orExit } = require('./setup.cjs');

orExit(() => setup({ rebuild: true }));
