import { Router } from 'express';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { insertFrame, insertUser, inTransaction, OPERATOR } from '../../src/catalog/index.js';
import { loadConfig } from '../../src/config/index.js';
import { openServer } from '../../src/context.js';
import { warmUp } from '../../src/warm-up.js';
import { catalogFrame } from '../fixtures/catalog-frames.js';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ LOG: 'on' });
  await archive.upload(pyobsFrame({}), 'first.fits');
});
afterAll(() => archive.close());

interface Line {
  readonly text: string;
  readonly path?: string;
  readonly statuses?: string;
}

const lines = (): Line[] =>
  archive
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

/** Statuses of the pages that the server has drawn by itself, as soon as it has. */
async function drawn(): Promise<string[]> {
  for (;;) {
    const line = lines().find(({ text }) => /main pages/.test(text));
    if (line !== undefined) return line.statuses?.split(' ') ?? [line.text];
    await pause(50);
  }
}

test('a server that starts draws its main pages before anybody asks, all of them well', async () => {
  await archive.stop();
  await archive.restart();
  const statuses = await drawn();
  expect(statuses).toHaveLength(12);
  expect(new Set(statuses)).toEqual(new Set(['200']));
  // Nobody asked: it is no request, and leaves no trace of one.
  expect(lines().filter(({ text }) => text === 'request')).toEqual([]);
  expect(await archive.json('/audit/?format=json&limit=1')).toMatchObject({ results: [{}] });
});

test('a server that is told to stop while it does so stops at once', async () => {
  await archive.stop();
  await archive.restart();
  const asked = performance.now();
  await archive.stop();
  expect(performance.now() - asked).toBeLessThan(5_000);
  expect(archive.process.exitCode).toBe(0);
  expect(lines().filter(({ text }) => /could not draw/.test(text))).toEqual([]);
});

test('until it has been told who may see pages, nobody is let in by it', async () => {
  await archive.restart();
  await drawn();
  const page = await archive.fetch('/frames/', {
    token: '',
    headers: { Accept: 'text/html' },
    redirect: 'manual',
  });
  expect([302, 401]).toContain(page.status);
});

test('the nights are drawn again after something has changed, and only then', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'platevault-warm-'));
  const { config } = loadConfig({ DATA_DIR: folder, LOG: 'off', MEASURE: 'false' }, folder);
  const context = await openServer(config);
  const stop = new AbortController();
  const asked: string[] = [];
  const routes = Router().use((req, res) => {
    asked.push(req.path);
    res.end();
  });
  const change = (name: string): Promise<unknown> =>
    inTransaction(context.catalog, (tx) => insertFrame(tx, catalogFrame(name), undefined));
  /** Waits until so many have been asked for, and then for longer than it takes to look for changes. */
  const settled = async (times: number): Promise<string[]> => {
    while (asked.length < times) await pause(50);
    await pause(1_500);
    return asked;
  };
  try {
    await insertUser(
      context.catalog,
      { username: 'admin', passwordHash: '', role: 'admin' },
      OPERATOR,
    );
    await change('first');
    const done = warmUp(context, { useViews: () => undefined, routes }, stop.signal);
    expect(await settled(12)).toHaveLength(12);
    await change('second');
    expect((await settled(13)).slice(12)).toEqual(['/nights/']);
    stop.abort();
    await done;
  } finally {
    stop.abort();
    await context.close();
    await rm(folder, { recursive: true });
  }
});
