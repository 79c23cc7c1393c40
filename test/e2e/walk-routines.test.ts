/** What people do in a night and after it, behind the shipped nginx.conf; and what pages weigh. */
import { gzipSync } from 'node:zlib';
import type { Page, Response } from 'playwright-core';
import { withChromium } from '../support/browser.js';
import type { WatchedContext } from '../support/browser.js';
import { withNginx } from '../support/nginx.js';
import { fillLogin, startWalk, WALK_NIGHT } from '../support/walk.js';
import type { Walk } from '../support/walk.js';

const suite = withChromium === describe ? withNginx : withChromium;
const PATIENCE_MS = 240_000;
/** JS and CSS of a page, packed; the tile viewer, the plots and JS9 come apart. */
const MAX_BYTES = 150_000;
const MAX_SHIFT = 0.05;

suite('routines', () => {
  let walk: Walk;
  let profile: WatchedContext;
  let page: Page;

  beforeAll(async () => {
    walk = await startWalk();
    profile = await walk.open('desktop');
    page = await profile.context.newPage();
  }, PATIENCE_MS);
  afterAll(() => (walk as Walk | undefined)?.close());

  test('keys lead from place to place, and the list of keys opens and closes', async () => {
    await page.goto('/keys/');
    for (const [letter, path] of [
      ['f', '/frames/'],
      ['t', '/targets/'],
      ['n', '/nights/'],
      ['u', '/upload/'],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(letter);
      await page.waitForURL(`**${path}`);
    }
    await page.keyboard.press('?');
    await page.locator('dialog#keys[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog#keys:not([open])').waitFor({ state: 'attached' });
  });

  test('letters that are switched off do nothing, and the account remembers it and the theme', async () => {
    await page.goto('/account/');
    await page.locator('input[name=letters][value=off]').check();
    await page.locator('input[name=theme][value=dark]').check();
    await page.getByRole('button', { name: 'Keep these choices' }).click();
    await page.locator('html[data-theme=dark] body[data-letters=off]').waitFor();
    await page.keyboard.press('?');
    expect(await page.locator('dialog#keys').isVisible()).toBe(false);

    const elsewhere = await walk.open('desktop');
    const other = await elsewhere.context.newPage();
    await other.goto('/account/');
    expect(await other.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await other.locator('input[name=letters][value=off]').isChecked()).toBe(true);
    await other.locator('input[name=letters][value=on]').check();
    await other.getByRole('button', { name: 'Keep these choices' }).click();
    await other.locator('body[data-letters=on]').waitFor();
    await elsewhere.context.close();
    await profile.context.clearCookies({ name: 'letters' });
  });

  test('the morning: the front page leads to the night, the night to a frame, and a note is written', async () => {
    await page.goto('/');
    await page.waitForURL('**/nights/');
    await page.locator(`main a[href*="/nights/${WALK_NIGHT}/"]`).first().click();
    await page.waitForURL(`**/nights/${WALK_NIGHT}/**`);
    await page.goto(`/frames/${walk.frameId}/`);
    const form = page.locator('form[action$="/note/"]').first();
    await form.evaluate((element: { closest(selector: string): { open: boolean } | null }) => {
      const fold = element.closest('details');
      if (fold !== null) fold.open = true;
    });
    await form.locator('textarea, input[type=text]').first().fill('Clouds came up.');
    await form.locator('button').first().click();
    await page.getByText('Clouds came up.').first().waitFor();
  });

  test('what was written when the session ended is kept through the login, and sent then', async () => {
    await page.goto(`/frames/${walk.frameId}/`);
    await profile.context.clearCookies({ name: 'platevault_session' });
    const form = page.locator('form[action$="/note/"]').first();
    await form.evaluate((element: { closest(selector: string): { open: boolean } | null }) => {
      const fold = element.closest('details');
      if (fold !== null) fold.open = true;
    });
    await form.locator('textarea, input[type=text]').first().fill('The dome was shut at four.');
    await form.locator('button').first().click();
    await page.getByText('You were signed out meanwhile.').waitFor();
    await fillLogin(page, walk.archive);
    await page.getByRole('heading', { name: 'You are signed in again' }).waitFor();
    await page.getByRole('button', { name: 'Send it now' }).click();
    await page.waitForURL(`**/frames/${walk.frameId}/**`);
    await page.getByText('The dome was shut at four.').first().waitFor();
  });

  test(
    'scripts and styles of each page weigh 150 kB at most, and nothing shifts while it loads',
    async () => {
      const heavy: string[] = [];
      for (const { name, path, visitor } of walk.pages) {
        if (visitor) continue;
        const fresh = await profile.context.newPage();
        const answers: Response[] = [];
        fresh.on('response', (answer) => answers.push(answer));
        await fresh.goto(path, { waitUntil: 'load' });
        const bytes = await bytesOf(answers);
        const shift = await shiftOf(fresh);
        process.stderr.write(`${name}: ${bytes} bytes, shift ${shift.toFixed(3)}\n`);
        if (bytes > MAX_BYTES || shift > MAX_SHIFT) heavy.push(`${name}: ${bytes} ${shift}`);
        await fresh.close();
      }
      expect(heavy).toEqual([]);
    },
    PATIENCE_MS,
  );
});

/** Packed bytes of what is a script or a style, libraries that come apart left out. */
async function bytesOf(answers: readonly Response[]): Promise<number> {
  let sum = 0;
  for (const answer of answers) {
    const isOurs = /\.(?:m?js|css)(?:\?|$)/.test(answer.url());
    if (isOurs && !answer.url().includes('openseadragon')) {
      sum += gzipSync(await answer.body()).length;
    }
  }
  return sum;
}

/** Cumulative layout shift since the page began to load. */
function shiftOf(page: Page): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
  })`);
}
