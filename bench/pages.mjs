/** Pages in a browser: what the server takes, what they weigh, when they are painted, what moves. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { untilQuiet, watch } from './machine.mjs';
import { quantile, ROOT, sleep } from './server.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const NIGHT = '2026-11-14';
const FRAMES = 500;
/** Side of their pictures, pixels. */
const SIDE = 256;
const TIMES = 9;
const LOADS = 3;
const SLOWER = 4;
const BUDGETS = { serverMs: 100, kB: 150, paintMs: 1500, shift: 0.05 };

/** Fills the archive with a night of the demo and looks at the pages that people open first. */
export async function benchPages(server, frames, report) {
  if (!fs.existsSync(CHROMIUM)) {
    report.note(`pages: not measured, there is no ${CHROMIUM}`);
    return;
  }
  fillNight(server);
  await untilDone(server);
  const { text } = await server.get('/frames/?OBSTYPE=object&limit=1');
  const pages = {
    nights: '/nights/',
    [`night of ${FRAMES} frames`]: `/nights/${NIGHT}/`,
    'frames, 100 rows': '/frames/',
    frame: `/frames/${JSON.parse(text).results[0].id}/`,
  };
  for (const [name, address] of Object.entries(pages)) {
    await benchServer(server, name, address, report);
  }
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  try {
    const storageState = await signIn(browser, server);
    for (const [name, address] of Object.entries(pages)) {
      await benchPage({ browser, server, storageState, report }, name, address);
    }
  } finally {
    await browser.close();
  }
}

function fillNight({ url, token }) {
  const program = path.join(ROOT, 'bin/platevault.cjs');
  const size = ['--frames', String(FRAMES), '--size', String(SIDE)];
  execFileSync(process.execPath, [program, 'demo', '--night', NIGHT, ...size], {
    env: { ...process.env, PLATEVAULT_URL: url.href, PLATEVAULT_TOKEN: token },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Waits until the night is measured and drawn, a quarter of an hour at most. */
async function untilDone(server) {
  for (let waits = 0; waits < 900; waits += 1) {
    const { text } = await server.get('/admin/?format=json');
    if (JSON.parse(text).queue.total === 0) break;
    await sleep(1000);
  }
  await untilQuiet(server.pid);
}

/** The HTML alone, the first time and again. */
async function benchServer(server, name, address, report) {
  const options = { headers: { Accept: 'text/html' } };
  const first = await server.get(address, options);
  const done = watch(server.pid);
  const again = [];
  for (let time = 0; time < TIMES; time += 1) again.push(await server.get(address, options));
  const { serverCpu, foreignCores } = done();
  report.add({
    part: 'pages',
    name: `${name}: server`,
    unit: 'ms',
    ours: quantile(
      again.map(({ ms }) => ms),
      0.5,
    ),
    cold: first.ms,
    budget: BUDGETS.serverMs,
    cpuMs: (serverCpu * 1000) / TIMES,
    foreignCores,
    more: `${kilobytes(gzipSync(first.text, { level: 1 }).length)} kB of HTML packed`,
  });
}

async function signIn(browser, server) {
  const context = await browser.newContext({ baseURL: server.url.href });
  const page = await context.newPage();
  await page.goto('/accounts/login/?next=/keys/');
  await page.fill('input[name=username]', 'admin');
  await page.fill('input[name=password]', 'only for the bench');
  await page.press('input[name=password]', 'Enter');
  await page.waitForURL('**/keys/');
  const state = await context.storageState();
  await context.close();
  return state;
}

/** A page in fresh profiles, with nothing kept from before. */
async function benchPage({ browser, server, storageState, report }, name, address) {
  const loads = [];
  for (let time = 0; time < LOADS; time += 1) {
    const context = await browser.newContext({ baseURL: server.url.href, storageState });
    loads.push(await load(context, address));
    await context.close();
  }
  const add = (what, unit, key, budget, more) => {
    const ours = quantile(
      loads.map((each) => each[key]),
      0.5,
    );
    report.add({ part: 'pages', name: `${name}: ${what}`, unit, ours, budget, more });
  };
  const others = `all else ${kilobytes(loads[0].otherBytes)} kB in ${loads[0].requests} requests`;
  add('scripts and styles packed', 'kB', 'kB', BUDGETS.kB, others);
  const range = loads.map(({ paintMs }) => paintMs.toFixed(0)).join(', ');
  add(
    `largest paint, ${SLOWER}× slower`,
    'ms',
    'paintMs',
    BUDGETS.paintMs,
    `${range}: ${loads[0].what}`,
  );
  add('layout shift', '', 'shift', BUDGETS.shift, 'at most, until the network is silent');
}

async function load(context, address) {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  const answers = [];
  page.on('response', (answer) => answers.push(answer));
  await page.goto(address);
  await page.waitForLoadState('networkidle');
  let [ours, otherBytes] = [0, 0];
  for (const answer of answers) {
    const body = await answer.body().catch(() => Buffer.alloc(0));
    // The library of tiles comes apart, as JS9 does on its own page.
    const isOurs =
      /\.(?:m?js|css)(?:\?|$)/.test(answer.url()) && !/openseadragon/.test(answer.url());
    if (isOurs) ours += gzipSync(body, { level: 1 }).length;
    else otherBytes += body.length;
  }
  const painted = await page.evaluate(observe);
  return { ...painted, kB: ours / 1000, otherBytes, requests: answers.length };
}

/** Runs in the page: its largest paint and what moved. */
function observe() {
  const entries = (type) =>
    new Promise((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries())).observe({
        type,
        buffered: true,
      });
      setTimeout(() => resolve([]), 1000);
    });
  return Promise.all([entries('largest-contentful-paint'), entries('layout-shift')]).then(
    ([paints, shifts]) => {
      const last = paints.at(-1);
      return {
        paintMs: last?.startTime ?? NaN,
        what: `${last?.element?.tagName.toLowerCase()} ${last?.url.replace(/^.*\/\/[^/]*/, '') ?? ''}`,
        shift: shifts.reduce((sum, each) => sum + (each.hadRecentInput ? 0 : each.value), 0),
      };
    },
  );
}

const kilobytes = (bytes) => (bytes / 1000).toFixed(0);
