#!/usr/bin/env node
/**
 * Speed and memory, in one run: `npm run bench [-- fits ingest list preview get]`. Figures of different
 * machines, or of a busy one, do not compare; ratios within one run do. So each figure that depends on
 * disk or processor stands beside a plain reference, or another program, measured next to it.
 */
import { benchFits } from './fits.mjs';
import { benchServer, SERVER_PARTS } from './server.mjs';

const chosen = process.argv.slice(2);
const parts = ['fits', ...SERVER_PARTS];
const unknown = chosen.filter((name) => !parts.includes(name));
if (unknown.length > 0)
  throw new Error(`There is no part ${unknown[0]}; there are ${parts.join(' ')}.`);

const wanted = chosen.length === 0 ? parts : chosen;
if (wanted.includes('fits')) await benchFits();
const ofServer = SERVER_PARTS.filter((name) => wanted.includes(name));
if (ofServer.length > 0) await benchServer(ofServer);
