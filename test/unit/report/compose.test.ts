import type { NightReport } from '../../../src/nights/index.js';
import { composeReport } from '../../../src/report/compose.js';
import { formatReport, formatReportPage, toReportShape } from '../../../src/report/format.js';
import type { Standing } from '../../../src/report/standing.js';

const FINE: Standing = {
  room: '1.5 of 20.0 GiB',
  isLow: false,
  damagedFiles: 0,
  backup: { isOverdue: false, error: null },
};
const time = (text: string): number => Date.parse(`2026-03-01T${text}:00Z`);

type Some = Partial<Record<keyof NightReport, unknown>>;

/** A night of which only what the report looks at is there. */
function night(changes: Some = {}): NightReport {
  const row = (imageKind: string, at = 9) => ({ imageKind, id: at, basename: `a-${at}` });
  return {
    night: '2026-03-01',
    rows: [...Array.from({ length: 3 }, (_, at) => row('object', at)), row('flat')],
    targets: [{ name: 'M 31', exposureSec: 5400 }],
    skies: [{ sky: { word: null } }],
    instruments: [{ instrument: 'cam1', used: 0.634, openSec: 20_000, gaps: [], unused: [] }],
    unmeasured: 0,
    medians: [],
    findings: [],
    missing: [],
    refused: [],
    notes: [],
    ...changes,
  } as unknown as NightReport;
}

test('a good night is told in ten lines, none of which needs a hand', () => {
  const report = composeReport('2026-03-01', night(), FINE);
  expect(formatReport(report)).toBe(`Night 2026-03-01: 4 frames, nothing needs a hand

  Frames: 4 (3 object, 1 flat).
  Targets: M 31 1.5 h.
  Used of the dark: cam1 63 % (5.6 h).
  Gaps in the dark: none.
  FWHM: nothing measured.
  Findings: none.
  Calibrations: none is missing.
  Refused uploads: none.
  Room: 1.5 of 20.0 GiB free.
  Stored files: none is known to be damaged.
  Back-ups: up to date.
`);
});

test.each<[string, Some, string]>([
  [
    'a gap that clouds do not explain',
    {
      instruments: [
        {
          instrument: 'cam1',
          used: 0.5,
          openSec: 10,
          gaps: [
            { fromMs: time('21:10'), toMs: time('21:52'), minutes: 42, why: null, needsHand: true },
          ],
        },
      ],
    },
    'Gaps in the dark: cam1 21:10–21:52 UTC.',
  ],
  [
    'stars that are much wider than usual',
    {
      medians: [
        { instrument: 'cam1', filter: 'V', fwhmArcsec: 5.8, fwhmPx: 6, usualFwhmArcsec: 2.1 },
      ],
    },
    'FWHM: cam1 V 5.8″ (usual 2.1″).',
  ],
  [
    'findings',
    {
      findings: [
        { frameId: 0, code: 'trailed', level: 'warning' },
        { frameId: 1, code: 'trailed', level: 'warning' },
        { frameId: 2, code: 'trailed', level: 'warning' },
        { frameId: 9, code: 'wrong-clock', level: 'error' },
        { frameId: 9, code: 'few-stars', level: 'note' },
      ],
    },
    'Findings: 3 trailed (a-0, a-1, 1 more); 1 wrong-clock (a-9).',
  ],
  [
    'missing calibrations',
    { missing: [{ text: 'science without flats: V on cam2' }] },
    'Calibrations: science without flats: V on cam2.',
  ],
  [
    'refused uploads',
    { refused: [{ uploadName: 'a.fits', reason: 'The file is empty.' }] },
    'Refused uploads: 1: a.fits (The file is empty).',
  ],
])('%s need a hand', (_, changes, text) => {
  const report = composeReport('2026-03-01', night(changes), FINE);
  const marked = report.lines.filter(({ needsHand }) => needsHand);
  expect(marked.map((each) => each.text)).toEqual([text]);
  expect(report.subject).toBe('Night 2026-03-01: 4 frames, 1 thing to look at');
});

test('a gap with clouds, and stars as wide as usual, are told and need no hand', () => {
  const gaps = [{ fromMs: time('21:10'), toMs: time('21:52'), minutes: 42, why: 'clouds' }];
  const report = composeReport(
    '2026-03-01',
    night({
      instruments: [{ instrument: 'cam1', used: 0, openSec: 0, gaps, unused: [] }],
      medians: [
        { instrument: 'cam1', filter: null, fwhmArcsec: null, fwhmPx: 3, usualFwhmPx: 2.9 },
      ],
    }),
    null,
  );
  const texts = report.lines.map(({ text }) => text);
  expect(texts).toContain('Gaps in the dark: cam1 21:10–21:52 UTC, clouds.');
  expect(texts).toContain('FWHM: cam1 no filter 3.0 px (usual 2.9 px).');
  expect(report.subject).toContain('nothing needs a hand');
});

