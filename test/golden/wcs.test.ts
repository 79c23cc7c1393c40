/** Coordinates of pixels in real files: the way back, and footprints. fits.test.ts has those of astropy. */
import type { FitsFile, Hdu } from '../../src/fits/index.js';
import { separationDeg } from '../../src/sky/index.js';
import { footprintOf, imageSizeOf, readLookupPixels, wcsOf } from '../../src/wcs/index.js';
import type { Wcs } from '../../src/wcs/index.js';
import { corpusTest, eachCorpusFile, Tally } from '../support/corpus.js';

/** Every HDU that has a WCS, by its path and index, as the archive reads it. @returns how many */
async function eachWcs(use: (name: string, hdu: Hdu, wcs: Wcs) => void): Promise<number> {
  let count = 0;
  await eachCorpusFile(new Tally(), async (file: FitsFile, { path }) => {
    for (const hdu of file.hdus) {
      const wcs = wcsOf(file, hdu, await readLookupPixels(file, hdu));
      if (wcs === undefined) continue;
      count += 1;
      use(`${path}[${hdu.index}]`, hdu, wcs);
    }
  });
  return count;
}

corpusTest('every pixel is found again from its position', async () => {
  const wrong: string[] = [];
  const count = await eachWcs((name, hdu, wcs) => {
    const { width, height } = imageSizeOf(hdu.header) ?? { width: 100, height: 100 };
    for (let i = 0; i <= 8; i += 1) {
      for (let j = 0; j <= 8; j += 1) {
        const [x, y] = [0.5 + (width * i) / 8, 0.5 + (height * j) / 8];
        const world = wcs.toWorld(x, y);
        if (world === undefined) continue;
        const back = wcs.fromWorld(world.lonDeg, world.latDeg);
        const off = back === undefined ? Infinity : Math.hypot(back.x - x, back.y - y);
        // Where a map meets itself, at its seam or a pole, one position has several pixels.
        const again = back && wcs.toWorld(back.x, back.y);
        const isSeam =
          again !== undefined && off > 1 && Math.abs(again.latDeg - world.latDeg) < 1e-9;
        if (off > 1e-6 && !isSeam) wrong.push(`${name} (${x}, ${y}): ${off} pixels`);
      }
    }
  });
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(0);
});

corpusTest(
  'every image with a WCS on the sky has a footprint around all of its pixels',
  async () => {
    const wrong: string[] = [];
    const polygons = new Map<number, number>();
    const count = await eachWcs((name, hdu, wcs) => {
      const { width, height } = imageSizeOf(hdu.header) ?? { width: 100, height: 100 };
      const footprint = footprintOf(wcs, { width, height });
      if (wcs.system === 'other') {
        expect(footprint).toBeUndefined();
        return;
      }
      if (footprint === undefined) {
        wrong.push(`${name}: none`);
        return;
      }
      const count = footprint.polygon?.length ?? 0;
      polygons.set(count, (polygons.get(count) ?? 0) + 1);
      for (let i = 0; i <= 20; i += 1) {
        for (let j = 0; j <= 20; j += 1) {
          const sky = wcs.toSky(0.5 + (width * i) / 20, 0.5 + (height * j) / 20);
          if (
            sky !== undefined &&
            separationDeg(sky, footprint.cap) > footprint.cap.radiusDeg + 1e-9
          ) {
            wrong.push(`${name}: pixel outside of the circle`);
          }
        }
      }
    });
    const sizes = [...polygons].sort(([a], [b]) => a - b).map(([size, n]) => `${n} of ${size}`);
    process.stdout.write(`\nPoints of the polygons: ${sizes.join(', ')}\n`);
    expect([...new Set(wrong)]).toEqual([]);
    expect(count).toBeGreaterThan(0);
  },
);
