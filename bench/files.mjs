/** Frames on their way in and out: uploads, pictures, downloads, zips, and slow clients. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { otherFigureOf } from './figures.mjs';
import { frameMaker } from './frames.mjs';
import { memoryOf, peakOf, untilQuiet, watch } from './machine.mjs';
import { startNginx } from './nginx.mjs';
import { inParallel, quantile, sleep, startServer } from './server.mjs';

const PICTURES = 8;
const AGAIN = 40;
const SLOW_CLIENTS = 4;
const REST_MS = 60_000;
const SLOW_BYTES = 1000; // ten times a second

/** The frames that the parts share, made when first asked for. */
export function createFrames() {
  const makers = new Map();
  return (width, height, family) => {
    const found = makers.get(family) ?? frameMaker(width, height, family);
    makers.set(family, found);
    return found;
  };
}

/** Starts and memory at rest: `server` has just been started. */
export async function benchStart(server, _frames, report) {
  const times = [server.start.ms];
  for (let again = 0; again < 4; again += 1) {
    const other = await startServer(path.join(server.dataDir, '..', `start-${again % 2}`));
    times.push(other.start.ms);
    await other.stop();
  }
  addOther(report, 'start', 'start to first answer', 'ms', quantile(times.slice(1), 0.5), {
    cpuMs: server.start.serverCpu * 1000,
    foreignCores: server.start.foreignCores,
    more: `on this archive ${times[0].toFixed(0)}, on new ones ${times
      .slice(1)
      .map((ms) => ms.toFixed(0))
      .join(' ')}`,
  });
  // What the start has left behind is collected when nothing happens for a while.
  await sleep(REST_MS);
  const { pss, own } = memoryOf(server.pid);
  addOther(report, 'start', 'memory, idle', 'MiB', pss, {
    more: `without mapped files ${own.toFixed(0)}; resident at the start at most ${peakOf(server.pid).toFixed(0)}`,
  });
}

/** Uploads by 1 and by 8 clients, beside hashing, writing and flushing the same bytes. */
export async function benchIngest(server, frames, report) {
  let worst = 0;
  for (const [size, family, counts] of [
    [2048, 2, [40, 120]],
    [4096, 4, [8, 24]],
  ]) {
    const make = frames(size, size, family);
    const plain = plainRate(path.join(server.dataDir, 'plain'), make);
    let index = 0;
    for (const [at, clients] of [1, 8].entries()) {
      const share = Array.from({ length: counts[at] }, () => make(index++));
      await untilQuiet(server.pid);
      const done = watch(server.pid);
      const answers = await inParallel(share, clients, (frame) => server.upload(frame));
      const load = done();
      worst = Math.max(worst, load.memory.peak);
      const times = answers.map(({ ms }) => ms);
      const name = `ingest ${size / 1024}k, ${clients} client${clients === 1 ? '' : 's'}`;
      addOther(
        report,
        'ingest',
        name,
        'MB/s',
        (share[0].bytes * share.length) / 1e6 / load.seconds,
        {
          foreignCores: load.foreignCores,
          cpuMs: (load.serverCpu * 1000) / share.length,
          more:
            `p50 ${quantile(times, 0.5).toFixed(0)} ms, p95 ${quantile(times, 0.95).toFixed(0)} ms, ` +
            `${memoryWords(load)}; ` +
            `hash, write and fsync alone ${plain.toFixed(0)} MB/s`,
        },
      );
    }
  }
  addOther(report, 'ingest', 'memory, ingest', 'MiB', worst);
}

/** MB/s of one process that does what cannot be left out. */
function plainRate(target, make) {
  const began = performance.now();
  let bytes = 0;
  for (let index = 0; index < 8; index += 1) {
    const { pieces, bytes: size } = make(index);
    bytes += size;
    for (const kind of ['sha256', 'md5']) {
      const hash = createHash(kind);
      for (const piece of pieces) hash.update(piece);
      hash.digest();
    }
    const file = fs.openSync(target, 'w');
    for (const piece of pieces) fs.writeSync(file, piece);
    fs.fsyncSync(file);
    fs.closeSync(file);
  }
  fs.rmSync(target);
  return bytes / 1e3 / (performance.now() - began);
}

/** Pictures that nothing has been drawn of yet, then the same again. */
export async function benchPreviews(server, frames, report) {
  for (const [name, [width, height], family, count] of [
    ['preview 2k', [2048, 2048], 2, PICTURES],
    ['preview 4k', [4096, 4096], 4, PICTURES],
    ['preview 61 Mpix', [9576, 6388], 6, 1],
  ]) {
    const ids = await storedIds(server, frames(width, height, family), count);
    const done = watch(server.pid);
    const first = [];
    for (const id of ids) first.push((await server.get(`/frames/${id}/preview/`)).ms);
    const load = done();
    const more = memoryWords(load);
    const cpuMs = (load.serverCpu * 1000) / count;
    const { foreignCores } = load;
    addOther(report, 'preview', `${name}, first`, 'ms', quantile(first, 0.5), {
      more,
      cpuMs,
      foreignCores,
    });
    const doneAgain = watch(server.pid);
    const again = [];
    for (let k = 0; k < AGAIN; k += 1) {
      again.push((await server.get(`/frames/${ids[0]}/preview/`)).ms);
    }
    const loadAgain = doneAgain();
    addOther(report, 'preview', `${name}, again`, 'ms', quantile(again, 0.5), {
      cpuMs: (loadAgain.serverCpu * 1000) / AGAIN,
      foreignCores: loadAgain.foreignCores,
    });
  }
}

