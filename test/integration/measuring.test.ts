import { readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beginMeasuringAnew } from '../../src/catalog/index.js';
import { makeFits } from '../fixtures/make-fits.js';
import { makeField, type FieldOptions } from '../fixtures/star-field.js';
import { runProgram, ADMIN_PASSWORD, startArchive, type TestArchive } from '../support/archive.js';
import { withCatalog } from '../support/catalog.js';
import { logIn } from '../support/logins.js';
import { allMeasured, until } from '../support/measuring.js';

interface Shown {
  readonly id: number;
  readonly basename: string;
  readonly quality: {
    readonly kind: string;
    readonly stars: number | null;
    readonly fwhm: number | null;
    readonly fwhm_px: number | null;
    readonly background: number | null;
    readonly transparency: number | null;
    readonly rank: Readonly<Record<string, number | null>>;
  } | null;
  readonly findings: readonly { code: string; level: string; text: string }[];
}

const SIZE = 160;
const STARS = Array.from({ length: 24 }, (_, at) => ({
  x: 20 + (at % 6) * 24 + (at % 5),
  y: 20 + Math.floor(at / 6) * 36 + (at % 7),
  flux: 12_000 + 1_500 * at,
}));

/** An exposure of one field, a minute after the one before. */
function exposure(number: number, options: FieldOptions = {}, cards: object = {}): Buffer {
  const field = makeField({ width: SIZE, height: SIZE, seed: number, stars: STARS, ...options });
  const start = new Date(Date.UTC(2026, 2, 1, 20, number)).toISOString().slice(0, 19);
  return makeFits({
    width: SIZE,
    height: SIZE,
    pixel: (x, y) => field.pixels[y * SIZE + x] ?? 0,
    cards: {
      SITEID: 'hill',
      TELID: '0m5',
      INSTRUME: 'cam1',
      IMAGETYP: 'object',
      OBJECT: 'M 67',
      FILTER: 'V',
      EXPTIME: 50,
      'DATE-OBS': start,
      'DAY-OBS': '2026-03-01',
      RA: 132.8,
      DEC: 11.8,
      ...cards,
    },
  });
}

const name = (number: number): string => `cam1-${String(number).padStart(4, '0')}.fits`;
const WIDE = 14;
const TRAILED = 15;
const CLOUDED = 16;
const LATE = 18;

let archive: TestArchive;

async function frames(query = ''): Promise<readonly Shown[]> {
  const page = await archive.json<{ results: Shown[] }>(
    `/frames/?limit=100&${query.includes('sort=') ? '' : 'sort=id&'}${query}`,
  );
  return page.results;
}

const settled = (): Promise<void> => allMeasured(archive);

async function found(number: number): Promise<Shown> {
  const all = await frames(`basename_exact=${name(number)}`);
  const [frame] = all;
  if (frame === undefined) throw new Error(`There is no frame ${number}.`);
  return frame;
}

beforeAll(async () => {
  archive = await startArchive({ MEASURE: 'true' });
  for (let number = 1; number <= 18; number += 1) {
    if (number === 8 || number === 9) continue; // never sent
    const trail = { kind: 'gaussian', fwhmPx: 3, drift: { lengthPx: 14, angleDeg: 30 } } as const;
    const dim = STARS.map((star) => ({ ...star, flux: star.flux * 0.3 }));
    const particular: Readonly<Record<number, FieldOptions>> = {
      [WIDE]: { shape: { kind: 'gaussian', fwhmPx: 6.5 } },
      [TRAILED]: { shape: trail },
      [CLOUDED]: { stars: dim },
    };
    const options = particular[number] ?? {};
    // Begun while the one before was still being exposed.
    const cards = number === LATE ? { 'DATE-OBS': '2026-03-01T20:17:30' } : {};
    const answer = await archive.upload(exposure(number, options, cards), name(number));
    expect(answer.files[0]?.status).toBe('stored');
  }
  await settled();
}, 120_000);
afterAll(() => archive.close());

