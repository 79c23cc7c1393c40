import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createPixelPool, type PixelPool, type PoolOptions } from '../../src/pixels/index.js';

/**
 * The pool with workers that do strange things. The script speaks through the `serveTasks` that
 * ships; the pool's types know only the real task, so the strange ones travel as its input.
 */
const SERVE = pathToFileURL(
  fileURLToPath(new URL('../../dist/pixels/serve.js', import.meta.url)),
).href;
const ERRORS = new URL('../../dist/lib/errors.js', import.meta.url).href;
const SCRIPT = `
import { threadId } from 'node:worker_threads';
import { serveTasks } from ${JSON.stringify(SERVE)};
import { AppError } from ${JSON.stringify(ERRORS)};
const deeds = {
  echo: ({ value }) => ({ value, threadId }),
  bytes: () => ({ bytes: new Uint8Array(1000).fill(7) }),
  refuse: () => { throw new AppError('bad_request', 'No.', { parameter: 'plane' }); },
  bug: () => { throw new TypeError('mistake'); },
  spin: () => { for (;;); },
  exit: () => process.exit(3),
  throwLater: () => new Promise(() => setImmediate(() => { throw new Error('late'); })),
  fill: () => { const all = []; for (;;) all.push(new Array(1e5).fill({})); },
  until: (_input, signal) => new Promise((_resolve, reject) => {
    const timer = setInterval(() => undefined, 1000);
    signal.addEventListener('abort', () => { clearInterval(timer); reject(signal.reason); });
  }),
};
serveTasks({ render: async (input, signal) => deeds[input.deed](input, signal) });
`;

let folder: string;
let pools: PixelPool[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pool-'));
  await writeFile(join(folder, 'worker.mjs'), SCRIPT);
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  pools = [];
});
afterAll(() => rm(folder, { recursive: true }));

type Options = Parameters<PixelPool['run']>[2];

function open(options: Partial<PoolOptions> = {}) {
  const script = pathToFileURL(join(folder, 'worker.mjs'));
  const pool = createPixelPool({ workers: 1, script, ...options });
  pools.push(pool);
  const run = (deed: string, value?: unknown, how?: Options): Promise<Record<string, unknown>> =>
    pool.run('render', { deed, value } as never, how) as never;
  return { pool, run };
}

const busy = (reason: string) => ({ code: 'busy', data: { reason } });

test('results come back, bytes with them', async () => {
  const { run } = open();
  expect(await run('echo', 5)).toMatchObject({ value: 5 });
  const { bytes } = await run('bytes');
  expect([...(bytes as Uint8Array)]).toEqual(new Array(1000).fill(7));
});

test('an AppError keeps its code, message and data across the thread; a bug does not become one', async () => {
  const { run } = open();
  await expect(run('refuse')).rejects.toMatchObject({
    name: 'AppError',
    code: 'bad_request',
    message: 'No.',
    data: { parameter: 'plane' },
  });
  const error: unknown = await run('bug').catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'Error', message: 'mistake' });
  expect(String((error as Error).cause)).toContain('TypeError: mistake');
});

