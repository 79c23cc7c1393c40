import type { Histogram, Range } from '../../preview/index.js';
import { formatNumber } from '../render.js';

/** Size of the drawing, pixels. */
const WIDTH = 216;
const HEIGHT = 68;
const BASE = 46;

/**
 * A histogram with the two cuts, as a picture of SVG: light on dark in every theme, as it lies on a picture.
 */
export function drawHistogram(histogram: Histogram, cuts: Range): string {
  const { low, high, counts } = histogram;
  const most = Math.log1p(Math.max(...counts, 1));
  const step = WIDTH / counts.length;
  const bars = counts.map((count, at) => {
    const y = BASE - (Math.log1p(count) / most) * (BASE - 6);
    return `L${round(at * step)} ${round(y)}H${round((at + 1) * step)}`;
  });
  const place = (value: number): number =>
    round(high > low ? ((value - low) / (high - low)) * WIDTH : WIDTH / 2);
  const lines = [cuts.low, cuts.high].map(
    (value) => `<path d="M${place(value)} 4V${BASE}" stroke="#f0e7d3" stroke-width="2"/>`,
  );
  const text = `font-family="system-ui, sans-serif" font-size="11" fill="#ebe8e1"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    `<path d="M0 ${BASE}${bars.join('')}V${BASE}Z" fill="#8d939c"/>`,
    ...lines,
    `<text x="0" y="62" ${text}>${formatValue(cuts.low)}</text>`,
    `<text x="${WIDTH}" y="62" text-anchor="end" ${text}>${formatValue(cuts.high)}</text>`,
    '</svg>',
  ].join('');
}

/** Four digits: cuts are no measurement. */
export function formatValue(value: number): string {
  const digits = Math.abs(value) >= 1000 ? Math.ceil(Math.log10(Math.abs(value) + 1)) : 4;
  return formatNumber(Number(value.toPrecision(Math.min(15, digits))));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
