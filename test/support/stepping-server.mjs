/**
 * A server that kills itself, as `kill -9` does, at a step of storing a file. Argument: a file that
 * names the step, and may be changed while it runs; settings as always. It loads the program and then
 * waits for a line on its standard input, so that it can be kept ready.
 */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createApp } from '../../dist/app.js';
import { openServer, readConfig } from '../../dist/context.js';

const [path] = process.argv.slice(2);
await once(process.stdin, 'data');
process.stdin.destroy();

const context = await openServer(readConfig().config, (step) => {
  const isHere = existsSync(path) && readFileSync(path, 'utf8') === step;
  if (isHere) process.kill(process.pid, 'SIGKILL');
});
const server = createServer(createApp(context).app);
server.listen(context.config.PORT, '127.0.0.1');
await once(server, 'listening');
console.log(`serving on http://127.0.0.1:${String(server.address().port)}`);
