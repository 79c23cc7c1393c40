import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { startArchive, type TestArchive } from '../support/archive.js';
import { addToken, addUser } from '../support/logins.js';

let archive: TestArchive;
let [seed, wanda, otto] = [0, '', ''];

beforeAll(async () => {
  archive = await startArchive({ ANONYMOUS: 'public' });
  await addUser(archive, 'wanda', 'writer');
  await addUser(archive, 'otto', 'writer');
  [wanda, otto] = [await addToken(archive, 'wanda'), await addToken(archive, 'otto')];
});

afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
});

type Json = Record<string, unknown>;
interface Told {
  readonly results: readonly Json[];
  readonly history: readonly Json[];
}

async function store(name: string, cards: Parameters<typeof pyobsFrame>[0] = {}): Promise<number> {
  seed += 1;
  const bytes = pyobsFrame({ FNAME: `${name}.fits`, FILTER: 'V', ...cards }, { seed });
  return (await archive.upload(bytes, `${name}.fits`)).files[0]!.id!;
}

async function send(path: string, method: string, body: unknown, token: string): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return archive.fetch(path, { method, token, headers, body: JSON.stringify(body) });
}

async function correct(id: number, body: Json, why = '', token = wanda, method = 'PATCH') {
  const query = why === '' ? '' : `?why=${encodeURIComponent(why)}`;
  const answer = await send(`/frames/${id}/corrections/${query}`, method, body, token);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Told;
}

const told = (id: number, token?: string): Promise<Told> =>
  archive
    .fetch(`/frames/${id}/corrections/`, token === undefined ? {} : { token })
    .then(async (answer) => (await answer.json()) as Told);

test('a reason among the keywords is refused, and told where it belongs', async () => {
  const id = await store('why-inside', { FILTER: 'B' });
  const path = `/frames/${id}/corrections/`;
  const answer = await send(path, 'PATCH', { FILTER: 'R', why: 'wheel' }, wanda);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('?why=');
  expect(await archive.json(`/frames/${id}/`)).toMatchObject({ FILTER: 'B' });
});

test('DELETE takes back the correction of one keyword, and leaves the others', async () => {
  const id = await store('one-of-two', { OBJECT: 'M 13', FILTER: 'B' });
  await correct(id, { FILTER: 'R', OBJECT: 'M 92' });
  const path = `/frames/${id}/corrections/filter/?why=was+right`;
  const answer = await send(path, 'DELETE', {}, wanda);
  expect(answer.status).toBe(200);
  const { results, history } = (await answer.json()) as Told;
  expect(results).toMatchObject([{ keyword: 'OBJECT', value: 'M 92' }]);
  expect(history.at(-1)).toMatchObject({ keyword: 'FILTER', set: false, why: 'was right' });
  expect(await archive.json(`/frames/${id}/`)).toMatchObject({ FILTER: 'B', OBJECT: 'M 92' });
  // Once more, there is nothing to take back.
  const again = (await (await send(path, 'DELETE', {}, wanda)).json()) as Told;
  expect(again.history).toHaveLength(history.length);
  const structure = await send(`/frames/${id}/corrections/NAXIS1/`, 'DELETE', {}, wanda);
  expect(structure.status).toBe(400);
});

const INSTANT = expect.stringMatching(/^20\d\d-.*Z$/) as string;

test.each([
  [{ EXPTIME: 'abc' }, /EXPTIME cannot be read from 'abc'/],
  [{ FILTER: 'R', EXPTIME: -5 }, /EXPTIME cannot be -5: no exposure/],
  [{ EXPTIME: '-5' }, /EXPTIME cannot be -5/],
  [{ AIRMASS: 'low' }, /AIRMASS cannot be read/],
  [{ TOOLONGKEYWORD: '1' }, /TOOLONGKEYWORD is longer than the 8 characters/],
])(
  '%j cannot be right: it is refused by name, of frames and of files that wait for repair',
  async (body, words) => {
    const id = await store('senseless');
    const answer = await send(`/frames/${id}/corrections/`, 'PATCH', body, wanda);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ detail: expect.stringMatching(words) as string }),
    ]);
    expect((await told(id)).history).toEqual([]);
    // What is wrong in the file itself may stay so, and be mended.
    const odd = await store('odd-itself', { EXPTIME: -7, AIRMASS: 'high' });
    await correct(odd, { GAIN: 2 });
    await correct(odd, { EXPTIME: null });
    seed += 1;
    const lacking = pyobsFrame({ 'DATE-OBS': 'last night' }, { seed });
    const refused = (await archive.upload(lacking, `refused-${seed}.fits`)).files[0];
    expect(refused?.status).toBe('refused');
    const { results } = await archive.json<Told>('/quarantine/');
    const overrides = { 'DATE-OBS': '2026-03-01T22:00:00', ...body };
    const path = `/quarantine/${String(results[0]?.id)}/retry/`;
    const retried = await send(path, 'POST', { overrides }, archive.adminToken);
    const text = JSON.stringify(await retried.json());
    expect([text.includes('"refused"'), text]).toEqual([true, expect.stringMatching(words)]);
  },
);

