import { readdir } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;

beforeEach(async () => {
  archive = await startArchive();
});
afterEach(() => archive.close());

const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
afterAll(() => {
  agent.destroy();
});

/** A request whose body is sent in two parts. */
function begin(path: string, body: Buffer, headers: http.OutgoingHttpHeaders) {
  const request = http.request(`${archive.url}${path}`, {
    method: body.length === 0 ? 'GET' : 'POST',
    agent,
    headers: { Authorization: `Token ${archive.adminToken}`, ...headers },
  });
  const answer = new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    request.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode, text });
      });
    });
    request.on('error', reject);
  });
  const half = Math.floor(body.length / 2);
  request.write(body.subarray(0, half));
  return {
    answer,
    finish: () => request.end(body.subarray(half)),
  };
}

function upload(name: string) {
  const file = pyobsFrame({ FNAME: `${name}.fits` }, { width: 300, height: 300 });
  const head = `--b\r\nContent-Disposition: form-data; name="f"; filename="${name}.fits"\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--b--\r\n')]);
  return begin('/frames/create/', body, {
    'Content-Type': 'multipart/form-data; boundary=b',
    'Content-Length': body.length,
  });
}

const get = async (path: string): Promise<number | undefined> => {
  const request = begin(path, Buffer.alloc(0), {});
  request.finish();
  return (await request.answer).status;
};

const spooled = (): Promise<string[]> => readdir(join(archive.dataDir, 'archive/.incoming'));

/** Waits until the server has begun to receive. */
async function untilSpooling(files: number): Promise<void> {
  while ((await spooled()).length < files) await new Promise((done) => setTimeout(done, 10));
}

test('SIGTERM: what is under way is finished and acknowledged, idle clients hold nobody up, exit 0', async () => {
  expect(await Promise.all(Array.from({ length: 10 }, () => get('/frames/')))).toEqual(
    Array<number>(10).fill(200),
  );
  const under = upload('under-way');
  await untilSpooling(1);
  const began = performance.now();
  const stopped = archive.stop('SIGTERM');
  await new Promise((done) => setTimeout(done, 300));
  under.finish();
  expect(await under.answer).toMatchObject({
    status: 200,
    text: expect.stringMatching(/"created":1/) as string,
  });
  await stopped;
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(archive.process.exitCode).toBe(0);
  await archive.restart();
  expect(await archive.json('/frames/')).toMatchObject({ count: 1 });
});

test('SIGTERM: an upload that stands still is cut off within the grace, and leaves nothing behind', async () => {
  const stalled = upload('stalled');
  const answer = stalled.answer.catch(() => 'cut off');
  await untilSpooling(1);
  const began = performance.now();
  await archive.stop('SIGTERM');
  expect(performance.now() - began).toBeLessThan(10_000);
  expect([await answer, archive.process.exitCode]).toEqual(['cut off', 0]);
  expect(await spooled()).toEqual([]);
  expect(await archive.check()).toEqual([]);
});

test.each(['gone', 'stuck'] as const)(
  'whoever reads the log is %s: requests are answered all the same, and the server ends in time',
  async (state) => {
    const logging = await startArchive({ LOG: 'on' });
    try {
      const { stderr } = logging.process;
      if (state === 'gone') stderr?.destroy();
      else stderr?.pause();
      // More than a pipe holds, and more than may wait.
      const path = `/${'x'.repeat(6000)}/`;
      for (let round = 0; round < 12; round += 1) {
        const answers = Array.from({ length: 10 }, () => logging.fetch(path));
        for (const { status } of await Promise.all(answers)) expect(status).toBe(404);
      }
      expect((await logging.fetch('/frames/')).status).toBe(200);
      const began = performance.now();
      await logging.stop('SIGTERM');
      expect(performance.now() - began).toBeLessThan(12_000);
      expect(logging.process.exitCode).toBe(0);
    } finally {
      await logging.close();
    }
  },
);
