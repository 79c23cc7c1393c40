import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Download, Page } from 'playwright-core';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive } from './archive.js';
import type { TestArchive } from './archive.js';
import { openBrowser, openContext } from './browser.js';

/** A small night: five frames of two targets in two filters, and a bias that one of them names. */
const NIGHT = [
  ['hill-0001', { IMAGETYP: 'bias', EXPTIME: 0, FILTER: null, OBJECT: null }],
  ['hill-0002', { OBJECT: 'M 31', FILTER: 'V', EXPTIME: 30 }],
  ['hill-0003', { OBJECT: 'M 31', FILTER: 'R', EXPTIME: 60 }],
  ['hill-0004', { OBJECT: 'M 31', FILTER: 'V', EXPTIME: 120, L1BIAS: 'hill-0001' }],
  [
    'hill-0005',
    { OBJECT: 'NGC 7331', FILTER: 'R', EXPTIME: 300, 'TEL-RA': 339.267, 'TEL-DEC': 34.416 },
  ],
  [
    'hill-0006',
    { OBJECT: 'NGC 7331', FILTER: 'V', EXPTIME: 300, 'TEL-RA': 339.267, 'TEL-DEC': 34.416 },
  ],
] as const;

/** The bytes of frame `index` of the night: the same ones each time. */
export function nightFrame(index: number): Buffer {
  const [name, cards] = NIGHT[index]!;
  const minute = String(index).padStart(2, '0');
  const changes = { ...cards, FNAME: `${name}.fits`, 'DATE-OBS': `2026-03-01T20:${minute}:00` };
  return pyobsFrame(changes, { seed: index + 1 });
}

export interface OpenNight {
  readonly archive: TestArchive;
  readonly browser: Browser;
  readonly context: BrowserContext;
  /** A page of the admin, signed in. */
  readonly page: Page;
  readonly complaints: string[];
  /** Ids of the frames by name. */
  readonly ids: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** An archive that holds the night, and a browser in which the admin has signed in. */
export async function openNight(): Promise<OpenNight> {
  const [archive, browser] = await Promise.all([
    startArchive({ SITE_NAME: 'Test Hill' }),
    openBrowser(),
  ]);
  try {
    const ids = new Map<string, number>();
    for (const [index, [name]] of NIGHT.entries()) {
      const answer = await archive.upload(nightFrame(index), `${name}.fits`);
      ids.set(name, answer.files[0]!.id!);
    }
    const { context, complaints } = await openContext(browser, archive.url);
    const page = await context.newPage();
    await signIn(page, archive, '/frames/');
    return {
      archive,
      browser,
      context,
      page,
      complaints,
      ids,
      async close() {
        await browser.close();
        expect(await archive.check()).toEqual([]);
        await archive.close();
      },
    };
  } catch (error) {
    // A browser left open would keep the test run from ending.
    await browser.close();
    await archive.close();
    throw error;
  }
}

/** Signs the admin in by the form and waits until `next` is there. */
export async function signIn(page: Page, archive: TestArchive, next: string): Promise<void> {
  await page.goto(`/accounts/login/?next=${encodeURIComponent(next)}`);
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill(archive.adminPassword);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`**${next}`);
}

/** Names of the files in a downloaded zip, without folders, sorted. */
export async function zipNames(download: Download): Promise<string[]> {
  const zip = await readFile(await download.path());
  const found: string[] = [];
  // A local header: its signature, at 26 the length of the name, at 30 the name.
  for (let at = zip.indexOf('PK\x03\x04'); at >= 0; at = zip.indexOf('PK\x03\x04', at + 4)) {
    const name = zip.toString('utf8', at + 30, at + 30 + zip.readUInt16LE(at + 26));
    found.push(name.replace(/^.*\//, ''));
  }
  return found.sort();
}
