import type { Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { openBrowser, openContext, overflowOf, withChromium } from '../support/browser.js';
import { signIn } from '../support/pages.js';
import type { Browser } from 'playwright-core';

withChromium('trash, quarantine and versions', () => {
  let archive: TestArchive;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  const ids = new Map<string, number>();

  beforeAll(async () => {
    [archive, browser] = await Promise.all([
      startArchive({ PATH_FORMATTER: '{SITEID}/{CAMERA}/', SITE_NAME: 'Test Hill' }),
      openBrowser(),
    ]);
    const opened = await openContext(browser, archive.url);
    complaints = opened.complaints;
    page = await opened.context.newPage();
    for (const [index, name] of ['hill-0001', 'hill-0002', 'hill-0003'].entries()) {
      const bytes = pyobsFrame({ FNAME: `${name}.fits`, CAMERA: 'red' }, { seed: index + 1 });
      ids.set(name, (await archive.upload(bytes, `${name}.fits`)).files[0]!.id!);
    }
    for (const [index, name] of ['lacks-1', 'lacks-2'].entries()) {
      await archive.upload(
        pyobsFrame({ FNAME: `${name}.fits` }, { seed: index + 10 }),
        `${name}.fits`,
      );
    }
    await archive.upload(Buffer.from('<html>an error page</html>'), 'page.fits');
    await signIn(page, archive, '/frames/');
  });

  afterAll(async () => {
    await browser.close();
    expect(await archive.check()).toEqual([]);
    await archive.close();
  });

  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  test('a frame goes to the trash with a reason, and comes back from its page', async () => {
    await page.goto(`/frames/${ids.get('hill-0001')}/`);
    await page.getByRole('link', { name: 'Remove…' }).click();
    await page.getByText('It can be brought back from there for 30 days.').waitFor();
    await page.getByLabel('Why').fill('out of focus');
    await page.getByRole('button', { name: /Remove it/ }).click();
    await page.locator('#menu > summary').click();
    await page.getByRole('link', { name: 'Trash' }).click();
    const row = page.getByRole('row', { name: /hill-0001/ });
    expect(await row.textContent()).toMatch(/out of focus/);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await row.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Bring back' }).click();
    await page.getByText('Empty. A deleted frame lies here for 30 days').waitFor();
    await page.goto(`/frames/${ids.get('hill-0001')}/`);
    expect(await page.title()).toMatch(/^hill-0001/);
  });

  test('a frame that cannot come back says why, and one is removed for good', async () => {
    const id = ids.get('hill-0002')!;
    await archive.fetch(`/frames/${id}/`, { method: 'DELETE' });
    const bytes = pyobsFrame({ FNAME: 'hill-0002.fits', CAMERA: 'red' }, { seed: 2 });
    const twin = (await archive.upload(bytes, 'hill-0002.fits')).files[0]!.id!;
    await page.goto('/trash/');
    await page.getByLabel('hill-0002').check();
    const answer = page.waitForResponse((response) => response.url().endsWith('/trash/'));
    await page.getByRole('button', { name: 'Bring back' }).click();
    expect((await answer).status()).toBe(409);
    await page.getByText(`Another frame is called 'hill-0002' now: frame ${twin}.`).waitFor();
    complaints.splice(0); // the browser notes every 409
    await page.getByLabel('hill-0002').check();
    await page.getByRole('button', { name: 'Remove for good' }).click();
    await page.getByRole('heading', { name: 'Remove 1 frame for good?' }).waitFor();
    expect(await archive.json('/trash/')).toMatchObject({ count: 1 });
    await page.getByRole('button', { name: /Remove for good · / }).click();
    await page.getByText('Empty.').waitFor();
    expect((await archive.fetch(`/trash/${id}/restore/`, { method: 'POST' })).status).toBe(404);
  });

  test('refused files are mended on the page: one value for all that lack it', async () => {
    await page.goto('/upload/');
    await page.getByRole('link', { name: /Set right/ }).click();
    await page.getByRole('heading', { name: 'Quarantine' }).waitFor();
    const broken = page.getByRole('row', { name: /page\.fits/ });
    expect(await broken.textContent()).toMatch(/No header value helps/);
    await page.getByRole('link', { name: /A header value is missing/ }).click();
    expect(await page.getByRole('row').count()).toBe(3);
    await page.getByRole('link', { name: 'lacks-1.fits' }).click();
    await page.getByRole('region', { name: 'Cards of the header' }).waitFor();
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    for (const name of ['lacks-1', 'lacks-2']) await page.getByLabel(`Choose ${name}.fits`).check();
    expect(await page.getByLabel('Keyword').first().inputValue()).toBe('CAMERA');
    await page.getByLabel('Value').first().fill('blue');
    await page.getByLabel('Why', { exact: true }).fill('forgotten');
    if (process.env.SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/quarantine.png`, fullPage: true });
    }
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: 'stored as lacks-1' }).click();
    await page.getByText(/^set to blue by admin, .* UTC: forgotten$/).waitFor();
    expect(await archive.json('/quarantine/')).toMatchObject({ count: 1 });
  });

  test('without scripts a try that fails keeps what was tried, and a file is thrown away', async () => {
    const { context, complaints: own } = await openContext(browser, archive.url, {
      javaScriptEnabled: false,
    });
    try {
      const plain = await context.newPage();
      await signIn(plain, archive, '/quarantine/');
      const bytes = pyobsFrame({ FNAME: 'late.fits', 'DATE-OBS': 'late' }, { seed: 30 });
      await archive.upload(bytes, 'late.fits');
      await plain.reload();
      await plain.getByLabel('Choose late.fits').check();
      await plain.getByLabel('Keyword').nth(0).fill('DATE-OBS');
      await plain.getByLabel('Value').nth(0).fill('2026-03-01T20:00:00');
      await plain.getByRole('button', { name: 'Try again' }).click();
      await plain.getByText('quarantined: Could not find CAMERA').waitFor();
      await plain.getByText('tried 1× with DATE-OBS = 2026-03-01T20:00:00').waitFor();
      // What was tried before holds on.
      await plain.getByLabel('Choose late.fits').check();
      await plain.getByLabel('Keyword').nth(0).fill('CAMERA');
      await plain.getByLabel('Value').nth(0).fill('green');
      await plain.getByRole('button', { name: 'Try again' }).click();
      await plain.getByText('stored as late').waitFor();
      await plain.getByLabel('Choose page.fits').check();
      await plain.getByRole('button', { name: 'Throw away' }).click();
      await plain.getByRole('button', { name: /Throw away · / }).click();
      await plain.getByText('Empty. A file that cannot be filed').waitFor();
      expect(own).toEqual([]);
    } finally {
      await context.close();
    }
  });

  test('a header value is set right on the page of a frame, told who did it, and taken back', async () => {
    const id = ids.get('hill-0003')!;
    await page.goto(`/frames/${id}/`);
    const set = async (keyword: string, value: string): Promise<void> => {
      await page.getByText('Set a value right').click();
      await page.getByLabel('Keyword', { exact: true }).fill(keyword);
      await page.getByLabel('Value', { exact: true }).fill(value);
      await page.getByRole('button', { name: 'Set it right' }).click();
    };
    await set('object', 'M 92 <b>');
    await page.getByRole('heading', { name: 'M 92 <b>' }).waitFor();
    await page.getByText('set to M 92 <b> by admin').waitFor();
    await set('NAXIS1', '7');
    await page.getByText('NAXIS1 describes the bytes of the file').waitFor();
    complaints.splice(0); // the browser notes every 400
    expect(await page.getByLabel('Value', { exact: true }).inputValue()).toBe('7');
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await page.getByRole('button', { name: 'As in the file: OBJECT' }).click();
    await page.getByRole('heading', { name: 'M 31' }).waitFor();
    expect(await archive.json(`/frames/${id}/corrections/`)).toMatchObject({ results: [] });
  });

  test('a note is written on the page of a frame, and an empty one is not', async () => {
    const id = ids.get('hill-0003')!;
    await page.goto(`/frames/${id}/`);
    await page.getByLabel('A note for colleagues').fill('Clouds from 02:10.\n<i>Focus</i> good.');
    await page.getByRole('button', { name: 'Write it down' }).click();
    await page.getByText('<i>Focus</i> good.').waitFor();
    expect(await page.locator('#notes').textContent()).toMatch(/admin, .* UTC/);
    await page.getByLabel('A note for colleagues').fill('   ');
    await page.getByRole('button', { name: 'Write it down' }).click();
    await page.getByText('The note is empty.').waitFor();
    complaints.splice(0);
    const answer = await page.request.post(`/frames/${id}/note/`, { form: { text: 'forged' } });
    expect(answer.status()).toBe(403); // no CSRF token
    expect(await archive.json(`/frames/${id}/notes/`)).toMatchObject({ count: 1 });
  });

  test('versions are listed on the page of a frame, and a former one is shown again', async () => {
    const id = ids.get('hill-0003')!;
    const bytes = pyobsFrame(
      { FNAME: 'hill-0003.fits', CAMERA: 'red', OBJECT: 'M 81' },
      { seed: 40 },
    );
    expect((await archive.upload(bytes, 'hill-0003.fits')).files[0]!.status).toBe('new-version');
    await page.goto(`/frames/${id}/`);
    const versions = page.locator('#versions');
    expect(await versions.getByRole('listitem').count()).toBe(2);
    const saved = page.waitForEvent('download');
    await versions.getByRole('link', { name: 'Download version 1' }).click();
    expect((await saved).suggestedFilename()).toBe('hill-0003.fits');
    expect(await page.getByRole('heading', { level: 2 }).first().textContent()).toBe('M 81');
    await versions.getByRole('button', { name: 'Show this one' }).click();
    await page.waitForURL('**/#versions');
    expect(await page.getByRole('heading', { level: 2 }).first().textContent()).toBe('M 31');
    if (process.env.SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/versions.png`, fullPage: true });
    }
  });

  test('on a phone neither page is wider than the screen', async () => {
    await archive.fetch(`/frames/${ids.get('hill-0003')}/`, { method: 'DELETE' });
    await archive.upload(
      pyobsFrame({ FNAME: 'phone.fits' }, { seed: 50 }),
      'a-rather-long-name-of-a-file.fits',
    );
    const { context } = await openContext(browser, archive.url, {
      viewport: { width: 360, height: 740 },
    });
    try {
      const phone = await context.newPage();
      await signIn(phone, archive, '/trash/');
      for (const path of ['/trash/', '/quarantine/', '/quarantine/?code=header_missing']) {
        await phone.goto(path);
        expect([path, await overflowOf(phone)]).toEqual([path, 0]);
        if (process.env.SCREENSHOTS !== undefined) {
          const name = path.replace(/\W+/g, '-');
          await phone.screenshot({
            path: `${process.env.SCREENSHOTS}/phone${name}.png`,
            fullPage: true,
          });
        }
      }
    } finally {
      await context.close();
    }
  });
});
