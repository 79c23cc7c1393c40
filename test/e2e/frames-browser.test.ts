import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { openContext, overflowOf, withChromium } from '../support/browser.js';
import { nightFrame, openNight, zipNames } from '../support/pages.js';
import type { OpenNight } from '../support/pages.js';

withChromium('the browser of frames', () => {
  let night: OpenNight | undefined;
  let page: Page;
  let open: OpenNight;

  beforeAll(async () => {
    night = await openNight();
    open = night;
    page = open.page;
  });

  afterEach(() => {
    expect(open.complaints.splice(0)).toEqual([]);
  });

  afterAll(() => night?.close());

  const count = (on: Page): Promise<string> => on.locator('h1').innerText();
  const select = (name: string) => page.getByLabel(`Select ${name}`);

  test('the reduction routine: filter, contact sheet, selection across pages, zip with calibrations', async () => {
    await page.goto('/frames/');
    await page.locator('#filter-form input[name="IMAGETYPE"][value="object"]').check();
    await page.waitForURL('**/frames/?IMAGETYPE=object');
    // The list came without another page: the box that was ticked still has the focus.
    expect(await page.evaluate('document.activeElement.name')).toBe('IMAGETYPE');
    await page.getByRole('link', { name: 'Sheet' }).click();
    await page.waitForURL('**view=sheet');
    await page.goto(`${page.url()}&limit=2&sort=basename`);
    await select('hill-0002').check();
    await page.getByRole('link', { name: 'Next' }).click();
    await select('hill-0004').check();
    await page.getByText('2 selected · on 2 pages · ').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'with calibrations', exact: true }).click(),
    ]);
    expect(await zipNames(download)).toEqual(
      expect.arrayContaining(['hill-0002.fits.fz', 'hill-0004.fits.fz'].map(toStored)),
    );
    const names = await zipNames(download);
    expect(names.some((name) => name.startsWith('hill-0001'))).toBe(true);
    expect(names.some((name) => /hill-000[356]/.test(name))).toBe(false);
    await page.goto('/frames/?sort=basename');
    await page.getByText('2 selected').waitFor();
    expect(await select('hill-0004').isChecked()).toBe(true);
  });

  test('all frames of a list are selected at once, whatever page they are on', async () => {
    await page.goto('/frames/?IMAGETYPE=object&limit=2');
    const total = /^\d+/.exec(await count(page))?.[0] ?? '';
    await page.keyboard.press('Escape');
    await page.locator('[data-row] input').first().check();
    await page.getByRole('button', { name: `Select all ${total}` }).click();
    const pages = Math.ceil(Number(total) / 2);
    await page.getByText(`${total} selected · on ${pages} pages · `).waitFor();
    await page.getByRole('link', { name: 'Next' }).click();
    await page.waitForURL('**offset=2**');
    expect(await page.locator('[data-row] input:not(:checked)').count()).toBe(0);
  });

  test('what a zip holds is to the byte what was uploaded', async () => {
    await page.goto('/frames/?basename=hill-0005');
    const menu = page.locator('.page-head .split');
    await menu.locator('summary').click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      menu.getByRole('link', { name: 'Zip, unpacked' }).click(),
    ]);
    const zip = await readFile(await download.path());
    const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    const frame = nightFrame(4);
    const at = zip.indexOf(frame.subarray(0, 80));
    expect(at).toBeGreaterThan(0);
    expect(sum(zip.subarray(at, at + frame.length))).toBe(sum(frame));
  });

  test('going back shows the list before, and the page is not loaded again for any of it', async () => {
    await page.goto('/frames/?sort=basename');
    await page.evaluate('window.stayed = true');
    await page.locator('input[type="checkbox"][name="FILTER"][value="R"]').check();
    await page.waitForURL('**FILTER=R**');
    expect(await count(page)).toBe('2 frames');
    await page.goBack();
    await page.locator('h1', { hasText: /^6 frames$/ }).waitFor();
    expect(await page.evaluate('window.stayed')).toBe(true);
  });

  test('columns are chosen, put in order, kept for this browser, and any keyword can be one', async () => {
    await page.goto('/frames/?sort=basename');
    await page.locator('#columns > summary').click();
    await page.getByLabel('Without Camera').click();
    await page.waitForURL('**columns=**');
    await page.getByLabel('Any header keyword').fill('l1bias');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.waitForURL('**header.L1BIAS**');
    const heads = page.locator('.frames thead th');
    expect(await heads.allInnerTexts()).toContain('L1BIAS');
    expect(await page.locator('td.col-header').allInnerTexts()).toContain('hill-0001');
    await page.goto('/frames/');
    const kept = await heads.allInnerTexts();
    expect([kept.includes('L1BIAS'), kept.includes('Camera')]).toEqual([true, false]);
    await page.locator('#columns > summary').click();
    await page.getByRole('link', { name: 'The usual columns' }).click();
    await page.locator('.frames th', { hasText: 'L1BIAS' }).waitFor({ state: 'detached' });
  });

  test('selected frames are flagged and tagged at once, and found by that', async () => {
    await page.goto('/frames/?sort=basename');
    await page.getByRole('button', { name: 'Clear' }).click();
    await select('hill-0002').check();
    await select('hill-0003').check();
    await page.keyboard.press('f');
    await page.getByRole('button', { name: 'doubtful' }).click();
    await page.getByText('2 frames flagged doubtful.').waitFor();
    expect(new URL(page.url()).search).toBe('?sort=basename');
    await page.locator('.drop > summary', { hasText: 'Tag' }).click();
    await page.getByLabel('Tag for the selected frames').fill('Check Me');
    await page.getByRole('button', { name: 'Tag them' }).click();
    await page.getByText('2 frames tagged check me.').waitFor();
    await page.goto('/frames/?flag=doubtful&tag=check+me&sort=basename');
    expect(await count(page)).toBe('2 frames');
  });

  test('a place is looked up by its name, and the timeline draws what is found', async () => {
    await page.goto('/frames/');
    await page.locator('summary', { hasText: 'Position' }).click();
    await page.getByLabel('Place of an object').fill('NGC 7331');
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.waitForURL('**RA=22**');
    expect(await count(page)).toBe('2 frames');
    await page.getByRole('link', { name: 'Timeline' }).click();
    await page.waitForURL('**view=timeline');
    const bars = page.locator('.lane a[data-ids]');
    expect(await bars.count()).toBe(2);
    expect(await bars.first().getAttribute('aria-label')).toContain('hill-000');
    // One tab stop, with arrows inside.
    expect(await page.locator('.lane a[tabindex="0"]').count()).toBe(1);
    await page.locator('.lane a[tabindex="0"]').focus();
    const focused = (): Promise<unknown> =>
      page.evaluate('document.activeElement.getAttribute("aria-label")');
    const before = await focused();
    await page.keyboard.press('ArrowRight');
    expect(await focused()).not.toBe(before);
    expect(await page.locator('.lane a[tabindex="0"]').count()).toBe(1);
    await page.goto('/frames/?resolve=No+Such+Thing');
    await page.getByText('does not know “No Such Thing”').waitFor();
    open.complaints.splice(0); // the answer was 400, which the console tells too
  });

  test('all of it works without a script, and on the phone nothing reaches beyond the window', async () => {
    const options = { javaScriptEnabled: false, storageState: await open.context.storageState() };
    const { context } = await openContext(open.browser, open.archive.url, {
      ...options,
      viewport: { width: 360, height: 800 },
    });
    const plain = await context.newPage();
    for (const view of ['table', 'sheet', 'timeline']) {
      await plain.goto(`/frames/?view=${view}`);
      expect([view, await overflowOf(plain)]).toEqual([view, 0]);
    }
    await plain.setViewportSize({ width: 1280, height: 800 });
    await plain.goto('/frames/');
    await plain.locator('summary', { hasText: 'Header conditions' }).click();
    await plain.getByLabel('Keyword of a new condition').fill('L1BIAS');
    await plain.getByLabel('Value of a new condition').fill('hill-0001');
    await plain.getByRole('button', { name: 'Show' }).click();
    await plain.waitForURL('**/frames/?header.L1BIAS=hill-0001');
    expect(await count(plain)).toBe('1 frame');
    await plain.getByLabel('Select hill-0004').check();
    const [download] = await Promise.all([
      plain.waitForEvent('download'),
      plain.getByRole('button', { name: 'Download selected' }).click(),
    ]);
    expect((await zipNames(download)).some((name) => name.startsWith('hill-0004'))).toBe(true);
    await context.close();
  });

  test('the list is a VOTable too, and thumbnails are kept by the hash of their bytes', async () => {
    const { archive } = open;
    const answer = await archive.fetch('/frames/?format=votable&sort=basename&limit=2');
    expect(answer.headers.get('content-type')).toBe('application/x-votable+xml');
    const table = await answer.text();
    expect(table.match(/<TR>/g)).toHaveLength(2);
    expect(table).toContain('<TD>hill-0001</TD>');
    await page.goto('/frames/');
    const url = (await page.locator('.col-thumb img').first().getAttribute('src')) ?? '';
    const kept = (await archive.fetch(url)).headers.get('cache-control');
    expect(kept).toBe('private, max-age=31536000, immutable');
    const old = url.replace(/v=\w{12}/, 'v=000000000000');
    expect((await archive.fetch(old)).headers.get('cache-control')).toBe('private, max-age=3600');
  });
});

/** A name as it is in a zip, however the archive keeps the file. */
function toStored(name: string): unknown {
  return expect.stringMatching(new RegExp(`^${name.replace('.fits.fz', '')}\\.fits(?:\\.fz)?$`));
}
