import type { BrowserContext, Page } from 'playwright-core';
import { openContext, overflowOf, withChromium } from '../support/browser.js';
import { openNight, signIn, zipNames } from '../support/pages.js';
import type { OpenNight } from '../support/pages.js';

withChromium('what the list remembers, and the way back', () => {
  let night: OpenNight | undefined;
  let open: OpenNight;
  let page: Page;

  beforeAll(async () => {
    night = await openNight();
    open = night;
    page = open.page;
  });

  afterEach(() => {
    expect(open.complaints.splice(0)).toEqual([]);
  });

  afterAll(() => night?.close());

  /** A page of the admin in a browser that runs no scripts. */
  async function withoutScript(): Promise<{ plain: Page; context: BrowserContext }> {
    const { context } = await openContext(open.browser, open.archive.url, {
      javaScriptEnabled: false,
    });
    const plain = await context.newPage();
    await signIn(plain, open.archive, '/frames/');
    return { plain, context };
  }

  test('flags of many frames are undone from the message, which stays over other lists', async () => {
    await page.goto('/frames/?sort=basename');
    for (const name of ['hill-0002', 'hill-0003']) await page.getByLabel(`Select ${name}`).check();
    await page.keyboard.press('f');
    await page.getByRole('button', { name: 'doubtful' }).click();
    const toast = page.locator('#toast');
    await toast.getByText('2 frames flagged doubtful.').waitFor();
    expect(new URL(page.url()).search).toBe('?sort=basename');
    expect(await page.locator('.frames tbody td', { hasText: 'doubtful' }).count()).toBe(2);
    await page.locator('#filter-form input[name="IMAGETYPE"][value="object"]').check();
    await page.waitForURL('**IMAGETYPE=object**');
    await toast.getByRole('button', { name: 'Undo' }).click();
    await toast.getByText('2 frames marked as before again.').waitFor();
    expect(new URL(page.url()).searchParams.get('IMAGETYPE')).toBe('object');
    expect(await page.locator('.frames tbody td', { hasText: 'doubtful' }).count()).toBe(0);
    await toast.getByLabel('Close this message').click();
    await toast.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Clear' }).click();
  });

  test('the slider of the sheet makes pictures larger by keys, in the address and in this browser', async () => {
    await page.goto('/frames/?view=sheet');
    const slider = page.getByLabel('Size');
    const width = async () => (await page.locator('.plate').first().boundingBox())?.width ?? 0;
    const small = await width();
    await slider.focus();
    await page.keyboard.press('End');
    await page.waitForURL('**plates=5');
    await page.locator('.plate img[src*="width=400"]').first().waitFor();
    expect(await width()).toBeGreaterThan(small * 1.5);
    expect(await slider.getAttribute('aria-valuetext')).toBe('largest');
    expect(await page.evaluate('document.activeElement.id')).toBe('plates');
    await page.goto('/frames/?view=sheet');
    expect(await slider.inputValue()).toBe('5');
    await page.goto('/frames/?view=sheet&plates=1');
    expect(await width()).toBeLessThan(small);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('a search is kept by its name, found, renamed and deleted', async () => {
    await page.goto('/frames/?OBJECT=M+31&FILTER=V');
    const menu = page.locator('.searches');
    await menu.locator('> summary').click();
    await page.getByLabel('Name for what is shown now').fill('M 31 in V');
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.getByText('The search is kept with your account.').waitFor();
    await page.goto('/frames/');
    await menu.locator('> summary').click();
    await menu.getByRole('link', { name: 'M 31 in V' }).click();
    await page.waitForURL('**FILTER=V**');
    await menu.locator('> summary', { hasText: 'M 31 in V' }).waitFor();
    expect(await page.locator('h1').innerText()).toBe('2 frames');
    await menu.locator('> summary').click();
    await page.getByLabel('Rename or delete M 31 in V').click();
    await page.getByLabel('New name of M 31 in V').fill('Andromeda');
    await page.getByRole('button', { name: 'Rename' }).click();
    await menu.locator('> summary', { hasText: 'Andromeda' }).waitFor();
    await menu.locator('> summary').click();
    await page.getByLabel('Rename or delete Andromeda').click();
    await page.getByRole('button', { name: 'Delete the search Andromeda' }).click();
    await page.getByText('The search is deleted.').waitFor();
  });

  test('undo, sizes and searches work without scripts', async () => {
    const { plain, context } = await withoutScript();
    await plain.goto('/frames/?sort=basename');
    await plain.getByLabel('Select hill-0004').check();
    await plain.locator('#flag-menu > summary').click();
    await plain.getByRole('button', { name: 'bad' }).click();
    await plain.getByText('1 frame flagged bad.').waitFor();
    await plain.getByRole('button', { name: 'Undo' }).click();
    await plain.getByText('1 frame marked as before again.').waitFor();
    await plain.getByLabel('Close this message').click();
    await plain.waitForURL('**/frames/?sort=basename');
    await plain.goto('/frames/?view=sheet');
    await plain.getByLabel('Size').focus();
    await plain.keyboard.press('Home');
    await plain.locator('.plate-size').getByRole('button', { name: 'Show' }).click();
    await plain.waitForURL('**plates=1');
    await plain.goto('/frames/?FILTER=R');
    await plain.locator('.searches > summary').click();
    await plain.getByLabel('Name for what is shown now').fill('red');
    await plain.getByRole('button', { name: 'Keep', exact: true }).click();
    await plain.locator('.searches > summary', { hasText: 'red' }).waitFor();
    await context.close();
  });

  test('a frame that somebody removed leaves the selection, and the others are fetched', async () => {
    await page.goto('/frames/?view=table&sort=basename');
    for (const name of ['hill-0002', 'hill-0003']) await page.getByLabel(`Select ${name}`).check();
    const id = open.ids.get('hill-0002');
    expect((await open.archive.fetch(`/frames/${id}/`, { method: 'DELETE' })).ok).toBe(true);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download selected' }).click(),
    ]);
    const names = await zipNames(download);
    expect(names.filter((name) => name.startsWith('hill-0003'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('hill-0002'))).toEqual([]);
    await page.getByText('1 not there any more').waitFor();
  });

  test('the timeline is selected in by keys, a bar or all up to one', async () => {
    await page.goto('/frames/?view=timeline');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByText(/^1 selected/).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Shift+X');
    await page.getByText(/^2 selected/).waitFor();
    await page.keyboard.press('x');
    await page.getByText(/^1 selected/).waitFor();
    await page.keyboard.press('Escape');
  });
});
