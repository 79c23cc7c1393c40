import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { PROJECT_DIR } from './archive.js';

/** Where Debian's python3-swift puts itself; the Python on the path may be another one. */
export const SWIFT = '/usr/lib/python3/dist-packages/swift/__init__.py';
const PYTHON = '/usr/bin/python3';
const START_MS = 30_000;

/** `test` if there is an S3 server to test with; else one visible line, and a `test` that is skipped. */
export function testWithS3(what: string): jest.It {
  if (existsSync(SWIFT) && existsSync(PYTHON)) return test;
  process.stdout.write(`NOT TESTED: ${what}: there is no python3-swift.\n`);
  return test.skip;
}

/** A real S3 server with an empty bucket. */
export interface TestS3 {
  readonly bucket: string;
  readonly client: S3Client;
  /** Settings of the program that lead to it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Ends it and removes everything. */
  close(): Promise<void>;
}

export async function startS3(): Promise<TestS3> {
  // It says at every start that some day it will want a newer Node.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const folder = await mkdtemp(join(tmpdir(), 'platevault-s3-'));
  const script = join(PROJECT_DIR, 'test/support/s3-server.py');
  const server = spawn(PYTHON, [script, folder], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const printed: string[] = [];
  server.stderr.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: server.stdout }).once('line', (line) => {
      resolve(Number(line));
    });
    server.once('exit', () => {
      reject(new Error(`the S3 server ended: ${printed.join('')}`));
    });
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };
  await isUp(`${endpoint}/healthcheck`, printed);
  const client = new S3Client({
    maxAttempts: 12, // on a busy machine the service is there before all of its parts are
    endpoint,
    credentials,
    region: 'us-east-1',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const bucket = 'vault';
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    bucket,
    client,
    settings: {
      S3_ENDPOINT: endpoint,
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async close() {
      client.destroy();
      server.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Asks until it answers: it says that it listens before all its parts do. */
async function isUp(url: string, printed: readonly string[]): Promise<void> {
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the S3 server does not answer: ${printed.join('')}`);
}