test('each setting and withdrawal is told with old value, new value, who, when and why', async () => {
  const id = await store('history-1', { GAIN: 1 });
  expect(await told(id)).toMatchObject({ results: [], history: [] });
  await correct(id, { FILTER: 'R', GAIN: 2 }, 'wheel was misread');
  await correct(id, { FILTER: 'I' }, '  it was the next one ', otto);
  await correct(id, { FILTER: 'I' }, 'the same once more');
  const set = await correct(id, { FILTER: null }, '', otto);
  expect(set.results).toMatchObject([
    { keyword: 'FILTER', value: null, original: 'V', by: 'otto', why: null },
    { keyword: 'GAIN', value: 2, original: 1, by: 'wanda', why: 'wheel was misread' },
  ]);
  const { results, history } = await correct(id, {}, 'all nonsense', wanda, 'PUT');
  expect(results).toEqual([]);
  const step = (keyword: string, from: unknown, to: unknown, by: string, why: unknown) => {
    return { keyword, old: from, new: to, set: true, by, rule: null, why, at: INSTANT };
  };
  const withdrawn = { set: false };
  expect(history).toHaveLength(6);
  expect(history).toEqual(
    expect.arrayContaining([
      step('FILTER', 'V', 'R', 'wanda', 'wheel was misread'),
      step('GAIN', 1, 2, 'wanda', 'wheel was misread'),
      step('FILTER', 'R', 'I', 'otto', 'it was the next one'),
      step('FILTER', 'I', null, 'otto', null),
      { ...step('FILTER', null, 'V', 'wanda', 'all nonsense'), ...withdrawn },
      { ...step('GAIN', 2, 1, 'wanda', 'all nonsense'), ...withdrawn },
    ]),
  );
  const times = history.map(({ at }) => String(at));
  expect(times).toEqual([...times].sort());
  expect(history.filter(({ keyword }) => keyword === 'FILTER').map((each) => each.new)).toEqual([
    'R',
    'I',
    null,
    'V',
  ]);
  expect(await told(id)).toEqual({ ...(await told(id)), history });
});

test('the log tells the reason too; one that cannot be shown is refused and nothing is changed', async () => {
  const id = await store('history-2');
  await correct(id, { FILTER: 'R' }, 'wheel was misread');
  const { results } = await archive.json<{ results: Json[] }>(
    `/audit/?subject=frame:${id}&action=frame.corrected`,
  );
  expect(results).toMatchObject([{ actor: 'wanda', detail: { why: 'wheel was misread' } }]);
  for (const why of ['x'.repeat(501), 'a\u0000b', 'two\nlines', 'turn\u202eed']) {
    const one = `/frames/${id}/corrections/?why=${encodeURIComponent(why)}`;
    const answers = [
      await send(one, 'PATCH', { FILTER: 'B' }, wanda),
      await send('/frames/corrections/', 'POST', { ids: [id], corrections: {}, why }, wanda),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as Json).detail).toMatch(
        /^The reason is a text |^Invalid parameter why/,
      );
    }
  }
  expect((await told(id)).history).toHaveLength(1);
});

test('many frames at once are given one reason', async () => {
  const ids = [await store('history-3'), await store('history-4')];
  const body = { ids, corrections: { OBJECT: 'M 92' }, why: 'wrong script' };
  expect((await send('/frames/corrections/', 'POST', body, otto)).status).toBe(200);
  for (const id of ids) {
    const { history } = await told(id);
    expect(history).toMatchObject([{ new: 'M 92', set: true, by: 'otto', why: 'wrong script' }]);
  }
});

