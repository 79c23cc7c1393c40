import type { Background } from './background.js';
import { LIMIT_SIGMA } from './filter.js';
import type { Picture } from './types.js';

/**
 * Fills a line with row `y` of a picture and as many pixels on both sides as its length asks for. Pixels
 * without a value and what lies beyond the border are those of the background.
 */
export type FillLine = (y: number, line: Float64Array) => void;

type Pixels = Pick<Picture, 'pixels' | 'width' | 'height'>;

/** @param pads pixels on each side of the row in a line */
export function createLines(picture: Pixels, background: Background, pads: number): FillLine {
  const { pixels, width, height } = picture;
  const limit = LIMIT_SIGMA * Math.max(background.noise, background.step);
  return (y, line) => {
    if (y < 0 || y >= height) {
      background.fillRow(y, line.subarray(pads, pads + width));
    } else {
      line.set(pixels.subarray(y * width, (y + 1) * width), pads);
    }
    for (let pad = 1; pad <= pads; pad += 1) {
      line[pads - pad] = background.valueAt(-pad, y);
      line[pads + width - 1 + pad] = background.valueAt(width - 1 + pad, y);
    }
    if (pixels instanceof Uint16Array) return;
    mendLine(line, { level: background.level, limit }, (i) => background.valueAt(i - pads, y));
  };
}

/** Puts the background where there is no value, and what sums of doubles can hold where there is more. */
function mendLine(
  line: Float64Array,
  { level, limit }: { level: number; limit: number },
  under: (index: number) => number,
): void {
  const [least, most] = [level - limit / 2, level + limit / 2];
  for (let i = 0; i < line.length; i += 1) {
    const value = line[i] ?? NaN;
    if (value > least && value < most) continue;
    const base = under(i);
    const rest = Number.isNaN(value) ? 0 : Math.min(limit, Math.max(-limit, value - base));
    line[i] = base + rest;
  }
}
