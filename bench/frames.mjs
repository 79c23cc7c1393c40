/** Frames of sky noise and stars, the same each time, that differ in name, date and one pixel. */
import { writeFits } from '../dist/fits/index.js';
import { createRandom } from './random.mjs';

const NAME = 'bench-00000000';
const DATE = '2026-01-01T00:00:00.000';
const FIRST_MS = Date.UTC(2026, 0, 1, 18);
const EACH_MS = 60_000;

/** Stars of 3.2 pixels. Light is told for squares of the distance, pixels², as a share of the middle. */
const GAUSSIAN = { reachPx: 8, lightAt: (square) => Math.exp(-square / 3.7) };

/** Stars as the air makes them, with wings. @param fwhmPx full width at half maximum, pixels */
export function moffat(fwhmPx, beta = 3) {
  const core = (fwhmPx / 2) ** 2 / (2 ** (1 / beta) - 1);
  return { reachPx: Math.ceil(8 * fwhmPx), lightAt: (square) => (1 + square / core) ** -beta };
}

/**
 * @param width  pixels, and `height`: uint16
 * @param family a digit that tells these frames from those of other sizes
 * @param stars  how their stars look: narrow ones that end soon, if nothing is said
 * @returns a function of a number below 10⁷ that gives a frame: its name, and its bytes in pieces, of
 *          which the large one is shared by all
 */
export function frameMaker(width, height, family, stars = GAUSSIAN) {
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
  const image = { axes: [width, height], bitpix: 16, pixels: makeSky(width, height, stars) };
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

function makeSky(width, height, { reachPx, lightAt }) {
  const pixels = new Uint16Array(width * height);
  const random = createRandom(20_260_301);
  for (let at = 0; at < pixels.length; at += 1) {
    // The sum of three is near enough to a bell.
    const noise = random.fraction() + random.fraction() + random.fraction() - 1.5;
    pixels[at] = 1800 + 60 * noise;
  }
  for (let star = 0; star < pixels.length / 5000; star += 1) {
    const x = reachPx + random.below(width - 2 * reachPx);
    const y = reachPx + random.below(height - 2 * reachPx);
    const peak = 10 ** random.between(1.5, 4.5);
    for (let dy = -reachPx; dy <= reachPx; dy += 1) {
      for (let dx = -reachPx; dx <= reachPx; dx += 1) {
        const light = peak * lightAt(dx * dx + dy * dy);
        const at = (y + dy) * width + x + dx;
        pixels[at] = Math.min(65_535, pixels[at] + light);
      }
    }
  }
  return pixels;
}
