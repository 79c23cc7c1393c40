/**
 * The longest pause of the event loop while the codec or a server does what takes long: what everyone
 * else who asks at that moment waits for. A busy machine makes pauses of its own: the first line is
 * what it does to a process that does nothing.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { writeFits } from '../dist/fits/index.js';
import { say } from './say.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = path.join(ROOT, 'bin/platevault.cjs');
const FITS = new URL('../dist/fits/index.js', import.meta.url).href;
const LONG_HEADER_CARDS = 104_000; // just below 8 MB

/** Writes its files into `folder`; `frame` is a plain frame. */
export async function benchPauses(folder, frame) {
  const long = path.join(folder, 'long-header.fits');
  fs.writeFileSync(long, writeFits([{ cards: longCards(), image: smallImage() }]));
  const zipped = path.join(folder, 'pause.fits.gz');
  fs.writeFileSync(zipped, gzipSync(fs.readFileSync(frame), { level: 1 }));
  tell('nothing', pauseIn('await new Promise((done) => setTimeout(done, 300));'));
  const open = 'await (await openFits(process.argv[1])).close();';
  const read = `const file = await openFits(process.argv[1]);
    await file.source.read(file.hdus[0].dataOffset, 2880);
    await file.close();`;
  tell('a header of 8 MB is opened', pauseIn(open, long));
  tell('a frame in gzip is opened and expanded', pauseIn(read, zipped));
  const packed = spawnSync('bzip2', ['-k', '-f', frame]);
  if (packed.status === 0) {
    tell('a frame in bzip2 is opened and expanded', pauseIn(read, `${frame}.bz2`));
    fs.rmSync(`${frame}.bz2`);
  }
  await pausesOfServer(folder, { long, frame });
}

function tell(what, ms) {
  say(`longest pause while ${what}`, `${ms} ms`);
}

/** The pause in a process of its own. */
function pauseIn(work, file = '') {
  const script = `
    import { monitorEventLoopDelay } from 'node:perf_hooks';
    import { openFits } from ${JSON.stringify(FITS)};
    await new Promise((done) => setTimeout(done, 300)); // starting is over
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    ${work}
    console.log((delay.max / 1e6).toFixed(0));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script, file])
    .toString()
    .trim();
}

async function pausesOfServer(folder, { long, frame }) {
  const server = await start(folder);
  try {
    await server.upload('first.fits', fs.readFileSync(frame));
    await server.pause(); // what starting and the first upload took is not of interest
    tell('a frame is uploaded', await server.during(() => server.upload('a', changed(frame))));
    const draw = () => server.request('GET', '/frames/1/preview/?width=999');
    tell('a picture of it is drawn', await server.during(draw));
    const send = () => server.upload('long.fits', fs.readFileSync(long));
    tell('a file with a header of 8 MB is uploaded', await server.during(send));
  } finally {
    server.child.kill('SIGTERM');
    await new Promise((resolve) => server.child.once('exit', resolve));
  }
}

/** A server that tells its longest pause since it was last asked. */
async function start(folder) {
  const told = path.join(folder, 'pause.txt');
  const hook = path.join(folder, 'pause.mjs');
  fs.writeFileSync(
    hook,
    `import fs from 'node:fs';
    import { monitorEventLoopDelay } from 'node:perf_hooks';
    import { isMainThread } from 'node:worker_threads';
    if (isMainThread) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      process.on('SIGUSR2', () => {
        fs.writeFileSync(${JSON.stringify(`${told}.part`)}, String(delay.max / 1e6));
        fs.renameSync(${JSON.stringify(`${told}.part`)}, ${JSON.stringify(told)});
        delay.reset();
      });
    }`,
  );
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATA_DIR: path.join(folder, 'data'),
    PORT: '0',
    LOG: 'off',
    ADMIN_PASSWORD: 'only for the bench',
  };
  const child = spawn(process.execPath, ['--import', hook, PROGRAM, 'serve'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await listening(child);
  const token = execFileSync(process.execPath, [PROGRAM, 'token', 'add', 'admin'], { env });
  const request = (method, target, { body, headers = {} } = {}) =>
    answerOf(
      http.request(new URL(target, url), {
        method,
        headers: { Authorization: `Token ${token.toString().trim()}`, ...headers },
      }),
      body,
    );
  const upload = (name, bytes) => {
    const head = `--bench\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;
    return request('POST', '/frames/create/', {
      body: Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n--bench--\r\n')]),
      headers: { 'Content-Type': 'multipart/form-data; boundary=bench' },
    });
  };
  const pause = async () => {
    fs.rmSync(told, { force: true });
    child.kill('SIGUSR2');
    while (!fs.existsSync(told)) await new Promise((done) => setTimeout(done, 10));
    return Number(fs.readFileSync(told, 'utf8')).toFixed(0);
  };
  const during = async (work) => {
    await new Promise((done) => setTimeout(done, 1500)); // pictures of the last one are drawn
    await pause();
    await work();
    return pause();
  };
  return { child, request, upload, pause, during };
}

function listening(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /serving on (http:\S+)/.exec(text);
      if (found !== null) resolve(found[1]);
    });
    child.once('exit', () => reject(new Error('the server did not start')));
  });
}

function answerOf(sent, body) {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${sent.path}: ${answer.statusCode}`));
      });
    });
    sent.end(body);
  });
}

/** The frame with one other pixel: other bytes. */
function changed(frame) {
  const bytes = fs.readFileSync(frame);
  bytes[bytes.length - 5000] ^= 1;
  return bytes;
}

function longCards() {
  return Array.from({ length: LONG_HEADER_CARDS }, (_, i) => [
    `K${i}`,
    i % 3 === 0 ? `text ${i}` : i / 7,
    'of many',
  ]);
}

function smallImage() {
  return { axes: [16, 16], bitpix: 16, pixels: new Int16Array(256) };
}