test('how the archive stands is told, and what of it needs a hand', () => {
  const bad = { ...FINE, isLow: true, damagedFiles: 2, backup: { isOverdue: true, error: null } };
  const { lines } = composeReport('2026-03-01', undefined, bad);
  expect(lines.map(({ text, needsHand }) => `${needsHand ? '! ' : ''}${text}`)).toEqual([
    '! No frame came.',
    '! Room: 1.5 of 20.0 GiB free.',
    '! Stored files: 2 damaged or missing; see `platevault check`.',
    '! Back-ups: overdue.',
  ]);
});

test('of many things four are named; the page escapes what files are called', () => {
  const targets = Array.from({ length: 6 }, (_, at) => ({ name: `<b>${at}`, exposureSec: 3600 }));
  const report = composeReport('2026-03-01', night({ targets }), null);
  const page = formatReportPage(report, 'https://x.example/');
  expect(page).toContain(
    'Targets: <a href="https://x.example/targets/%3Cb%3E0/">&lt;b&gt;0</a> 1.0 h; ',
  );
  expect(page).toContain('&lt;b&gt;3</a> 1.0 h; 2 more.');
  expect(page).toContain(
    '<a href="https://x.example/frames/?night=2026-03-01&amp;IMAGETYPE=flat">1 flat</a>',
  );
  expect(page).toContain('href="https://x.example/nights/2026-03-01/report/"');
  expect(formatReportPage(report)).not.toContain('<a ');
  expect(page).not.toContain('<b>');
});

test.each<[string, unknown[], string, string]>([
  [
    'the site has no coordinates',
    [],
    'Used of the dark: not known, since the site has no coordinates.',
    'Gaps in the dark: not known.',
  ],
  [
    'it never was dark',
    [{ sky: { word: 'no dark: the Sun does not go below -18°' } }],
    'Used of the dark: it was not dark all night: the Sun does not go below -18°.',
    'Gaps in the dark: there was no dark.',
  ],
])('the dark and its gaps, where %s', (_, skies, dark, gaps) => {
  const instruments = [{ instrument: 'cam1', used: null, openSec: 10, gaps: null, unused: null }];
  const { lines } = composeReport('2026-06-25', night({ instruments, skies }), null);
  expect(lines.map(({ text }) => text)).toEqual(expect.arrayContaining([dark, gaps]));
});

test('a night that begins late and stops early is told so, and needs no hand', () => {
  const edge = { minutes: 70, why: null, needsHand: false };
  const unused = [
    { ...edge, fromMs: time('18:00'), toMs: time('19:10'), afterFrame: null, beforeFrame: 1 },
    { ...edge, fromMs: time('22:06'), toMs: time('23:16'), afterFrame: 2, beforeFrame: null },
  ];
  const use = { instrument: 'cam1', used: 0.3, openSec: 10, gaps: [], unused };
  const report = composeReport('2026-03-01', night({ instruments: [use] }), null);
  expect(report.lines.map(({ text }) => text)).toContain(
    'Gaps in the dark: none between frames; cam1 18:00–19:10 UTC, before the first frame; cam1 22:06–23:16 UTC, after the last frame.',
  );
  expect(report.subject).toContain('nothing needs a hand');
});

test.each<[number | null, boolean, string[]]>([
  [4, true, ['Not measured yet: 4 of 4 frames.', 'Findings: not known yet.']],
  [
    1,
    true,
    ['Not measured yet: 1 of 4 frames.', 'Findings: none of the frames that are measured.'],
  ],
  [0, false, ['Findings: none.']],
  [null, false, ['Findings: none, but frames are not measured (MEASURE=false).']],
])('of %s frames that are not measured nothing good is told', (unmeasured, needs, texts) => {
  const report = composeReport('2026-03-01', night({ unmeasured }), null);
  expect(report.lines.map(({ text }) => text)).toEqual(expect.arrayContaining(texts));
  expect(report.lines.some(({ needsHand }) => needsHand)).toBe(needs);
});

test('programs get one spelling of each key, and links where the archive has an address', () => {
  const report = composeReport('2026-03-01', night(), null);
  const shape = toReportShape(report, 'https://x.example/');
  expect(shape).toMatchObject({ night: '2026-03-01', url: 'https://x.example/nights/2026-03-01/' });
  expect((shape.lines as unknown[])[1]).toEqual({
    text: 'Targets: M 31 1.5 h.',
    needs_hand: false,
    links: [{ text: 'M 31', url: 'https://x.example/targets/M%2031/' }],
  });
  const nameless = toReportShape(report, undefined);
  expect([nameless.url, (nameless.lines as { links: unknown[] }[])[0]?.links]).toEqual([null, []]);
});

test('a night of which all was refused says so', () => {
  const refused = [{ uploadName: 'a.fits', reason: 'No date.' }];
  const { lines } = composeReport('2026-03-01', night({ rows: [], refused }), null);
  expect(lines.map(({ text }) => text)).toEqual([
    'No frame came.',
    'Refused uploads: 1: a.fits (No date).',
  ]);
});
