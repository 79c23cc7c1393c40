/** What takes a file as a whole: pictures, packing, expanding, products. */
import fs from 'node:fs';
import path from 'node:path';
import { expandTo, hdusOf, surveyFits } from '../../dist/fits/index.js';
import { THUMBNAIL } from '../../dist/preview/options.js';
import { renderPreview } from '../../dist/preview/render.js';
import { packFits, verifyPacked } from '../../dist/products/pack.js';
import { createProducts } from '../../dist/products/products.js';
import * as tasks from '../../dist/products/tasks.js';
import { check } from './judge.mjs';

const MAX_PIXELS = 1e6;
const MAX_BYTES = 8e6;
/** Files without images, or with cards that would be lost, are not packed: that is no failure. */
const NOT_PACKED = ['fits_unsupported'];

export async function exerciseWhole(file, limits, each) {
  await drawPicture(file, limits);
  await each(async () => {
    await hdusOf(await surveyFits(file, limits));
  });
  const target = path.join(limits.tempDir, 'target.part');
  try {
    await each(() => expandTo(file, target, limits));
    fs.rmSync(target, { force: true });
    await each(async () => {
      await packFits(file, target, limits);
      await verifyPacked(file, target, limits); // what was packed comes back
    }, NOT_PACKED);
  } finally {
    fs.rmSync(target, { force: true });
  }
  await each(() => sendUnpacked(file, limits), NOT_PACKED);
}

/** Whatever is wrong with a file gives a picture that says so; only a bug has a `detail`. */
export async function drawPicture(file, limits) {
  const bounds = { ...limits, maxPixels: MAX_PIXELS };
  const picture = await renderPreview({ ...THUMBNAIL, width: 48, path: file, bounds });
  check(picture.detail === undefined, picture.detail);
  check(picture.bytes.length > 0, 'a picture is empty');
}

async function sendUnpacked(file, limits) {
  const pool = { run: (task, input) => tasks[task](input) };
  const products = createProducts(pool, limits);
  const container =
    fs.readFileSync(file).toString('latin1', 0, 9) === 'SIMPLE  =' ? 'plain' : 'any';
  const source = { path: file, sha256: '0', container };
  const product = await products.make(source, { kind: 'unpack' });
  try {
    if (product.sizeBytes > MAX_BYTES) return;
    let bytes = 0;
    for await (const part of product.read({ start: 0, end: product.sizeBytes })) {
      bytes += part.length;
    }
    check(bytes === product.sizeBytes, 'a product has another size');
  } finally {
    await product.close();
  }
}
