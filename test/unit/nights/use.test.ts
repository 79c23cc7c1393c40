import { useOf, type UsedRow } from '../../../src/nights/use.js';

const row = (id: number, exposureSec: number | null): UsedRow => ({
  id,
  siteId: 'hill',
  telescope: '0m5',
  instrument: 'cam1',
  imageKind: 'object',
  reductionLevel: 0,
  dateObsMs: Date.UTC(2026, 2, 1, 20, id),
  exposureSec,
});

test.each([
  ['exposures', [50, 40], 90],
  ['a sum that is longer than any dark', [50, 50_000], 50],
  ['what is not known or below 0', [50, null, -40], 50],
] as const)('the open shutter of a camera: %s', (_, seconds, openSec) => {
  const rows = seconds.map((sec, at) => row(at + 1, sec));
  const [use] = useOf(rows, new Set(), [], { leastMs: 1, now: Date.UTC(2026, 2, 3) });
  expect(use).toMatchObject({ frames: seconds.length, openSec, gaps: null, unused: null });
});