test('every frame is measured after it came, and lists tell the numbers', async () => {
  const all = await frames();
  expect(all).toHaveLength(16);
  for (const { quality } of all) expect(quality?.kind).toBe('sky');
  const { quality } = await found(3);
  expect(quality?.stars).toBeGreaterThan(15);
  expect(quality?.fwhm_px).toBeGreaterThan(2.7);
  expect(quality?.fwhm_px).toBeLessThan(3.3);
  expect(quality?.fwhm).toBeNull(); // nobody knows its scale
  expect(quality?.background).toBeGreaterThan(490);
  expect(quality?.background).toBeLessThan(510);
  const alone = await archive.json<Shown>(`/frames/${(await found(3)).id}/`);
  expect(alone.quality).toEqual(quality);
});

test('each knows its rank among those of its setup, and one that is out of the usual is told in words', async () => {
  const { quality, findings } = await found(WIDE);
  expect(quality?.rank.fwhm).toBeGreaterThan(90);
  const unusual = findings.find(({ code }) => code === 'unusual-fwhm');
  expect(unusual?.text).toMatch(/^FWHM [\d.]+ px, usual [\d.]+ px/);
  const ranks = (await frames()).flatMap((frame) => frame.quality?.rank.fwhm ?? []);
  expect(ranks.length).toBeGreaterThan(13);
  expect(new Set(ranks).size).toBeGreaterThan(5);
});

test('every measure has its rank, in JSON, in tables and on the page', async () => {
  const { id, basename, quality } = await found(CLOUDED);
  const { hot_pixels: hot, ...rank } = quality?.rank ?? {};
  expect(hot).toBeNull(); // stars are no darks
  expect(Object.keys(rank)).toHaveLength(9);
  for (const value of Object.values(rank)) expect(value).toEqual(expect.any(Number));
  expect(rank.transparency).toBeLessThan(20);
  const csv = await archive.fetch(`/frames/?format=csv&basename_exact=${basename}`);
  const [head = '', line = ''] = (await csv.text()).split('\r\n');
  const cells = line.split(',');
  for (const [name, value] of Object.entries(rank)) {
    const at = head.split(',').indexOf(`quality.rank.${name}`);
    expect([name, cells[at]]).toEqual([name, String(value)]);
  }
  const table = await archive.fetch(`/frames/?format=votable&basename_exact=${basename}`);
  expect(await table.text()).toContain('<FIELD name="quality_rank_background_gradient"');
  const html = { headers: { Accept: 'text/html' } };
  const page = await (await archive.fetch(`/frames/${id}/`, html)).text();
  for (const label of ['Half flux', 'Gradient', 'Noise', 'Saturated', 'Transparency']) {
    expect(page).toMatch(new RegExp(`<dt>${label}</dt><dd>[^<]*, above \\d+ % of the usual</dd>`));
  }
});

test('a field that was dimmer than it is was behind clouds', async () => {
  const { quality, findings } = await found(CLOUDED);
  expect(quality?.transparency).toBeGreaterThan(0.15);
  expect(quality?.transparency).toBeLessThan(0.5);
  expect(findings.map(({ code }) => code)).toContain('clouds');
  const clear = await found(5);
  expect(clear.quality?.transparency).toBeGreaterThan(0.8);
  expect(clear.findings.map(({ code }) => code)).not.toContain('clouds');
});

test('numbers that are left out and exposures that overlap are found, each at its frame', async () => {
  const missing = await frames('finding=missing-before');
  expect(missing.map(({ basename }) => basename)).toEqual(['cam1-0010']);
  expect(missing[0]?.findings.find(({ code }) => code === 'missing-before')?.text).toBe(
    '2 frames are missing before this one: numbers 0008 to 0009.',
  );
  const overlapping = await frames('finding=overlap');
  expect(overlapping.map(({ basename }) => basename)).toEqual(['cam1-0018']);
});

