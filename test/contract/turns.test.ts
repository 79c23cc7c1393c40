import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Response } from 'express';
import { takeTurns, type TurnOptions } from '../../src/http/turns.js';

const NEVER_MS = 600_000;

/** A server whose answers are given by hand. */
interface Counter {
  /** Names of the requests that are worked on or were, in their order. */
  readonly begun: readonly string[];
  /** Asks, and resolves with the status when the headers of the answer are there. */
  ask(account: number, name: string, method?: string): Asked;
  /** Resolves when so many are worked on or were. */
  untilBegun(count: number): Promise<void>;
  /** Begins an answer, whose end does not come before the end of the test. */
  answer(name: string): void;
}

interface Asked {
  readonly status: Promise<number>;
  /** Goes away before there is an answer. */
  leave(): void;
}

const open: http.Server[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function startCounter(options: TurnOptions): Promise<Counter> {
  const app = express();
  const begun: string[] = [];
  const answers = new Map<string, Response>();
  app.use((req, res, next) => {
    res.locals.viewer = { userId: Number(req.get('x-account')), address: '127.0.0.1' };
    next();
  });
  app.use(takeTurns(options));
  app.use((req, res) => {
    begun.push(req.path.slice(1));
    answers.set(req.path.slice(1), res);
  });
  const server = app.listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    begun,
    ask(account, name, method = 'GET') {
      const headers = { 'x-account': String(account) };
      const request = http.request({ port, path: `/${name}`, method, headers, agent: false });
      const status = new Promise<number>((resolve, reject) => {
        request.on('response', ({ statusCode = 0 }) => {
          resolve(statusCode);
        });
        request.on('error', reject);
      });
      status.catch(() => undefined); // some leave
      request.end();
      return { status, leave: () => request.destroy() };
    },
    async untilBegun(count) {
      while (begun.length < count) await pause();
    },
    answer(name) {
      answers.get(name)?.writeHead(200).write('begun');
      answers.delete(name);
    },
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 2);
  });
}

/** Asks so much that the server has read all that was asked before: what sends frames never waits. */
async function untilRead(counter: Counter): Promise<void> {
  const before = counter.begun.length;
  for (let k = 0; k < 5; k += 1) counter.ask(9, `sent-${before}-${k}`, 'POST');
  await counter.untilBegun(before + 5);
}

const readings = ({ begun }: Counter): string[] =>
  begun.filter((name) => !name.startsWith('sent-'));

test('so many are worked on at once, and the next begins when an answer begins', async () => {
  const counter = await startCounter({ atOnce: 2, lentMs: NEVER_MS });
  const asked = ['a', 'b', 'c', 'd'].map((name) => counter.ask(1, name));
  await counter.untilBegun(2);
  await untilRead(counter);
  expect(readings(counter)).toHaveLength(2);

  const [first = '', second = ''] = readings(counter);
  counter.answer(first);
  await counter.untilBegun(2 + 5 + 1);
  expect(readings(counter)).toHaveLength(3);
  counter.answer(second);
  await counter.untilBegun(2 + 5 + 2);
  for (const name of readings(counter)) counter.answer(name);
  expect(await Promise.all(asked.map(({ status }) => status))).toEqual([200, 200, 200, 200]);
});

test('one who asks for little does not wait behind all that another asks for', async () => {
  const counter = await startCounter({ atOnce: 1, lentMs: NEVER_MS });
  counter.ask(1, 'crowd-0');
  await counter.untilBegun(1);
  for (let k = 1; k <= 20; k += 1) counter.ask(1, `crowd-${k}`);
  await untilRead(counter);
  counter.ask(2, 'person');
  await untilRead(counter);

  counter.answer('crowd-0');
  await counter.untilBegun(12);
  counter.answer(counter.begun.at(-1) ?? '');
  await counter.untilBegun(13);
  expect(readings(counter).slice(0, 3)).toContain('person');
});

test('what takes long makes nobody wait for ever', async () => {
  const counter = await startCounter({ atOnce: 2, lentMs: 20 });
  for (const name of ['slow-1', 'slow-2', 'quick-1', 'quick-2']) counter.ask(1, name);
  await counter.untilBegun(4);
  expect(readings(counter)).toHaveLength(4);
});

test('whoever left while waiting is not worked on', async () => {
  const counter = await startCounter({ atOnce: 1, lentMs: NEVER_MS });
  counter.ask(1, 'first');
  await counter.untilBegun(1);
  const left = counter.ask(1, 'left');
  await untilRead(counter);
  left.leave();
  await expect(left.status).rejects.toThrow('socket hang up');
  await untilRead(counter);
  counter.ask(1, 'last');
  await untilRead(counter);
  counter.answer('first');
  await counter.untilBegun(1 + 15 + 1);
  expect(readings(counter)).toEqual(['first', 'last']);
});

test('whoever left while it was worked on takes no place', async () => {
  const counter = await startCounter({ atOnce: 1, lentMs: NEVER_MS });
  const gone = counter.ask(1, 'gone');
  await counter.untilBegun(1);
  counter.ask(1, 'next');
  gone.leave();
  await counter.untilBegun(2);
  expect(readings(counter)).toEqual(['gone', 'next']);
});

test('frames that are sent, and who watches the server, never wait', async () => {
  const counter = await startCounter({ atOnce: 1, lentMs: NEVER_MS });
  counter.ask(1, 'holds');
  await counter.untilBegun(1);
  counter.ask(1, 'health/');
  counter.ask(1, 'frames/create/', 'POST');
  counter.ask(1, 'metrics/');
  await counter.untilBegun(4);
  expect([...counter.begun].sort()).toEqual(['frames/create/', 'health/', 'holds', 'metrics/']);
});
