import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { listFiles } from '../../src/cli/demo/files.js';
import { planNight } from '../../src/cli/demo/plan.js';
import { createRenderer } from '../../src/cli/demo/render.js';
import { PROJECT_DIR, startArchive } from './archive.js';
import type { TestArchive } from './archive.js';
import { openBrowser, openContext } from './browser.js';
import type { WatchedContext } from './browser.js';
import { startNginx } from './nginx.js';
import type { Proxy } from './nginx.js';

/** The night of the walks. */
export const WALK_NIGHT = '2026-11-14';
const FRAMES = 40;
/** Side of the detector: pictures are not what is looked at. */
const SIZE = 96;

export const THEMES = ['light', 'dark', 'red'] as const;
export const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 360, height: 780 },
} as const;

/** A page as `scripts/pages.json` names it; `path` has its words in braces put in. */
export interface WalkPage {
  readonly name: string;
  readonly path: string;
  readonly visitor: boolean;
}

/** The demo night behind nginx, and a browser. */
export interface Walk {
  readonly archive: TestArchive;
  readonly proxy: Proxy;
  readonly browser: Browser;
  readonly pages: readonly WalkPage[];
  /** Id of a science frame. */
  readonly frameId: number;
  /** A profile, with the admin signed in unless `isVisitor`. */
  open(size: keyof typeof SIZES, options?: WalkOptions): Promise<WatchedContext>;
  close(): Promise<void>;
}

export interface WalkOptions {
  readonly isVisitor?: boolean;
  readonly javaScriptEnabled?: boolean;
}

/** Starts all of it. */
export async function startWalk(): Promise<Walk> {
  const archive = await startArchive({
    TRUST_PROXY: 'true',
    X_ACCEL_PREFIX: '/protected/',
    SITE_NAME: 'Test Hill',
    SITE_LATITUDE: '50.4',
    SITE_LONGITUDE: '10.2',
  });
  const proxy = await startNginx(archive);
  const browser = await openBrowser();
  const close = async (): Promise<void> => {
    await browser.close();
    await proxy.stop();
    await archive.close();
  };
  try {
    for (const file of listFiles(planNight(WALK_NIGHT, FRAMES, SIZE), createRenderer('walk'))) {
      await archive.upload(file.make(), file.name);
    }
    const things = await findThings(archive);
    const open = (size: keyof typeof SIZES, options: WalkOptions = {}): Promise<WatchedContext> =>
      openWalker(browser, archive, proxy.url, size, options);
    return {
      archive,
      proxy,
      browser,
      open,
      close,
      frameId: things.frame,
      pages: readPages(things),
    };
  } catch (error) {
    await close();
    throw error;
  }
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

function readPages(things: Things): WalkPage[] {
  const words = things as unknown as Record<string, string | number>;
  const text = readFileSync(join(PROJECT_DIR, 'scripts/pages.json'), 'utf8');
  const list = JSON.parse(text) as { name: string; path: string; visitor?: boolean }[];
  return list.map(({ name, path, visitor = false }) => ({
    name,
    path: path.replace(/\{(\w+)\}/g, (_, word: string) => String(words[word])),
    visitor,
  }));
}

async function openWalker(
  browser: Browser,
  archive: TestArchive,
  url: string,
  size: keyof typeof SIZES,
  { isVisitor = false, javaScriptEnabled = true }: WalkOptions,
): Promise<WatchedContext> {
  const watched = await openContext(browser, url, {
    viewport: SIZES[size],
    javaScriptEnabled,
    reducedMotion: 'reduce',
  });
  // Whether the offer of the red theme stands there depends on the hour.
  await watched.context.addCookies([{ name: 'night-offer', value: 'no', url }]);
  if (!isVisitor) {
    const page = await watched.context.newPage();
    await page.goto('/accounts/login/?next=/keys/');
    await fillLogin(page, archive);
    await page.waitForURL('**/keys/');
    await page.close();
  }
  return watched;
}

/** Fills the login and sends it, by keyboard. */
export async function fillLogin(page: Page, archive: TestArchive): Promise<void> {
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill(archive.adminPassword);
  await page.getByLabel('Password').press('Enter');
}

/** Switches the theme of a page that is open, as its script does. */
export async function wearTheme(page: Page, theme: (typeof THEMES)[number]): Promise<void> {
  await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
}
