/** Reads everything that can be read of a file. */
import * as fits from '../../dist/fits/index.js';
import { drawPicture, exerciseWhole } from './exercise-files.mjs';
import { makeThings } from './exercise-products.mjs';
import { walkSky } from './exercise-sky.mjs';
import { check, codeOf } from './judge.mjs';
import { below, pick } from './random.mjs';

/** What a small file may cost; a real archive has larger bounds. */
export const LIMITS = { maxExpandedBytes: 64 * 1024 * 1024, maxExpansionRatio: 500 };
const MAX_PIXELS = 2e6;
const MAX_ROWS = 500;
const MAX_CELLS = 100_000;
const MAX_HDUS = 12;
const TABLES = ['bintable', 'table', 'compressed-table'];
/** What needs the file anew, or writes another one, is done this often. */
const SELDOM = 1 / 12;

/**
 * @param random decides what is done seldom, and which part of an image is read
 * @returns 'read', or the code of the error that ended the last thing that failed; throws what is
 *          not the codec's own
 */
export async function exercise(path, folder, random) {
  const limits = { ...LIMITS, tempDir: folder };
  let file;
  try {
    file = await fits.openFits(path, limits);
  } catch (error) {
    if (random() < SELDOM) await drawPicture(path, limits);
    return codeOf(error);
  }
  let outcome = 'read';
  const each = async (work, also = []) => {
    try {
      await work();
    } catch (error) {
      const code = codeOf(error, also);
      if (!also.includes(code)) outcome = code;
    }
  };
  try {
    fits.mainImage(file);
    if (file.format === 'fits') await each(() => fits.verify(file));
    for (const hdu of file.hdus.slice(0, MAX_HDUS)) {
      if (file.format === 'fits') await each(() => fits.checkHdu(file, hdu));
      await each(() => readPixels(file, hdu, random));
      if (TABLES.includes(hdu.kind)) {
        await each(() => readRows(file, hdu));
        await each(() => readChunks(file, hdu, random));
      }
      await each(() => walkSky(file, hdu));
      rewrite(hdu);
    }
    await makeThings(file, random, each);
  } finally {
    await file.close();
  }
  if (random() < SELDOM) await exerciseWhole(path, limits, each);
  return outcome;
}

async function readPixels(file, hdu, random) {
  const { width, height, planes } = fits.planeOf(hdu);
  if (planes === 0) return;
  for (const plane of planes === 1 ? [0] : [0, planes - 1]) {
    let pixels = 0;
    let next = 0;
    for await (const strip of fits.eachStrip(file, hdu, { plane })) {
      check(strip.firstRow === next, 'a strip is missing');
      check(strip.pixels.length === strip.rows * width, 'a strip has another size');
      next += strip.rows;
      pixels += strip.pixels.length;
      if (pixels > MAX_PIXELS) break;
    }
    check(next === height || pixels > MAX_PIXELS, 'the last strip is missing');
  }
  const x = below(random, width);
  const y = below(random, height);
  const size = { width: 1 + below(random, width - x), height: 1 + below(random, height - y) };
  const region = { x, y, width: Math.min(size.width, 500), height: Math.min(size.height, 500) };
  const plane = below(random, planes);
  const part = await fits.readPlane(file, hdu, { region, plane });
  check(part.pixels.length === region.width * region.height, 'a region has another size');
  if (hdu.block !== undefined) return;
  const rowsPerStrip = pick(random, [1, 2, 7, 1000]);
  for await (const strip of fits.eachNativeStrip(file, hdu, { region, plane, rowsPerStrip })) {
    check(strip.pixels.length === strip.rows * region.width, 'a strip has another size');
    fits.toBigEndian(strip.pixels);
  }
}

async function readRows(file, hdu) {
  fits.tableColumns(hdu);
  let rows = 0;
  let cells = 0;
  for await (const row of fits.eachRow(file, hdu)) {
    rows += 1;
    for (const value of Object.values(row)) cells += Array.isArray(value) ? value.length : 1;
    if (rows > MAX_ROWS || cells > MAX_CELLS) return;
  }
  check(rows === fits.tableRows(hdu), 'rows are missing');
}

async function readChunks(file, hdu, random) {
  const firstRow = below(random, Math.min(fits.tableRows(hdu), 40) + 1);
  let next = firstRow;
  let bytes = 0;
  for await (const chunk of fits.eachTableChunk(file, hdu, { firstRow, rows: 1e6 })) {
    check(chunk.firstRow === next, 'a chunk is missing');
    next += chunk.rows;
    bytes += chunk.bytes.length;
    if (bytes > MAX_PIXELS) return;
  }
  if (hdu.kind !== 'compressed-table') return;
  const heap = await fits.unpackHeap(file, hdu);
  check(heap.length === fits.unpackedHeapBytes(hdu), 'a heap has another size');
}

/** A value that was read can be written, and is read again as the same, or is refused. */
function rewrite({ header }) {
  for (const { keyword, kind, value, comment } of header.cards.slice(0, 60)) {
    if (kind === 'bad' || kind === 'complex' || kind === 'commentary') continue;
    let texts;
    try {
      texts = fits.formatCards([keyword, value, comment]);
    } catch (error) {
      codeOf(error, ['header_invalid']);
      continue;
    }
    const [card, ...more] = fits.parseCards(Buffer.from(texts.join(''), 'latin1'));
    const isSame = card?.keyword === keyword && String(card.value) === String(value);
    check(isSame && more.length === 0, `written as another card: ${texts.join('|')}`);
  }
}
