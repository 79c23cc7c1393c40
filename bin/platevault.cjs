#!/usr/bin/env node
'use strict';
/** The command `platevault`. In a checkout that was never built it makes it ready first. */
const { setup, orExit, isBuilt } = require('../scripts/setup.cjs');

if (!isBuilt()) orExit(() => setup());
require('../scripts/launch.cjs').launch(process.argv.slice(2));
