/**
 * Pictures of every page in three themes, on the desktop and on a phone, from the demo night:
 * `npm run screenshots -- [--to DIR] [--only nights,frame] [--theme dark] [--size phone]`.
 * With PLATEVAULT_URL, _TOKEN, _USERNAME and _PASSWORD of a running archive, that one is shown.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = join(PROJECT, 'bin/platevault.cjs');
const NIGHT = '2026-11-14';
const THEMES = ['light', 'dark', 'red'];
const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 360, height: 780 },
};
const SITE = {
  id: 'kh',
  name: 'Kaltenhöhe Observatory',
  latitudeDeg: 50.412,
  longitudeDeg: 10.187,
  elevationM: 612,
  timeZone: 'Europe/Berlin',
};

const { values: options } = parseArgs({
  options: {
    to: { type: 'string', default: join(PROJECT, 'screenshots') },
    only: { type: 'string', default: '' },
    theme: { type: 'string', default: THEMES.join(',') },
    size: { type: 'string', default: Object.keys(SIZES).join(',') },
  },
});

/** Runs the program to its end. @returns what it printed */
function run(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (chunk) => (printed += chunk));
    child.once('exit', (status) => {
      if (status === 0) resolve(printed.trim());
      else reject(new Error(`${args.join(' ')} ended with ${status}`));
    });
  });
}

/** A server of its own with the demo night, measured. */
async function startDemo() {
  const dataDir = mkdtempSync(join(tmpdir(), 'platevault-pictures-'));
  writeFileSync(join(dataDir, 'sites.json'), JSON.stringify({ sites: [SITE] }));
  const username = 'ines.brandt';
  const password = 'only for these pictures';
  const env = {
    ...{ HOST: '127.0.0.1', PORT: '0', DATA_DIR: dataDir, LOG: 'off' },
    ...{ ADMIN_USERNAME: username, ADMIN_PASSWORD: password },
    ...{ SITE_ID: SITE.id, SITE_NAME: SITE.name },
  };
  const server = spawn(process.execPath, [PROGRAM, 'serve'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve, reject) => {
    let printed = '';
    server.stdout.on('data', (chunk) => {
      printed += chunk;
      const found = /serving on (http:\S+)/.exec(printed);
      if (found) resolve(found[1]);
    });
    server.once('exit', (status) => reject(new Error(`the server ended with ${status}`)));
  });
  const token = await run(['token', 'add', username, '--scope', 'admin'], env);
  await run(['demo', '--night', NIGHT], { PLATEVAULT_URL: url, PLATEVAULT_TOKEN: token });
  const stop = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { url, token, username, password, stop };
}

/** That of the environment, which is left as it is, or a new one. */
async function openArchive() {
  const { env } = process;
  if (!env.PLATEVAULT_URL) return startDemo();
  return {
    url: env.PLATEVAULT_URL,
    token: env.PLATEVAULT_TOKEN ?? '',
    username: env.PLATEVAULT_USERNAME ?? 'admin',
    password: env.PLATEVAULT_PASSWORD ?? '',
    stop: async () => undefined,
  };
}

const ask = async ({ url, token }, path) => {
  const headers = { Authorization: `Token ${token}`, Accept: 'application/json' };
  return (await fetch(new URL(path, url), { headers })).json();
};

/** Waits until there is no background work left, an hour at most. */
async function settle(archive) {
  for (let waits = 0; waits < 3600; waits += 1) {
    const { queue } = await ask(archive, '/admin/?format=json');
    if ((queue?.total ?? 0) === 0) return;
    await wait(1000);
  }
}

/** Words for the braces of the addresses: a doubtful science frame, another of its target. */
async function findThings(archive) {
  const { results } = await ask(archive, '/frames/?OBSTYPE=object&limit=100');
  const science = results.filter(({ OBJECT }) => OBJECT);
  const first = science[Math.floor(science.length / 2)];
  const other = science.find(
    ({ id, OBJECT, FILTER }) =>
      id !== first.id && OBJECT === first.OBJECT && FILTER === first.FILTER,
  );
  return {
    night: first['DAY_OBS'] ?? first['DAY-OBS'] ?? NIGHT,
    frame: first.id,
    other: (other ?? first).id,
    target: encodeURIComponent(first.OBJECT),
  };
}

async function signIn(context, { username, password }) {
  const page = await context.newPage();
  await page.goto('/accounts/login/');
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', password);
  await page.press('input[name=password]', 'Enter');
  await page.waitForURL((url) => !url.pathname.includes('/accounts/'));
  await page.close();
}

async function takeAll(browser, archive, things) {
  const only = options.only === '' ? undefined : options.only.split(',');
  const pages = JSON.parse(readFileSync(new URL('pages.json', import.meta.url), 'utf8'));
  const wanted = pages.filter(({ name }) => only === undefined || only.includes(name));
  for (const size of options.size.split(',')) {
    const context = await browser.newContext({
      baseURL: archive.url,
      viewport: SIZES[size],
      reducedMotion: 'reduce',
    });
    const stranger = await browser.newContext({ baseURL: archive.url, viewport: SIZES[size] });
    await signIn(context, archive);
    for (const theme of options.theme.split(',')) {
      const cookies = [
        { name: 'theme', value: theme, url: archive.url },
        { name: 'night-offer', value: 'no', url: archive.url },
      ];
      await context.addCookies(cookies);
      await stranger.addCookies(cookies);
      for (const { name, path, visitor } of wanted) {
        const page = await (visitor ? stranger : context).newPage();
        const address = path.replace(/\{(\w+)\}/g, (_, word) => things[word]);
        // Pages that listen for news never fall silent.
        await page.goto(address, { waitUntil: 'load' });
        await page.evaluate(() =>
          Promise.all([...document.images].map((i) => i.decode().catch(() => 0))),
        );
        const file = join(options.to, `${name}-${size}-${theme}.png`);
        await page.screenshot({ path: file, fullPage: true });
        process.stdout.write(`${file}\n`);
        await page.close();
      }
    }
    await context.close();
    await stranger.close();
  }
}

const archive = await openArchive();
try {
  mkdirSync(options.to, { recursive: true });
  if (!process.env.PLATEVAULT_URL) await settle(archive);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars'],
  });
  try {
    await takeAll(browser, archive, await findThings(archive));
  } finally {
    await browser.close();
  }
} finally {
  await archive.stop();
}
