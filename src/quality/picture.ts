import type { Picture } from './types.js';

/**
 * A picture of these parts. All of them are written out, in one order: what is spread gets another hidden
 * layout each time that the engine has forgotten the last, and all code made for that is thrown away.
 */
export function makePicture(parts: Picture): Picture {
  const { pixels, width, height, kind, saturation, pixelScaleArcsec, green } = parts;
  const { exposureSec = null, blockPx = 1, biasLevel = null } = parts;
  return {
    pixels,
    width,
    height,
    kind,
    saturation,
    pixelScaleArcsec,
    exposureSec,
    blockPx,
    green,
    biasLevel,
  };
}
