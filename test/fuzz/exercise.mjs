/** Reads everything that can be read of a file. */
import * as fits from '../../dist/fits/index.js';
import { footprintOf, readWcs } from '../../dist/wcs/index.js';
import { planUnpack } from '../../dist/products/unpack.js';
import { readPieces } from '../../dist/products/plan.js';

/** What a small file may cost; a real archive has larger bounds. */
const LIMITS = { maxExpandedBytes: 64 * 1024 * 1024, maxExpansionRatio: 500 };
const MAX_PIXELS = 4e6;
const MAX_ROWS = 2000;
const MAX_CELLS = 200_000;

const EXPECTED = /^(?:fits_\w+|too_large|bad_request|header_invalid)$/;

/** @returns 'read', or the code of the error that ended it; throws what is not the codec's own */
export async function exercise(path, tempDir) {
  let file;
  try {
    file = await fits.openFits(path, { ...LIMITS, tempDir });
  } catch (error) {
    return codeOf(error);
  }
  let outcome = 'read';
  const each = async (work) => {
    try {
      await work();
    } catch (error) {
      outcome = codeOf(error);
    }
  };
  try {
    await each(() => fits.verify(file));
    for (const hdu of file.hdus.slice(0, 20)) {
      await each(() => fits.checkHdu(file, hdu));
      await each(() => readPixels(file, hdu));
      await each(() => readRows(file, hdu));
      await each(() => walkSky(hdu));
    }
    await each(() => unpack(file));
  } finally {
    await file.close();
  }
  return outcome;
}

async function readPixels(file, hdu) {
  const { width, height, planes } = fits.planeOf(hdu);
  if (planes === 0) return;
  let pixels = 0;
  for (const plane of [0, planes - 1]) {
    for await (const strip of fits.eachStrip(file, hdu, { plane })) {
      pixels += strip.pixels.length;
      if (pixels > MAX_PIXELS) break;
    }
  }
  const region = { x: width >> 1, y: height >> 1, width: 1, height: 1 };
  await fits.readPlane(file, hdu, { region });
}

async function readRows(file, hdu) {
  if (!['bintable', 'table', 'compressed-table'].includes(hdu.kind)) return;
  let rows = 0;
  let cells = 0;
  for await (const row of fits.eachRow(file, hdu)) {
    rows += 1;
    for (const value of Object.values(row)) cells += Array.isArray(value) ? value.length : 1;
    if (rows > MAX_ROWS || cells > MAX_CELLS) break;
  }
}

function walkSky(hdu) {
  const { wcs } = readWcs(hdu.header);
  if (wcs === undefined) return;
  const [width = 1, height = 1] = hdu.axes;
  footprintOf(wcs, { width, height });
  const sky = wcs.toSky(width / 3, height / 3);
  if (sky !== undefined) wcs.toPixel(sky.raDeg, sky.decDeg);
}

async function unpack(file) {
  const { pieces } = planUnpack(file);
  let bytes = 0;
  for (const piece of pieces) {
    const made = await readPieces(file, [piece]);
    bytes += made.length;
    if (bytes > MAX_PIXELS) return;
  }
}

function codeOf(error) {
  if (EXPECTED.test(error?.code ?? '') && error.name === 'AppError') return error.code;
  throw error;
}
