import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import type { TestArchive } from '../support/archive.js';
import { openContext, overflowOf, withChromium } from '../support/browser.js';
import { openNight, zipNames } from '../support/pages.js';
import type { OpenNight } from '../support/pages.js';

withChromium('the pages that show frames, in a real browser', () => {
  let night: OpenNight | undefined;
  let archive: TestArchive;
  let browser: Browser;
  let page: Page;
  let complaints: string[] = [];
  let ids: ReadonlyMap<string, number>;

  beforeAll(async () => {
    const opened = await openNight();
    night = opened;
    ({ archive, browser, page, complaints, ids } = opened);
  });

  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(() => night?.close());

  const names = (on: Page): Promise<string[]> =>
    on.locator('[data-row] .col-name a').allInnerTexts();

  test('the list shows the newest frame first and sorts by its heads', async () => {
    await page.goto('/frames/');
    expect(await page.locator('h1').innerText()).toBe('6 frames');
    expect((await names(page))[0]).toBe('hill-0006');
    await page.getByRole('link', { name: 'Exp, s' }).click();
    await page.waitForURL('**sort=EXPTIME**');
    expect((await names(page))[0]).toBe('hill-0001');
    expect(await page.locator('th.col-exposure').getAttribute('aria-sort')).toBe('ascending');
    await page.getByRole('link', { name: 'Exp, s' }).click();
    await page.waitForURL('**order=desc**');
    expect((await names(page)).at(-1)).toBe('hill-0001');
  });

  test('a filter applies at once, stands in the address and as a chip, and the chip takes it back', async () => {
    await page.goto('/frames/');
    await page.locator('#filter-form input[name="FILTER"][value="V"]').check();
    await page.waitForURL('**/frames/?FILTER=V');
    expect(await names(page)).toEqual(['hill-0006', 'hill-0004', 'hill-0002']);
    await page.getByText('Target and name').click();
    await page.getByLabel('Target has').fill('m 31');
    await page.getByLabel('Target has').press('Enter');
    await page.waitForURL('**/frames/?FILTER=V&OBJECT=m+31');
    expect(await names(page)).toEqual(['hill-0004', 'hill-0002']);
    await page.getByRole('link', { name: 'Without Filter V' }).click();
    await page.waitForURL('**/frames/?OBJECT=m+31');
    expect(await page.locator('h1').innerText()).toBe('3 frames');
  });

  test('a choice that gives nothing is set apart, and a list without result says what to leave out', async () => {
    await page.goto('/frames/?OBJECT=NGC+7331&EXPTIME=1000');
    await page.getByText('No frames match all 2 conditions').waitFor();
    await page.locator('.closest a', { hasText: 'without Exposure' }).click();
    await page.locator('h1', { hasText: /^2 frames$/ }).waitFor();
    await page.goto('/frames/?OBJECT=NGC+7331');
    await page.getByText('Not in this selection').first().waitFor();
  });

  test('the address of the page gives the same frames to a program', async () => {
    await page.goto('/frames/?FILTER=V&sort=EXPTIME&order=desc');
    const url = (await page.locator('#api-link').getAttribute('href')) ?? '';
    const list = await archive.json<{ results: { basename: string }[] }>(url);
    expect(list.results.map(({ basename }) => basename)).toEqual(await names(page));
  });

  test('a selection survives paging and is fetched as one zip', async () => {
    await page.goto('/frames/?sort=basename&limit=4');
    await page.getByLabel('Select hill-0002').check();
    await page.getByRole('link', { name: 'Next' }).click();
    await page.getByLabel('Select hill-0005').check();
    await page.getByText('2 selected · on 2 pages · ').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download selected' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.zip$/);
    expect(await zipNames(download)).toEqual(['hill-0002.fits', 'hill-0005.fits']);
    await page.getByRole('button', { name: 'Clear' }).click();
  });

  test('all frames of a list are fetched as one zip', async () => {
    await page.goto('/frames/?FILTER=R');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download all 2' }).click(),
    ]);
    expect(await zipNames(download)).toEqual(['hill-0003.fits', 'hill-0005.fits']);
  });

  test('keys move, select and open; the sheet shows the same frames by target', async () => {
    await page.goto('/frames/');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByText('1 selected').waitFor();
    expect(await page.getByLabel('Select hill-0005').isChecked()).toBe(true);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+G');
    await page.waitForURL('**view=sheet');
    expect(await page.locator('.target h2').allInnerTexts()).toEqual([
      expect.stringContaining('NGC 7331'),
      expect.stringContaining('M 31'),
      expect.stringContaining('Bias'),
    ]);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/frames/${ids.get('hill-0006')}/**`);
  });

  test.each([
    ['22:37:04 +34:24:58', '2 frames'],
    ['M 31', '3 frames'],
    ['andromeda', '3 frames'],
    ['hill-0', '6 frames'],
    ['hill M', '3 frames'],
    ['2026-03-01', 'Sunday 1'],
  ])('the search box finds %s', async (text, title) => {
    await page.goto('/frames/');
    await page.keyboard.press('/');
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
    await page.waitForURL(/RA=|OBJECT=|target=|basename=|q=|nights\/2026/);
    expect(await page.locator('h1').innerText()).toMatch(new RegExp(`^${title}`));
  });

  test('a frame shows its picture, facts, relations and neighbours', async () => {
    await page.goto(`/frames/${ids.get('hill-0004')}/`);
    const picture = page.locator('.picture img');
    await picture.evaluate((image) => (image as unknown as { decode(): Promise<void> }).decode());
    expect(await page.locator('.pairs').first().innerText()).toContain('2026-03-01 20:03:00 UTC');
    expect(await page.getByText('4 of 6 in this night').count()).toBe(1);
    await page.getByRole('link', { name: 'hill-0001' }).last().click();
    await page.waitForURL(`**/frames/${ids.get('hill-0001')}/`);
    await page.getByRole('heading', { name: 'Used by' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.waitForURL(`**/frames/${ids.get('hill-0002')}/`);
  });

  test('the tool bar changes the picture and the address without a new page', async () => {
    await page.goto(`/frames/${ids.get('hill-0002')}/`);
    await page.evaluate('window.isSamePage = true');
    await page.getByRole('link', { name: 'Log', exact: true }).click();
    await page.waitForURL('**stretch=log');
    await page.keyboard.press('i');
    await page.waitForURL('**stretch=log&invert=1');
    expect(await page.locator('.picture img').getAttribute('src')).toContain('stretch=log');
    expect(await page.evaluate('window.isSamePage')).toBe(true);
  });

  test('cards of the header are found as one types', async () => {
    await page.goto(`/frames/${ids.get('hill-0002')}/`);
    await page.getByLabel('Find in the header').fill('tel-ra');
    const shown = page.locator('#cards tbody tr:visible');
    await expect(shown.allInnerTexts()).resolves.toEqual([expect.stringContaining('TEL-RA')]);
    await page.getByRole('link', { name: 'HDU 0', exact: true }).click();
    await page.waitForURL('**header=0**');
    expect(await page.locator('#cards').innerText()).toContain('SIMPLE');
  });

  test('a part of a frame is cut out and its checks are read without scripts', async () => {
    const bare = await openContext(browser, archive.url, {
      javaScriptEnabled: false,
      storageState: await page.context().storageState(),
    });
    const plain = await bare.context.newPage();
    await plain.goto(`/frames/${ids.get('hill-0002')}/?checks=1`);
    await plain.getByText('Cut out a part').click();
    await plain.getByLabel('x', { exact: true }).fill('3');
    await plain.getByLabel('Width').fill('7');
    const [download] = await Promise.all([
      plain.waitForEvent('download'),
      plain.getByRole('button', { name: 'Cut out by pixels' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('hill-0002-cutout.fits');
    expect(readFileSync(await download.path(), 'latin1')).toContain('[4:10,1:24]');
    const checks = await plain.locator('#checks').innerText();
    expect(checks).toContain('no findings');
    expect(checks).toContain('absent in every HDU');
    expect(bare.complaints).toEqual([]);
    await bare.context.close();
  });

  test('the red theme comes and goes by key and lights no green or blue, pictures and dialog included', async () => {
    await page.goto(`/frames/${ids.get('hill-0002')}/?cmap=viridis`);
    await page.keyboard.press('Shift+R');
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    const shot = (await page.screenshot()).toString('base64');
    // The browser itself decodes its screenshot; data: is allowed for images.
    const brightest = await page.evaluate(async (data: string) => {
      const scope = globalThis as unknown as {
        Image: new () => { src: string; width: number; height: number; decode(): Promise<void> };
        OffscreenCanvas: new (
          w: number,
          h: number,
        ) => {
          getContext(kind: '2d'): {
            drawImage(image: unknown, x: number, y: number): void;
            getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
          };
        };
      };
      const image = new scope.Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const canvas = new scope.OffscreenCanvas(image.width, image.height).getContext('2d');
      canvas.drawImage(image, 0, 0);
      const pixels = canvas.getImageData(0, 0, image.width, image.height).data;
      let most = 0;
      for (let at = 0; at < pixels.length; at += 4)
        most = Math.max(most, pixels[at + 1]!, pixels[at + 2]!);
      return most;
    }, shot);
    expect(brightest).toBe(0);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+R');
    expect(await page.locator('html').getAttribute('data-theme')).toBe('auto');
  });

  test.each([
    '/frames/',
    '/frames/?view=sheet',
    '/frames/?OBJECT=none',
    'frame',
    '/upload/',
    '/account/',
    '/admin/users/',
    '/keys/',
  ])('no page scrolls sideways on a small phone: %s', async (path) => {
    const phone = await openContext(browser, archive.url, {
      viewport: { width: 360, height: 740 },
      storageState: await page.context().storageState(),
    });
    const small = await phone.context.newPage();
    await small.goto(path === 'frame' ? `/frames/${ids.get('hill-0004')}/` : path);
    expect(await overflowOf(small)).toBe(0);
    if (path === '/frames/') {
      await small.getByRole('link', { name: 'Filters' }).click();
      await small.getByRole('checkbox', { name: /^R / }).check();
      await small.getByRole('button', { name: 'Show' }).click();
      await small.waitForURL('**/frames/?FILTER=R**');
    }
    expect(phone.complaints).toEqual([]);
    await phone.context.close();
  });

  test('an unknown frame is an error page that says what to do', async () => {
    const answer = await page.goto('/frames/999999/');
    expect(answer?.status()).toBe(404);
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
    // The browser itself reports the status of a page on its console.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('404')]);
  });

  test('a bad value in the address is an error page that names the parameter', async () => {
    const answer = await page.goto('/frames/?night=yesterday');
    expect(answer?.status()).toBe(400);
    await page.getByText('Invalid value for night').waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('400')]);
  });

  test('what comes from files is text, never markup', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    const answer = await archive.upload(
      pyobsFrame(
        {
          OBJECT: evil,
          FILTER: '"><b>',
          FNAME: 'hill-0400.fits',
          'DATE-OBS': '2026-03-05T20:00:00',
        },
        { seed: 111 },
      ),
      `${evil}.fits`,
    );
    for (const path of ['/frames/', '/frames/?view=sheet', `/frames/${answer.files[0]!.id}/`]) {
      await page.goto(path);
      expect(await page.getByText(evil).count()).toBeGreaterThan(0);
      expect(await page.locator('img[src="x"]').count()).toBe(0);
    }
  });

  test('pages and JSON share an address, and caches are told so', async () => {
    const html = await archive.fetch('/frames/', { headers: { Accept: 'text/html' } });
    const json = await archive.fetch('/frames/', { headers: { Accept: '*/*' } });
    expect(html.headers.get('content-type')).toContain('text/html');
    expect(json.headers.get('content-type')).toContain('application/json');
    for (const answer of [html, json]) expect(answer.headers.get('vary')).toContain('Accept');
    expect(
      html.headers
        .getSetCookie()
        .map((cookie) => cookie.split('=')[0])
        .sort(),
    ).toEqual(['archive_csrftoken', 'csrftoken']);
  });
});
