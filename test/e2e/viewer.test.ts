import type { Browser, BrowserContext, Page } from 'playwright-core';
import { pyobsCards } from '../fixtures/night.js';
import { makeFits } from '../fixtures/make-fits.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { openBrowser, openContext, overflowOf, withChromium } from '../support/browser.js';
import { signIn } from '../support/pages.js';

const [WIDTH, HEIGHT] = [700, 500];
/** Every pixel has a value of its own among its neighbours. */
const pixel = (x: number, y: number): number => 1000 + ((x * 31 + y * 17) % 4000);
const WCS = {
  CTYPE1: 'RA---TAN',
  CTYPE2: 'DEC--TAN',
  CRPIX1: 350.5,
  CRPIX2: 250.5,
  CRVAL1: 10.6847,
  CRVAL2: 41.269,
  CDELT1: -0.0003,
  CDELT2: 0.0003,
};

withChromium('the viewer of a frame, in a real browser', () => {
  let archive: TestArchive;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  const ids: number[] = [];

  beforeAll(async () => {
    [archive, browser] = await Promise.all([startArchive(), openBrowser()]);
    const changes = [
      { ...WCS },
      { ...WCS, CRPIX1: 360.5, CRPIX2: 245.5, EXPTIME: 31 },
      { OBJECT: 'M 33' },
    ];
    for (const [index, cards] of changes.entries()) {
      const name = `view-000${index + 1}`;
      const bytes = makeFits({
        width: WIDTH,
        height: HEIGHT,
        sci: true,
        pixel: (x, y) => pixel(x, y) + index,
        cards: pyobsCards({
          ...cards,
          FNAME: `${name}.fits`,
          'DATE-OBS': `2026-03-01T20:0${index}:00`,
        }),
      });
      ids.push((await archive.upload(bytes, `${name}.fits`)).files[0]!.id!);
    }
    const opened = await openContext(browser, archive.url);
    ({ context, complaints } = opened);
    page = await context.newPage();
    await signIn(page, archive, '/frames/');
  });

  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser.close();
    expect(await archive.check()).toEqual([]);
    await archive.close();
  });

  const open = async (path: string, on = page): Promise<void> => {
    await on.goto(path);
    await on.locator('#stage[data-ready="yes"]').waitFor({ state: 'attached' });
  };
  const frame = (index: number, query = ''): string => `/frames/${ids[index]}/${query}`;
  const numberOf = (text: string): number => Number(text.replace(/[^\d.]/g, ''));

  test('values and positions under the cursor are those of the file', async () => {
    await open(frame(0));
    await page.locator('#readout[data-sky="known"]').waitFor();
    const box = (await page.locator('#stage').boundingBox())!;
    for (const [right, down] of [
      [0.5, 0.5],
      [0.42, 0.33],
      [0.6, 0.71],
    ] as const) {
      await page.mouse.move(box.x + box.width * right, box.y + box.height * down);
      await page.locator('#readout:not([data-pixel=""])[data-pixel]').waitFor();
      const at = (await page.locator('#readout').getAttribute('data-pixel'))!;
      const [x = NaN, y = NaN] = at.split(',').map(Number);
      await page
        .getByText(`${pixel(x - 1, y - 1)}`.replace(/\B(?=(\d{3})+$)/g, '\u202f'))
        .waitFor();
      const [px, dec] = await Promise.all(
        ['#read-x', '#read-dec'].map((id) => page.locator(id).innerText()),
      );
      expect(Math.abs(numberOf(px!) - x)).toBeLessThanOrEqual(0.55);
      const [d = NaN, m = NaN, s = NaN] = dec!.slice(1).split(':').map(Number);
      const py = numberOf(await page.locator('#read-y').innerText());
      // In the middle of so small a field lines of declination are straight to a twentieth of a pixel.
      expect(d + m / 60 + s / 3600).toBeCloseTo(41.269 + (py - 250.5) * 0.0003, 4);
    }
  });

  test('with the keyboard the cursor goes from pixel to pixel', async () => {
    await open(frame(0));
    await page.locator('#stage').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowUp');
    const [x = NaN, y = NaN] = (await page.locator('#readout').getAttribute('data-pixel'))!
      .split(',')
      .map(Number);
    expect([x, y]).toEqual([351, 260]);
    await page
      .locator('#read-value', {
        hasText: `${pixel(350, 259)}`.replace(/\B(?=(\d{3})+$)/g, '\u202f'),
      })
      .waitFor();
    expect(new URL(page.url()).pathname).toBe(`/frames/${ids[0]}/`);
  });

  test('keys change the picture and the address, and zoom is in the address too', async () => {
    await open(frame(0));
    await page.keyboard.press('s');
    await page.waitForURL('**stretch=asinh');
    await page.keyboard.press('c');
    await page.waitForURL('**limits=99.5**');
    await page.keyboard.press('i');
    await page.waitForURL('**invert=1**');
    await page.keyboard.press('+');
    await page.waitForURL('**at=**');
    const at = new URL(page.url()).searchParams.get('at')!;
    await page.reload();
    await page.locator('#stage[data-ready="yes"]').waitFor({ state: 'attached' });
    // The zoom is rounded in the address and on the button.
    const percent = Number(at.split(',')[2]) * 100;
    const near = [Math.floor(percent), Math.ceil(percent)].map((each) =>
      each === 100 ? '1:1' : `${each} %`,
    );
    await page.locator('#zoom-now', { hasText: new RegExp(`^(?:${near.join('|')})$`) }).waitFor();
    await page.keyboard.press('0');
    await page.waitForURL((url) => !url.searchParams.has('at'));
  });

  test('choices made quickly one after another all hold, and "back" takes them back one by one', async () => {
    await page.goto('/keys/');
    await open(frame(0, '?stretch=linear'));
    const looks = () => page.locator('#stage').getAttribute('data-look');
    const first = await looks();
    const has = (query: string) => page.locator(`#stage[data-look*="${query}"]`).waitFor();
    await page.keyboard.press('s');
    await page.keyboard.press('i');
    await page.keyboard.press('+');
    await has('invert=1');
    expect(await looks()).toContain('stretch=asinh');
    const asked = new URL(page.url()).searchParams;
    expect([asked.get('stretch'), asked.get('invert')]).toEqual(['asinh', '1']);

    await page.goBack();
    await page.locator('#stage:not([data-look*="invert=1"])').waitFor();
    expect(await looks()).toContain('stretch=asinh');
    await page.goBack();
    await has('stretch=linear');
    expect(await looks()).toBe(first);
    await page.goBack();
    await page.waitForURL('**/keys/');
  });

  test('a handle of the histogram sets the cuts', async () => {
    await open(frame(0));
    const low = page.getByRole('slider', { name: 'Darkest value' });
    const before = Number(await low.getAttribute('aria-valuenow'));
    await low.focus();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForURL('**min=**');
    const { searchParams } = new URL(page.url());
    expect(Number(searchParams.get('min'))).toBeGreaterThan(before);
    const drawn = page.locator(`.picture img[src*="min=${searchParams.get('min')}"]`);
    await drawn.waitFor({ state: 'attached' });
  });

  test('a frame without WCS says so, and has no compass', async () => {
    await open(frame(2));
    await page.locator('#read-wcs', { hasText: 'no WCS in the header' }).waitFor();
    expect(await page.locator('.compass').count()).toBe(0);
    await open(frame(0));
    expect(await page.locator('.compass').count()).toBe(1);
    expect(await page.locator('.field-of-view').innerText()).toContain('field 12.6′ × 9.00′');
  });

  test('the header shows what differs from the frame before, which can be left out', async () => {
    await open(frame(1));
    const row = page.locator('#cards tr.differs', { hasText: 'EXPTIME' });
    expect(await row.innerText()).toContain('30.5');
    await page.getByRole('link', { name: 'Only these' }).click();
    await page.waitForURL('**only=1**');
    expect(await page.locator('#cards tr:not(.differs)').count()).toBe(1); // its head
    await page.getByRole('link', { name: /^Compare: .*leave it off/ }).click();
    await page.waitForURL('**compare=none**');
    expect(await page.locator('#cards tr.differs').count()).toBe(0);
  });

  test('keys 1, 2 and 3 flag a frame where one is, and a second press takes it back', async () => {
    await open(frame(0, '?stretch=log'));
    await page.keyboard.press('2');
    await page.locator('button[value="none"].is-doubtful[aria-pressed="true"]').waitFor();
    expect(await archive.json(`/frames/${ids[0]}/marks/`)).toMatchObject({
      flag: expect.objectContaining({ flag: 'doubtful' }) as unknown,
    });
    expect(page.url()).toContain('stretch=log');
    await page.keyboard.press('2');
    await page.locator('.is-doubtful[aria-pressed="false"]').waitFor();
  });

  test('arrows walk the list one came from', async () => {
    await open(frame(2, `?from=${encodeURIComponent('FILTER=V&sort=basename')}`));
    await page.locator('.frame-place', { hasText: '3 of 3 in this list' }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(`**/frames/${ids[1]}/**from=**`);
    await page.locator('.frame-place', { hasText: '2 of 3 in this list' }).waitFor();
  });

  test('two frames blink, laid so that stars meet', async () => {
    await open(frame(1));
    await page.keyboard.press('b');
    await page.waitForURL(`**/blink/?ids=${ids[0]},${ids[1]}`);
    await page.locator('#blink[data-ready="yes"]').waitFor();
    const matrix = (await page.locator('image').nth(1).getAttribute('transform'))!;
    const [a, , , d, e, f] = matrix.slice(7, -1).split(' ').map(Number);
    expect([a, d, e, f].map((value) => Math.round((value ?? NaN) * 100) / 100)).toEqual([
      1, 1, -10, -5,
    ]);
    const shown = page.locator('#blink');
    const first = await shown.getAttribute('data-shown');
    await page.locator(`#blink:not([data-shown="${first}"])`).waitFor();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#play').getAttribute('aria-pressed')).toBe('false');
    const now = await shown.getAttribute('data-shown');
    await page.keyboard.press('ArrowLeft');
    expect(await shown.getAttribute('data-shown')).not.toBe(now);
  });

  test('JS9 opens the file and reads its values', async () => {
    await page.goto(`/frames/${ids[0]}/js9/`);
    await page.locator('body[data-ready]').waitFor({ timeout: 60_000 });
    const value = await page.evaluate(
      'JS9.GetImage({display: "JS9"}).raw.data[(120 - 1) * 700 + (33 - 1)]',
    );
    expect(value).toBe(pixel(32, 119));
    // By Tab one gets away from its picture, whatever it does with keys.
    await page.locator('#JS9').click();
    for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.closest("#JS9") === null')).toBe(true);
  });

  test('without scripts everything is a link, and pictures to blink lie under each other', async () => {
    const bare = await openContext(browser, archive.url, {
      javaScriptEnabled: false,
      storageState: await context.storageState(),
    });
    const plain = await bare.context.newPage();
    await plain.goto(frame(0));
    await plain.getByRole('link', { name: 'Grid' }).click();
    await plain.waitForURL('**grid=1');
    expect(await plain.locator('.grid-over').getAttribute('src')).toContain('format=svg');
    const drawn = await archive.fetch((await plain.locator('.grid-over').getAttribute('src'))!);
    expect(await drawn.text()).toContain('+41°');
    await plain.goto(`/blink/?ids=${ids.join(',')}`);
    expect(await plain.locator('.layer-picture').count()).toBe(3);
    expect(await plain.getByText('1 without WCS').count()).toBe(1);
    expect(bare.complaints).toEqual([]);
    await bare.context.close();
  });

  test('on a phone the parts are rows that open, and nothing is wider than the screen', async () => {
    const phone = await openContext(browser, archive.url, {
      viewport: { width: 360, height: 740 },
      storageState: await context.storageState(),
    });
    const small = await phone.context.newPage();
    await open(frame(1), small);
    expect(await overflowOf(small)).toBe(0);
    expect(await small.locator('#cards').isVisible()).toBe(false);
    await small.getByText('Header', { exact: true }).click();
    expect(await small.locator('#cards').isVisible()).toBe(true);
    expect(await overflowOf(small)).toBe(0);
    await small.goto(`/blink/?ids=${ids.join(',')}`);
    expect(await overflowOf(small)).toBe(0);
    expect(phone.complaints).toEqual([]);
    await phone.context.close();
  });
});
