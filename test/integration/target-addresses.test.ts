/** Whether every object of frames has an address, what is none, and what the sums of one lead to. */
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { isPlaceholder, nameOfSegment, targetSegment } from '../../src/targets/index.js';

interface Target {
  readonly name: string;
  readonly frames: number;
  readonly url: string;
  readonly frames_url: string;
}

const NAMES = ['resolve', '..', '.', '=odd', 'M 31', 'a/b?c'];
const NONE = ['None', 'flat', 'n/a', 'Unknown', 'SKY-FLAT', 'NaN'];

let archive: TestArchive;
let seed = 0;

async function store(cards: Readonly<Record<string, string | number>>): Promise<void> {
  seed += 1;
  const name = `address-${seed}.fits`;
  const file = pyobsFrame({ EXPTIME: 60, ...cards, FNAME: name }, { seed });
  expect((await archive.upload(file, name)).created).toBe(1);
}

beforeAll(async () => {
  archive = await startArchive();
  for (const OBJECT of [...NAMES, ...NONE]) await store({ OBJECT });
  await store({ OBJECT: 'M31', IMAGETYP: 'flat' });
});
afterAll(() => archive.close());

/** A path as a browser makes it of an address. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

test('each object has an address that leads to it, and frames that are as many as it says', async () => {
  const { results } = await archive.json<{ results: Target[] }>('/targets/?sort=name');
  expect(results.map(({ name }) => name).sort()).toEqual([...NAMES].sort());
  for (const { name, url, frames, frames_url: framesUrl } of results) {
    const shown = await archive.json<Target>(pathOf(url));
    expect([shown.name, shown.frames]).toEqual([name, frames]);
    const { count } = await archive.json<{ count: number }>(pathOf(framesUrl));
    expect([name, count]).toEqual([name, frames]);
    const page = await archive.fetch(pathOf(url), { headers: { Accept: 'text/html' } });
    expect([name, page.status]).toEqual([name, 200]);
    expect(await page.text()).toContain('IMAGETYPE=object,standard');
  }
});

test('a segment is read as it was written', () => {
  for (const name of [...NAMES, 'Resolve', '=', '==..', '...']) {
    const segment = targetSegment(name);
    expect(segment).not.toMatch(/^(?:\.{1,2}|resolve)$/i);
    expect(nameOfSegment(decodeURIComponent(segment))).toBe(name);
  }
});

test('what stands for no object is none, and a name that only has it in it is one', () => {
  for (const name of NONE) expect([name, isPlaceholder(name)]).toEqual([name, true]);
  for (const name of ['Flatiron', 'NGC 1', 'Dark Doodad', '']) {
    expect([name, isPlaceholder(name)]).toEqual([name, false]);
  }
});
