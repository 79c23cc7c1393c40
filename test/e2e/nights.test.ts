import type { Browser, BrowserContext, Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { openBrowser, openContext, overflowOf, withChromium } from '../support/browser.js';
import { signIn } from '../support/pages.js';

/** Names of frames with what is special about each: three nights, the newest with two cameras. */
const FRAMES = [
  ['n-01', { 'DAY-OBS': '2026-02-27', 'DATE-OBS': '2026-02-27T21:00:00', FILTER: 'R' }],
  ['n-02', { 'DAY-OBS': '2026-02-27', 'DATE-OBS': '2026-02-27T21:10:00', FILTER: 'R' }],
  ['n-03', { 'DAY-OBS': '2025-03-04', 'DATE-OBS': '2025-03-04T23:00:00' }],
  ['n-04', { 'DAY-OBS': '2026-02-20', 'DATE-OBS': '2026-02-20T22:00:00', IMAGETYP: 'bias' }],
  ['n-05', { 'DATE-OBS': '2026-03-01T20:00:00', EXPTIME: 300 }],
  ['n-06', { 'DATE-OBS': '2026-03-01T20:10:00', EXPTIME: 300, OBJECT: 'NGC 7331' }],
  ['n-07', { 'DATE-OBS': '2026-03-01T21:00:00', INSTRUME: 'cam2', FILTER: 'R', EXPTIME: 600 }],
] as const;

const NOTED = '2026-02-28';

async function fill(archive: TestArchive): Promise<void> {
  for (const [index, [name, cards]] of FRAMES.entries()) {
    // Those of the newest night are for everybody.
    const isPublic = index > 3;
    const bytes = pyobsFrame(
      { ...cards, FNAME: `${name}.fits`, L1PUBDAT: isPublic ? '2026-03-02' : '2099-01-01' },
      { seed: index + 1 },
    );
    await archive.upload(bytes, `${name}.fits`);
  }
  await archive.upload(Buffer.from('no file at all'), 'torn-20260301.fits');
  const note = await archive.fetch(`/nights/${NOTED}/notes/`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ text: 'Rain all night, dome stayed closed.' }),
  });
  expect(note.status).toBe(201);
}

