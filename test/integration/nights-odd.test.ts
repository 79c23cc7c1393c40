/** The front page when headers are wrong: one bad frame must not take it over, nor cost everybody else. */
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

let archive: TestArchive;

/** A date so many days from today. */
const dayFromNow = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const LAST = dayFromNow(-2);
const TO_COME = dayFromNow(900);

beforeAll(async () => {
  archive = await startArchive({ SITE_ID: 'hill', SITE_LATITUDE: '51.5', SITE_LONGITUDE: '9.9' });
  const frames = [
    { 'DAY-OBS': LAST, 'DATE-OBS': `${LAST}T20:00:00`, EXPTIME: 60 },
    { 'DAY-OBS': LAST, 'DATE-OBS': `${LAST}T21:00:00`, EXPTIME: 1e9 },
    { 'DAY-OBS': LAST, 'DATE-OBS': `${dayFromNow(-400)}T21:00:00`, EXPTIME: 60 },
    { 'DAY-OBS': TO_COME, 'DATE-OBS': `${TO_COME}T20:00:00`, EXPTIME: 60 },
  ];
  for (const [seed, cards] of frames.entries()) {
    const name = `o-${seed}.fits`;
    const file = pyobsFrame({ ...cards, FNAME: name }, { seed });
    expect((await archive.upload(file, name)).created).toBe(1);
  }
});
afterAll(() => archive.close());

async function page(path: string): Promise<string> {
  const response = await archive.fetch(path, { headers: { Accept: 'text/html' } });
  expect(response.status).toBe(200);
  return response.text();
}

test('the last night is the last that has been, and one to come is a trouble', async () => {
  const html = await page('/nights/');
  const hero = /<section class="panel night-hero"[\s\S]*?<\/section>/.exec(html)?.[0] ?? '';
  expect(hero).toContain(`href="/nights/${LAST}/"`);
  expect(hero).not.toContain(TO_COME);
  expect(html).toContain(`href="/nights/${TO_COME}/"`);
  expect(html).toContain('In the future');
  const calendar = /<section[^>]*id="calendar"[\s\S]*?<\/section>/.exec(html)?.[0] ?? '';
  expect(calendar).toContain(LAST.slice(0, 4));
  expect(calendar).not.toContain(TO_COME.slice(0, 4));
});

test('a timeline keeps to its night, and tells what it does not draw', async () => {
  const html = await page(`/nights/${LAST}/`);
  expect(html).toContain('1 frame not drawn: no date, or that of another night.');
  const roll = /<svg class="timeline-roll"[\s\S]*?<\/svg>\s*<div class="bar-card"/.exec(html)?.[0];
  const hours = roll?.match(/>\d\d:00<\/text>/g) ?? [];
  expect(hours.length).toBeGreaterThan(8);
  expect(hours.length).toBeLessThan(30);
});
