import type { NightReport } from '../../../src/nights/index.js';
import { composeReport, type Standing } from '../../../src/report/compose.js';
import { formatReport, formatReportPage } from '../../../src/report/format.js';

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
  const row = (imageKind: string) => ({ imageKind });
  return {
    night: '2026-03-01',
    rows: [...Array.from({ length: 3 }, () => row('object')), row('flat')],
    targets: [{ name: 'M 31', exposureSec: 5400 }],
    instruments: [{ instrument: 'cam1', used: 0.634, openSec: 20_000, gaps: [] }],
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
          gaps: [{ fromMs: time('21:10'), toMs: time('21:52'), minutes: 42, why: null }],
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
        { code: 'trailed', level: 'warning' },
        { code: 'trailed', level: 'warning' },
        { code: 'wrong-clock', level: 'error' },
        { code: 'few-stars', level: 'note' },
      ],
    },
    'Findings: 2 trailed; 1 wrong-clock.',
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
  expect(report.lines.filter(({ needsHand }) => needsHand)).toEqual([{ text, needsHand: true }]);
  expect(report.subject).toBe('Night 2026-03-01: 4 frames, 1 thing to look at');
});

test('a gap with clouds, and stars as wide as usual, are told and need no hand', () => {
  const gaps = [{ fromMs: time('21:10'), toMs: time('21:52'), minutes: 42, why: 'clouds' }];
  const report = composeReport(
    '2026-03-01',
    night({
      instruments: [{ instrument: 'cam1', used: null, openSec: 0, gaps }],
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
  const page = formatReportPage(report, 'https://x.example/?a=1&b=2');
  expect(page).toContain(
    'Targets: &lt;b&gt;0 1.0 h; &lt;b&gt;1 1.0 h; &lt;b&gt;2 1.0 h; &lt;b&gt;3 1.0 h; 2 more.',
  );
  expect(page).toContain('href="https://x.example/?a=1&amp;b=2"');
  expect(page).not.toContain('<b>');
});

test('gaps are not known where the dark is not', () => {
  const instruments = [{ instrument: 'cam1', used: null, openSec: 10, gaps: null }];
  const { lines } = composeReport('2026-03-01', night({ instruments }), null);
  expect(lines.map(({ text }) => text)).toContain('Gaps in the dark: not known.');
});

test('a night of which all was refused says so', () => {
  const refused = [{ uploadName: 'a.fits', reason: 'No date.' }];
  const { lines } = composeReport('2026-03-01', night({ rows: [], refused }), null);
  expect(lines.map(({ text }) => text)).toEqual([
    'No frame came.',
    'Refused uploads: 1: a.fits (No date).',
  ]);
});
