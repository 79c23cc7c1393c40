import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

/** Lists and sums of which some are about each of the frames, and some about none. */
const QUESTIONS = [
  '/frames/?night=2026-03-01',
  '/frames/?night=2026-03-02',
  '/frames/?FILTER=V&sort=DATE_OBS&order=asc',
  '/frames/?FILTER!=V',
  '/frames/?OBJECT=M%2033',
  '/frames/?basename=hill-02',
  '/frames/?RA=10.68&DEC=41.27&radius=1',
  '/frames/?start=2026-03-02&end=2026-03-04',
  '/frames/?header.GAIN__gte=2',
  '/frames/?flag=bad',
  '/frames/?flag=none,bad',
  '/frames/?finding=none',
  '/frames/?finding!=trailed',
  '/frames/aggregate/?finding=none',
  '/frames/?fwhm__lt=100',
  '/frames/?stars__gte=0&night=2026-03-01',
  '/frames/?limit=3&sort=EXPTIME&order=desc',
  '/frames/aggregate/?night=2026-03-01',
  '/frames/aggregate/?SITE=hill',
];

interface Heard {
  readonly tag: string;
  readonly body: Readonly<Record<string, unknown>>;
}

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ MEASURE: 'true' });
});
afterAll(() => archive.close());

async function ask(question: string): Promise<Heard> {
  const answer = await archive.fetch(question);
  expect(answer.status).toBe(200);
  const body = (await answer.json()) as Heard['body'];
  return { tag: answer.headers.get('etag') ?? '', body };
}

let asked = 0;

/** What is asked with a parameter that nobody knows was never asked before: its answer is made anew. */
async function askAnew(question: string): Promise<Heard['body']> {
  asked += 1;
  return (await ask(`${question}&anew=${asked}`)).body;
}

/** All answers, each compared with one that is made anew. @returns their entity tags */
async function askAll(): Promise<string[]> {
  const tags: string[] = [];
  for (const question of QUESTIONS) {
    for (;;) {
      const { tag, body } = await ask(question);
      const made = await askAnew(question);
      const { tag: again } = await ask(question);
      if (again !== tag) continue; // something was measured meanwhile
      expect({ question, ...told(body) }).toEqual({ question, ...told(made) });
      tags.push(tag);
      break;
    }
  }
  return tags;
}

/** Without what each answer has of its own: its address, and when it was made. */
function told({ next: _next, previous: _previous, generated_at: _at, ...rest }: Heard['body']) {
  return rest;
}

async function send(name: string, cards: Record<string, string | number>): Promise<number> {
  const frame = pyobsFrame({ ...cards, FNAME: `${name}.fits` }, { seed: name.length + asked });
  const { files } = await archive.upload(frame, `${name}.fits`);
  expect(files[0]?.status).toMatch(/^(?:stored|new-version)$/);
  return files[0]?.id ?? 0;
}

const secondNight = (minute: number): Record<string, string> => ({
  'DATE-OBS': `2026-03-02T20:${String(minute).padStart(2, '0')}:00`,
  'DAY-OBS': '2026-03-02',
});

test('answers that are kept are what would be answered anew, whatever has happened since', async () => {
  const first = await send('hill-0101', { GAIN: 3 });
  await askAll();
  const steps: readonly (() => Promise<unknown>)[] = [
    () => send('hill-0201', secondNight(1)),
    () => send('hill-0202', { ...secondNight(2), FILTER: 'B', OBJECT: 'M 33' }),
    () => send('hill-0102', { L1FLAT: 'hill-0900', EXPTIME: 7 }),
    () => send('hill-0900', { ...secondNight(3), IMAGETYP: 'flat', FILTER: 'R' }),
    () => send('hill-0101', { GAIN: 1 }), // a further version
    () => post(`/frames/${first}/flag/`, { flag: 'bad' }),
    () => send('hill-0203', { ...secondNight(4), 'TEL-RA': 10.7 }),
    () => archive.fetch(`/frames/${first}/`, { method: 'DELETE' }),
    () => send('hill-0103', {}),
  ];
  for (const step of steps) {
    await step();
    await askAll();
  }
}, 120_000);

test('an upload leaves alone the answers in which it plays no part', async () => {
  await archive.close();
  archive = await startArchive(); // nothing more is found out of these frames
  await send('hill-0101', { GAIN: 3 });
  await send('hill-0201', { ...secondNight(2), FILTER: 'B', OBJECT: 'M 33' });
  const before = await askAll();
  await send('hill-0301', { ...secondNight(30), OBJECT: 'M 101', FILTER: 'R', 'TEL-RA': 210 });
  const after = await askAll();
  const same = QUESTIONS.filter((_, index) => before[index] === after[index]);
  expect(same).toEqual(
    expect.arrayContaining([
      '/frames/?night=2026-03-01',
      '/frames/?FILTER=V&sort=DATE_OBS&order=asc',
      '/frames/?OBJECT=M%2033',
      '/frames/?RA=10.68&DEC=41.27&radius=1',
      '/frames/?header.GAIN__gte=2',
      '/frames/aggregate/?night=2026-03-01',
    ]),
  );
  for (const changed of ['/frames/?night=2026-03-02', '/frames/?FILTER!=V']) {
    expect(same).not.toContain(changed);
  }
  const tag = before[0] ?? '';
  // Without the second header, fetch asks for a new answer.
  const headers = { 'If-None-Match': tag, 'Cache-Control': 'max-age=0' };
  const answer = await archive.fetch(QUESTIONS[0] ?? '', { headers });
  expect(answer.status).toBe(304);
}, 60_000);

test('after a new start, whose settings may be others, nobody is told that nothing changed', async () => {
  const { tag } = await ask('/frames/?limit=2');
  await archive.stop();
  await archive.restart();
  const headers = { 'If-None-Match': tag, 'Cache-Control': 'max-age=0' };
  expect((await archive.fetch('/frames/?limit=2', { headers })).status).toBe(200);
}, 60_000);

async function post(path: string, body: object): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await archive.fetch(path, { method: 'PUT', headers, body: JSON.stringify(body) });
  expect(answer.status).toBeLessThan(300);
}
