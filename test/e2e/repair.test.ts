import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { openBrowser, openContext, overflowOf, withChromium } from '../support/browser.js';
import { addToken, addUser } from '../support/logins.js';
import { signIn } from '../support/pages.js';

// Keywords in the path that nothing stands in for: what lacks them is refused.
const SETTINGS = { PATH_FORMATTER: '{SITEID}/{CAMERA}/{OBSERVER}/', SITE_NAME: 'Test Hill' };

let seed = 600;

function lacking(name: string, cards: Record<string, string | number | null> = {}): Buffer {
  seed += 1;
  return pyobsFrame({ FNAME: `${name}.fits`, OBJECT: name, ...cards }, { seed });
}

withChromium('the repair of refused files', () => {
  let archive: TestArchive;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  const refuse = async (name: string, cards = {}): Promise<void> => {
    const answer = await archive.upload(lacking(name, cards), `${name}.fits`);
    expect(answer.files[0]!.status).toBe('refused');
  };

  const faultsOf = async (shown: Page): Promise<string[]> => {
    const { violations } = await new AxeBuilder({ page: shown }).analyze();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join()}`);
  };

  beforeAll(async () => {
    [archive, browser] = await Promise.all([startArchive(SETTINGS), openBrowser()]);
    ({ context, complaints } = await openContext(browser, archive.url));
    page = await context.newPage();
    await signIn(page, archive, '/quarantine/');
  });

  afterAll(async () => {
    await browser.close();
    expect(await archive.check()).toEqual([]);
    await archive.close();
  });

  test('says what is still missing, and while one types where the frame will be filed', async () => {
    await refuse('one');
    await page.reload();
    await page.getByRole('link', { name: 'one.fits' }).click();
    const where = page.locator('#where');
    await where.getByText('CAMERA and OBSERVER are still missing.').waitFor();
    const values = page.getByLabel('Value');
    await values.nth(0).fill('blue');
    await where.getByText('OBSERVER is still missing.').waitFor();
    await values.nth(1).fill('ines');
    await where.getByText('Will be filed as hill/blue/ines/one.fits').waitFor();
    await where.getByText('night of Sunday 1 → Monday 2 March 2026 · cam1 · object · V').waitFor();
    expect(await archive.json('/quarantine/')).toMatchObject({ count: 1 });
    expect(await faultsOf(page)).toEqual([]);
    await page.getByLabel('Keyword').nth(2).fill('NAXIS');
    await values.nth(2).fill('7');
    await where
      .getByText('NAXIS describes the bytes of the file, which stay as they are.')
      .waitFor();
    complaints.splice(0); // the browser notes every 400
    await values.nth(2).fill('');
    await where.getByText('hill/blue/ines/one.fits').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: 'stored as one' }).waitFor();
    const { results } = await archive.json<{ results: { filename: string; url: string }[] }>(
      '/frames/',
    );
    expect(results).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  test('says which frames and which of the chosen files get in the way', async () => {
    // The name and the exposure of the frame that is there; its name alone; twice a new name.
    await refuse('one', { OBJECT: 'again' });
    await refuse('one', { 'DATE-OBS': '2026-03-01T21:00:00.5' });
    await refuse('two', { OBJECT: 'first' });
    await refuse('two', { OBJECT: 'second', 'DATE-OBS': '2026-03-01T22:00:00' });
    await page.goto('/quarantine/');
    for (const box of await page.getByRole('checkbox').all()) await box.check();
    await page.getByLabel('Value').nth(0).fill('blue');
    await page.getByLabel('Keyword').nth(1).fill('OBSERVER');
    await page.getByLabel('Value').nth(1).fill('ines');
    const places = page.locator('#where .where-one');
    await places.getByText('Becomes version 2 of one').waitFor();
    await places
      .getByText("Another exposure is called 'one' already, so the time was added to the name.")
      .waitFor();
    await places.getByText('hill/blue/ines/one-20260301T210000.500.fits').waitFor();
    await places
      .getByText('two.fits would get the same name: here the time is added to it.')
      .waitFor();
    const link = places.getByRole('link', { name: 'Becomes version 2 of one' });
    expect(await link.getAttribute('href')).toMatch(/^\/frames\/\d+\/$/);
    expect(await overflowOf(page)).toBe(0);
  });

  test('without scripts a button says it, and what was typed stands there still', async () => {
    const bare = await openContext(browser, archive.url, {
      javaScriptEnabled: false,
      storageState: await context.storageState(),
    });
    const plain = await bare.context.newPage();
    await plain.goto('/quarantine/');
    await plain.getByRole('link', { name: 'two.fits' }).first().click();
    await plain.getByLabel('Value').nth(0).fill('green');
    await plain.getByRole('button', { name: 'Show where it will go' }).click();
    await plain.getByText('OBSERVER is still missing.').waitFor();
    expect(await plain.getByLabel('Value').nth(0).inputValue()).toBe('green');
    await plain.getByLabel('Value').nth(1).fill('ines');
    await plain.getByRole('button', { name: 'Show where it will go' }).click();
    await plain.getByText('Will be filed as hill/green/ines/two.fits').waitFor();
    expect(await archive.json('/quarantine/')).toMatchObject({ count: 4 });
    await plain.getByRole('button', { name: 'Try again' }).click();
    await plain.getByRole('link', { name: 'stored as two' }).waitFor();
    expect(bare.complaints).toEqual([]);
    await bare.context.close();
  });

  test('a repair is kept as a rule for uploads to come, and frames tell that it was one', async () => {
    await refuse('rule_0001', { INSTRUME: 'cam7' });
    await page.goto('/quarantine/');
    await page.getByRole('link', { name: 'rule_0001.fits' }).click();
    await page.getByText('Make it a rule for uploads that come').click();
    expect(await page.getByLabel('Camera', { exact: true }).inputValue()).toBe('cam7');
    expect(await page.getByLabel('File name').inputValue()).toBe('rule_*.fits');
    await page.getByLabel('Value').nth(0).fill('red');
    // Return in a field tries again, and makes no rule: here it lacks a value still.
    await page.getByLabel('Value').nth(0).press('Enter');
    await page.getByText('quarantined: Could not find OBSERVER').waitFor();
    expect(await page.getByRole('row', { name: /^Rule / }).count()).toBe(0);
    await page.getByText('Make it a rule for uploads that come').click();
    await page.getByLabel('Keyword').nth(0).fill('CAMERA');
    await page.getByLabel('Value').nth(0).fill('red');
    await page.getByLabel('Keyword').nth(1).fill('OBSERVER');
    await page.getByLabel('Value').nth(1).fill('ines');
    await page.getByRole('button', { name: 'Keep as a rule and try again' }).click();
    await page
      .getByText(
        'From now on CAMERA = red, OBSERVER = ines where it is missing, for files named rule_*.fits of camera cam7.',
      )
      .waitFor();
    await page.getByRole('link', { name: 'stored as rule_0001' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);

    // One that lacks them, one that has one of them, and one of another camera.
    const lacks = await archive.upload(
      lacking('rule_0002', { INSTRUME: 'cam7' }),
      'rule_0002.fits',
    );
    const cards = { INSTRUME: 'CAM7', CAMERA: 'own' };
    const has = await archive.upload(lacking('rule_0003', cards), 'RULE_0003.fits');
    await refuse('rule_0004', { INSTRUME: 'cam8' });
    const ofFrame = async (id: number | null | undefined) => {
      const { results } = await archive.json<{ results: Record<string, unknown>[] }>(
        `/frames/${id}/corrections/`,
      );
      return results.map(({ keyword, value, original, by, rule }) => [
        keyword,
        value,
        original,
        by,
        rule,
      ]);
    };
    expect(await ofFrame(lacks.files[0]?.id)).toEqual([
      ['CAMERA', 'red', null, 'admin', 1],
      ['OBSERVER', 'ines', null, 'admin', 2],
    ]);
    expect(await ofFrame(has.files[0]?.id)).toEqual([['OBSERVER', 'ines', null, 'admin', 2]]);
    await page.goto(`/frames/${lacks.files[0]?.id}/`);
    await page.getByText('set to red by rule 1 of admin').waitFor();

    await page.goto('/quarantine/');
    const rule = page.getByRole('row', { name: /Rule 1 CAMERA = red/ });
    expect(await rule.textContent()).toMatch(/admin/);
    await page.getByRole('button', { name: 'Remove rule 1' }).click();
    await page.getByText('Rule 1 is removed').waitFor();
    expect(await page.getByRole('row', { name: /Rule 1 / }).count()).toBe(0);
    await refuse('rule_0005', { INSTRUME: 'cam7' });
    await page.goto(`/frames/${lacks.files[0]?.id}/`);
    await page.getByText('set to red by rule 1 of admin').waitFor();
  });

  test('a rule needs a condition, and who sees frames is decided by admins', async () => {
    const { text, status } = await send({
      do: 'rule',
      keyword: 'FILTER',
      value: 'V',
      'rule-name': '*',
    });
    expect(status).toBe(400);
    expect(text).toContain('A rule needs a camera or a file name that it holds for');
    await addUser(archive, 'wilma', 'writer');
    const wilma = await addToken(archive, 'wilma');
    const proposal = { do: 'rule', keyword: 'PROPID', value: 'X', 'rule-camera': 'cam1' };
    const refused = await send(proposal, wilma);
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('PROPID decides who sees a frame');
    const others = await send({ do: 'unrule', rule: '2' }, wilma);
    expect(others.status).toBe(403);
    expect(others.text).toContain('Rule 2 was made by admin');
    expect((await send({ ...proposal, keyword: 'OBSERVER' }, wilma)).status).toBe(200);
    expect((await send({ do: 'unrule', rule: '3' }, wilma)).status).toBe(200);
    const { results } = await archive.json<{ results: { action: string }[] }>(
      '/audit/?subject=rule:3',
    );
    expect(results.map(({ action }) => action)).toEqual(['rule.removed', 'rule.made']);
  });

  test('earlier uploads lead to their frames and to what waits of them, also without scripts', async () => {
    const bare = await openContext(browser, archive.url, {
      javaScriptEnabled: false,
      storageState: await context.storageState(),
      viewport: { width: 360, height: 740 },
    });
    const plain = await bare.context.newPage();
    await plain.goto('/upload/');
    const earlier = plain.locator('#earlier li');
    expect(await earlier.count()).toBe(1);
    await earlier.getByRole('link', { name: /refused, \d+ waiting$/ }).click();
    await plain.getByRole('heading', { name: 'Quarantine' }).waitFor();
    await plain.goto('/upload/?before=1#earlier');
    await plain.getByText('No uploads before that.').waitFor();
    await plain.getByRole('link', { name: 'Newest' }).click();
    expect(await earlier.count()).toBe(1);
    expect(await overflowOf(plain)).toBe(0);
    expect(bare.complaints).toEqual([]);
    await bare.context.close();
  });

  test('pages that are older than a log-in in another tab lose nothing: a repair, a file', async () => {
    await refuse('stale', { CAMERA: 'blue' });
    const bare = await openContext(browser, archive.url, { javaScriptEnabled: false });
    const [old, other] = [await bare.context.newPage(), await bare.context.newPage()];
    await signIn(old, archive, '/quarantine/');
    await old.getByRole('link', { name: 'stale.fits' }).click();
    await old.getByLabel('Value').nth(0).fill('ines');
    await signInAnew(other);
    await old.getByRole('button', { name: 'Try again' }).click();
    await old.getByRole('heading', { name: 'This page was open for long' }).waitFor();
    await old.getByText('ines').waitFor();
    await old.getByRole('button', { name: 'Send it now' }).click();
    await old.getByRole('link', { name: 'stored as stale' }).waitFor();
    await bare.context.close();

    // With scripts the token is looked up when a file is sent: the old page goes on as if nothing were.
    await page.goto('/upload/');
    const tab = await context.newPage();
    await signInAnew(tab);
    await tab.close();
    const buffer = lacking('after', { CAMERA: 'blue', OBSERVER: 'ines' });
    await page.setInputFiles('#files', { name: 'after.fits', mimeType: 'image/fits', buffer });
    await page.getByText('stored as after').waitFor();
    expect(complaints.splice(0)).toEqual([]);
  });

  const signInAnew = async (tab: Page): Promise<void> => {
    await tab.goto('/accounts/logout/');
    await tab.locator('main').getByRole('button', { name: 'Sign out' }).click();
    await tab.waitForURL('**/accounts/login/**');
    await signIn(tab, archive, '/upload/');
  };

  const send = async (form: Record<string, string>, token = archive.adminToken) => {
    const init = { method: 'POST', headers: { Accept: 'text/html' }, token };
    const answer = await archive.fetch('/quarantine/', {
      ...init,
      body: new URLSearchParams(form),
    });
    return { status: answer.status, text: await answer.text() };
  };
});
