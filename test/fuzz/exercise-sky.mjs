/** Coordinates of an image: there and back, its outline, and where it probably lies. */
import {
  footprintOf,
  imageSizeOf,
  provisionalFootprint,
  readLookupPixels,
  readWcs,
  wcsOf,
} from '../../dist/wcs/index.js';
import { check } from './judge.mjs';

export async function walkSky(file, hdu) {
  const { header } = hdu;
  readWcs(header, { letter: 'A' });
  const wcs = wcsOf(file, hdu, await readLookupPixels(file, hdu));
  const size = imageSizeOf(header) ?? { width: 40, height: 30 };
  checkFootprint(provisionalFootprint(header, size, { raDeg: 150, decDeg: -35 }));
  if (wcs === undefined) return;
  checkFootprint(footprintOf(wcs, size));
  const places = [
    [1, 1],
    [size.width / 3, size.height / 3],
    [size.width * 5, -size.height],
  ];
  for (const [x, y] of places) {
    const sky = wcs.toSky(x, y);
    checkSky(sky);
    const pixel = wcs.toPixel(sky?.raDeg ?? 150, sky?.decDeg ?? -35);
    check(pixel === undefined || Number.isFinite(pixel.x + pixel.y), 'a pixel is no number');
    wcs.scaleAt(x, y);
    wcs.fromWorld(x, y);
  }
}

function checkFootprint(footprint) {
  if (footprint === undefined) return;
  const { corners, polygon, center, cap } = footprint;
  for (const point of [...corners, ...(polygon ?? []), center]) checkSky(point ?? undefined);
  checkSky(cap);
  check(cap.radiusDeg >= 0 && cap.radiusDeg <= 180, `a cap has a radius of ${cap.radiusDeg}`);
}

function checkSky(point) {
  if (point === undefined) return;
  const { raDeg, decDeg } = point;
  const isSane = raDeg >= 0 && raDeg < 360 && decDeg >= -90 && decDeg <= 90;
  check(isSane, `a position is (${raDeg}, ${decDeg})`);
}
