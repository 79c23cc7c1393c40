import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import express from 'express';
import { createAnswers } from '../../src/api/answers.js';
import { insertFramesInBulk } from '../../src/catalog/index.js';
import { randomFrames } from '../fixtures/random-frames.js';
import { PUBLIC, startCatalog, USER, type TestCatalog } from '../support/catalog.js';

let kept: TestCatalog;
let server: Server;
/** Addresses whose answers were made, in order. */
let made: string[];

beforeEach(async () => {
  kept = await startCatalog();
  made = [];
  const answer = createAnswers(kept);
  const app = express();
  app.use(async (req, res) => {
    await answer(req, res, req.get('x-visitor') === undefined ? USER : PUBLIC, {
      conditions: () => [],
      make: async () => {
        made.push(req.url);
        if (req.url === '/slow') await setTimeout(1000);
        const count: { n: number }[] = await kept.catalog.read('frames').count('* as n');
        return [Buffer.from(JSON.stringify({ count: count[0]?.n }))];
      },
    });
  });
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await kept.close();
});

function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { 'Cache-Control': 'max-age=0', ...headers },
  });
}

async function hear(path: string): Promise<{ count: number }> {
  return (await ask(path)).json() as Promise<{ count: number }>;
}

test('what is asked for again is kept, and made anew when frames have come', async () => {
  for (let k = 0; k < 5; k += 1) expect(await hear('/a')).toEqual({ count: 0 });
  expect(made).toEqual(['/a', '/a']);

  await insertFramesInBulk(kept.catalog, randomFrames(3, 1));
  for (let k = 0; k < 3; k += 1) expect(await hear('/a')).toEqual({ count: 3 });
  expect(made).toEqual(['/a', '/a', '/a']);
});

test('what is asked for once leaves what is asked for often where it is', async () => {
  for (let k = 0; k < 3; k += 1) await hear('/often');
  for (let k = 0; k < 400; k += 1) await hear(`/page/${k}`);
  made = [];
  await hear('/often');
  expect(made).toEqual([]);
  // So long ago that it counts as asked for the first time, twice.
  await hear('/page/0');
  await hear('/page/0');
  await hear('/page/0');
  expect(made).toEqual(['/page/0', '/page/0']);
});

test('who has the answer is told so, though it was not kept', async () => {
  const first = await ask('/a');
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^W\/"/);
  expect((await ask('/a', { 'If-None-Match': tag })).status).toBe(304);
  expect(made).toEqual(['/a']);

  await insertFramesInBulk(kept.catalog, randomFrames(3, 1));
  const then = await ask('/a', { 'If-None-Match': tag });
  expect(then.status).toBe(200);
  expect(then.headers.get('etag')).not.toBe(tag);
});

test('what many ask for at once is made once', async () => {
  const heard = await Promise.all(Array.from({ length: 12 }, () => hear('/slow')));
  expect(heard).toEqual(Array(12).fill({ count: 0 }));
  expect(made).toEqual(['/slow']);
});

test('what depends on the clock is made each time, and has no tag', async () => {
  for (let k = 0; k < 3; k += 1) {
    expect((await ask('/a', { 'x-visitor': 'yes' })).headers.get('etag')).toBeNull();
    expect((await ask('/b?public=true')).headers.get('etag')).toBeNull();
  }
  expect(made).toHaveLength(6);
});
