/** Relations in both directions that heal, and the calibrations that fit a frame, over HTTP. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pyobsFrame } from '../fixtures/night.js';
import { runProgram, startArchive, type TestArchive } from '../support/archive.js';

type Changes = Readonly<Record<string, string | number | null>>;

interface Match {
  chosen: boolean;
  age_days: number;
  scale: number | null;
  notes: string[];
  count: number;
  frames: { id: number; basename: string; url: string }[];
}

interface Kind {
  needed: boolean;
  reason: string | null;
  wanted: Record<string, string>;
  masters: Match[];
  sets: Match[];
  rejected: { what: string; basename: string; count: number; ids: number[]; reasons: string[] }[];
}

interface Answer {
  id: number;
  bias: Kind;
  dark: Kind;
  flat: Kind;
  chosen: number[];
  zip: string;
}

let archive: TestArchive;
let seed = 0;
const ids = new Map<string, number>();
const idOf = (name: string): number => Number(ids.get(name));
const idsOf = (...names: string[]): number[] => names.map(idOf).sort((a, b) => a - b);

async function store(name: string, changes: Changes = {}): Promise<number> {
  seed += 1;
  const cards = { FNAME: `${name}.fits`, 'CCD-TEMP': -20, GAIN: 1.5, READMODE: 'fast', ...changes };
  const { files } = await archive.upload(pyobsFrame(cards, { seed }), `${name}.fits`);
  expect(files[0]).toMatchObject({ error: null, basename: name });
  ids.set(name, files[0]?.id ?? 0);
  return idOf(name);
}

beforeAll(async () => {
  archive = await startArchive({ ANONYMOUS: 'public' });
}, 60_000);
afterAll(async () => {
  expect(await archive.check()).toEqual([]);
  await archive.close();
}, 60_000);

describe('relations', () => {
  const related = async (name: string, query = ''): Promise<string[]> => {
    const frames = await archive.json<{ basename: string }[]>(
      `/frames/${idOf(name)}/related/${query}`,
    );
    return frames.map(({ basename }) => basename);
  };

  beforeAll(async () => {
    await store('red', {
      RLEVEL: 1,
      L1BIAS: 'cal-bias.fits',
      L1FLAT: 'deep/er/cal-flat.fits.fz',
      L1AVG007: 'cal-avg',
      L1IDMASK: 'cal-mask.fits',
    });
  }, 60_000);

  test('calibrations that arrive after the frame that names them are linked, with or without extension', async () => {
    expect(await related('red')).toEqual([]);
    for (const name of ['cal-bias', 'cal-flat', 'cal-avg', 'cal-mask']) {
      await store(name, { IMAGETYP: 'bias', RLEVEL: 1, 'DATE-OBS': '2025-01-01T17:00:00' });
    }
    expect(await related('red')).toEqual(['cal-bias', 'cal-flat', 'cal-avg', 'cal-mask']);
    const { related_frames } = await archive.json<{ related_frames: number[] }>(
      `/frames/${idOf('red')}/`,
    );
    expect(related_frames).toEqual(idsOf('cal-bias', 'cal-flat', 'cal-avg', 'cal-mask'));
  });

  test('who uses a frame is asked for by direction; both gives each frame once', async () => {
    await store('redder', { RLEVEL: 2, L1RAW: 'red', L1BIAS: 'cal-bias' });
    expect(await related('cal-bias')).toEqual([]);
    expect(await related('cal-bias', '?direction=uses')).toEqual([]);
    expect(await related('cal-bias', '?direction=used_by')).toEqual(['red', 'redder']);
    expect(await related('red', '?direction=used_by')).toEqual(['redder']);
    expect(await related('redder', '?direction=both')).toEqual(['red', 'cal-bias']);
    expect((await related('red', '?direction=both')).sort()).toEqual(
      ['cal-avg', 'cal-bias', 'cal-flat', 'cal-mask', 'redder'].sort(),
    );
    const answer = await archive.fetch(`/frames/${idOf('red')}/related/?direction=up`);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({
        detail: 'Invalid value for direction: expected uses, used_by or both.',
      }),
    ]);
  });

  test('a calibration that is removed and sent again is linked again, both ways', async () => {
    const removed = await archive.fetch(`/frames/${idOf('cal-flat')}/delete/`, {
      method: 'DELETE',
    });
    expect(removed.status).toBe(200);
    expect(await related('red')).toEqual(['cal-bias', 'cal-avg', 'cal-mask']);
    await store('cal-flat', { IMAGETYP: 'flat', RLEVEL: 1, 'DATE-OBS': '2025-01-01T17:00:00' });
    expect(await related('red')).toEqual(['cal-bias', 'cal-avg', 'cal-mask', 'cal-flat']);
    expect(await related('cal-flat', '?direction=used_by')).toEqual(['red']);
  });

  test('a new version of either side keeps what its current header names', async () => {
    const before = idOf('cal-bias');
    await store('cal-bias', {
      IMAGETYP: 'bias',
      RLEVEL: 1,
      'DATE-OBS': '2025-01-01T17:00:00',
      L1RAW: 'cal-mask',
    });
    expect(idOf('cal-bias')).toBe(before);
    expect(await related('cal-bias')).toEqual(['cal-mask']);
    expect(await related('cal-bias', '?direction=used_by')).toEqual(['red', 'redder']);
    await store('redder', { RLEVEL: 2, L1RAW: 'red' });
    expect(await related('cal-bias', '?direction=used_by')).toEqual(['red']);
  });

  test('the keys of other systems are a setting', async () => {
    const other = await startArchive({ RELATED_FRAME_KEYS: 'MYCAL*' });
    const send = (name: string, changes: Changes) =>
      other.upload(pyobsFrame({ FNAME: name, ...changes }), name);
    const first = await send('first.fits', { MYCAL1: 'one.fits', L1IDBIAS: 'two.fits' });
    await send('one.fits', { EXPTIME: 1 });
    await send('two.fits', { EXPTIME: 2 });
    const frames = await other.json<{ basename: string }[]>(
      `/frames/${String(first.files[0]?.id)}/related/`,
    );
    expect(frames.map(({ basename }) => basename)).toEqual(['one']);
    await other.close();
  }, 60_000);
});

describe('calibrations', () => {
  const night = (hour: string): Changes => ({ 'DATE-OBS': `2026-03-01T${hour}` });
  const find = (name: string): Promise<Answer> =>
    archive.json<Answer>(`/frames/${idOf(name)}/calibrations/`);
  const chosenOf = ({ masters, sets }: Kind): Match[] =>
    [...masters, ...sets].filter(({ chosen }) => chosen);

  beforeAll(async () => {
    await store('science', { EXPTIME: 120, L1PUBDAT: '2026-03-02T00:00:00' });
    await store('science-b', { ...night('21:00:00'), EXPTIME: 120, FILTER: 'B' });
    for (const number of [1, 2, 3]) {
      const at = (hour: number): Changes => night(`${hour}:0${number}:00`);
      await store(`bias-${number}`, { ...at(16), IMAGETYP: 'bias', EXPTIME: 0, FILTER: null });
      await store(`dark-${number}`, { ...at(17), IMAGETYP: 'dark', EXPTIME: 300, FILTER: null });
      await store(`flat-${number}`, { ...at(18), IMAGETYP: 'skyflat', EXPTIME: number });
      await store(`warm-${number}`, {
        ...at(19),
        IMAGETYP: 'bias',
        EXPTIME: 0,
        FILTER: null,
        'CCD-TEMP': -10,
        XBINNING: 2,
        YBINNING: 2,
      });
    }
    await store('bias-slow', {
      ...night('16:04:00'),
      IMAGETYP: 'bias',
      EXPTIME: 0,
      FILTER: null,
      READMODE: 'slow',
    });
    await store('master-flat', {
      'DATE-OBS': '2026-02-20T18:00:00',
      'DAY-OBS': '2026-02-20',
      IMAGETYP: 'skyflat',
      RLEVEL: 1,
    });
  }, 60_000);

  test('for each kind the masters and the nearest sets, what is chosen, and why others are not', async () => {
    const answer = await find('science');
    const [bias] = answer.bias.sets;
    expect(bias).toMatchObject({ chosen: true, age_days: 0.17, scale: null, notes: [], count: 3 });
    expect(bias?.frames.map(({ id }) => id)).toEqual(idsOf('bias-1', 'bias-2', 'bias-3'));
    expect(answer.bias.rejected).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          what: 'set',
          count: 3,
          ids: idsOf('warm-1', 'warm-2', 'warm-3'),
          reasons: ['binning 2x2, wanted 1x1', '−10.0\u202f°C, wanted −20.0 ± 2\u202f°C'],
        }),
        expect.objectContaining({
          basename: 'bias-slow',
          reasons: ['read mode slow, wanted fast'],
        }),
      ]),
    );
    expect(answer.dark.sets).toEqual([
      expect.objectContaining({ chosen: true, count: 3, scale: 0.4 }),
    ]);
    expect(answer.flat.masters.map(({ chosen, age_days }) => [chosen, age_days])).toEqual([
      [true, 9.08],
    ]);
    expect(answer.flat.sets.map(({ chosen, count }) => [chosen, count])).toEqual([[false, 3]]);
    expect(answer.flat.wanted).toEqual({
      instrument: 'cam1',
      site: 'hill',
      telescope: '0m5',
      filter: 'V',
      binning: '1x1',
      window: '32×24',
      gain: '1.5',
      readMode: 'fast',
      temperature: '−20.0 ± 5\u202f°C',
    });
    expect([...answer.chosen].sort((a, b) => a - b)).toEqual(
      idsOf('bias-1', 'bias-2', 'bias-3', 'dark-1', 'dark-2', 'dark-3', 'master-flat'),
    );
    const file = await archive.fetch(String(bias?.frames[0]?.url), { token: '' });
    expect(file.status).toBe(200);
    await file.arrayBuffer();
  });

  test('a frame in another filter has no flat, and is told of those there are', async () => {
    const { flat } = await find('science-b');
    expect([flat.needed, chosenOf(flat)]).toEqual([true, []]);
    expect(flat.rejected.map(({ what, reasons }) => [what, reasons])).toEqual([
      ['set', ['filter V, wanted B']],
      ['master', ['filter V, wanted B']],
    ]);
  });

  test('a bias needs nothing, a dark a bias, a flat bias and dark, a reduced frame nothing', async () => {
    const needs = async (name: string): Promise<string[]> => {
      const answer = await find(name);
      return (['bias', 'dark', 'flat'] as const).filter((kind) => answer[kind].needed);
    };
    expect(await needs('bias-1')).toEqual([]);
    expect(await needs('dark-1')).toEqual(['bias']);
    expect(await needs('flat-1')).toEqual(['bias', 'dark']);
    expect(await needs('master-flat')).toEqual([]);
    expect((await find('bias-1')).bias).toEqual({
      needed: false,
      reason: 'Not needed for type bias.',
      wanted: {},
      masters: [],
      sets: [],
      rejected: [],
    });
    expect((await find('bias-1')).chosen).toEqual([]);
  });

  test('a master that arrives is chosen from then on', async () => {
    await store('master-bias', {
      'DATE-OBS': '2026-02-27T16:00:00',
      'DAY-OBS': '2026-02-27',
      IMAGETYP: 'bias',
      EXPTIME: 0,
      FILTER: null,
      RLEVEL: 1,
      READMODE: null,
    });
    const { bias } = await find('science');
    expect(chosenOf(bias).map(({ frames, notes }) => [frames[0]?.basename, notes])).toEqual([
      ['master-bias', ['read mode not known of both']],
    ]);
    expect(bias.sets[0]?.count).toBe(3);
    await archive.fetch(`/frames/${idOf('master-bias')}/delete/`, { method: 'DELETE' });
  });

  test('both slash forms and HEAD answer; what is hidden or absent is 404, other verbs are 405', async () => {
    const path = `/frames/${idOf('science')}/calibrations`;
    const plain = await archive.fetch(path);
    expect([plain.status, await plain.json()]).toEqual([200, await find('science')]);
    const head = await archive.fetch(`${path}/`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await archive.fetch('/frames/999999/calibrations/')).status).toBe(404);
    expect((await archive.fetch('/frames/one/calibrations/')).status).toBe(404);
    expect((await archive.fetch(path, { method: 'POST' })).status).toBe(405);
    expect((await archive.fetch(path, { token: 'wrong' })).status).toBe(401);
  });

  test('those who see only what is public see no other calibrations', async () => {
    const answer = await archive.json<Answer>(`/frames/${idOf('science')}/calibrations/`, {
      token: '',
    });
    expect(answer.chosen).toEqual([]);
    expect([answer.bias, answer.dark, answer.flat].flatMap(({ rejected }) => rejected)).toEqual([]);
    const hidden = `/frames/${idOf('science-b')}/calibrations/`;
    expect((await archive.fetch(hidden, { token: '' })).status).toBe(404);
  });

  test('a zip has them when asked, each once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'platevault-calibrations-'));
    const namesIn = async (path: string): Promise<string[]> => {
      const answer = await archive.fetch(path);
      expect(answer.status).toBe(200);
      writeFileSync(join(folder, 'a.zip'), Buffer.from(await answer.arrayBuffer()));
      const list = execFileSync('unzip', ['-Z1', join(folder, 'a.zip')], { encoding: 'utf8' });
      return list
        .split('\n')
        .filter((line) => /\w$/.test(line))
        .map((line) => line.replace(/^.*\//, '').replace(/\.fits$/, ''))
        .sort();
    };
    const all = ['bias-1', 'bias-2', 'bias-3', 'dark-1', 'dark-2', 'dark-3', 'master-flat'];
    const { zip } = await find('science');
    expect(await namesIn(zip)).toEqual([...all, 'science'].sort());
    expect(await namesIn(`/frames/zip/?frame_ids=${idOf('science')}`)).toEqual(['science']);
    // Of both science frames and a bias, which is one of their calibrations.
    const some = [idOf('science'), idOf('science-b'), idOf('bias-2')].join(',');
    expect(await namesIn(`/frames/zip/?frame_ids=${some}&calibrations=true`)).toEqual(
      [...all, 'science', 'science-b'].sort(),
    );
    rmSync(folder, { recursive: true });
  });

  test('the page of a frame tells them; that of a bias has nothing to tell', async () => {
    const page = async (name: string): Promise<string> => {
      const path = `/frames/${idOf(name)}/`;
      const answer = await archive.fetch(path, { headers: { Accept: 'text/html' } });
      expect(answer.status).toBe(200);
      return answer.text();
    };
    const text = (await page('science')).split('id="calibrations"')[1] ?? '';
    const section = (text.split('</section>')[0] ?? '').replace(/<[^>]*>/g, ' ');
    const words = section.replace(/\s+/g, ' ');
    expect(words).toContain('with these, 69.1 kB');
    expect(words).toContain('3 biases, bias-2 4 h before');
    expect(words).toContain('exposure 300 s, to be scaled by 0.4');
    expect(words).toContain('Flat master-flat 9 days before');
    expect(words).toContain('binning 2x2, wanted 1x1');
    expect(await page('bias-1')).not.toContain('id="calibrations"');
  });
});

test('rules of the site are read at the start; bad ones stop it and are named', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'platevault-rules-'));
  const serve = () => runProgram(['serve'], { DATA_DIR: dataDir, PORT: '0', LOG: 'off' });
  writeFileSync(join(dataDir, 'calibration.json'), '{"dark": {"kinds": ["dusk"]}}');
  const { status, stderr } = await serve();
  expect(status).not.toBe(0);
  expect(stderr).toContain("calibration.json: dark.kinds has 'dusk', which is none of object,");
  const elsewhere = await runProgram(['serve'], {
    DATA_DIR: dataDir,
    CALIBRATION_RULES: join(dataDir, 'misspelt.json'),
  });
  expect(elsewhere.stderr).toContain('misspelt.json: ENOENT');
  rmSync(dataDir, { recursive: true });
}, 60_000);
