import { Writable } from 'node:stream';
import { errorFields, openLog } from '../../../src/lib/log.js';

test('an error of the database is told without its statement, which holds the values', () => {
  const values = "insert into `users` (`password_hash`) values ('scrypt$1$secret')";
  const error = new Error(`${values} - SQLITE_BUSY: database is locked`, {
    cause: new Error(`${values} - SQLITE_FULL: database or disk is full`),
  });
  const told = errorFields(error);
  expect(told).toMatchObject({
    error: 'SQLITE_BUSY: database is locked',
    cause: { error: 'SQLITE_FULL: database or disk is full' },
  });
  expect(JSON.stringify(told)).not.toContain('secret');
  expect(String(told.stack)).toContain('log.test');
});

test('for a reader that is stuck a bounded number of lines wait; it is told how many are lost', async () => {
  let release: () => void = () => undefined;
  const read: string[] = [];
  const stuck = new Promise<void>((resolve) => (release = resolve));
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      read.push(chunk.toString());
      void stuck.then(() => {
        done();
      });
    },
  });
  const log = openLog('info', stream);
  const text = 'x'.repeat(1000);
  for (let count = 0; count < 5000; count += 1) log.info(text, { count });
  expect(stream.writableLength).toBeLessThan(2 ** 21);
  release();
  await waitUntil(() => stream.writableLength === 0);
  log.info('read again');
  await waitUntil(() => stream.writableLength === 0);
  const lines = read.map((line) => JSON.parse(line) as { text: string; lines?: number });
  const told = lines.at(-2);
  expect(told?.text).toMatch(/lines of the log are lost/);
  expect(lines.length - 2 + (told?.lines ?? 0)).toBe(5000);
  expect(lines.at(-1)?.text).toBe('read again');
});

test('a reader that has gone, and a disk that is full, fail nobody', () => {
  const full = new Writable({
    write() {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    },
  });
  const gone = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    },
  });
  for (const stream of [full, gone]) {
    const log = openLog('info', stream);
    for (let count = 0; count < 10; count += 1) log.info('a line');
  }
});

async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
