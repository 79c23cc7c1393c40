import type { Page } from 'playwright-core';
import { openContext, withChromium } from '../support/browser.js';
import { openNight, type OpenNight } from '../support/pages.js';
import { pyobsFrame } from '../fixtures/night.js';

const LONG = 'A name that is far too long for any column of a table';

withChromium('the table of frames', () => {
  let night: OpenNight | undefined;
  let open: OpenNight;

  beforeAll(async () => {
    night = await openNight();
    open = night;
    const cards = { OBJECT: LONG, INSTRUME: LONG, FNAME: 'long.fits', FILTER: 'V' };
    await open.archive.upload(pyobsFrame(cards, { seed: 99 }), 'long.fits');
  });

  afterAll(() => night?.close());

  /** How far the table reaches beyond its box, and whether the box can be moved. */
  const measure = (page: Page): Promise<{ beyond: number; isMoved: boolean }> =>
    page.evaluate(`(() => {
      const box = document.querySelector('.table-box');
      const isMoved = getComputedStyle(box).overflowX === 'auto';
      return { beyond: box.scrollWidth - box.clientWidth, isMoved };
    })()`);
  const isShown = (page: Page, head: string) =>
    page.locator('.frames thead th', { hasText: head }).isVisible();

  test('the usual columns give way to a narrow box and none is cut, however long the names', async () => {
    const { page } = open;
    for (const width of [1440, 1280, 1024]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto('/frames/');
      expect([width, (await measure(page)).beyond]).toEqual([width, 0]);
      expect([await isShown(page, 'Filter'), await isShown(page, 'Exp, s')]).toEqual([true, true]);
      expect(await isShown(page, 'Flag')).toBe(width === 1440);
    }
    expect(await page.locator(`td.col-target[title="${LONG}"]`).count()).toBe(1);
  });

  test('a column of a header keyword is sorted by its head, and so are flags, findings and tags', async () => {
    const { page } = open;
    await page.goto('/frames/?columns=basename,header.SEED,flag,findings,tags&limit=25');
    for (const [head, sort] of [
      ['SEED', 'header.SEED'],
      ['Flag', 'flag'],
      ['Findings', 'findings'],
      ['Tags', 'tags'],
    ] as const) {
      await page.locator('.frames thead th a', { hasText: head }).click();
      await page.waitForURL((url) => url.searchParams.get('sort') === sort);
      const sorted = page.locator('.frames thead th[aria-sort="ascending"]');
      expect(await sorted.textContent()).toContain(head);
    }
  });

  test('chosen columns all stay: the box is moved sideways by keys, under its head', async () => {
    const { page } = open;
    await page.setViewportSize({ width: 1024, height: 800 });
    const columns = 'basename,DATE_OBS,OBJECT,FILTER,EXPTIME,INSTRUME,AIRMASS,tags,findings,size';
    await page.goto(`/frames/?columns=${columns}`);
    const { beyond, isMoved } = await measure(page);
    expect([beyond > 0, isMoved]).toEqual([true, true]);
    const box = page.getByRole('region', { name: 'Table of frames' });
    await box.focus();
    const moved = page.evaluate(`new Promise((done) => {
      const tell = () => done(true);
      document.querySelector('.table-box').addEventListener('scroll', tell, { once: true });
    })`);
    await page.keyboard.press('ArrowRight');
    expect(await moved).toBe(true);
    const left = (await page.locator('td.col-check').first().boundingBox())?.x ?? 0;
    expect(left - ((await box.boundingBox())?.x ?? 0)).toBeLessThan(3);
  });

  test('without a script the selection goes to blink and to a share too, and no key is promised', async () => {
    const storageState = await open.context.storageState();
    const { context } = await openContext(open.browser, open.archive.url, {
      javaScriptEnabled: false,
      storageState,
    });
    const plain = await context.newPage();
    const ids = ['hill-0002', 'hill-0003'].map((name) => open.ids.get(name) ?? 0);
    for (const [name, address] of [
      ['Blink', '/blink/'],
      ['Share', '/shares/new/'],
    ] as const) {
      await plain.goto('/frames/?sort=basename');
      expect(await plain.locator('.selection-bar kbd:visible').count()).toBe(0);
      for (const id of ids) await plain.locator(`[name="frame_ids[]"][value="${id}"]`).check();
      await plain.getByRole('button', { name, exact: true }).click();
      await plain.waitForURL(`**${address}?ids=${ids.join(',')}`);
    }
    await context.close();
  });

  test('a view that there is not is told, as every other parameter that cannot be read', async () => {
    const html = { accept: 'text/html' };
    const answer = await open.archive.fetch('/frames/?view=foo', { headers: html });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('A list is shown as table, sheet, timeline.');
  });
});
