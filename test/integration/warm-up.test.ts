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

/** Statuses of the pages that the server has drawn by itself, as soon as it has. */
async function drawn(): Promise<string[]> {
  for (;;) {
    const line = lines().find(({ text }) => /main pages/.test(text));
    if (line !== undefined) return line.statuses?.split(' ') ?? [line.text];
    await new Promise((resolve) => setTimeout(resolve, 50));
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
