/** Exposures that cannot be what their headers say: told at the frame, and left out of all sums. */
import { makeFits } from '../fixtures/make-fits.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { allMeasured } from '../support/measuring.js';

const NIGHT = '2026-03-01';
const SIZE = 64;
/** By number of the frame, which begin a minute apart; all others are of 50 s. */
const EXPOSURES: Readonly<Record<number, number>> = { 2: 36_000, 5: 1e9, 6: -20 };
const COUNT = 8;

let archive: TestArchive;
const ids: number[] = [];

beforeAll(async () => {
  archive = await startArchive({ MEASURE: 'true', SITE_LATITUDE: '50', SITE_LONGITUDE: '10' });
  for (let number = 1; number <= COUNT; number += 1) {
    const file = makeFits({
      width: SIZE,
      height: SIZE,
      seed: number,
      cards: {
        SITEID: 'hill',
        TELID: '0m5',
        INSTRUME: 'cam1',
        IMAGETYP: 'object',
        OBJECT: 'M 67',
        FILTER: 'V',
        EXPTIME: EXPOSURES[number] ?? 50,
        'DATE-OBS': new Date(Date.UTC(2026, 2, 1, 22, number)).toISOString().slice(0, 19),
        'DAY-OBS': NIGHT,
      },
    });
    const { files } = await archive.upload(file, `m67-${number}.fits`);
    ids.push(Number(files[0]?.id));
  }
  await allMeasured(archive);
}, 60_000);
afterAll(async () => {
  expect(await archive.check()).toEqual([]); // all sums are those of the frames
  await archive.close();
});

async function saidOf(number: number): Promise<string[]> {
  const { findings } = await archive.json<{ findings: { code: string; text: string }[] }>(
    `/frames/${ids[number - 1]}/`,
  );
  const codes = ['wrong-exposure', 'overlap'];
  return findings.filter(({ code }) => codes.includes(code)).map(({ text }) => text);
}

/** Seconds of open shutter: of the night, of its camera, of its target. */
async function sums(): Promise<number[]> {
  const night = await archive.json<{ hours: number; use: { open_hours: number }[] }>(
    `/nights/${NIGHT}/`,
  );
  const target = await archive.json<{ hours: number }>('/targets/M%2067/');
  const list = await archive.json<{ results: { hours: number }[] }>('/nights/');
  return [night.hours, night.use[0]?.open_hours ?? NaN, target.hours, list.results[0]?.hours].map(
    (hours) => Math.round((hours ?? NaN) * 3600),
  );
}

test('each is a finding in words, and the frames after it are not blamed', async () => {
  expect(await saidOf(2)).toEqual([
    `The exposure cannot be of 36000 s: frame ${ids[2]} of the same camera began 60 s after it. It counts in no sum.`,
  ]);
  expect(await saidOf(5)).toEqual([
    'No exposure lasts 1000000000 s, nor does any sum of them. It counts in no sum.',
  ]);
  expect(await saidOf(6)).toEqual(['An exposure of -20 s cannot be. It counts in no sum.']);
  for (const number of [1, 3, 4, 7, 8])
    expect([number, await saidOf(number)]).toEqual([number, []]);
  const { count } = await archive.json<{ count: number }>('/frames/?finding=wrong-exposure');
  expect(count).toBe(3);
});

test('the sums of nights, cameras and targets are those of the others', async () => {
  expect(await sums()).toEqual([250, 250, 250, 250]);
});

test('what its header says stays to be seen, and put right it counts', async () => {
  const path = `/frames/${ids[1]}/`;
  expect(await archive.json(path)).toMatchObject({ EXPTIME: 36_000 });
  const corrected = await archive.fetch(`${path}corrections/`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ EXPTIME: 50 }),
  });
  expect(corrected.status).toBe(200);
  await allMeasured(archive);
  expect(await saidOf(2)).toEqual([]);
  expect(await sums()).toEqual([300, 300, 300, 300]);
});
