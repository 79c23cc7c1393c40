import { makeNoise } from '../fixtures/make-fits.ts';

/** Code words of the patterns 0 to 15 of four bits. FITS Standard 4.0 §10.4.4. */
const WORDS = [
  ...['111110', '000', '001', '1000', '010', '1001', '11010', '11011'],
  ...['011', '11100', '1010', '11101', '1011', '11110', '111111', '1100'],
];

const PLANES = [6, 4, 3];
const bits = (value, count) => value.toString(2).padStart(count, '0');

/**
 * A tile of HCOMPRESS_1 of random coefficients: it need not be the transform of a real image to be
 * unpacked. Bit planes are written plain and as quadtrees in turn.
 */
export function packHcompress({ rows, columns, scale }, seed) {
  const noise = makeNoise(seed + 1);
  const [upper, left] = [Math.ceil(rows / 2), Math.ceil(columns / 2)];
  const quadrants = [
    [upper, left, PLANES[0]],
    [upper, columns - left, PLANES[1]],
    [rows - upper, left, PLANES[1]],
    [rows - upper, columns - left, PLANES[2]],
  ];
  let text = '';
  let notZero = 0;
  quadrants.forEach(([height, width, planes]) => {
    const values = Array.from({ length: height }, () =>
      // Small numbers are frequent, as in a real transform.
      Array.from({ length: width }, () => Math.floor(noise() ** 4 * 2 ** planes)),
    );
    notZero += values.flat().filter((value) => value !== 0).length;
    for (let plane = planes - 1; plane >= 0; plane -= 1) {
      const grid = values.map((row) => row.map((value) => (value >> plane) & 1));
      text += plane % 2 === 0 ? `1111${quadtree(grid)}` : `0000${direct(grid)}`;
    }
  });
  text += '0000';
  text = text.padEnd(Math.ceil(text.length / 8) * 8, '0');
  text += Array.from({ length: notZero }, () => (noise() < 0.5 ? '0' : '1')).join('');
  const stream = Buffer.from(
    (text.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.padEnd(8, '0'), 2)),
  );
  const header = Buffer.alloc(25);
  header.writeUInt16BE(0xdd99, 0);
  [rows, columns, scale, 0, 1600].forEach((value, i) => header.writeInt32BE(value, 2 + 4 * i));
  header.set(PLANES, 22);
  return Buffer.concat([header, stream]);
}

/** Patterns of 2 × 2 bits; beyond the edges are zeros. */
function patterns(grid) {
  const at = (y, x) => (grid[y]?.[x] ? 1 : 0);
  return Array.from({ length: Math.max(1, Math.ceil(grid.length / 2)) }, (_, y) =>
    Array.from({ length: Math.max(1, Math.ceil((grid[0]?.length ?? 0) / 2)) }, (_unused, x) => {
      const [top, bottom] = [2 * y, 2 * y + 1];
      return [at(top, 2 * x), at(top, 2 * x + 1), at(bottom, 2 * x), at(bottom, 2 * x + 1)].reduce(
        (pattern, bit) => pattern * 2 + bit,
        0,
      );
    }),
  );
}

function direct(grid) {
  return patterns(grid)
    .flat()
    .map((pattern) => bits(pattern, 4))
    .join('');
}

/** From the one pattern of the root down: below each bit that is set a pattern, the last ones first. */
function quadtree(grid) {
  const levels = [patterns(grid)];
  while (levels[0].length > 1 || levels[0][0].length > 1) levels.unshift(patterns(levels[0]));
  let text = '';
  levels.forEach((level, depth) => {
    for (let y = level.length - 1; y >= 0; y -= 1) {
      for (let x = level[y].length - 1; x >= 0; x -= 1) {
        const isRoot = depth === 0;
        if (isRoot || level[y][x] !== 0) text += WORDS[level[y][x]];
      }
    }
  });
  return text;
}
