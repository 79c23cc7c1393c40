import type { Header, Region } from './types.js';

const SECTION = /^\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*$/;

/**
 * The part of an image that shows something: TRIMSEC `[x0:x1,y0:y1]` (from 1, ends included) if it
 * lies in the image and has an area, else the whole plane. What is beyond it was never lit.
 */
export function visibleRegion(hdu: {
  readonly axes: readonly number[];
  readonly header: Pick<Header, 'string'>;
}): Region {
  const [width = 0, height = 1] = hdu.axes;
  const whole = { x: 0, y: 0, width, height };
  const match = SECTION.exec(hdu.header.string('TRIMSEC') ?? '');
  if (match === null) return whole;
  const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = match.slice(1).map(Number);
  const isSane = x0 >= 1 && x1 > x0 && x1 <= width && y0 >= 1 && y1 > y0 && y1 <= height;
  return isSane ? { x: x0 - 1, y: y0 - 1, width: x1 - x0 + 1, height: y1 - y0 + 1 } : whole;
}
