import type { Browser, Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import type { TestArchive } from '../support/archive.js';
import { openContext, overflowOf, withChromium } from '../support/browser.js';
import { addUser } from '../support/logins.js';
import { nightFrame, openNight, signIn, zipNames } from '../support/pages.js';
import type { OpenNight } from '../support/pages.js';

withChromium('the pages that change something, in a real browser', () => {
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

  test('who is not signed in is sent to the login and then to where one wanted to go', async () => {
    const { context: fresh, complaints: own } = await openContext(browser, archive.url);
    const visitor = await fresh.newPage();
    const wanted = `/frames/?OBJECT=M+31`;
    await visitor.goto(wanted);
    expect(new URL(visitor.url()).pathname).toBe('/accounts/login/');

    await visitor.getByLabel('Name').fill('admin');
    await visitor.getByLabel('Password').fill('wrong password');
    await visitor.getByRole('button', { name: 'Sign in' }).click();
    await visitor.getByText('Name and password do not fit together.').waitFor();
    expect(await visitor.getByLabel('Name').inputValue()).toBe('admin');

    await visitor.getByLabel('Password').fill(archive.adminPassword);
    await visitor.getByRole('button', { name: 'Sign in' }).click();
    await visitor.waitForURL(`**${wanted}`);
    expect(own).toEqual([]);
    await fresh.close();
  });

  test.each([
    '//evil.example/',
    '/\\evil.example/',
    'https://evil.example/',
    'javascript:alert(1)',
  ])('the login does not send anyone to %s', async (next) => {
    const { context: fresh } = await openContext(browser, archive.url);
    const visitor = await fresh.newPage();
    await visitor.goto(`/accounts/login/?next=${encodeURIComponent(next)}`);
    await visitor.getByLabel('Name').fill('admin');
    await visitor.getByLabel('Password').fill(archive.adminPassword);
    await visitor.getByRole('button', { name: 'Sign in' }).click();
    await visitor.waitForURL('**/nights/');
    await fresh.close();
  });

  test('what a form lacks is said by the page, not by the browser, and nothing is sent', async () => {
    await page.goto('/account/');
    const name = page.locator('form[action$="/tokens/"] [name="name"]');
    await page.getByLabel('New password, ').fill('short');
    await page.getByRole('button', { name: 'Make the token' }).click();
    await page.getByText('Give it a name, to know it by later.').waitFor();
    const isHere = 'document.activeElement.name';
    expect(await page.evaluate(isHere)).toBe('name');
    expect(await name.getAttribute('aria-invalid')).toBe('true');
    const words = `#${await name.getAttribute('aria-describedby')}`;
    expect(await page.locator(words).textContent()).toMatch(/^Give it a name/);
    // White tips and bubbles are the browser's: a form that it does not check has none.
    expect(await page.evaluate('[...document.forms].every((form) => form.noValidate)')).toBe(true);

    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByText('8 characters or more are needed; these are 5.').waitFor();
    expect(await page.evaluate(isHere)).toBe('old');
    expect(new URL(page.url()).pathname).toBe('/account/');

    await name.fill('camera');
    expect(await name.getAttribute('aria-invalid')).toBe(null);
    expect(await page.locator(words).count()).toBe(0);
  });

  test('in night vision the choices of a list are drawn by the page, red on black', async () => {
    await page.goto('/admin/log/');
    await page.evaluate(`document.documentElement.dataset.theme = 'red'`);
    const looks = `[getComputedStyle(document.querySelector('select')).appearance,
      getComputedStyle(document.querySelector('option')).color]`;
    expect(await page.evaluate(looks)).toEqual(['base-select', 'rgb(255, 0, 0)']);
  });

  test('a login without the token of its page is refused', async () => {
    const form = new URLSearchParams({ username: 'admin', password: archive.adminPassword });
    const answer = await archive.fetch('/accounts/login/', {
      token: '',
      method: 'POST',
      headers: { Accept: 'text/html' },
      body: form,
    });
    expect(answer.status).toBe(403);
  });

  test('files are uploaded with progress and each has its outcome', async () => {
    await page.goto('/upload/');
    await page.setInputFiles('#files', [
      {
        name: 'hill-0002.fits',
        mimeType: 'image/fits',
        buffer: nightFrame(1),
      },
      {
        name: 'new.fits',
        mimeType: 'image/fits',
        buffer: pyobsFrame(
          { FNAME: 'hill-0100.fits', 'DATE-OBS': '2026-03-02T20:00:00', 'DAY-OBS': '2026-03-02' },
          { seed: 77 },
        ),
      },
      { name: 'broken.fits', mimeType: 'image/fits', buffer: Buffer.from('this is not FITS') },
    ]);
    await page.getByText('3 of 3 files').waitFor();
    const outcomes = await page.locator('#batch-files .file-state').allInnerTexts();
    expect(outcomes[0]).toBe('already here, same bytes');
    expect(outcomes[1]).toBe('stored as hill-0100');
    expect(outcomes[2]).toMatch(/^quarantined: /);
    await page.reload();
    expect(await page.locator('.quarantine').innerText()).toContain('broken.fits');
  });

  test('without scripts one signs in, filters, finds a card, uploads, makes and revokes a token, signs out', async () => {
    const plain = await openContext(browser, archive.url, { javaScriptEnabled: false });
    const visitor = await plain.context.newPage();
    await signIn(visitor, archive, '/frames/');
    await visitor.locator('#filter-form input[name="FILTER"][value="R"]').check();
    await visitor.getByRole('button', { name: 'Show' }).click();
    expect(new URL(visitor.url()).search).toBe('?FILTER=R');

    await visitor.getByLabel('Select hill-0003').check();
    const [download] = await Promise.all([
      visitor.waitForEvent('download'),
      visitor.getByRole('button', { name: 'Download selected' }).click(),
    ]);
    expect(await zipNames(download)).toEqual(['hill-0003.fits']);

    await visitor.goto(`/frames/${ids.get('hill-0003')}/?stretch=log`);
    await visitor.getByLabel('Find in the header').fill('EXPTIME');
    await visitor.getByLabel('Find in the header').press('Enter');
    await visitor.waitForURL('**stretch=log&hq=EXPTIME**');
    expect(await visitor.locator('#cards tbody tr').count()).toBe(1);

    await visitor.goto('/upload/');
    await visitor.setInputFiles('#files', [
      {
        name: 'plain.fits',
        mimeType: 'image/fits',
        buffer: pyobsFrame(
          { FNAME: 'hill-0200.fits', 'DATE-OBS': '2026-03-03T20:00:00', 'DAY-OBS': '2026-03-03' },
          { seed: 88 },
        ),
      },
      { name: 'worse.fits', mimeType: 'image/fits', buffer: Buffer.from('neither is this') },
    ]);
    await visitor.getByRole('button', { name: 'Send' }).click();
    await visitor.getByText('stored as hill-0200').waitFor();
    expect(await visitor.locator('#batch').innerText()).toMatch(/worse\.fits[^]*quarantined/);

    await visitor.goto('/account/');
    await visitor.getByLabel('Name', { exact: true }).fill('camera PC');
    await visitor.getByLabel('upload: also send frames').check();
    await visitor.getByRole('button', { name: 'Make the token' }).click();
    const token = await visitor.locator('#new-token').innerText();
    expect((await archive.fetch('/frames/', { token })).status).toBe(200);
    await visitor.goto('/account/');
    expect(await visitor.content()).not.toContain(token);
    await visitor.getByRole('button', { name: 'Revoke camera PC' }).click();
    await visitor.getByText('The token is revoked.').waitFor();
    expect((await archive.fetch('/frames/', { token })).status).toBe(401);

    await visitor.getByRole('button', { name: 'Night vision, red' }).first().click();
    await visitor.waitForURL('**/account/**');
    expect(await visitor.locator('html').getAttribute('data-theme')).toBe('red');

    await visitor.getByRole('button', { name: 'Sign out', exact: true }).click();
    await visitor.waitForURL('**/accounts/login/');
    await visitor.goto('/frames/');
    expect(new URL(visitor.url()).pathname).toBe('/accounts/login/');
    expect(plain.complaints).toEqual([]);
    await plain.context.close();
  });

  test('a frame is removed only after a question', async () => {
    const answer = await archive.upload(
      pyobsFrame({ FNAME: 'hill-0300.fits', 'DATE-OBS': '2026-03-04T20:00:00' }, { seed: 99 }),
      'x.fits',
    );
    const id = answer.files[0]!.id!;
    await page.goto(`/frames/${id}/`);
    await page.getByRole('link', { name: 'Remove…' }).click();
    await page.getByRole('button', { name: /Remove it/ }).click();
    await page.waitForURL('**/frames/?night=**');
    expect((await archive.fetch(`/frames/${id}/`)).status).toBe(404);
  });

  test('an account is made, changes its password, and is disabled', async () => {
    await page.goto('/admin/users/');
    await page.getByLabel('Name', { exact: true }).fill('ines');
    await page.getByRole('button', { name: 'Add the account' }).click();
    const password = await page.locator('.secret code').innerText();

    const { context: other, complaints: own } = await openContext(browser, archive.url);
    const ines = await other.newPage();
    await ines.goto('/accounts/login/');
    await ines.getByLabel('Name').fill('ines');
    await ines.getByLabel('Password').fill(password);
    await ines.getByRole('button', { name: 'Sign in' }).click();
    await ines.waitForURL('**/nights/');
    expect(await ines.getByRole('link', { name: 'Upload' }).count()).toBe(0);
    await ines.goto('/account/');
    await ines.getByLabel('Old password').fill(password);
    await ines.getByLabel('New password, 8 characters or more').fill('a new password');
    await ines.getByLabel('New password again').fill('a new password');
    await ines.getByRole('button', { name: 'Change the password' }).click();
    await ines.getByText('Your password is changed.').waitFor();
    expect(own).toEqual([]);

    await page.goto('/admin/users/');
    await page.getByRole('button', { name: 'Disable ines' }).click();
    await page.getByRole('button', { name: 'Enable ines' }).waitFor();
    await ines.goto('/frames/');
    expect(new URL(ines.url()).pathname).toBe('/accounts/login/');
    await other.close();
  });

  test('an account is held to proposals on the users page, and that fits on a phone', async () => {
    await addUser(archive, 'olaf', 'user');
    await page.goto('/admin/users/');
    await page.getByLabel('What olaf sees', { exact: true }).selectOption('proposals');
    await page.getByLabel('Proposals of olaf, separated by commas').fill('B,A');
    await page.getByRole('button', { name: 'Change what olaf sees' }).click();
    const proposals = page.locator('input[name="proposals"][value="A, B"]');
    await proposals.waitFor();
    expect(await page.getByLabel('What olaf sees', { exact: true }).inputValue()).toBe('proposals');
    expect(await overflowOf(page)).toBe(0);
    const state = await page.context().storageState();
    const phone = await openContext(browser, archive.url, {
      viewport: { width: 360, height: 740 },
      storageState: state,
    });
    const small = await phone.context.newPage();
    await small.goto('/admin/users/');
    expect(await overflowOf(small)).toBe(0);
    expect(phone.complaints).toEqual([]);
    await phone.context.close();
  });
});
