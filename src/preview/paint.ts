import { colourTable, type Colour } from './colour.js';
import type { Raster } from './encode.js';
import type { Size } from './region.js';

/** Brightness 0…255 of a plane, FITS row 1 first: `levels[y * width + x]`. */
export interface Layer extends Size {
  readonly levels: Uint8Array;
}

/**
 * Turns one layer (through a colour map) or three (as red, green and blue) into a picture with FITS
 * row 1 at the bottom. Layers smaller than the picture are enlarged by repeating pixels.
 */
export function paint(
  layers: readonly Layer[],
  { width, height }: Size,
  { colour, invert }: { colour: Colour; invert: boolean },
): Raster {
  const isGrey = layers.length === 1 && colour === 'grey';
  const channels = isGrey ? 1 : 3;
  const pixels = new Uint8Array(width * height * channels);
  // A single layer feeds all channels; three layers feed one each, uncoloured.
  const table = colourTable(layers.length === 1 ? colour : 'grey', invert);
  for (let channel = 0; channel < channels; channel += 1) {
    const layer = layers[channel] ?? layers[0];
    if (layer === undefined) continue;
    const lookup = Uint8Array.from({ length: 256 }, (_, level) => table[level * 3 + channel] ?? 0);
    const columns = spread(layer.width, width);
    const rows = spread(layer.height, height);
    for (let y = 0; y < height; y += 1) {
      const from = (rows[height - 1 - y] ?? 0) * layer.width;
      let to = y * width * channels + channel;
      for (let x = 0; x < width; x += 1, to += channels) {
        pixels[to] = lookup[layer.levels[from + (columns[x] ?? 0)] ?? 0] ?? 0;
      }
    }
  }
  return { width, height, channels, pixels };
}

/** Which of `have` pixels each of `want` shows. */
function spread(have: number, want: number): Uint32Array {
  return Uint32Array.from({ length: want }, (_, i) => Math.floor(((i + 0.5) * have) / want));
}