test('those for whom the frame is only public learn neither who nor why', async () => {
  const id = await store('history-5', { L1PUBDAT: '2026-03-02T00:00:00' });
  await correct(id, { FILTER: 'R' }, 'told by Ines');
  await correct(id, {}, 'told by Ines', wanda, 'PUT');
  await correct(id, { OBJECT: 'M 3' }, 'told by Ines');
  const { results, history } = await told(id, '');
  expect(results).toMatchObject([{ value: 'M 3', by: null, why: null }]);
  expect(history).toMatchObject([
    { old: 'V', new: 'R', by: null, why: null },
    { old: 'R', new: 'V', by: null, why: null, set: false },
    { new: 'M 3', by: null, why: null },
  ]);
  const page = async (token?: string): Promise<string> => {
    const headers = { Accept: 'text/html' };
    const as = token === undefined ? { headers } : { headers, token };
    const html = await (await archive.fetch(`/frames/${id}/`, as)).text();
    return /<section id="quality">.*?<details class="part" id="related"/s.exec(html)?.[0] ?? '';
  };
  expect(await page('')).toMatch(/FILTER<\/span>: R → V/);
  expect(await page('')).not.toMatch(/wanda|Ines|>Undo</);
  expect(await page()).toMatch(/told by Ines/);
});

test('a repaired upload tells why, also if it took two tries, and by command', async () => {
  const refuse = async (name: string): Promise<number> => {
    seed += 1;
    const bytes = pyobsFrame({ FNAME: `${name}.fits`, 'DATE-OBS': 'late' }, { seed });
    await archive.upload(bytes, `${name}.fits`, wanda);
    const { results } = await archive.json<{ results: Json[] }>('/quarantine/');
    return Number(results.find((each) => each.name === `${name}.fits`)?.id);
  };
  const DATE = '2026-03-01T20:00:00';
  const item = await refuse('repair-1');
  const retry = async (body: Json) =>
    (await send(`/quarantine/${item}/retry/`, 'POST', body, wanda)).json() as Promise<Json>;
  const why = 'clock had stopped';
  expect(await retry({ overrides: { 'DATE-OBS': 'x' }, why })).toMatchObject({ id: null });
  expect(await archive.json(`/quarantine/${item}/`)).toMatchObject({ why });
  const { id } = await retry({ overrides: { 'DATE-OBS': DATE } });
  const step = { keyword: 'DATE-OBS', old: 'late', new: DATE, why };
  expect((await told(Number(id))).history).toMatchObject([{ ...step, by: 'wanda' }]);

  const other = String(await refuse('repair-2'));
  const command = ['quarantine', 'retry', other, '--set', `DATE-OBS=${DATE}`, '--why', why];
  expect((await archive.run(command)).stdout).toMatch(/^stored: repair-2/);
  const frames = await archive.json<{ results: { id: number }[] }>('/frames/?basename=repair-2');
  expect((await told(Number(frames.results[0]?.id))).history).toMatchObject([step]);
});

test('it comes back from the trash, and a frame without one has no longer lines in the journal', async () => {
  const [id, plain] = [await store('history-6'), await store('history-7')];
  await correct(id, { FILTER: 'R', GAIN: 2 }, 'wheel was misread');
  await correct(id, { GAIN: 2 }, '', otto, 'PUT');
  await correct(plain, { FILTER: 'R' });
  const before = await told(id);
  expect(before.history).toHaveLength(3);
  expect((await archive.fetch(`/frames/${id}/`, { method: 'DELETE' })).status).toBe(204);
  const back = await archive.fetch(`/trash/${id}/restore/`, { method: 'POST' });
  expect(back.status).toBe(200);
  expect(await told(id)).toEqual(before);
  await archive.stop();
  const folder = join(archive.dataDir, 'archive/.platevault/journal');
  const texts = (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8'));
  const lines = (await Promise.all(texts)).join('').trim().split('\n');
  const last = (frame: number): string =>
    lines.filter((line) => line.includes(`"frame:${frame}"`)).at(-1) ?? '';
  expect(last(id)).toMatch(/formerCorrections.*wheel was misread/);
  expect(last(plain)).toMatch(/"corrections":\[\{[^}]*"FILTER"[^}]*\}\],"notes"/);
  expect(last(plain)).not.toMatch(/formerCorrections|why/);
  await archive.restart();
  expect(await told(id)).toEqual(before);
});
