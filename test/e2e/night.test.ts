import type { Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import { openContext, withChromium } from '../support/browser.js';
import { openNight, signIn, zipNames } from '../support/pages.js';
import type { OpenNight } from '../support/pages.js';

const NIGHT = '/nights/2026-03-01/';

withChromium('the page of a night, in a real browser', () => {
  let night: OpenNight | undefined;
  let page: Page;
  let opened: OpenNight;

  beforeAll(async () => {
    opened = night = await openNight();
    ({ page } = opened);
    // What plots need, and the night after.
    const seen = { AIRMASS: 1.2, 'TEL-ALT': 56, 'DET-TEMP': -20.1, FILTER: 'B' };
    const more = [
      ['hill-0007', { ...seen, 'DATE-OBS': '2026-03-01T20:07:00' }],
      ['hill-0008', { ...seen, AIRMASS: 1.3, 'TEL-ALT': 50, 'DATE-OBS': '2026-03-01T20:47:00' }],
      ['hill-0011', { 'DATE-OBS': '2026-03-02T20:00:00', 'DAY-OBS': '2026-03-02' }],
    ] as const;
    for (const [index, [name, cards]] of more.entries()) {
      const file = pyobsFrame(
        { OBJECT: 'M 31', FNAME: `${name}.fits`, ...cards },
        { seed: 91 + index },
      );
      await opened.archive.upload(file, `${name}.fits`);
    }
    await opened.archive.upload(Buffer.from('SIMPLE  = no'), 'broken-20260301.fits');
  });

  afterEach(() => {
    expect(opened.complaints.splice(0)).toEqual([]);
  });

  afterAll(() => night?.close());

  const bar = (number: string) => page.locator(`.timeline-roll a[aria-label^="${number} · "]`);

  test('it answers what there is: figures, bars that lead to frames, minutes by target and filter', async () => {
    await page.goto(NIGHT);
    expect(await page.locator('h1').innerText()).toBe('Sunday 1 → Monday 2 March 2026');
    expect(await page.locator('.night-facts').innerText()).toContain(
      '8\nframes, 7 of them science',
    );
    expect(await page.locator('.timeline-roll a').count()).toBe(8);
    const row = page.locator('.integration tbody tr', { hasText: 'NGC 7331' });
    expect((await row.innerText()).split(/\s+/)).toEqual(
      expect.arrayContaining(['NGC', '7331', '5', '1×300', '0:10']),
    );
    expect(await page.locator('#calibrations .alert').first().innerText()).toContain(
      'Science without',
    );
    expect(await page.locator('#quarantined').innerText()).toContain('broken-20260301.fits');
    await bar('0005').click();
    await page.waitForURL(`**/frames/${opened.ids.get('hill-0005')}/`);
  });

  test('a bar under the pointer, or in focus, shows its picture and facts below it', async () => {
    await page.goto(NIGHT);
    await bar('0003').hover();
    const card = page.locator('#bar-card');
    await card.waitFor();
    expect(await card.innerText()).toContain('0003 · M 31');
    expect(await card.innerText()).toContain('20:02:00 UTC');
    await page.waitForFunction('document.querySelector("#bar-card img").naturalWidth > 0');
    const [below, above] = [await card.boundingBox(), await bar('0003').boundingBox()];
    expect(below!.y).toBeGreaterThan(above!.y + above!.height - 1);
    await page.mouse.move(2, 2);
    await card.waitFor({ state: 'hidden' });
  });

  test('the timeline is one tab stop, and arrow keys go through the night', async () => {
    await page.goto(NIGHT);
    expect(await page.locator('.timeline-roll a[tabindex="0"]').count()).toBe(1);
    await bar('0001').focus();
    for (const [key, number] of [
      ['ArrowRight', '0002'],
      ['ArrowRight', '0003'],
      ['ArrowLeft', '0002'],
      ['End', '0008'],
      ['Home', '0001'],
    ] as const) {
      await page.keyboard.press(key);
      const label = await page.evaluate('document.activeElement.getAttribute("aria-label")');
      expect(label).toMatch(new RegExp(`^${number} · `));
      expect(await page.locator('#bar-card').innerText()).toContain(number);
    }
    expect(await page.locator('.timeline-roll a[tabindex="0"]').count()).toBe(1);
  });

  test('brackets go to the nights around, and stop where there are none', async () => {
    await page.goto(NIGHT);
    await page.keyboard.press(']');
    await page.waitForURL('**/nights/2026-03-02/');
    await page.keyboard.press('[');
    await page.waitForURL(`**${NIGHT}`);
    expect(await page.locator('[data-key="["]').count()).toBe(0);
  });

  test('plots follow the address: what is plotted, against what', async () => {
    await page.goto(`${NIGHT}?plots=airmass,temperature`);
    expect(await page.locator('.plot figcaption').allInnerTexts()).toEqual([
      expect.stringContaining('Airmass'),
      expect.stringContaining('Camera temperature, °C'),
    ]);
    expect(await page.locator('.plot').first().locator('use').count()).toBe(2);
    await page.getByRole('link', { name: 'Altitude', exact: true }).click();
    await page.waitForURL('**x=altitude**');
    expect(await page.locator('.plot').first().innerText()).toContain('30°');
    await page.locator('.night-plots summary').click();
    await page.getByRole('link', { name: 'Airmass', exact: true }).click();
    await page.waitForURL('**plots=temperature**');
  });

  test('a note is written with the key N, edited, and keeps its history', async () => {
    await page.goto(NIGHT);
    await page.keyboard.press('n');
    const field = page.getByLabel('What happened, what was odd');
    await field.fill('**Clouds** from west <b>now</b>');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**#notes');
    expect(await page.locator('#notes strong').innerText()).toBe('Clouds');
    expect(await page.locator('#notes .night-note').innerText()).toContain('<b>now</b>');
    await page.goto(NIGHT);
    await page.keyboard.press('n');
    await field.fill('Clear again');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('version 2').waitFor();
    expect(await page.locator('#notes').innerText()).toContain('admin');
    await page.getByText('History').click();
    expect(await page.locator('.note-history').innerText()).toContain('Clouds from west');
  });

  test('a note that another one overtook is not lost, and neither is the other', async () => {
    await page.goto(NIGHT);
    await page.keyboard.press('n');
    await page.getByLabel('What happened, what was odd').fill('Mine');
    const body = JSON.stringify({ text: 'Theirs' });
    const headers = { 'Content-Type': 'application/json' };
    await opened.archive.fetch(`${NIGHT}notes/`, { method: 'POST', body, headers });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').waitFor();
    opened.complaints.splice(0); // the browser tells of every answer that refuses
    expect(await page.getByLabel('What happened, what was odd').inputValue()).toBe('Mine');
    expect(await page.locator('.night-note').first().innerText()).toBe('Theirs');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**#notes');
    expect(await page.locator('.night-note').first().innerText()).toBe('Mine');
  });

  test('the night comes as a zip of its frames', async () => {
    await page.goto(NIGHT);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /^Download night/ }).click(),
    ]);
    expect(await zipNames(download)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `hill-000${number}.fits`),
    );
    await page.locator('.night-download summary').click();
    const [science] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /^Science frames \d/ }).click(),
    ]);
    expect(await zipNames(science)).toHaveLength(7);
  });

  test('on paper it is a log sheet: no bars and buttons, all tables', async () => {
    await page.goto(NIGHT);
    await page.emulateMedia({ media: 'print' });
    for (const part of ['.top', '.night-tools', '.foot']) {
      expect(await page.locator(part).isVisible()).toBe(false);
    }
    for (const part of [
      '.night-facts',
      '.timeline-roll',
      '.integration',
      '.matrix',
      '.night-note',
    ]) {
      expect(await page.locator(part).first().isVisible()).toBe(true);
    }
    await page.emulateMedia({ media: null });
    await page.goto(`${NIGHT}?sheet=1`);
    expect(await page.locator('.top').isVisible()).toBe(false);
  });

  test('all of it is there without script', async () => {
    const { context } = await openContext(opened.browser, opened.archive.url, {
      javaScriptEnabled: false,
    });
    const plain = await context.newPage();
    await signIn(plain, opened.archive, NIGHT);
    expect(await plain.locator('.timeline-roll a').count()).toBe(8);
    expect(await plain.locator('.plot').count()).toBeGreaterThan(0);
    await plain.locator('.note-edit summary').click();
    await plain.getByLabel('What happened, what was odd').fill('Without script');
    await plain.getByRole('button', { name: 'Save' }).click();
    await plain.waitForURL('**#notes');
    expect(await plain.locator('.night-note').first().innerText()).toBe('Without script');
    await plain.locator('.timeline-roll a[aria-label^="0002 · "]').click();
    await plain.waitForURL(`**/frames/${opened.ids.get('hill-0002')}/`);
    await context.close();
  });

  test('a night without frames offers the nearest ones; what is no date is not there', async () => {
    await page.goto('/nights/2026-03-05/');
    expect(await page.locator('h2').first().innerText()).toBe('No frames of this night');
    opened.complaints.splice(0); // the browser tells of every answer 404
    await page
      .getByRole('link', { name: /Monday 2 → Tuesday 3 March/ })
      .last()
      .click();
    await page.waitForURL('**/nights/2026-03-02/');
    const answer = await page.goto('/nights/2026-02-30/');
    expect(answer?.status()).toBe(404);
    expect(await page.locator('main').innerText()).toContain('called by its date');
    opened.complaints.splice(0);
  });
});
