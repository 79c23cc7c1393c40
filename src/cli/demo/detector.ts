import { FILTERS } from './observatory.js';
import type { Camera, Filter } from './observatory.js';
import type { Exposure } from './plan.js';
import { createRandom } from './random.js';
import type { Random } from './random.js';

/** Response of optics and detector, 1 in the middle: vignetting, dust, and pixel to pixel. */
export function makeFlat(
  camera: Camera,
  filter: Filter,
  normal: Float32Array,
  seed: string,
): Float32Array {
  const { width, height } = camera;
  const random = createRandom(`${seed} flat ${camera.id}`);
  const pick = noisePicker(normal, random);
  const specks = Array.from({ length: 7 }, () => ({
    x: width * random.uniform(),
    y: height * random.uniform(),
    radius: 14 + 16 * random.uniform(),
    // Dust on the filter is another for each, dust on the window is the same.
    depth: 0.02 + 0.01 * FILTERS.indexOf(filter) * random.uniform(),
  }));
  const flat = new Float32Array(width * height);
  const corner = (width * width + height * height) / 4;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const off = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / corner;
      flat[y * width + x] = 1 - camera.vignetting * off + 0.004 * pick();
    }
  }
  for (const { x, y, radius, depth } of specks) {
    for (let j = Math.max(0, Math.floor(y - radius)); j < Math.min(height, y + radius); j += 1) {
      for (let i = Math.max(0, Math.floor(x - radius)); i < Math.min(width, x + radius); i += 1) {
        const part = Math.hypot(i - x, j - y) / radius;
        // A speck out of focus is a ring: the shadow of the mirror's hole is in its middle.
        if (part < 1 && part > 0.35) flat[j * width + i] = (flat[j * width + i] ?? 1) * (1 - depth);
      }
    }
  }
  return flat;
}

/** What stays the same in every frame of one detector. */
export interface Detector {
  /** ADU on top of the bias level, by column. */
  readonly columns: Float32Array;
  readonly hot: readonly { readonly index: number; readonly electronsPerSec: number }[];
}

/** Columns and hot pixels, by seed and camera. */
export function makeDetector(camera: Camera, seed: string): Detector {
  const random = createRandom(`${seed} detector ${camera.id}`);
  const size = camera.width * camera.height;
  return {
    columns: Float32Array.from({ length: camera.width }, () => 1.2 * random.normal()),
    hot: Array.from({ length: camera.hotPixels }, () => ({
      index: Math.floor(size * random.uniform()),
      electronsPerSec: 0.5 * 400 ** random.uniform(),
    })),
  };
}

/** Normal numbers from the table, two from each draw. */
export function noisePicker(normal: Float32Array, random: Random): () => number {
  let bits = 0;
  let isFresh = false;
  return () => {
    isFresh = !isFresh;
    if (isFresh) bits = random.bits();
    return normal[isFresh ? bits & 0xffff : bits >>> 16] ?? 0;
  };
}

/**
 * Electrons to ADU, with all that the detector adds. Hot pixels are put into `light` itself.
 *
 * @param normal the table of `createNormalTable`
 */
export function digitize(
  exposure: Exposure,
  light: Float32Array,
  detector: Detector,
  { normal, random }: { normal: Float32Array; random: Random },
): Uint16Array {
  const { camera, exposureSec } = exposure;
  for (const { index, electronsPerSec } of detector.hot) {
    light[index] = (light[index] ?? 0) + electronsPerSec * exposureSec;
  }
  const pick = noisePicker(normal, random);
  const readVariance = camera.readNoise ** 2;
  const dark = camera.darkRate * exposureSec;
  const pixels = new Uint16Array(light.length);
  for (let i = 0; i < light.length; i += 1) {
    const electrons = (light[i] ?? 0) + dark;
    // The spread of a Poisson number; with the read noise in it a normal one is close enough.
    const noisy = electrons + Math.sqrt(electrons + readVariance) * pick();
    const bias = camera.biasLevel + (detector.columns[i % camera.width] ?? 0);
    pixels[i] = Math.max(0, Math.min(65_535, Math.round(bias + noisy / camera.gain)));
  }
  return pixels;
}
