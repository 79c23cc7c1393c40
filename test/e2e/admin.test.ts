import { openNight, type OpenNight } from '../support/pages.js';
import { withChromium } from '../support/browser.js';

withChromium('the page of the admin', () => {
  let night: OpenNight;
  beforeAll(async () => {
    night = await openNight();
  }, 60_000);
  afterAll(async () => {
    await night.close();
  });

  test('tells how the archive stands, and leads to users, log, trash and quarantine', async () => {
    const { page, complaints } = night;
    await page.locator('#menu > summary').click();
    await page.getByRole('link', { name: 'Admin', exact: true }).click();
    await page.waitForURL('**/admin/');
    const words = await page.locator('main').innerText();
    for (const each of ['free of', 'Audit of the files', 'Back-ups', 'There is no back-up.'])
      expect(words).toContain(each);
    expect(await page.getByRole('link', { name: 'Trash' }).last().getAttribute('href')).toBe(
      '/trash/',
    );
    const picture = process.env.SCREENSHOT;
    if (picture !== undefined) await page.screenshot({ path: picture, fullPage: true });
    await page.setViewportSize({ width: 390, height: 800 });
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(wide).toBeLessThanOrEqual(390);
    await page.getByRole('link', { name: 'Log', exact: true }).click();
    await page.waitForURL('**/admin/log/');
    expect(complaints).toEqual([]);
  });
});
