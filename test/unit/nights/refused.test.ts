import { refusedIn } from '../../../src/nights/refused.js';
import type { SiteNight } from '../../../src/nights/sky.js';

const CAME = Date.parse('2026-11-22T09:00:00Z');

/** Names of those that are told in a night; `place` from when to when it lasts, UTC. */
function nightsOf(
  uploadName: string,
  { night = null, createdMs = CAME }: { night?: string | null; createdMs?: number } = {},
  place?: readonly [string, string],
): string[] {
  const skies =
    place === undefined
      ? []
      : ([{ sky: { fromMs: Date.parse(place[0]), toMs: Date.parse(place[1]) } }] as SiteNight[]);
  const nights = ['2026-04-12', '2026-11-20', '2026-11-21', '2026-11-22'];
  return nights.filter((each) => refusedIn([{ uploadName, night, createdMs }], each, skies).length);
}

test.each<[string, string, string | null, string[]]>([
  [
    'the header says it, whatever the name and the time',
    'x_20261122.fits',
    '2026-04-12',
    ['2026-04-12'],
  ],
  ['the name has a date', 'cam1_20261120_0007.fits', null, ['2026-11-20']],
  ['the name has a date with dashes', 'cam1-2026-11-20.fits', null, ['2026-11-20']],
  ['the name has an instant after midnight', 'img_20261122T013000.fits', null, ['2026-11-21']],
  ['the name has an instant before midnight', 'img_20261122T213000.fits', null, ['2026-11-22']],
  ['the name has digits that are no date', 'img_20261399.fits', null, ['2026-11-21']],
  ['nothing tells but when it came', 'img.fits', null, ['2026-11-21']],
])('%s', (_, name, night, nights) => {
  expect(nightsOf(name, { night })).toEqual(nights);
});

test('noon is that of the site, where it is known', () => {
  const chile = ['2026-11-21T16:40:00Z', '2026-11-22T16:40:00Z'] as const;
  const came = Date.parse('2026-11-22T14:00:00Z');
  expect(nightsOf('img.fits', { createdMs: came }, chile)).toContain('2026-11-21');
});
