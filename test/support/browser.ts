import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** `describe`, or a visible skip where there is no Chromium. */
export const withChromium = existsSync(CHROMIUM) ? describe : describe.skip;
if (!existsSync(CHROMIUM)) process.stderr.write(`skipped: ${CHROMIUM} is not installed\n`);

/** Starts Chromium so that it talks to nobody but the page's server. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface WatchedContext {
  readonly context: BrowserContext;
  /** Errors on the console (Content-Security-Policy among them), in scripts, and requests to other hosts. */
  readonly complaints: string[];
}

/** A fresh profile whose pages are watched for anything that goes wrong in them. */
export async function openContext(
  browser: Browser,
  baseURL: string,
  options: BrowserContextOptions = {},
): Promise<WatchedContext> {
  const context = await browser.newContext({
    baseURL,
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const complaints: string[] = [];
  context.on('page', (page) => {
    page.setDefaultTimeout(15_000);
    watch(page, baseURL, complaints);
  });
  return { context, complaints };
}

function watch(page: Page, baseURL: string, complaints: string[]): void {
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(`${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    const isOwn = url.startsWith(baseURL) || /^(?:data|blob|about):/.test(url);
    if (!isOwn) complaints.push(`request to ${url}`);
  });
}

/** How far the page reaches beyond the window to the right, in pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth');
}