withChromium('the front page, in a real browser', () => {
  let archive: TestArchive;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[] = [];
  let close: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    archive = await startArchive({
      SITE_ID: 'hill',
      SITE_LATITUDE: '51.5',
      SITE_LONGITUDE: '9.9',
      ANONYMOUS: 'public',
    });
    close = () => archive.close();
    browser = await openBrowser();
    close = async () => {
      await browser.close();
      await archive.close();
    };
    await fill(archive);
    ({ context, complaints } = await openContext(browser, archive.url));
    page = await context.newPage();
    await signIn(page, archive, '/nights/');
  });

  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(() => close?.());

  const days = (on: Page): Promise<string[]> =>
    on.evaluate(
      "[...document.querySelectorAll('[data-row] [data-open]')].map((link) => link.getAttribute('href'))",
    );

  test('the root leads here, and the newest night is told in figures', async () => {
    await page.goto('/');
    await page.waitForURL('**/nights/');
    const title = await page.locator('h1').innerText();
    expect(title.replaceAll(/\s/g, ' ')).toBe('3 frames, 2 targets, 20 min');
    expect(await page.locator('.hero-when').innerText()).toContain(
      'Sunday 1 → Monday 2 March 2026',
    );
    expect(await page.locator('.hero-picture .samples img').count()).toBe(3);
    const open = page.getByRole('link', { name: 'Open the night' });
    expect(await open.getAttribute('href')).toBe('/nights/2026-03-01/');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /Download the night/ }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.zip$/);
    await download.cancel();
  });

  test('what is missing and what waits is listed with the way to mend it', async () => {
    await page.goto('/nights/');
    const flats = page.locator('.hero-todo a', { hasText: 'V flats missing on cam1' });
    await flats.waitFor(); // it may be looked for while the page is read
    expect(await flats.innerText()).toContain('2 science frames wait for them');
    expect(await flats.getAttribute('href')).toBe('/nights/2026-03-01/#calibrations');
    await page.locator('.hero-todo a', { hasText: '1 upload in quarantine' }).click();
    await page.waitForURL('**/quarantine/');
  });

  test('each night has its row: frames, targets, state, or the note of a night without frames', async () => {
    await page.goto('/nights/');
    expect(await days(page)).toEqual(
      ['2026-02-28', '2026-02-27', '2026-02-20', '2025-03-04'].map((night) => `/nights/${night}/`),
    );
    const row = (at: number): Promise<string> => page.locator('[data-row]').nth(at).innerText();
    expect(await row(0)).toContain('Rain all night, dome stayed closed.');
    expect(await row(1)).toMatch(/M 31[^]*R 0:01/);
    await page
      .locator('[data-row]')
      .nth(1)
      .getByText(/^no .*flats, cam1|no calibrations, cam1/)
      .waitFor();
    expect(await row(2)).toMatch(/No targets[^]*bias 1[^]*calibration only/);
    expect(await row(3)).toContain('Mar 2025');
  });

  test('the calendar is one tab stop; arrows go by week and day, and Enter opens the night', async () => {
    await page.goto('/nights/');
    const last = page.locator('#calendar-cells a[tabindex="0"]');
    expect(await last.count()).toBe(1);
    await last.focus();
    const focused = (): Promise<string | null> =>
      page.evaluate('document.activeElement.dataset.night ?? null');
    expect(await focused()).toBe('2026-03-01');
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toBe('2026-02-27');
    await page.keyboard.press('ArrowLeft');
    expect(await focused()).toBe('2026-02-20');
    await page.keyboard.press('Home');
    expect(await focused()).toBe('2025-03-04');
    expect(await page.locator('#calendar-says').textContent()).toBe('4 March 2025: 1 frame');
    await page.keyboard.press('End');
    expect(await focused()).toBe('2026-03-01');
    await Promise.all([page.waitForURL('**/nights/2026-03-01/'), page.keyboard.press('Enter')]);
    complaints.length = 0;
  });

  test('the calendar counts frames or open shutter, of all cameras or of one: the address says so', async () => {
    await page.goto('/nights/');
    await page.getByRole('link', { name: 'Open shutter' }).click();
    await page.waitForURL('**/nights/?calendar=shutter');
    const newest = page.locator('#calendar-cells a[data-night="2026-03-01"]');
    expect(await newest.getAttribute('aria-label')).toMatch(/20.min open shutter/);
    await page.getByText('All instruments').first().click();
    await page.locator('.menu a', { hasText: 'cam2' }).click();
    await page.waitForURL('**/nights/?INSTRUMENT=cam2&calendar=shutter');
    expect(await page.locator('#calendar-cells a').count()).toBe(1);
    expect(await page.locator('h1').innerText()).toMatch(/^1 frame, 1 target/);
    expect(await days(page)).toEqual([]);
  });

  test('pages lead to earlier nights and back, months of the calendar to their place', async () => {
    await page.goto('/nights/?limit=2');
    expect(await days(page)).toEqual(['/nights/2026-02-28/']);
    await page.keyboard.press('[');
    await page.waitForURL('**/nights/?limit=2&offset=2#nights');
    expect(await days(page)).toEqual(['/nights/2026-02-27/', '/nights/2026-02-20/']);
    await page.getByRole('link', { name: 'Later nights' }).click();
    await page.waitForURL('**/nights/?limit=2#nights');
    await page.getByRole('link', { name: 'Mar 2025: 1 night' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/nights/?limit=2&offset=4#nights');
    expect(await days(page)).toEqual(['/nights/2025-03-04/']);
  });

  test('J, K and Enter go through the rows', async () => {
    await page.goto('/nights/');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.locator('[data-row].is-current', { hasText: 'Feb' }).waitFor();
    await Promise.all([page.waitForURL('**/nights/2026-02-27/'), page.keyboard.press('Enter')]);
    complaints.length = 0;
  });

  test('the same address gives a program the same nights', async () => {
    const list = await archive.json<{ results: { night: string }[] }>('/nights/?INSTRUMENT=cam1');
    await page.goto('/nights/?INSTRUMENT=cam1');
    const hero = await page.getByRole('link', { name: 'Open the night' }).getAttribute('href');
    const shown = [hero, ...(await days(page))];
    expect(shown).toEqual(list.results.map(({ night }) => `/nights/${night}/`));
  });

  test('what cannot be read of an address is left out and told', async () => {
    const answer = await page.goto('/nights/?until=soon');
    expect(answer?.status()).toBe(400);
    expect(await page.getByRole('alert').innerText()).toContain('A month such as 2026-11');
    expect(await page.locator('h1').innerText()).toContain('3 frames');
    complaints.length = 0; // the browser notes the status
  });

  test('visitors see public nights alone, without notes, refused files and what is missing', async () => {
    const visitor = await openContext(browser, archive.url);
    const open = await visitor.context.newPage();
    await open.goto('/nights/');
    expect(await open.locator('h1').innerText()).toContain('3 frames');
    expect(await days(open)).toEqual([]);
    expect(await open.locator('#calendar-cells a').count()).toBe(1);
    const text = await open.locator('main').innerText();
    expect(text).not.toMatch(/Rain|quarantine|missing|To do/);
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });

  test('without JavaScript everything is there, on a phone as well', async () => {
    const state = await context.storageState();
    const phone = { width: 360, height: 740 };
    const plain = await openContext(browser, archive.url, {
      javaScriptEnabled: false,
      storageState: state,
      viewport: phone,
    });
    const open = await plain.context.newPage();
    await open.goto('/nights/');
    expect(await open.locator('h1').innerText()).toContain('3 frames');
    expect(await days(open)).toHaveLength(4);
    await open.getByText('All instruments').first().click();
    await open.locator('.menu a', { hasText: 'cam2' }).click();
    await open.waitForURL('**/nights/?INSTRUMENT=cam2');
    const scripted = await context.newPage();
    await scripted.setViewportSize(phone);
    await scripted.goto('/nights/');
    expect(await overflowOf(scripted)).toBeLessThanOrEqual(0);
    await scripted.close();
    await plain.context.close();
  });
});

withChromium('the front page of an empty archive, in a real browser', () => {
  test('says that there is nothing yet, and what to do', async () => {
    const archive = await startArchive({ ANONYMOUS: 'public' });
    const browser = await openBrowser();
    try {
      const { context, complaints } = await openContext(browser, archive.url);
      const page = await context.newPage();
      await page.goto('/nights/');
      await page.getByText('No public nights yet').waitFor();
      await page.getByRole('main').getByRole('link', { name: 'sign in' }).click();
      await page.waitForURL('**/accounts/login/?next=/nights/');
      await signIn(page, archive, '/nights/');
      const upload = page.getByRole('link', { name: 'Upload the first frames' });
      expect(await upload.getAttribute('href')).toBe('/upload/');
      await page.goto('/nights/?INSTRUMENT=cam9');
      await page.getByRole('link', { name: 'show all nights' }).click();
      await page.waitForURL('**/nights/');
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      await archive.close();
    }
  });
});
