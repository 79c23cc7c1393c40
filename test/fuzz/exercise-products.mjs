/** What the program makes of a file: unpacked, cut out, tables as text. */
import { planeOf } from '../../dist/fits/index.js';
import { planCutout } from '../../dist/products/cutout.js';
import { pieceBytes, readPieces } from '../../dist/products/plan.js';
import { tableShape, tableText } from '../../dist/products/table-text.js';
import { planUnpack } from '../../dist/products/unpack.js';
import { wcsOf } from '../../dist/wcs/index.js';
import { check } from './judge.mjs';
import { below, pick } from './random.mjs';

const MAX_BYTES = 4e6;
const MAX_CELLS = 50_000;
const REFUSED = ['bad_request'];

export async function makeThings(file, random, each) {
  if (file.format === 'fits') await each(async () => make(file, await planUnpack(file)));
  const image = pick(
    random,
    file.hdus.filter((hdu) => planeOf(hdu).planes > 0),
  );
  if (image !== undefined && file.format === 'fits') {
    for (const box of boxes(file, image, random)) {
      await each(
        async () => make(file, await planCutout(file, { box, hdu: image.index })),
        REFUSED,
      );
    }
  }
  for (const hdu of file.hdus.slice(0, 3)) {
    if (!hdu.kind.includes('table')) continue;
    await each(() => writeText(file, hdu, random));
  }
}

function boxes(file, hdu, random) {
  const { width, height } = planeOf(hdu);
  const centre = wcsOf(file, hdu)?.toSky(width / 2, height / 2);
  const place = centre ?? { raDeg: 150, decDeg: -35 };
  const x = below(random, width) - 3;
  const y = below(random, height) - 3;
  const pixels = { kind: 'pixels', x, y, width: 9, height: 1 + below(random, 2 * height) };
  return [pixels, { kind: 'sky', ...place, sizeDeg: pick(random, [0.01, 5, 400]) }];
}

/** Pieces one by one, so that a huge claim is not made as a whole. */
async function make(file, { pieces, sizeBytes }) {
  check(sizeBytes % 2880 === 0 || pieces.length === 0, 'a product is not of whole blocks');
  let bytes = 0;
  for (const piece of pieces) {
    if (bytes + pieceBytes(piece) > MAX_BYTES) return;
    const made = await readPieces(file, [piece]);
    check(made.length === pieceBytes(piece), 'a piece has another size');
    bytes += made.length;
  }
}

async function writeText(file, hdu, random) {
  const shape = tableShape(file, hdu.index);
  if (shape === undefined || shape.cellsPerRow > MAX_CELLS) return;
  const firstRow = below(random, Math.min(shape.rows, 30) + 1);
  const rows = Math.min(50, Math.floor(MAX_CELLS / Math.max(1, shape.cellsPerRow)));
  for (const format of ['csv', 'json']) {
    const text = Buffer.from(await tableText(file, { hdu: hdu.index, firstRow, rows, format }));
    if (format === 'json') JSON.parse(`[${text.toString('utf8')}]`);
  }
}
