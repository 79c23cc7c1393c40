/** Frames of sky noise and stars, the same each time, that differ in name, date and one pixel. */
import { writeFits } from '../dist/fits/index.js';
import { createRandom } from './random.mjs';

const NAME = 'bench-00000000';
const DATE = '2026-01-01T00:00:00.000';
const FIRST_MS = Date.UTC(2026, 0, 1, 18);
const EACH_MS = 60_000;

/**
 * @param width  pixels, and `height`: uint16
 * @param family a digit that tells these frames from those of other sizes
 * @returns a function of a number below 10⁷ that gives a frame: its name, and its bytes in pieces, of
 *          which the large one is shared by all
 */
export function frameMaker(width, height, family) {
  const cards = [
    ['DATE-OBS', DATE],
    ['FNAME', NAME],
    ['SITEID', 'sutherland'],
    ['TELID', '1m2'],
    ['INSTRUME', 'fl09'],
    ['IMAGETYP', 'object'],
    ['OBJECT', 'NGC 1234'],
    ['FILTER', 'V'],
    ['EXPTIME', 30],
    ['TEL-RA', 150.25],
    ['TEL-DEC', 20.5],
    ['RLEVEL', 0],
    ['GAIN', 1.5],
    ['AIRMASS', 1.2],
  ];
  const image = { axes: [width, height], bitpix: 16, pixels: makeSky(width, height) };
  const fits = Buffer.from(writeFits([{ cards, image }]));
  const nameAt = fits.indexOf(NAME);
  const dateAt = fits.indexOf(DATE);
  const dataAt = 2880 * Math.ceil((fits.indexOf('END     ', dateAt) + 80) / 2880);
  const rest = fits.subarray(dataAt + 2880);
  return (index) => {
    const name = `bench-${family}${String(index).padStart(7, '0')}`;
    const start = Buffer.from(fits.subarray(0, dataAt + 2880));
    start.write(name, nameAt, 'latin1');
    start.write(new Date(FIRST_MS + index * EACH_MS).toISOString().slice(0, 23), dateAt, 'latin1');
    start.writeInt32BE(index, dataAt);
    return { name: `${name}.fits`, pieces: [start, rest], bytes: fits.length };
  };
}

function makeSky(width, height) {
  const pixels = new Uint16Array(width * height);
  const random = createRandom(20_260_301);
  for (let at = 0; at < pixels.length; at += 1) {
    // The sum of three is near enough to a bell.
    const noise = random.fraction() + random.fraction() + random.fraction() - 1.5;
    pixels[at] = 1800 + 60 * noise;
  }
  for (let star = 0; star < pixels.length / 5000; star += 1) {
    const x = 8 + random.below(width - 16);
    const y = 8 + random.below(height - 16);
    const peak = 10 ** random.between(1.5, 4.5);
    for (let dy = -8; dy <= 8; dy += 1) {
      for (let dx = -8; dx <= 8; dx += 1) {
        const light = peak * Math.exp(-(dx * dx + dy * dy) / 3.7);
        const at = (y + dy) * width + x + dx;
        pixels[at] = Math.min(65_535, pixels[at] + light);
      }
    }
  }
  return pixels;
}
