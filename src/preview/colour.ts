/**
 * Colour maps as a few colours at equal distances; the 256 entries between are made by code.
 * All of them rise in brightness from end to end, so that they survive a black and white print.
 */
// prettier-ignore
const STOPS = {
  grey: ['#000000', '#ffffff'],
  viridis: [
    '#440154', '#472d7b', '#3b528b', '#2c728e', '#21918c', '#28ae80', '#5ec962', '#addc30', '#fde725',
  ],
  heat: ['#000000', '#55070a', '#a81a08', '#e85410', '#fb9b22', '#fdd668', '#ffffff'],
  ice: ['#000000', '#0b1f4b', '#134a8a', '#2d80bd', '#6cb4dc', '#b8dcf0', '#ffffff'],
} as const satisfies Record<string, readonly string[]>;

export type Colour = keyof typeof STOPS;

/** All colour maps, the default first. */
export const COLOURS = Object.keys(STOPS) as readonly Colour[];

/** `table[level * 3 + channel]`: red, green, blue of the brightness levels 0…255. */
export function colourTable(colour: Colour, invert: boolean): Uint8Array {
  const stops = STOPS[colour].map(parseColour);
  const table = new Uint8Array(256 * 3);
  for (let level = 0; level < 256; level += 1) {
    const place = ((invert ? 255 - level : level) / 255) * (stops.length - 1);
    const index = Math.min(stops.length - 2, Math.floor(place));
    const share = place - index;
    for (let channel = 0; channel < 3; channel += 1) {
      const from = stops[index]?.[channel] ?? 0;
      const to = stops[index + 1]?.[channel] ?? 0;
      table[level * 3 + channel] = Math.round(from + (to - from) * share);
    }
  }
  return table;
}

function parseColour(text: string): readonly number[] {
  const value = Number.parseInt(text.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
