/**
 * The longest pause of the event loop while the codec or a server does what takes long: what everyone
 * else who asks at that moment waits for. A busy machine makes pauses of its own: the first line is
 * what it does to a process that does nothing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeFits } from '../dist/fits/index.js';
import { say } from './say.mjs';
import { sleep, startServer } from './server.mjs';

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
  const server = await startServer(path.join(folder, 'data'), { loopMs: 1 });
  const upload = (name, bytes) => server.upload({ name, pieces: [bytes] });
  const during = async (work) => {
    await sleep(1500); // pictures of the last one are drawn
    await server.loop();
    await work();
    return (await server.loop()).max.toFixed(0);
  };
  try {
    await upload('first.fits', fs.readFileSync(frame));
    await server.loop(); // what starting and the first upload took is not of interest
    tell('a frame is uploaded', await during(() => upload('a', changed(frame))));
    const draw = () => server.get('/frames/1/preview/?width=999');
    tell('a picture of it is drawn', await during(draw));
    const send = () => upload('long.fits', fs.readFileSync(long));
    tell('a file with a header of 8 MB is uploaded', await during(send));
  } finally {
    await server.stop();
  }
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
