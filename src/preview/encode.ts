import type { Size } from './region.js';

/** `pixels[(y * width + x) * channels + channel]`, top row first. */
export interface Raster extends Size {
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

const CONTENT_TYPES = { png: 'image/png', webp: 'image/webp', jpeg: 'image/jpeg' } as const;

export type PictureFormat = keyof typeof CONTENT_TYPES;

/** All formats, the default first. */
export const FORMATS = Object.keys(CONTENT_TYPES) as readonly PictureFormat[];

/** Encodes 8-bit grey or RGB pixels. The bytes own their buffer, so they can be transferred. */
export async function encode(
  { width, height, channels, pixels }: Raster,
  format: PictureFormat,
): Promise<{ bytes: Uint8Array; contentType: string }> {
  // Loaded here, not at the top: the server needs it only in its workers.
  const { default: sharp } = await import('sharp');
  const raw = { width, height, channels };
  const image = sharp(pixels, { raw, limitInputPixels: false });
  if (channels === 1) image.toColourspace('b-w');
  // Level 2 takes a fifth of the time of level 6 and gives files a few per cent larger.
  if (format === 'png') image.png({ compressionLevel: 2 });
  else if (format === 'webp') image.webp({ quality: 86, effort: 2 });
  else image.jpeg({ quality: 88 });
  return { bytes: Uint8Array.from(await image.toBuffer()), contentType: CONTENT_TYPES[format] };
}
