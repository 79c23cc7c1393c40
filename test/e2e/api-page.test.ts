import type { Page } from 'playwright-core';
import type { ApiDocument } from '../../src/openapi/index.js';
import { openContext, overflowOf, withChromium } from '../support/browser.js';
import { openNight, type OpenNight } from '../support/pages.js';

const PHONE = { viewport: { width: 390, height: 844 } };

withChromium('the page about the API', () => {
  let night: OpenNight;
  let document: ApiDocument;

  beforeAll(async () => {
    night = await openNight();
    document = await night.archive.json<ApiDocument>('/openapi.json');
  });

  afterAll(async () => {
    await night.close();
  });

  const idsOf = (): string[] =>
    Object.values(document.paths).flatMap((verbs) =>
      Object.values(verbs).map(({ operationId }) => operationId),
    );

  const shown = (page: Page): Promise<number> => page.locator('details[data-row]:visible').count();

  test('has every operation and filter, is linked from the foot, and breaks no rule of the browser', async () => {
    const { page, complaints } = night;
    await page.goto('/account/');
    await page.locator('footer').getByRole('link', { name: 'API' }).click();
    await page.waitForURL('**/docs/api/');
    for (const id of idsOf()) expect(await page.locator(`#${id}`).count()).toBe(1);
    expect(await shown(page)).toBe(idsOf().length);
    expect(await page.locator('#group-Filters').textContent()).toContain('header.CCD-TEMP__lt=-15');
    expect(complaints).toEqual([]);
  });

  test('finds while one types, and an address of an operation opens it', async () => {
    const { page } = night;
    await page.goto('/docs/api/');
    await page.getByLabel('Find in the API').fill('cutout section');
    expect(await shown(page)).toBe(1);
    // Also one that is out of sight just now.
    await page.goto('/docs/api/#getCalibrations');
    await page.locator('#getCalibrations').waitFor({ state: 'visible' });
    expect(await shown(page)).toBe(idsOf().length);
  });

  test('a link to try a request leads to its answer', async () => {
    const { page } = night;
    await page.goto('/docs/api/?q=getAggregate');
    const link = page.locator('#getAggregate').getByRole('link', { name: 'Try' }).first();
    await link.click();
    await page.waitForURL('**/frames/aggregate/');
    expect(await page.textContent('body')).toContain('"sites":["hill"]');
  });

  test('works without scripts, on a phone, in every theme, for whoever has not signed in', async () => {
    const { context, complaints } = await openContext(night.browser, night.archive.url, {
      ...PHONE,
      javaScriptEnabled: false,
    });
    const page = await context.newPage();
    for (const theme of ['light', 'dark', 'red']) {
      await context.addCookies([{ name: 'theme', value: theme, url: night.archive.url }]);
      await page.goto('/docs/api/?q=zipFrames');
      expect(await page.locator('html').getAttribute('data-theme')).toBe(theme);
      expect(await shown(page)).toBe(2);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    }
    await page.getByLabel('Find in the API').fill('xyzzy');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('Nothing has all of these words').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });
});
