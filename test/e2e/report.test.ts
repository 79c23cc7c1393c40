import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { faultsOf } from '../support/axe.js';
import { overflowOf, withChromium } from '../support/browser.js';
import { openNight } from '../support/pages.js';
import type { OpenNight } from '../support/pages.js';
import { SIZES, THEMES, wearTheme } from '../support/walk.js';

const REPORT = '/nights/2026-03-01/report/';

withChromium('the morning report as a page', () => {
  let night: OpenNight | undefined;
  let page: Page;

  beforeAll(async () => {
    night = await openNight();
    ({ page } = night);
    await night.archive.upload(Buffer.from('SIMPLE  = no'), 'broken-20260301.fits');
  });

  afterEach(() => {
    expect(night?.complaints.splice(0)).toEqual([]);
  });

  afterAll(() => night?.close());

  test('it is found from the night, and leads to what it counts and back', async () => {
    await page.goto('/nights/2026-03-01/');
    await page.getByRole('link', { name: 'Report', exact: true }).click();
    await page.waitForURL(`**${REPORT}`);
    expect(await page.locator('h1').innerText()).toBe('Sunday 1 → Monday 2 March 2026');
    const calibrations = page.locator('.report-lines li', { hasText: 'Calibrations' });
    expect(await calibrations.getAttribute('class')).toBe('needs-hand');
    expect(await calibrations.innerText()).toContain('(needs a hand)');
    await page.locator('.report-lines li', { hasText: 'Frames' }).getByRole('link').first().click();
    await page.waitForURL('**/frames/?night=2026-03-01');
    await page.goto(REPORT);
    await page.getByRole('link', { name: 'broken-20260301.fits' }).click();
    await page.waitForURL('**/quarantine/');
    await page.goto(REPORT);
    await page.getByRole('link', { name: 'The night', exact: true }).click();
    await page.waitForURL('**/nights/2026-03-01/');
  });

  test('a night without frames has one too', async () => {
    await page.goto('/nights/2026-03-05/report/');
    expect(await page.locator('.report-lines').innerText()).toContain('No frame came.');
    expect(await faultsOf(page)).toEqual([]);
  });

  test.each(Object.entries(SIZES))(
    'axe has nothing to say of it on the %s, in any theme, and red is red',
    async (_, size) => {
      await page.setViewportSize(size);
      await page.goto(REPORT);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      for (const theme of THEMES) {
        await wearTheme(page, theme);
        expect(await faultsOf(page)).toEqual([]);
      }
      const { channels } = await sharp(await page.screenshot())
        .removeAlpha()
        .stats();
      expect(channels.map(({ max }) => max > 0)).toEqual([true, false, false]);
    },
  );
});
