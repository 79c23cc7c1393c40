import { mediansOf, type MeasuredRow } from '../../../src/nights/medians.js';

const ROW: MeasuredRow = {
  siteId: 'hill',
  telescope: '0m5',
  instrument: 'cam1',
  reductionLevel: 0,
  filter: 'V',
  binningX: 1,
  binningY: 1,
  exposureSec: 60,
  stars: 100,
  fwhmArcsec: null,
  fwhmPx: 3,
  hfrPx: 1.5,
  elongation: 1.1,
  background: 500,
  transparency: null,
  groupId: 7,
};

/** Of all exposures FWHM, of those of a minute what depends on it too. */
const usualOf = (groupId: number, exposureSec: number | null) => {
  if (groupId !== 7) return Promise.resolve(undefined);
  if (exposureSec === null)
    return Promise.resolve({ frames: 20, quantiles: { fwhm: [2, 2.5, 3] } });
  const quantiles = { background: [400, 450, 700], stars: [80, 90, 120] };
  return Promise.resolve(exposureSec === 60 ? { frames: 20, quantiles } : undefined);
};

test('medians stand beside what is usual, those that depend on the exposure beside frames of the same', async () => {
  const rows = [ROW, { ...ROW, background: 520, exposureSec: 60.2 }, { ...ROW, stars: 60 }];
  expect(await mediansOf(rows, usualOf)).toMatchObject([
    {
      frames: 3,
      fwhmPx: 3,
      usualFwhmPx: 2.5,
      background: 500,
      usualBackground: 450,
      stars: 100,
      usualStars: 90,
    },
  ]);
});

test('a frame whose filter was corrected stands apart from those that it is still compared with', async () => {
  const rows = [{ ...ROW, filter: 'R' }, ROW, ROW];
  const medians = await mediansOf(rows, usualOf);
  expect(medians.map(({ filter, frames }) => [filter, frames])).toEqual([
    ['R', 1],
    ['V', 2],
  ]);
});

test('where exposures differ nothing is said of what is usual for one of them', async () => {
  const rows = [ROW, { ...ROW, exposureSec: 120, background: 900 }];
  expect(await mediansOf(rows, usualOf)).toMatchObject([
    { usualFwhmPx: 2.5, background: 700, usualBackground: null, usualStars: null },
  ]);
  expect(await mediansOf([{ ...ROW, exposureSec: null }], usualOf)).toMatchObject([
    { usualBackground: null },
  ]);
});
