/** Tiles of a picture, put together, are the picture. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { DEFAULT_OPTIONS, planTile, TILE_SIZE, topLevel } from '../../src/preview/index.js';
import { renderPreview } from '../../src/preview/render.js';
import { makeFits } from '../fixtures/make-fits.js';

const [WIDTH, HEIGHT] = [1100, 701];
const CUTS = { low: 0, high: 60_000 };
/** No two neighbours alike, and nothing symmetric. */
const pixel = (x: number, y: number): number => (x * 37 + y * 91 + ((x * y) % 977) * 13) % 60_000;

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tiles-'));
  path = join(folder, 'image.fits');
  await writeFile(path, makeFits({ width: WIDTH, height: HEIGHT, pixel }));
});
afterAll(() => rm(folder, { recursive: true }));

const bounds = () => ({
  maxExpandedBytes: 2 ** 30,
  maxExpansionRatio: 500,
  tempDir: folder,
  maxPixels: 4e8,
});

async function tile(level: number, x: number, y: number) {
  const options = { ...DEFAULT_OPTIONS, ...CUTS, width: TILE_SIZE, tile: { level, x, y } };
  const { bytes, width, height } = await renderPreview({ ...options, path, bounds: bounds() });
  const raw = await sharp(Buffer.from(bytes)).toColourspace('b-w').raw().toBuffer();
  return { raw, width, height };
}

/** All tiles of a level side by side, top row first. */
async function putTogether(level: number) {
  const factor = 2 ** (topLevel({ width: WIDTH, height: HEIGHT }) - level);
  const [width, height] = [Math.ceil(WIDTH / factor), Math.ceil(HEIGHT / factor)];
  const whole = new Uint8Array(width * height);
  for (let y = 0; y * TILE_SIZE < height; y += 1) {
    for (let x = 0; x * TILE_SIZE < width; x += 1) {
      const part = await tile(level, x, y);
      for (let row = 0; row < part.height; row += 1) {
        const from = part.raw.subarray(row * part.width, (row + 1) * part.width);
        whole.set(from, (y * TILE_SIZE + row) * width + x * TILE_SIZE);
      }
    }
  }
  return { whole, width, height, factor };
}

/** The mean of a block of pixels counted from the top, as a level of brightness. */
function expected(column: number, row: number, factor: number): number {
  let [sum, count] = [0, 0];
  for (let dy = 0; dy < factor; dy += 1) {
    for (let dx = 0; dx < factor; dx += 1) {
      const [x, fromTop] = [column * factor + dx, row * factor + dy];
      if (x >= WIDTH || fromTop >= HEIGHT) continue;
      sum += pixel(x, HEIGHT - 1 - fromTop);
      count += 1;
    }
  }
  return Math.min(255, Math.floor((sum / count / CUTS.high) * 256));
}

test.each([11, 10, 8])(
  'the tiles of level %i are the block means of the image, row 1 at the bottom',
  async (level) => {
    const { whole, width, height, factor } = await putTogether(level);
    let worst = 0;
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const off = Math.abs((whole[row * width + column] ?? -99) - expected(column, row, factor));
        worst = Math.max(worst, off);
      }
    }
    // Rounding to one of 65 536 steps may tip a value over the edge of a level.
    expect(worst).toBeLessThanOrEqual(1);
  },
);

test('a picture says how often its values occur, within the cuts and beside them', async () => {
  const picture = await renderPreview({ ...DEFAULT_OPTIONS, path, bounds: bounds() });
  const { histogram, shown } = picture;
  expect(histogram?.counts).toHaveLength(64);
  expect(histogram?.low).toBeLessThanOrEqual(shown?.low ?? NaN);
  expect(histogram?.high).toBeGreaterThanOrEqual(shown?.high ?? NaN);
  const counted = histogram?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
  expect(counted).toBeGreaterThan(50_000);
});

describe('the plan of a tile', () => {
  const image = { x: 10, y: 20, width: WIDTH, height: HEIGHT };

  test('counts from the upper left, within the part of the image that is shown', () => {
    expect(topLevel(image)).toBe(11);
    expect(planTile(image, { level: 11, x: 0, y: 0 }).region).toEqual({
      x: 10,
      y: 20 + HEIGHT - 512,
      width: 512,
      height: 512,
    });
    expect(planTile(image, { level: 11, x: 2, y: 1 })).toMatchObject({
      region: { x: 10 + 1024, y: 20, width: 76, height: 189 },
      missingRows: 0,
      factor: 1,
    });
  });

  test('says how many rows the lowest blocks lack', () => {
    expect(planTile(image, { level: 10, x: 0, y: 0 })).toMatchObject({
      width: 512,
      height: 351,
      missingRows: 1,
      factor: 2,
    });
    expect(planTile(image, { level: 0, x: 0, y: 0 })).toMatchObject({ width: 1, height: 1 });
  });

  test.each([
    [12, 0, 0],
    [11, 3, 0],
    [11, 0, 2],
  ])('refuses level %i, tile %i, %i: there is none', (level, x, y) => {
    expect(() => planTile(image, { level, x, y })).toThrow(/no tile/);
  });
});