test('lists are filtered by what was measured and found', async () => {
  const all = await frames();
  const wide = all.filter(({ quality }) => (quality?.fwhm_px ?? 0) > 4);
  expect(await frames('fwhm_px__gt=4')).toEqual(wide);
  const narrow = all.filter(({ quality }) => (quality?.fwhm_px ?? 9) <= 4);
  expect(wide.length).toBeGreaterThan(0);
  expect(await frames('stars__gte=1&fwhm_px__lte=4')).toEqual(narrow);
  expect(await frames('background__lt=1')).toEqual([]);
  const unusual = await frames('finding=unusual-fwhm');
  expect(unusual.map(({ basename }) => basename)).toContain('cam1-0014');
  expect(unusual.length).toBeLessThan(3);
  expect(await frames('sort=fwhm_px&order=desc')).toEqual(
    [...all].sort((a, b) => (b.quality?.fwhm_px ?? 0) - (a.quality?.fwhm_px ?? 0)),
  );
  const clean = all.filter(({ findings }) => findings.length === 0);
  expect(clean.length).toBeGreaterThan(5);
  expect(await frames('finding=none')).toEqual(clean);
  expect(await frames('finding=overlap,missing-before')).toHaveLength(2);
  expect(await frames('finding!=overlap')).toHaveLength(all.length - 1);
  const answer = await archive.fetch('/frames/?fwhm__lt=wide');
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('fwhm__lt');
});

test('a header that disagrees with the sky is told, and no more when it was set right', async () => {
  const site = { LATITUDE: 50, LONGITUD: 10, SUNALT: 30 };
  const { files } = await archive.upload(exposure(19, {}, site), name(19));
  const id = String(files[0]?.id);
  await settled();
  const aboutSun = async (): Promise<number> =>
    (await found(19)).findings.filter(({ text }) => text.includes('Sun')).length;
  expect(await aboutSun()).toBe(1);
  const corrected = await archive.fetch(`/frames/${id}/corrections/`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ SUNALT: null }),
  });
  expect(corrected.status).toBe(200);
  await settled();
  expect(await aboutSun()).toBe(0);
  await archive.fetch(`/frames/${id}/`, { method: 'DELETE' });
});

test('numbers of a former version are not told, and the new one is measured', async () => {
  const before = await found(2);
  const shape = { kind: 'gaussian', fwhmPx: 5 } as const;
  const sent = await archive.upload(exposure(2, { shape }), name(2));
  expect(sent.files[0]).toMatchObject({ id: before.id, version: 2 });
  await settled();
  const after = await found(2);
  expect(after.quality?.fwhm_px).toBeGreaterThan(4.5);
});

test('what the queue was at when the server was killed is measured after the next start', async () => {
  const gone = [(await found(1)).id, (await found(4)).id];
  await archive.stop('SIGKILL');
  await withCatalog(archive, async ({ write }) => {
    await write('measures').whereIn('frame_id', gone).delete();
    for (const id of gone) await write('measure_queue').insert({ frame_id: id });
  });
  await archive.restart();
  await settled();
  expect((await frames()).every(({ quality }) => quality !== null)).toBe(true);
});

test('frames that no change has queued are found by and by, newest first', async () => {
  await archive.stop();
  await withCatalog(archive, async ({ write }) => {
    await write('measures').delete();
    await write('counters').whereIn('name', ['measure_swept', 'measure_method']).delete();
  });
  await archive.restart();
  await until(async () => (await frames()).every(({ quality }) => quality !== null));
  await settled();
  expect((await found(3)).quality?.rank.fwhm).not.toBeNull();
});

