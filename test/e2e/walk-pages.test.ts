/** Every page in every theme, on the desktop and on a phone, behind the shipped nginx.conf. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { overflowOf, withChromium } from '../support/browser.js';
import type { WatchedContext } from '../support/browser.js';
import { withNginx } from '../support/nginx.js';
import { SIZES, startWalk, THEMES, wearTheme } from '../support/walk.js';
import type { Walk, WalkPage } from '../support/walk.js';

/** 404 is what the page about errors is for. */
const isExpected = (complaint: string): boolean => complaint.includes('/frames/999999/');
/** What of the rules looks at colours: all that a theme changes. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];
const suite = withChromium === describe ? withNginx : withChromium;
const PATIENCE_MS = 240_000;

suite('the walk through all pages', () => {
  let walk: Walk;

  beforeAll(async () => {
    walk = await startWalk();
  }, PATIENCE_MS);
  afterAll(() => (walk as Walk | undefined)?.close());

  /** Goes through the pages, each in the profile that it is for. */
  async function eachPage(
    size: keyof typeof SIZES,
    work: (page: Page, about: WalkPage) => Promise<void>,
    javaScriptEnabled = true,
  ): Promise<string[]> {
    const profiles: WatchedContext[] = [];
    for (const isVisitor of [false, true]) {
      profiles.push(await walk.open(size, { isVisitor, javaScriptEnabled }));
    }
    try {
      for (const about of walk.pages) {
        const page = await profiles[Number(about.visitor)]!.context.newPage();
        const answer = await page.goto(about.path);
        expect([about.name, answer?.status()]).toEqual([
          about.name,
          about.name === 'error' ? 404 : 200,
        ]);
        await work(page, about);
        await page.close();
      }
      return profiles.flatMap(({ complaints }) => complaints).filter((each) => !isExpected(each));
    } finally {
      for (const { context } of profiles) await context.close();
    }
  }

  /** What axe has to say, a line for each element. */
  async function faultsOf(page: Page, about: WalkPage, rules: string[] = []): Promise<string[]> {
    const axe = new AxeBuilder({ page }).withTags([
      'wcag2a',
      'wcag2aa',
      'wcag21a',
      'wcag21aa',
      'wcag22aa',
      'best-practice',
    ]);
    if (rules.length > 0) axe.withRules(rules);
    const { violations } = await axe.analyze();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target }) => `${about.name}: ${id}: ${target.join(' ')}`),
    );
  }

  test.each(['desktop', 'phone'] as const)(
    'axe finds nothing on any page in any theme on the %s, nothing reaches over its edge, and the console is silent',
    async (size) => {
      const faults: string[] = [];
      const complaints = await eachPage(size, async (page, about) => {
        for (const theme of THEMES) {
          await wearTheme(page, theme);
          const rules = theme === 'light' ? [] : COLOUR_RULES;
          faults.push(...(await faultsOf(page, about, rules)).map((each) => `${theme} ${each}`));
        }
        const overflow = await overflowOf(page);
        if (overflow > 0) faults.push(`${about.name} is ${overflow} px too wide`);
      });
      expect(faults).toEqual([]);
      expect(complaints).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'in night vision no pixel of any page has green or blue in it',
    async () => {
      const lit: string[] = [];
      await eachPage('desktop', async (page, { name }) => {
        await wearTheme(page, 'red');
        const image = sharp(await page.screenshot()).removeAlpha();
        const { channels } = await image.stats();
        const [red, green, blue] = channels.map(({ max }) => max);
        if (green !== 0 || blue !== 0 || red === 0) lit.push(`${name}: ${red} ${green} ${blue}`);
      });
      expect(lit).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'every page says what it is without scripts, and fits a phone',
    async () => {
      const faults: string[] = [];
      const complaints = await eachPage(
        'phone',
        async (page, { name }) => {
          const titles = await page.locator('main h1').allInnerTexts();
          if (titles.length !== 1 || titles[0] === '') faults.push(`${name}: ${titles.join('|')}`);
          if (!(await page.locator('#main').isVisible())) faults.push(`${name}: no main`);
          const overflow = await overflowOf(page);
          if (overflow > 0) faults.push(`${name} is ${overflow} px too wide`);
        },
        false,
      );
      expect(faults).toEqual([]);
      expect(complaints).toEqual([]);
    },
    PATIENCE_MS,
  );
});
