/** Targets and shares in a real browser: with keys, and a link in a fresh profile. */
import type { Browser, Page } from 'playwright-core';
import type { TestArchive } from '../support/archive.js';
import { openContext, withChromium } from '../support/browser.js';
import { openNight, zipNames, type OpenNight } from '../support/pages.js';

withChromium('targets and shares, in a real browser', () => {
  let night: OpenNight | undefined;
  let archive: TestArchive;
  let browser: Browser;
  let page: Page;
  let complaints: string[] = [];
  let link = '';

  beforeAll(async () => {
    night = await openNight();
    ({ archive, browser, page, complaints } = night);
  });

  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(() => night?.close());

  const names = (): Promise<string[]> =>
    page.locator('.targets-list td.col-name a').allInnerTexts();

  test('the list has every object once, is sorted by its heads and found by any name', async () => {
    await page.goto('/targets/');
    expect(await page.locator('h1').innerText()).toBe('2 targets');
    expect(await page.locator('.sky-map .sky-dot').count()).toBe(2);
    await page.getByRole('link', { name: 'Frames', exact: true }).last().click();
    await page.waitForURL('**sort=frames');
    expect(await names()).toEqual(['M 31', 'NGC 7331']);
    await page.getByRole('link', { name: 'Frames', exact: true }).last().click();
    await page.waitForURL('**order=asc');
    expect(await names()).toEqual(['NGC 7331', 'M 31']);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/targets/M%2031/');
    await page.goBack();
    await page.getByLabel('Name of a target').fill('andromeda');
    await page.keyboard.press('Enter');
    await page.waitForURL('**q=andromeda');
    expect(await names()).toEqual(['M 31']);
    await page.goto('/targets/?q=nothing');
    await page.getByRole('link', { name: 'Show all targets' }).click();
    await page.waitForURL('**/targets/');
  });

  test('a target has its light by filter and year, its frames on the sky, and neighbours by keys', async () => {
    await page.goto('/targets/andromeda/');
    expect(await page.locator('h1').innerText()).toBe('M 31');
    const filters = await page.locator('.light tbody th').allInnerTexts();
    expect(filters.map((name) => name.trim())).toEqual(['V', 'R']);
    expect(await page.locator('.best li').count()).toBe(3);
    expect(await page.getByRole('link', { name: 'Show 3 frames' }).count()).toBe(1);
    await page.keyboard.press(']');
    await page.waitForURL('**/targets/NGC%207331/');
    await page.keyboard.press('[');
    await page.waitForURL('**/targets/M%2031/');
    await page.getByRole('link', { name: '2026', exact: true }).click();
    await page.waitForURL('**/frames/?target=M%2031**');
    expect(await page.locator('h1').innerText()).toContain('3 frames');
  });

  test('an object that no frame shows is told, with those that are like it', async () => {
    const answer = await page.goto('/targets/M%2032/');
    expect(answer?.status()).toBe(404);
    await page.getByText("No frame shows an object 'M 32'").waitFor();
    complaints.length = 0; // the browser tells of the 404 itself
  });

  test('frames of a target are shared, and the link is told once', async () => {
    await page.goto('/targets/M%2031/');
    await page.getByRole('link', { name: 'Share…' }).click();
    await page.waitForURL('**/shares/new/**');
    await page.getByLabel('Title').fill('Galaxy for Anna');
    await page.getByLabel('7 days').check();
    await page.getByRole('button', { name: /^Share 3 frames · / }).click();
    link = await page.locator('#new-token').innerText();
    expect(link).toMatch(/\/s\/[0-9a-f]{40}\/$/);
    await page.goto('/shares/');
    expect(await page.locator('td b').allInnerTexts()).toEqual(['Galaxy for Anna']);
    expect(await page.getByText(link).count()).toBe(0);
  });

  test('a fresh profile sees the frames and gets the zip, and nothing else', async () => {
    const fresh = await openContext(browser, archive.url);
    const visitor = await fresh.context.newPage();
    await visitor.goto(link);
    expect(await visitor.locator('h1').innerText()).toBe('Galaxy for Anna');
    expect(await visitor.locator('header.top').count()).toBe(0);
    const picture = visitor.locator('.share-plate img').first();
    await picture.evaluate((image) => (image as unknown as { decode(): Promise<void> }).decode());
    const [download] = await Promise.all([
      visitor.waitForEvent('download'),
      visitor.getByRole('link', { name: /^Download 3 frames · / }).click(),
    ]);
    const files = ['README.txt', 'SHA256SUMS', 'hill-0002.fits', 'hill-0003.fits'];
    expect(await zipNames(download)).toEqual([...files, 'hill-0004.fits']);
    await visitor.goto('/frames/');
    expect(visitor.url()).toContain('/accounts/login/');
    expect(fresh.complaints).toEqual([]);
    await fresh.context.close();
  });

  test('a share that was ended says so to whoever comes late', async () => {
    await page.goto('/shares/');
    await page.getByRole('button', { name: 'End Galaxy for Anna' }).click();
    await page.getByText('The share is ended').waitFor();
    const fresh = await openContext(browser, archive.url);
    const visitor = await fresh.context.newPage();
    const answer = await visitor.goto(link);
    expect(answer?.status()).toBe(410);
    await visitor.getByRole('heading', { name: 'This share has ended' }).waitFor();
    await fresh.context.close();
  });
});