/** Downloads and a zip; beside nginx where there is one, alone and in front of an archive. */
export async function benchGet(server, frames, report) {
  const [id] = await storedIds(server, frames(4096, 4096, 4), 1);
  const target = `/frames/${id}/download/`;
  for (const clients of [1, 8]) {
    const name = `download 33 MB, ${clients} client${clients === 1 ? '' : 's'}`;
    await download(report, server, name, { target, clients, get: (at) => server.get(at, LOSE) });
  }
  await benchNginx(path.join(server.dataDir, '..', 'nginx'), frames(4096, 4096, 4)(0), report);
  const ids = await storedIds(server, frames(2048, 2048, 2), 60);
  const zip = `/frames/zip/?frame_ids=${ids.join(',')}`;
  const length = Number((await server.ask('HEAD', zip)).headers['content-length']);
  await download(report, server, 'zip of 60 frames', {
    target: zip,
    clients: 1,
    times: 3,
    more: (bytes) => (bytes === length ? 'as long as announced' : `announced ${length}: NO`),
    get: (at) => server.get(at, LOSE),
  });
}

const LOSE = { keep: false };

async function download(report, server, name, { target, clients, get, times = 30, more }) {
  const first = await get(target);
  const done = watch(server.pid);
  const answers = await inParallel(Array(times).fill(target), clients, get);
  const load = done();
  const rates = answers.map(({ bytes, ms }) => bytes / 1e3 / ms);
  const each = quantile(rates, 0.5);
  const all = (first.bytes * times) / 1e6 / load.seconds;
  const begun = quantile(
    answers.map(({ firstByteMs }) => firstByteMs),
    0.5,
  );
  addOther(report, 'get', name, 'MB/s', clients === 1 ? each : all, {
    foreignCores: load.foreignCores,
    cpuMs: (load.serverCpu * 1000) / times,
    more: [
      `first byte ${begun.toFixed(1)} ms`,
      memoryWords(load),
      ...(more === undefined ? [] : [more(first.bytes)]),
    ].join(', '),
  });
}

async function benchNginx(folder, frame, report) {
  const front = await startNginx(folder, frame);
  if (front === undefined) {
    report.note('nginx: absent, so no figures of it alone and in front');
    return;
  }
  try {
    for (const clients of [1, 8]) {
      const word = `33 MB, ${clients} client${clients === 1 ? '' : 's'}`;
      const get = (at) => front.get(at, LOSE);
      const { plain, target } = front;
      await download(report, front, `nginx alone ${word}`, { target: plain, clients, get });
      await download(report, front, `behind nginx ${word}`, { target, clients, get });
    }
  } finally {
    await front.stop();
  }
}

/** One who asks for little while others take a zip drop by drop. */
export async function benchSlow(server, frames, report) {
  const ids = await storedIds(server, frames(2048, 2048, 2), 60);
  const slow = Array.from({ length: SLOW_CLIENTS }, () =>
    drink(server, `/frames/zip/?frame_ids=${ids.join(',')}`),
  );
  try {
    await sleep(2000);
    const times = [];
    const done = watch(server.pid);
    for (const id of ids.slice(0, 30)) times.push((await server.get(`/frames/${id}/`)).ms);
    const load = done();
    const file = await server.get(`/frames/${ids[0]}/download/`, LOSE);
    addOther(report, 'slow', 'GET of a frame beside 4 slow zips', 'ms', quantile(times, 0.5), {
      cpuMs: (load.serverCpu * 1000) / times.length,
      foreignCores: load.foreignCores,
      more: `worst ${Math.max(...times).toFixed(1)}, ${memoryWords(load)}`,
    });
    addOther(report, 'slow', 'download beside 4 slow zips', 'MB/s', file.bytes / 1e3 / file.ms, {});
  } finally {
    for (const each of slow) each.destroy();
  }
}

/** A client on a thin line: 10 kB/s. */
function drink({ url, token }, target) {
  const request = http.get(new URL(target, url), { headers: { Authorization: `Token ${token}` } });
  request.on('error', () => {}); // it is cut off in the end
  request.on('response', (answer) => {
    answer.on('error', () => {});
    answer.pause();
    const timer = setInterval(() => answer.read(SLOW_BYTES), 100);
    answer.once('close', () => {
      clearInterval(timer);
    });
  });
  return request;
}

/** Ids of frames of a maker; those that are not stored yet are uploaded, and what that causes is awaited. */
async function storedIds(server, make, count) {
  const frames = Array.from({ length: count }, (_, index) => make(index));
  const ids = await inParallel(frames, 4, async (frame) => {
    const basename = frame.name.replace('.fits', '');
    const found = JSON.parse((await server.get(`/frames/?basename=${basename}`)).text).results[0];
    if (found !== undefined) return found.id;
    await server.upload(frame);
    return JSON.parse((await server.get(`/frames/?basename=${basename}`)).text).results[0].id;
  });
  await untilQuiet(server.pid);
  return ids;
}

function addOther(report, part, name, unit, ours, rest = {}) {
  report.add({ part, name, unit, ours, ...otherFigureOf(name), ...rest });
}

function memoryWords({ memory, peakResident }) {
  return `memory ${memory.peak.toFixed(0)} MiB, ${memory.peakOwn.toFixed(0)} without mapped files, resident ${peakResident.toFixed(0)}`;
}
