import type { NightExposure } from '../../../../src/catalog/index.js';
import type { Missing, NightOverview } from '../../../../src/nights/index.js';
import { makeHero } from '../../../../src/web/nights/hero.js';
import { cutPage, withNoted } from '../../../../src/web/nights/nights.js';
import { commonAxis, toRow } from '../../../../src/web/nights/rows.js';
import { chooseSamples } from '../../../../src/web/nights/samples.js';
import { nightsUrl, readState, withFilter } from '../../../../src/web/nights/state.js';
import { moonIcon, sumFilters } from '../../../../src/web/nights/words.js';
import { formatDuration } from '../../../../src/web/render.js';

const NIGHT = '2026-11-14';

function exposure(change: Partial<NightExposure> = {}): NightExposure {
  return {
    night: NIGHT,
    id: 1,
    objectId: 1,
    object: 'M 33',
    siteId: 'kh',
    telescope: '50',
    instrument: 'cam1',
    imageKind: 'object',
    filter: 'V',
    reductionLevel: 0,
    binningX: 1,
    binningY: 1,
    dateObsMs: Date.parse(`${NIGHT}T20:00:00Z`),
    exposureSec: 300,
    sizeBytes: 2_000_000,
    stars: null,
    fwhmArcsec: null,
    fwhmPx: null,
    hfrPx: null,
    elongation: null,
    background: null,
    transparency: null,
    groupId: null,
    flag: null,
    doubts: [],
    ...change,
  };
}

function night(change: Partial<NightOverview> = {}): NightOverview {
  return {
    night: NIGHT,
    exposures: [exposure()],
    targets: [
      {
        name: 'M 33',
        names: ['M 33'],
        frames: 1,
        exposureSec: 300,
        filters: [{ filter: 'V', frames: 1, exposureSec: 300 }],
      },
    ],
    skies: [],
    instruments: [],
    leading: undefined,
    refused: 0,
    notes: [],
    ...change,
  };
}

const ROW = {
  base: '/pv',
  axis: { fromMs: 0, toMs: 86_400_000 },
  samples: [],
  missing: [],
  year: '2026',
  isToldMissing: true,
} as const;

const CAM1 = { siteId: 'kh', telescope: '50', instrument: 'cam1', camera: 'cam1' } as const;

const NO_FLATS: Missing = {
  ...CAM1,
  kind: 'flat',
  of: ['V'],
  text: 'science without flats: V on cam1',
};

describe('the row of a night', () => {
  test('a night that lacks nothing is complete', () => {
    const row = toRow(night(), ROW);
    expect(row).toMatchObject({ state: 'complete', isPending: false, troubles: [] });
    expect(row).toMatchObject({ frames: '1', shutter: '5\u202fmin', targets: 'M 33', kinds: '' });
    expect(row.filters).toEqual([{ slot: 'V', name: 'V', time: '0:05' }]);
  });

  test('is not called complete before its calibrations have been looked for', () => {
    const row = toRow(night(), { ...ROW, missing: undefined });
    expect(row).toMatchObject({ state: '', isPending: true });
    const visitor = toRow(night(), { ...ROW, missing: undefined, isToldMissing: false });
    expect(visitor).toMatchObject({ state: 'complete', isPending: false });
  });

  test('what is missing comes first, with the way to the page that tells more', () => {
    const gap = {
      fromMs: 0,
      toMs: 1,
      minutes: 112,
      afterFrame: 1,
      beforeFrame: 2,
      why: null,
      needsHand: true,
    };
    const unused = { ...gap, beforeFrame: null };
    const use = {
      siteId: 'kh',
      telescope: '50',
      instrument: 'cam1',
      frames: 1,
      openSec: 1,
      used: 1,
    };
    const troubled = night({ instruments: [{ ...use, gaps: [gap], unused: [] }], refused: 2 });
    const { troubles } = toRow(troubled, { ...ROW, missing: [NO_FLATS] });
    expect(troubles.map(({ short, where, url }) => [short, where, url])).toEqual([
      ['no V flats', 'cam1', '/pv/nights/2026-11-14/#calibrations'],
      ['2 in quarantine', '', '/pv/quarantine/'],
    ]);
    const gaps = toRow(
      night({ instruments: [{ ...use, gaps: [gap, gap], unused: [unused] }] }),
      ROW,
    ).troubles;
    expect(gaps.map(({ short }) => short)).toEqual(['2 gaps, 3\u202fh\u00a044\u202fmin']);
  });

  test('frames that somebody has judged are doubtful no longer', () => {
    const doubts = ['trailed'];
    const open = night({ exposures: [exposure({ doubts })] });
    expect(toRow(open, ROW).troubles.map(({ short }) => short)).toEqual(['1 doubtful']);
    const judged = night({ exposures: [exposure({ doubts, flag: 'good' })] });
    expect(toRow(judged, ROW).state).toBe('complete');
  });

  test('a night of calibrations says so, and of what', () => {
    const frames = [exposure({ imageKind: 'bias', object: null }), exposure({ imageKind: 'flat' })];
    const row = toRow(night({ exposures: frames, targets: [] }), ROW);
    expect(row).toMatchObject({
      state: 'calibration only',
      kinds: 'bias 1 · flat 1',
      shutter: '–',
    });
  });

  test('a night without frames keeps its row and the last note', () => {
    const notes = [
      { id: 1, text: 'fog', by: 'ab', atMs: 1 },
      { id: 2, text: 'rain all night\nand more', by: 'ib', atMs: 2 },
    ];
    const row = toRow(night({ exposures: [], targets: [], notes }), ROW);
    expect(row).toMatchObject({ isEmpty: true, note: { text: 'rain all night', by: 'ib' } });
  });

  test('names its year only if it is not this one', () => {
    expect(toRow(night(), ROW).month).toBe('Nov');
    expect(toRow(night(), { ...ROW, year: '2027' }).month).toBe('Nov 2026');
  });

  test('all rows share one axis, from the first frame to the last of any', () => {
    const late = exposure({ night: '2026-11-13', dateObsMs: Date.parse('2026-11-14T02:10:00Z') });
    const axis = commonAxis([night(), night({ night: '2026-11-13', exposures: [late] })]);
    const hours = (ms: number): number => ms / 3_600_000;
    expect([hours(axis.fromMs), hours(axis.toMs)]).toEqual([8, 15]);
  });
});

