import type { Browser, Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { openBrowser, openContext, overflowOf, withChromium } from '../support/browser.js';
import { signIn } from '../support/pages.js';

withChromium('the history of corrections, without scripts', () => {
  let archive: TestArchive;
  let browser: Browser;

  beforeAll(async () => {
    [archive, browser] = await Promise.all([startArchive(), openBrowser()]);
  });

  afterAll(async () => {
    await browser.close();
    expect(await archive.check()).toEqual([]);
    await archive.close();
  });

  /** The page of a fresh frame whose header says V, with a window so wide. */
  async function openFrame(name: string, width: number): Promise<Page> {
    const bytes = pyobsFrame({ FNAME: `${name}.fits`, FILTER: 'V' }, { seed: width });
    const id = (await archive.upload(bytes, `${name}.fits`)).files[0]!.id!;
    const { context } = await openContext(browser, archive.url, {
      javaScriptEnabled: false,
      viewport: { width, height: 800 },
    });
    const page = await context.newPage();
    await signIn(page, archive, `/frames/${id}/`);
    return page;
  }

  async function set(page: Page, value: string, why: string): Promise<void> {
    await page.getByText('Set a value right').click();
    await page.getByLabel('Keyword', { exact: true }).fill('FILTER');
    await page.getByLabel('Value', { exact: true }).fill(value);
    await page.getByLabel('Why', { exact: true }).fill(why);
    await page.getByRole('button', { name: 'Set it right' }).click();
  }

  const steps = async (page: Page): Promise<string[]> => {
    const texts = await page.locator('#corrections li > span').allTextContents();
    return texts.map((text) => text.replace(/20\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)?/, 'then'));
  };

  const SET = 'FILTER: V → R, admin, then UTC: wheel was <b>misread';

  test('a value is set with a reason, undone step by step, and all of it stays to be read', async () => {
    const page = await openFrame('wheel-1', 1280);
    expect(await page.locator('#corrections').count()).toBe(0);
    await set(page, 'R', 'wheel was <b>misread');
    expect(await steps(page)).toEqual([SET]);
    await page.getByText('set to R by admin').waitFor();
    await set(page, 'I', '');
    const again = 'FILTER: R → I, admin, then UTC';
    expect(await steps(page)).toEqual([SET, again]);
    // Only the last change of a keyword can be undone; to what it was, with its type.
    await page.getByRole('button', { name: 'Undo: FILTER' }).click();
    const back = 'FILTER: I → R, admin, then UTC';
    expect(await steps(page)).toEqual([SET, again, back]);
    await page.getByText('Set a value right').click();
    await page.getByLabel('Why', { exact: true }).fill('it was V after all');
    await page.getByRole('button', { name: 'As in the file: FILTER' }).click();
    const withdrawn = 'FILTER: R → V as in the file, admin, then UTC: it was V after all';
    expect(await steps(page)).toEqual([SET, again, back, withdrawn]);
    expect(await page.locator('.card-mark').count()).toBe(0);
    if (process.env.SCREENSHOTS !== undefined) {
      const part = page.locator('#header');
      await part.screenshot({ path: `${process.env.SCREENSHOTS}/correction-history.png` });
    }
    // Undoing the withdrawal sets it once more.
    await page.getByRole('button', { name: 'Undo: FILTER' }).click();
    await page.getByText('set to R by admin').waitFor();
    expect(await steps(page)).toHaveLength(5);
  });

  test('a reason that cannot be taken is told beside what was typed, on a phone in night vision too', async () => {
    const page = await openFrame('wheel-2', 360);
    await page.context().addCookies([{ name: 'theme', value: 'red', url: archive.url }]);
    await set(page, 'R', 'turn\u202eed');
    await page.getByText('The reason is a text with characters that cannot be shown').waitFor();
    expect(await page.getByLabel('Why', { exact: true }).inputValue()).toBe('turn\u202eed');
    expect(await page.getByLabel('Value', { exact: true }).inputValue()).toBe('R');
    await page.getByLabel('Why', { exact: true }).fill('wheel was <b>misread'.repeat(20));
    await page.getByRole('button', { name: 'Set it right' }).click();
    expect(await steps(page)).toEqual([SET.replace(/wheel.*/, 'wheel was <b>misread'.repeat(20))]);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    const undo = await page.getByRole('button', { name: 'Undo: FILTER' }).boundingBox();
    expect(undo?.height).toBeGreaterThanOrEqual(44);
    if (process.env.SCREENSHOTS !== undefined) {
      const part = page.locator('#header');
      await part.screenshot({ path: `${process.env.SCREENSHOTS}/correction-history-phone.png` });
    }
  });
});