describe('platevault measure', () => {
  const run = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { status, stdout, stderr } = await archive.run(['measure', '--json', ...args]);
    expect([status, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  test('beside a running server it measures what has no numbers of this method', async () => {
    expect(await run()).toMatchObject({ measured: 0, frames: 0 });
    await withCatalog(archive, async ({ write }) => {
      await write('measures')
        .where({ frame_id: (await found(5)).id })
        .update({ method: 0 });
    });
    const others = await run('--instrument', 'cam2', '--since', '2026-03-01');
    expect(others).toMatchObject({ measured: 0 });
    expect(await run('--night', '2026-03-01')).toMatchObject({ measured: 1, nights: 1 });
  });

  test('with --force it measures all, and broken off it goes on where it was', async () => {
    const night = { fromNight: '2026-03-01', toNight: '2026-03-01' };
    await withCatalog(archive, async (catalog) => {
      const { sinceMs } = await beginMeasuringAnew(catalog, night);
      const done = [(await found(17)).id, (await found(18)).id];
      await catalog.write('measures').whereIn('frame_id', done).update({ measured_ms: sinceMs });
    });
    const night1 = ['--force', '--night', '2026-03-01'];
    const continued = await run(...night1);
    expect(continued).toMatchObject({ measured: 14, begunMs: expect.any(Number) as number });
    expect(await run(...night1)).toMatchObject({ measured: 16, begunMs: null });
  });

  test('one that was broken off long ago is begun anew', async () => {
    await withCatalog(archive, async (catalog) => {
      await beginMeasuringAnew(catalog, { fromNight: '2026-03-01', toNight: '2026-03-01' });
      const weeks = Date.now() - 30 * 86_400_000;
      await catalog
        .write('counters')
        .where('name', 'like', 'measure_anew_ms:%')
        .update({ value: weeks });
    });
    const again = await run('--force', '--night', '2026-03-01');
    expect(again).toMatchObject({ measured: 16, begunMs: null });
  });

  test('pictures that are too large are told, and seen to when they are no longer', async () => {
    const env = { DATA_DIR: archive.dataDir, LOG: 'off', MEASURE_MAX_PIXELS: '1000' };
    const small = await runProgram(['measure', '--json', '--force', '--night', '2026-03-01'], env);
    expect(small.status).toBe(1);
    expect(JSON.parse(small.stdout)).toMatchObject({ measured: 0, unmeasured: 16 });
    expect(small.stderr).toContain(`${name(6)}: The image has more than 1000 pixels`);
    expect(await run('--night', '2026-03-01')).toMatchObject({ measured: 16, unmeasured: 0 });
    expect(await run('--night', '2026-03-01')).toMatchObject({ frames: 0 });
  });

  test('a file that is missing is told by its name, and that not all was done by the status', async () => {
    const { id } = await found(6);
    await withCatalog(archive, async ({ write }) => {
      await write('measures').where({ frame_id: id }).delete();
    });
    const key = join(archive.dataDir, 'archive', 'hill', '2026-03-01', name(6));
    await rename(key, `${key}.away`);
    const { status, stderr } = await archive.run(['measure']);
    expect([status, stderr]).toEqual([1, expect.stringContaining(name(6))]);
    await rename(`${key}.away`, key);
    expect(await run()).toMatchObject({ measured: 1 });
    const wrong = await archive.run(['measure', '--since', 'yesterday']);
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('--since')]);
  });
});

test('a file without pixels that can be measured gets a finding that says why, and waits no more', async () => {
  const whole = exposure(30);
  const answer = await archive.upload(whole.subarray(0, whole.length - 20 * 2880), name(30));
  expect(answer.files[0]?.status).toBe('refused'); // the archive takes no broken file
  const { id } = await found(7);
  const path = join(archive.dataDir, 'archive', 'hill', '2026-03-01', name(7));
  const bytes = await readFile(path);
  await truncate(path, bytes.length - 8 * 2880);
  await withCatalog(archive, async ({ write }) => {
    await write('measure_queue').insert({ frame_id: id });
  });
  await settled();
  const { findings } = await found(7);
  expect(findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^(?:truncated|unmeasured)$/)]),
  );
  await writeFile(path, bytes);
});

test('the page of a frame tells numbers and findings in words, and takes flags and tags without JavaScript', async () => {
  const { id } = await found(CLOUDED);
  const html = { headers: { Accept: 'text/html' } };
  const page = await (await archive.fetch(`/frames/${id}/`, html)).text();
  expect(page).toMatch(/<dt>FWHM<\/dt><dd>[\d.]+ px/);
  expect(page).toContain('of the light of this field came through');
  const session = await logIn(archive, 'admin', ADMIN_PASSWORD);
  const post = (fields: Record<string, string>): Promise<Response> =>
    fetch(`${archive.url}/frames/${id}/mark/`, {
      method: 'POST',
      redirect: 'manual',
      headers: { Cookie: session.cookies, Origin: archive.url },
      body: new URLSearchParams({ csrfmiddlewaretoken: session.csrf, ...fields }),
    });
  expect((await post({ flag: 'doubtful' })).status).toBe(303);
  expect((await post({ tag: 'clouds at dusk' })).status).toBe(303);
  const refused = await post({ tag: 'a,b' });
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('commas')]);
  const shown = { flag: 'doubtful', tags: ['clouds at dusk'] };
  expect(await archive.json(`/frames/${id}/`)).toMatchObject(shown);
  await post({ flag: 'none' });
  await post({ without: 'clouds at dusk' });
  expect(await archive.json(`/frames/${id}/`)).toMatchObject({ flag: null, tags: [] });
});