describe('the newest night', () => {
  const HERO = {
    base: '/pv',
    samples: [],
    missing: [NO_FLATS],
    isToldMissing: true,
    quarantined: 3,
    seesTodo: true,
    now: Date.parse('2026-11-15T14:00:00Z'),
  };

  test('says in figures what there is, and lists what to mend before tonight', () => {
    const exposures = [exposure({ doubts: ['trailed'] }), exposure({ id: 2, imageKind: 'bias' })];
    const hero = makeHero(night({ exposures }), HERO);
    expect(hero).toMatchObject({ when: 'Last night', frames: '2 frames', targets: '1 target' });
    expect(hero.size).toBe('4.00\u202fMB');
    expect(hero.todo?.map(({ title, detail, url }) => [title, detail, url])).toEqual([
      [
        'V flats missing on cam1',
        '1 science frame waits for them',
        '/pv/nights/2026-11-14/#calibrations',
      ],
      ['3 uploads in quarantine', 'Kept, none lost. Repair or discard', '/pv/quarantine/'],
      ['1 doubtful frame', 'M 33, trailed', '/pv/frames/1/'],
    ]);
  });

  test('several doubtful frames are one link to the list of them', () => {
    const exposures = [
      exposure({ doubts: ['trailed'] }),
      exposure({ id: 2, doubts: ['clouds', 'trailed'] }),
    ];
    const [doubt] = makeHero(night({ exposures }), { ...HERO, missing: [], quarantined: 0 }).todo!;
    expect(doubt).toMatchObject({ title: '2 doubtful frames', detail: '2 trailed, 1 clouds' });
    expect(doubt?.url).toBe('/pv/frames/?night=2026-11-14&finding=trailed%2Cclouds');
  });

  test('what one camera lacks is one line', () => {
    const bias: Missing = { ...CAM1, kind: 'bias', of: [], text: '' };
    const dark: Missing = { ...CAM1, kind: 'dark', of: ['300 s'], text: '' };
    const told = { ...HERO, missing: [bias, dark, NO_FLATS], quarantined: 0 };
    expect(
      makeHero(night(), told).todo?.map(({ title, short, where }) => [title, short, where]),
    ).toEqual([['Biases, 300 s darks, V flats missing on cam1', 'no calibrations', 'cam1']]);
  });

  test('visitors get no list: they can mend nothing', () => {
    expect(makeHero(night(), { ...HERO, seesTodo: false }).todo).toBeNull();
  });

  test('an older night is not called the last one', () => {
    const now = Date.parse('2026-11-26T14:00:00Z');
    expect(makeHero(night(), { ...HERO, now }).when).toBe('Latest night, 12 days ago');
    expect(makeHero(night(), { ...HERO, now: Date.parse(`${NIGHT}T22:00:00Z`) }).when).toBe(
      'Tonight so far',
    );
  });
});

