import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { faultsOf } from '../support/axe.js';
import { openBrowser, openContext, withChromium } from '../support/browser.js';
import { signIn } from '../support/pages.js';

const HOUR_MS = 3_600_000;

/** A longitude at which it is midnight now, so that the alarm can be seen at any time of day. */
function midnightLongitude(): string {
  const utcHours = (Date.now() % (24 * HOUR_MS)) / HOUR_MS;
  const east = ((24 - utcHours) * 15 + 180) % 360;
  return (east - 180).toFixed(3);
}

let seed = 4000;

/** A frame that has just been taken. */
function frameOfNow(name: string, cards: Readonly<Record<string, string | null>> = {}): Buffer {
  seed += 1;
  const began = new Date(Date.now() - 60_000).toISOString().slice(0, 23);
  const about = { FNAME: `${name}.fits`, 'DATE-OBS': began, 'DAY-OBS': null, ...cards };
  return pyobsFrame(about, { seed });
}

withChromium('Tonight and Upload', () => {
  let archive: TestArchive;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let folder: string;

  beforeAll(async () => {
    [archive, browser, folder] = await Promise.all([
      startArchive({
        SITE_ID: 'hill',
        SITE_NAME: 'Test Hill',
        SITE_LATITUDE: '1',
        SITE_LONGITUDE: midnightLongitude(),
        TONIGHT_ALARM_MINUTES: '1',
      }),
      openBrowser(),
      mkdtemp(join(tmpdir(), 'platevault-folder-')),
    ]);
    ({ context, complaints } = await openContext(browser, archive.url));
    page = await context.newPage();
    await signIn(page, archive, '/upload/');
  });
  afterAll(async () => {
    await browser.close();
    expect(await archive.check()).toEqual([]);
    await archive.close();
    await rm(folder, { recursive: true });
  });
  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  test('the sound is switched on by the viewer, and silenced for a while, never off', async () => {
    await page.goto('/tonight/');
    await page.getByRole('button', { name: 'Sound off' }).click();
    await page.getByRole('button', { name: /^Sound on/ }).waitFor();
    await page.getByRole('heading', { name: /^No frame for/ }).waitFor();
    await page.getByRole('button', { name: /Silence 15 min/ }).waitFor();
    await page.keyboard.press('s');
    await page.getByRole('button', { name: /Silent until \d\d:\d\d UTC/ }).waitFor();
    await page.getByRole('heading', { name: /^No frame for/ }).waitFor();
  });

  test('Tonight raises the alarm in a dark without frames, and takes it back when one comes by itself', async () => {
    await page.goto('/tonight/');
    await page.getByRole('heading', { name: 'No frame yet tonight' }).waitFor();
    await page.getByRole('heading', { name: /^No frame for \d+/ }).waitFor();
    expect(await page.title()).toMatch(/^! No frame for /);
    expect(await faultsOf(page, { within: 'main' })).toEqual([]);
    await page.evaluate('window.isSamePage = true');
    await archive.upload(frameOfNow('first', { OBJECT: 'M 13' }), 'first.fits');
    await page.getByRole('heading', { name: 'Receiving' }).waitFor();
    await page.locator('.wall-caption').getByText('M 13').first().waitFor();
    await archive.upload(frameOfNow('second', { OBJECT: 'M 92', FILTER: 'R' }), 'second.fits');
    await page.locator('.wall-caption').getByText('M 92').first().waitFor();
    expect(await page.locator('.wall-strip a').count()).toBe(2);
    expect(await page.locator('.wall-count').first().innerText()).toMatch(/^2/);
    expect(await page.evaluate('window.isSamePage')).toBe(true);
    expect(await page.title()).toMatch(/^Tonight/);
    expect(await faultsOf(page, { within: 'main' })).toEqual([]);
  });

  test('a lost connection is an alarm of its own, and heals', async () => {
    await page.clock.install();
    await page.goto('/tonight/');
    await page.locator('.wall-state').first().waitFor();
    await context.setOffline(true);
    await page.clock.runFor(45_000);
    await page.getByRole('heading', { name: 'Connection lost' }).waitFor();
    await context.setOffline(false);
    await page.clock.runFor(10_000);
    await page.getByRole('heading', { name: 'Connection lost' }).waitFor({ state: 'hidden' });
    // The browser itself tells on its console what it could not fetch.
    expect(complaints.splice(0).filter((each) => !/ERR_INTERNET|ERR_NETWORK/.test(each))).toEqual(
      [],
    );
  });

  test('without scripts Tonight says the same, and asks again by itself', async () => {
    const plain = await openContext(browser, archive.url, {
      javaScriptEnabled: false,
      storageState: await context.storageState(),
    });
    const shown = await plain.context.newPage();
    await shown.goto('/tonight/');
    await shown.locator('.wall-caption').getByText('M 92').first().waitFor();
    expect(await shown.locator('meta[http-equiv="refresh"]').count()).toBe(1);
    await plain.context.close();
  });

  test('a folder with one bad file is sent, and what is bad is set right below', async () => {
    const night = join(folder, 'M42_night');
    await mkdir(join(night, 'calib'), { recursive: true });
    await writeFile(join(night, 'good-1.fits'), frameOfNow('good-1'));
    await writeFile(join(night, 'calib/good-2.fits'), frameOfNow('good-2'));
    await writeFile(
      join(night, 'bad.fits'),
      frameOfNow('bad', { 'DATE-OBS': '2026-11-31T20:00:00' }),
    );
    await writeFile(join(night, 'notes.txt'), 'clouds at two');
    await page.goto('/upload/');
    await page.setInputFiles('#folder', night);
    await page.getByText('M42_night · 3 of 3 files').waitFor();
    const sums = page.locator('#batch-counts');
    await sums.getByText('2 stored').waitFor();
    await sums.getByText('1 quarantined').waitFor();
    await sums.getByText('1 left out').waitFor();
    expect(await faultsOf(page, { within: 'main' })).toEqual([]);

    // What was sent before is skipped, also after a reload.
    await page.reload();
    await page.setInputFiles('#folder', night);
    await sums.getByText('2 sent before').waitFor();
    await sums.getByText('1 quarantined').waitFor();

    await page.locator('#quarantine').getByRole('link', { name: 'bad.fits' }).click();
    await page.getByAltText('Picture of bad.fits').waitFor();
    expect(await page.getByLabel('Keyword').first().inputValue()).toBe('DATE-OBS');
    expect(await faultsOf(page, { within: 'main' })).toEqual([]);
    await page.getByLabel('Value').first().fill('2026-11-30T20:00:00');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: 'stored as bad' }).waitFor();
    expect(await archive.json('/quarantine/')).toMatchObject({ count: 0 });
  });

  test('one value sets all right that lack it', async () => {
    for (const name of ['lost-1', 'lost-2']) {
      await archive.upload(frameOfNow(name, { 'DATE-OBS': 'nobody knows' }), `${name}.fits`);
    }
    await archive.upload(Buffer.from('no stars'), 'page.fits');
    await page.goto('/quarantine/?code=header_invalid');
    await page.getByLabel('Value').first().fill('2026-11-29T20:00:00');
    await page.getByRole('button', { name: 'Retry all 2' }).click();
    await page.getByRole('link', { name: 'stored as lost-1' }).waitFor();
    await page.getByRole('link', { name: 'stored as lost-2' }).waitFor();
    expect(await archive.json('/quarantine/')).toMatchObject({ count: 1 });
  });

  test('a broken line and a busy archive delay a file, and lose none', async () => {
    let tries = 0;
    await page.route('**/frames/create/', async (route) => {
      tries += 1;
      if (tries === 1) await route.abort('connectionreset');
      else if (tries === 2) {
        await route.fulfill({ status: 503, json: { detail: 'The archive is busy.' } });
      } else await route.continue();
    });
    await page.goto('/upload/');
    const buffer = frameOfNow('delayed');
    await page.setInputFiles('#files', { name: 'delayed.fits', mimeType: 'image/fits', buffer });
    await page.locator('#batch-counts').getByText('1 broke off').waitFor();
    await page.getByText('stored as delayed').waitFor();
    expect(tries).toBe(3);
    await page.unroute('**/frames/create/');
    // The browser itself tells of both on its console.
    expect(complaints.splice(0)).toHaveLength(2);
  });

  test('what waits can be held back, and goes on', async () => {
    await page.goto('/upload/');
    let isHeld = true;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/frames/create/', async (route) => {
      if (isHeld) await held;
      await route.continue();
    });
    const files = Array.from({ length: 5 }, (_, index) => ({
      name: `queue-${index}.fits`,
      mimeType: 'image/fits',
      buffer: frameOfNow(`queue-${index}`),
    }));
    await page.setInputFiles('#files', files);
    await page.getByRole('button', { name: 'Pause' }).click();
    isHeld = false;
    release();
    await page.getByText('3 of 5 files').waitFor();
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    await page.getByText('5 of 5 files').waitFor();
    await page.unroute('**/frames/create/');
  });
});