test.each(['exit', 'throwLater', 'fill'])(
  'a worker that dies by %s fails only its own job',
  async (deed) => {
    const { run } = open({ workers: 2, heapMb: 32 });
    const [dead, alive, after] = await Promise.allSettled([
      run(deed),
      run('echo', 1),
      run('echo', 2),
    ]);
    expect(dead).toMatchObject({ status: 'rejected', reason: busy('crash') });
    expect([alive.status, after.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(await run('echo', 3)).toMatchObject({ value: 3 });
  },
);

test('a job beyond its time ends with its worker, and the next one gets a new worker', async () => {
  const { run } = open({ timeoutMs: 400 });
  const first = await run('echo');
  const [late, next] = await Promise.allSettled([run('spin'), run('echo')]);
  expect(late).toMatchObject({ status: 'rejected', reason: busy('timeout') });
  expect(next.status === 'fulfilled' && next.value['threadId']).not.toBe(first['threadId']);
});

test('a script that does not exist fails the job, not the program', async () => {
  const { run } = open({ script: pathToFileURL(join(folder, 'absent.mjs')) });
  await expect(run('echo')).rejects.toMatchObject(busy('crash'));
});

test('interactive jobs go before background ones, equals in order', async () => {
  const { run } = open();
  const order: unknown[] = [];
  const note = async (value: unknown, how?: Options) => {
    await run('echo', value, how);
    order.push(value);
  };
  await Promise.all([
    note('first'),
    note('b1', { priority: 'background' }),
    note('b2', { priority: 'background' }),
    note('i1'),
    note('i2', { priority: 'interactive' }),
  ]);
  expect(order).toEqual(['first', 'i1', 'i2', 'b1', 'b2']);
});

test('jobs of ingest go before pictures that wait longer, and the queue of pictures does not refuse them', async () => {
  const { run } = open({ maxWaiting: 2, maxWaitingIngest: 2 });
  const order: unknown[] = [];
  const note = async (value: unknown, how?: Options) => {
    await run('echo', value, how);
    order.push(value);
  };
  const ingest = { priority: 'ingest' } as const;
  const accepted = [
    note('first'),
    note('picture'),
    note('background', { priority: 'background' }),
    note('upload 1', ingest),
    note('upload 2', ingest),
  ];
  await expect(run('echo', 'picture')).rejects.toMatchObject(busy('queue'));
  await expect(run('echo', 'upload', ingest)).rejects.toMatchObject(busy('queue'));
  await Promise.all(accepted);
  expect(order).toEqual(['first', 'upload 1', 'upload 2', 'picture', 'background']);
});

test('the queue is bounded', async () => {
  const { run } = open({ maxWaiting: 2 });
  const accepted = [run('echo', 1), run('echo', 2), run('echo', 3)];
  await expect(run('echo', 4)).rejects.toMatchObject(busy('queue'));
  expect(await Promise.all(accepted)).toHaveLength(3);
  expect(await run('echo', 5)).toMatchObject({ value: 5 });
});

test('clients take turns: who asks for much does not make the others wait for all of it', async () => {
  const { run } = open();
  const control = new AbortController();
  const first = run('until', undefined, { signal: control.signal });
  const done: string[] = [];
  const ask = (value: string, client: string): Promise<unknown> =>
    run('echo', value, { client }).then(() => done.push(value));
  const greedy = Array.from({ length: 50 }, (_, index) => ask(`greedy ${index}`, 'greedy'));
  const others = ['a', 'b'].flatMap((client) => [1, 2].map((n) => ask(`${client} ${n}`, client)));
  control.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  await Promise.all(others);
  expect(done.slice(0, 6)).toEqual(['greedy 0', 'a 1', 'b 1', 'greedy 1', 'a 2', 'b 2']);
  await Promise.all(greedy);
  expect(done.filter((name) => name.startsWith('greedy'))).toEqual(
    Array.from({ length: 50 }, (_, index) => `greedy ${index}`),
  );
});

test('a job that a second client waits for comes at the earlier turn', async () => {
  const { pool, run } = open();
  const control = new AbortController();
  const first = run('until', undefined, { signal: control.signal });
  const done: number[] = [];
  const jobs = Array.from({ length: 20 }, (_, index) =>
    run('echo', index, { client: 'greedy', key: `picture ${index}` }).then(() => done.push(index)),
  );
  pool.join('picture 19', 'other');
  pool.join('unknown', 'other');
  control.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  await Promise.all(jobs);
  expect(done.indexOf(19)).toBe(1);
});

test('a client has so much waiting and no more; where all is full, who has most makes room', async () => {
  const { run } = open({ maxWaitingEach: 3, maxWaiting: 4 });
  void run('spin').catch(() => undefined);
  const ask = (client: string): Promise<string> =>
    run('echo', 1, { client }).then(
      () => 'done',
      (error: unknown) => (error as { code: string }).code,
    );
  const greedy = [ask('greedy'), ask('greedy'), ask('greedy')];
  await expect(run('echo', 1, { client: 'greedy' })).rejects.toMatchObject({
    code: 'too_many',
    data: { retryAfterSec: 5 },
  });
  void ask('modest');
  void ask('another');
  expect(await greedy[2]).toBe('busy');
  void ask('modest');
  expect(await ask('modest')).toBe('busy');
});

test('a signal takes a waiting job out, stops a running one, and forbids a new one', async () => {
  const { run } = open();
  const control = new AbortController();
  const running = run('until', 0, { signal: control.signal });
  const waiting = run('echo', 1, { signal: control.signal });
  const other = run('echo', 2);
  const reason = new Error('gone');
  control.abort(reason);
  await expect(running).rejects.toBe(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(await other).toMatchObject({ value: 2 }); // the worker was given free, not lost
  await expect(run('echo', 3, { signal: control.signal })).rejects.toBe(reason);
});

test('an input that cannot be cloned fails the job only', async () => {
  const { run } = open();
  await expect(run('echo', () => undefined)).rejects.toThrow('could not be cloned');
  expect(await run('echo', 1)).toMatchObject({ value: 1 });
});

test('an idle worker ends, and another is started when there is work', async () => {
  const { run } = open({ idleMs: 1 });
  const first = await run('echo');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect((await run('echo'))['threadId']).not.toBe(first['threadId']);
});

test('closing rejects what runs, waits or comes later', async () => {
  const { pool, run } = open();
  const jobs = Promise.allSettled([run('spin'), run('echo')]);
  await pool.close();
  for (const job of await jobs) {
    expect(job).toMatchObject({ status: 'rejected', reason: busy('closed') });
  }
  await expect(run('echo')).rejects.toMatchObject(busy('closed'));
});