describe('samples of a night', () => {
  test('come from every target in turn, in order of time, and not from bad frames', () => {
    const exposures = Array.from({ length: 40 }, (_, id) =>
      exposure({ id, object: id < 30 ? 'M 33' : 'M 1', flag: id === 15 ? 'bad' : null }),
    );
    const ids = chooseSamples(exposures, 4).map(({ id }) => id);
    expect(ids).toHaveLength(4);
    expect(ids.filter((id) => id >= 30)).toHaveLength(2);
    expect([...ids].sort((a, b) => a - b)).toEqual(ids);
    expect(ids).not.toContain(15);
  });

  test('are calibrations only where there is nothing else', () => {
    const bias = exposure({ id: 5, imageKind: 'bias', object: null });
    expect(chooseSamples([bias, exposure()], 5).map(({ id }) => id)).toEqual([1]);
    expect(chooseSamples([bias], 5).map(({ id }) => id)).toEqual([5]);
  });
});

describe('the address of the page', () => {
  const read = (query: string): ReturnType<typeof readState> =>
    readState(
      new Map([...new URLSearchParams(query)].map(([name, value]) => [name, [value]] as const)),
    );

  test.each(['', '?INSTRUMENT=cam1&calendar=shutter&until=2024-11&offset=14', '?limit=5'])(
    '%s is the same when it is written again',
    (query) => {
      const { state, problems } = read(query);
      expect(problems).toEqual([]);
      expect(nightsUrl('/pv', state)).toBe(`/pv/nights/${query}`);
    },
  );

  test.each([
    ['until=2024-13', /month such as 2026-11/],
    ['offset=-1', /whole number/],
    ['calendar=moons', /frames, or shutter/],
    ['night=yesterday', /night/],
  ])('%s is left out and told, the rest holds', (query, words) => {
    const { state, problems } = read(`${query}&INSTRUMENT=cam2`);
    expect(problems).toEqual([expect.stringMatching(words)]);
    expect([...state.filters.keys()]).toEqual(['INSTRUMENT']);
  });

  test('another camera begins at the first page', () => {
    const { state } = read('offset=28&INSTRUMENT=cam1');
    expect(nightsUrl('', withFilter(state, 'INSTRUMENT', ['cam2']))).toBe(
      '/nights/?INSTRUMENT=cam2',
    );
    expect(nightsUrl('', withFilter(state, 'INSTRUMENT', []))).toBe('/nights/');
  });

  test('nights that only have notes stand among the others', () => {
    const totals = [
      { night: '2026-11-14', frames: 3 },
      { night: '2026-11-12', frames: 4 },
    ];
    expect(withNoted(totals, ['2026-11-13', '2026-11-12'])).toEqual([
      { night: '2026-11-14', frames: 3 },
      { night: '2026-11-13', frames: 0 },
      { night: '2026-11-12', frames: 4 },
    ]);
  });

  test('of nights with very many frames fewer are shown at once, but never none', () => {
    const state = read('').state;
    const huge = Array.from({ length: 20 }, (_, at) => ({ night: String(at), frames: 5000 }));
    expect(cutPage(huge, state)).toHaveLength(2);
    expect(cutPage([{ night: 'a', frames: 40_000 }], state)).toHaveLength(1);
    expect(
      cutPage(
        huge.map((each) => ({ ...each, frames: 9 })),
        state,
      ),
    ).toHaveLength(14);
  });
});

describe('words of nights', () => {
  test.each([
    [25, '25\u202fs'],
    [2400, '40\u202fmin'],
    [43_320, '12\u202fh\u00a002\u202fmin'],
  ])('%d s are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  test('filters stand in order of wavelength, unknown ones after them', () => {
    const sums = sumFilters([
      { filter: 'R', exposureSec: 1 },
      { filter: 'odd', exposureSec: 2 },
      { filter: 'B', exposureSec: 3 },
      { filter: 'R', exposureSec: 4 },
    ]);
    expect(sums.map(({ name, seconds }) => `${name} ${seconds}`)).toEqual(['B 3', 'R 5', 'odd 2']);
  });

  test('the Moon is lit on the right while it waxes, and its edge turns over at half', () => {
    const arcs = (fraction: number, isWaxing: boolean): string[] =>
      [...moonIcon({ fraction, isWaxing }).d.matchAll(/0 0 (\d)/g)].map(([, flag]) => flag!);
    expect(arcs(0.2, true)).toEqual(['1', '0']);
    expect(arcs(0.8, true)).toEqual(['1', '1']);
    expect(arcs(0.2, false)).toEqual(['0', '1']);
    expect(arcs(0.8, false)).toEqual(['0', '0']);
  });
});
