/** Every page in every theme, on the desktop and on a phone, behind the shipped nginx.conf. */
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { faultsOf } from '../support/axe.js';
import { overflowOf, withChromium } from '../support/browser.js';
import type { WatchedContext } from '../support/browser.js';
import { withNginx } from '../support/nginx.js';
import { SIZES, startWalk, THEMES, wearTheme } from '../support/walk.js';
import type { Walk, WalkPage, Who } from '../support/walk.js';

type Size = keyof typeof SIZES;
const SIZE_NAMES: readonly Size[] = ['desktop', 'phone'];
const suite = withChromium === describe ? withNginx : withChromium;
const PATIENCE_MS = 600_000;

suite('the walk through all pages', () => {
  let walk: Walk;

  beforeAll(async () => {
    walk = await startWalk();
  }, PATIENCE_MS);
  afterAll(() => (walk as Walk | undefined)?.close());

  /**
   * Goes through the pages, each in the profile that it is for, in one tab of it.
   *
   * @returns what `work` had to say of each, and what the browser complained of
   */
  async function eachPage(
    size: Size,
    work: (page: Page, about: WalkPage) => Promise<string[]>,
    javaScriptEnabled = true,
  ): Promise<string[]> {
    const tabs = new Map<Who, { page: Page; watched: WatchedContext }>();
    const faults: string[] = [];
    try {
      for (const about of walk.pages) {
        const watched =
          tabs.get(about.as)?.watched ??
          (await walk.open(size, { as: about.as, javaScriptEnabled }));
        const page = tabs.get(about.as)?.page ?? (await watched.context.newPage());
        tabs.set(about.as, { page, watched });
        const answer = await page.goto(about.path);
        const said = answer?.status() === about.status ? [] : [`answers ${answer?.status()}`];
        said.push(...(await work(page, about)));
        // The browser itself tells of each answer that is an error.
        const isOurs = (each: string): boolean =>
          about.status === 200 || !each.includes(page.url());
        said.push(...watched.complaints.splice(0).filter(isOurs));
        faults.push(...said.map((each) => `${about.name} on the ${size}: ${each}`));
      }
      return faults;
    } finally {
      for (const { watched } of tabs.values()) await watched.context.close();
    }
  }

  /** What axe finds in each theme, and what is lit in night vision that should not be. */
  async function faultsOfThemes(page: Page): Promise<string[]> {
    const faults: string[] = [];
    for (const theme of THEMES) {
      await wearTheme(page, theme);
      const found = await faultsOf(page, { isColoured: theme !== THEMES[0] });
      faults.push(...found.map((each) => `${theme}: ${each}`));
    }
    const image = sharp(await page.screenshot()).removeAlpha();
    const { channels } = await image.stats();
    const [red, green, blue] = channels.map(({ max }) => max);
    if (green !== 0 || blue !== 0 || red === 0) faults.push(`lit: ${red} ${green} ${blue}`);
    return faults;
  }

  async function widthFaults(page: Page): Promise<string[]> {
    const overflow = await overflowOf(page);
    return overflow > 0 ? [`${overflow} px too wide`] : [];
  }

  test(
    'on the desktop and on a phone axe finds nothing on any page in any theme, night vision is red alone, nothing reaches over the edge, and the console is silent',
    async () => {
      const faults = await Promise.all(
        SIZE_NAMES.map((size) =>
          eachPage(size, async (page) => [
            ...(await widthFaults(page)),
            ...(await faultsOfThemes(page)),
          ]),
        ),
      );
      expect(faults.flat()).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'every page says what it is without scripts, on the desktop and on a phone',
    async () => {
      const faults = await eachPage(
        'desktop',
        async (page) => {
          const titles = await page.locator('main h1').allInnerTexts();
          const said = titles.length === 1 && titles[0] !== '' ? [] : [`h1: ${titles.join('|')}`];
          for (const size of SIZE_NAMES) {
            await page.setViewportSize(SIZES[size]);
            if (!(await page.locator('#main').isVisible())) said.push('no main');
            said.push(...(await widthFaults(page)));
          }
          return said;
        },
        false,
      );
      expect(faults).toEqual([]);
    },
    PATIENCE_MS,
  );
});
