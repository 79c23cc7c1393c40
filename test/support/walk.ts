import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { listFiles } from '../../src/cli/demo/files.js';
import { planNight } from '../../src/cli/demo/plan.js';
import { createRenderer } from '../../src/cli/demo/render.js';
import { PROJECT_DIR, startArchive } from './archive.js';
import type { TestArchive } from './archive.js';
import { openBrowser, openContext } from './browser.js';
import type { WatchedContext } from './browser.js';
import { addUser } from './logins.js';
import { startNginx } from './nginx.js';
import type { Proxy } from './nginx.js';

/** The night of the walks. */
export const WALK_NIGHT = '2026-11-14';
const FRAMES = 40;
/** Side of the detector: pictures are not what is looked at. */
const SIZE = 96;
/** Files of one upload. */
const BATCH = 20;

export const THEMES = ['light', 'dark', 'red'] as const;
export const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 360, height: 780 },
} as const;

/** Who looks at a page: the admin, somebody who may only look, or nobody known. */
export type Who = 'admin' | 'user' | 'visitor';

/** A page as `scripts/pages.json` names it; `path` has its words in braces put in. */
export interface WalkPage {
  readonly name: string;
  readonly path: string;
  readonly as: Who;
  /** Status of its answer. */
  readonly status: number;
}

/** The demo night behind nginx, and a browser. */
export interface Walk {
  readonly archive: TestArchive;
  readonly proxy: Proxy;
  readonly browser: Browser;
  readonly pages: readonly WalkPage[];
  /** Id of a science frame. */
  readonly frameId: number;
  /** A profile in which the admin is signed in, or whom else the options name. */
  open(size: keyof typeof SIZES, options?: WalkOptions): Promise<WatchedContext>;
  close(): Promise<void>;
}

export interface WalkOptions {
  readonly as?: Who;
  readonly javaScriptEnabled?: boolean;
  /** To sign in anew, not to bring the cookies of the first time. */
  readonly isFresh?: boolean;
}

/** What profiles are made of. */
interface House {
  readonly browser: Browser;
  readonly archive: TestArchive;
  readonly url: string;
  readonly passwords: Readonly<Record<Exclude<Who, 'visitor'>, string>>;
  /** Cookies of each who has signed in before. */
  readonly signedIn: Map<Who, StorageState>;
}
type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

/** Starts all of it. */
export async function startWalk(): Promise<Walk> {
  const archive = await startArchive({
    TRUST_PROXY: 'true',
    X_ACCEL_PREFIX: '/protected/',
    SITE_NAME: 'Test Hill',
    SITE_LATITUDE: '50.4',
    SITE_LONGITUDE: '10.2',
    MEASURE: 'true',
  });
  const proxy = await startNginx(archive);
  const browser = await openBrowser();
  const close = async (): Promise<void> => {
    await browser.close();
    await proxy.stop();
    await archive.close();
  };
  try {
    await sendNight(archive, WALK_NIGHT, FRAMES, SIZE);
    const passwords = {
      admin: archive.adminPassword,
      user: await addUser(archive, 'user', 'user'),
    };
    const house: House = { browser, archive, url: proxy.url, passwords, signedIn: new Map() };
    const things = { ...(await findThings(archive)), ...(await shareTwice(house)) };
    await untilMeasured(archive);
    return {
      archive,
      proxy,
      browser,
      open: (size, options = {}) => openWalker(house, size, options),
      close,
      frameId: things.frame,
      pages: readPages(things),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Uploads a night of the demo, some files at a time; the bad one among them is refused. */
export async function sendNight(
  archive: TestArchive,
  night: string,
  frames: number,
  size: number,
): Promise<void> {
  const files = [...listFiles(planNight(night, frames, size), createRenderer('walk'))];
  for (let at = 0; at < files.length; at += BATCH) {
    const form = new FormData();
    for (const file of files.slice(at, at + BATCH)) {
      form.append('file', new Blob([new Uint8Array(file.make())]), file.name);
    }
    await archive.json('/frames/create/', { method: 'POST', body: form });
  }
}

/** Waits until no work is left in the background. */
async function untilMeasured(archive: TestArchive): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    const { queue } = await archive.json<{ queue: { total: number } }>('/admin/?format=json');
    if (queue.total === 0) return;
    await delay(100);
  }
  throw new Error('the night is not measured after two minutes');
}

interface Things {
  readonly night: string;
  readonly frame: number;
  readonly other: number;
  readonly target: string;
}

async function findThings(archive: TestArchive): Promise<Things> {
  const { results } = await archive.json<{ results: { id: number; OBJECT: string }[] }>(
    '/frames/?OBSTYPE=object&limit=50',
  );
  const first = results[0]!;
  const other = results[1]!;
  return {
    night: WALK_NIGHT,
    frame: first.id,
    other: other.id,
    target: encodeURIComponent(first.OBJECT),
  };
}

/** Shares the frames of a filter, and those of another, which is ended. @returns their paths */
async function shareTwice(house: House): Promise<{ share: string; ended: string }> {
  const { context } = await openWalker(house, 'desktop', {});
  const page = await context.newPage();
  const [share, ended] = [await shareFilter(page, 'V'), await shareFilter(page, 'B')];
  await page.goto('/shares/');
  await page.getByRole('button', { name: 'End All in B' }).click();
  await page.getByText('The share is ended').waitFor();
  await context.close();
  return { share, ended };
}

/** Shares all frames of a filter. @returns the path of the share */
async function shareFilter(page: Page, filter: string): Promise<string> {
  await page.goto(`/shares/new/?FILTER=${filter}&night=${WALK_NIGHT}`);
  await page.getByLabel('Title').fill(`All in ${filter}`);
  await page.getByRole('button', { name: /^Share / }).click();
  return new URL(await page.locator('#new-token').innerText()).pathname;
}

function readPages(things: object): WalkPage[] {
  const words = new Map<string, unknown>(Object.entries(things));
  const text = readFileSync(join(PROJECT_DIR, 'scripts/pages.json'), 'utf8');
  const list = JSON.parse(text) as { name: string; path: string; as?: Who; status?: number }[];
  return list.map(({ name, path, as = 'admin', status = 200 }) => ({
    name,
    path: path.replace(/\{(\w+)\}/g, (_, word: string) => String(words.get(word))),
    as,
    status,
  }));
}

async function openWalker(
  house: House,
  size: keyof typeof SIZES,
  { as = 'admin', javaScriptEnabled = true, isFresh = false }: WalkOptions,
): Promise<WatchedContext> {
  const { browser, url, signedIn } = house;
  const known = isFresh ? undefined : signedIn.get(as);
  const watched = await openContext(browser, url, {
    viewport: SIZES[size],
    javaScriptEnabled,
    reducedMotion: 'reduce',
    ...(known === undefined ? {} : { storageState: known }),
  });
  // Whether the offer of the red theme stands there depends on the hour.
  await watched.context.addCookies([{ name: 'night-offer', value: 'no', url }]);
  if (as !== 'visitor' && known === undefined) {
    const page = await watched.context.newPage();
    await page.goto('/accounts/login/?next=/keys/');
    await fillLogin(page, as, house.passwords[as]);
    await page.waitForURL('**/keys/');
    await page.close();
    signedIn.set(as, await watched.context.storageState());
  }
  return watched;
}

/** Fills the login and sends it, by keyboard. */
export async function fillLogin(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('Password').press('Enter');
}

/** Switches the theme of a page that is open, as its script does. */
export async function wearTheme(page: Page, theme: (typeof THEMES)[number]): Promise<void> {
  await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
}
