/** Refused files are told in the night that their own headers name, and are not missing in it. */
import { setTimeout } from 'node:timers/promises';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';

interface Night {
  readonly quarantine: readonly { readonly name: string }[];
  readonly findings: readonly { readonly code: string; readonly text: string }[];
}

const NIGHT = '2026-04-12';
const TODAY = new Date().toISOString().slice(0, 10);
/** Where a header ends that fits into one block. */
const CUT = 2880 + 100;

let archive: TestArchive;

beforeAll(async () => {
  archive = await startArchive({ MEASURE: 'true' });
}, 60_000);
afterAll(() => archive.close());

const frame = (at: number): Buffer =>
  pyobsFrame(
    { 'DAY-OBS': null, 'DATE-OBS': `${NIGHT}T20:3${at}:00`, FNAME: `qq-000${at}.fits` },
    { seed: at },
  );

async function until(isSo: (night: Night) => boolean): Promise<Night> {
  for (;;) {
    const night = await archive.json<Night>(`/nights/${NIGHT}/`);
    if (isSo(night)) return night;
    await setTimeout(300);
  }
}

const missing = ({ findings }: Night): string[] =>
  findings.filter(({ code }) => code === 'missing-before').map(({ text }) => text);

test('a file that is cut off is told in the night of its exposure, and the number that it leaves out', async () => {
  for (let at = 1; at <= 8; at += 1) {
    const whole = frame(at);
    const sent = at === 4 ? whole.subarray(0, whole.length - CUT) : whole;
    const { files } = await archive.upload(sent, `qq-000${at}.fits`);
    expect(files[0]?.status).toBe(at === 4 ? 'refused' : 'stored');
  }
  const night = await until((each) => missing(each).length > 0);
  expect(night.quarantine.map(({ name }) => name)).toEqual(['qq-0004.fits']);
  expect(missing(night)).toEqual([
    'A frame is missing before this one: number 0004. It is in quarantine.',
  ]);
  expect((await archive.fetch(`/nights/${TODAY}/`)).status).toBe(404);
}, 60_000);

test('sent again whole it is missing no longer; deleted, it is said to be in the trash', async () => {
  const { files } = await archive.upload(frame(4), 'qq-0004.fits');
  await until((each) => missing(each).length === 0);
  const id = files[0]?.id ?? 0;
  const answer = await archive.fetch(`/frames/${id}/`, {
    method: 'DELETE',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ reason: 'a satellite' }),
  });
  expect(answer.ok).toBe(true);
  const night = await until((each) => missing(each).length > 0);
  expect(missing(night)).toEqual([
    'A frame is missing before this one: number 0004. It is in the trash.',
  ]);
}, 60_000);

test('a lacking keyword does not hide the night, and a file without any header is told by when it came', async () => {
  const lacking = pyobsFrame({ 'DATE-OBS': `${NIGHT}T22:00:00`, 'DAY-OBS': null, IMAGETYP: null });
  const { files } = await archive.upload(lacking, 'no-type.fits');
  await archive.upload(Buffer.from('no file of stars'), 'junk.bin');
  const there = await archive.json<Night>(`/nights/${NIGHT}/`);
  const names = there.quarantine.map(({ name }) => name);
  expect(names.includes('no-type.fits')).toBe(files[0]?.status === 'refused');
  expect(names).not.toContain('junk.bin');
}, 60_000);
