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
/** Nights that are there besides, with how many frames: small ones, for rows and calendar. */
const EARLIER = {
  '2026-11-13': 48,
  '2026-11-11': 34,
  '2026-11-10': 66,
  '2026-11-06': 40,
  '2026-10-18': 90,
  '2026-09-20': 56,
};
/** Side of the pictures of those, pixels. */
const EARLIER_SIZE = 192;
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

/** Who may look, and no more. */
const GUEST = { username: 'guest', password: 'only to look at them' };

const { values: options } = parseArgs({
  options: {
    to: { type: 'string', default: join(PROJECT, 'screenshots') },
    only: { type: 'string', default: '' },
    theme: { type: 'string', default: THEMES.join(',') },
    size: { type: 'string', default: Object.keys(SIZES).join(',') },
  },
});

/** Runs the program to its end. @returns what it printed */
function run(args, env, input = '') {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(input);
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
  const sending = { PLATEVAULT_URL: url, PLATEVAULT_TOKEN: token };
  for (const [night, frames] of Object.entries(EARLIER)) {
    const size = ['--size', String(EARLIER_SIZE), '--frames', String(frames)];
    await run(['demo', '--night', night, ...size], sending);
  }
  await run(['demo', '--night', NIGHT, '--frames', '160'], sending);
  await run(
    ['user', 'add', GUEST.username, '--role', 'user', '--password-stdin'],
    env,
    GUEST.password,
  );
  const stop = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { url, token, username, password, guest: GUEST, stop };
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

/** Words for the braces of the addresses: a science frame of the newest night, another of its target. */
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
  await page.goto('/accounts/login/?next=/keys/');
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', password);
  await page.press('input[name=password]', 'Enter');
  await page.waitForURL('**/keys/');
  await page.close();
}

/** Shares the frames of a target twice, and ends one of the two. @returns their paths */
async function shareTwice(context, target) {
  const page = await context.newPage();
  const paths = [];
  for (const title of ['For the workshop', 'For the talk']) {
    await page.goto(`/shares/new/?target=${target}`);
    await page.fill('input[name=title]', title);
    await page.click('.share-form button.primary');
    paths.push(new URL(await page.locator('#new-token').innerText()).pathname);
  }
  await page.goto('/shares/');
  await page.getByRole('button', { name: 'End For the talk' }).first().click();
  await page.getByText('The share is ended').waitFor();
  await page.close();
  return { share: paths[0], ended: paths[1] };
}

/** Profiles of those whom pages are for: `admin`, `user` if there is one, `visitor`. */
async function openProfiles(browser, archive) {
  const guest = archive.guest === undefined ? {} : { user: archive.guest };
  const profiles = {};
  for (const [name, login] of Object.entries({ admin: archive, ...guest, visitor: undefined })) {
    profiles[name] = await browser.newContext({ baseURL: archive.url, reducedMotion: 'reduce' });
    if (login !== undefined) await signIn(profiles[name], login);
  }
  return profiles;
}

/** Puts words into the braces of a path; braces without one stay. */
function fill(path, words) {
  return path.replace(/\{(\w+)\}/g, (braces, word) => words[word] ?? braces);
}

async function takeAll(browser, archive, things) {
  const only = options.only === '' ? undefined : options.only.split(',');
  const pages = JSON.parse(readFileSync(new URL('pages.json', import.meta.url), 'utf8'));
  const profiles = await openProfiles(browser, archive);
  // An archive that is somebody's is looked at, not changed.
  const shares = archive.guest === undefined ? {} : await shareTwice(profiles.admin, things.target);
  const words = { ...things, ...shares };
  const isThere = ({ path, as = 'admin' }) =>
    profiles[as] !== undefined && !/\{(?:share|ended)\}/.test(fill(path, words));
  const wanted = pages
    .filter(({ name }) => only === undefined || only.includes(name))
    .filter(isThere);
  for (const { name, path, as = 'admin' } of wanted) {
    const page = await profiles[as].newPage();
    const address = fill(path, words);
    for (const theme of options.theme.split(',')) {
      await profiles[as].addCookies([
        { name: 'theme', value: theme, url: archive.url },
        { name: 'night-offer', value: 'no', url: archive.url },
      ]);
      for (const size of options.size.split(',')) {
        await page.setViewportSize(SIZES[size]);
        await takePicture(page, address, `${name}-${size}-${theme}`);
      }
    }
    await page.close();
  }
}

/** A picture of the whole page, lazy images and all. */
async function takePicture(page, address, name) {
  // Pages that listen for news never fall silent.
  await page.goto(address, { waitUntil: 'load' });
  await page.evaluate(async () => {
    for (const image of document.images) image.loading = 'eager';
    await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
  });
  const file = join(options.to, `${name}.png`);
  await page.screenshot({ path: file, fullPage: true });
  process.stdout.write(`${file}\n`);
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
