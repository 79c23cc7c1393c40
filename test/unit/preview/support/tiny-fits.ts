import { writeFile } from 'node:fs/promises';

type CardValue = string | number;

/** One HDU: its cards after SIMPLE or XTENSION, and its data bytes (padded here). */
function block(first: string, cards: Readonly<Record<string, CardValue>>, data: Buffer): Buffer {
  const lines = [first];
  for (const [keyword, value] of Object.entries(cards)) {
    const text = typeof value === 'string' && value !== 'T' ? `'${value.padEnd(8)}'` : `${value}`;
    lines.push(`${keyword.padEnd(8)}= ${typeof value === 'number' ? text.padStart(20) : text}`);
  }
  lines.push('END');
  const header = lines.map((line) => line.padEnd(80)).join('');
  const fill = Buffer.alloc((2880 - (data.length % 2880)) % 2880);
  const padded = header.padEnd(Math.ceil(header.length / 2880) * 2880);
  return Buffer.concat([Buffer.from(padded, 'latin1'), data, fill]);
}

/** A primary HDU with float32 pixels, FITS row 1 first. */
export function floatImage(
  axes: readonly number[],
  pixels: ArrayLike<number>,
  cards: Readonly<Record<string, CardValue>> = {},
): Buffer {
  const data = Buffer.alloc(pixels.length * 4);
  for (let i = 0; i < pixels.length; i += 1) data.writeFloatBE(pixels[i] ?? NaN, i * 4);
  return image(-32, axes, data, cards);
}

/** A primary HDU with bytes as pixels, FITS row 1 first. */
export function byteImage(
  axes: readonly number[],
  pixels: ArrayLike<number>,
  cards: Readonly<Record<string, CardValue>> = {},
): Buffer {
  return image(8, axes, Buffer.from(Uint8Array.from(pixels)), cards);
}

function image(
  bitpix: number,
  axes: readonly number[],
  data: Buffer,
  cards: Readonly<Record<string, CardValue>>,
): Buffer {
  const lengths = Object.fromEntries(axes.map((length, i) => [`NAXIS${i + 1}`, length]));
  const all = { BITPIX: bitpix, NAXIS: axes.length, ...lengths, ...cards };
  return block(`${'SIMPLE'.padEnd(8)}= ${'T'.padStart(20)}`, all, data);
}

/** A primary HDU without data and a table of one row. */
export function onlyTable(): Buffer {
  const table = { BITPIX: 8, NAXIS: 2, NAXIS1: 4, NAXIS2: 1, PCOUNT: 0, GCOUNT: 1, TFIELDS: 1 };
  const columns = { TFORM1: '1J', TTYPE1: 'N' };
  return Buffer.concat([
    image(8, [], Buffer.alloc(0), {}),
    block("XTENSION= 'BINTABLE'", { ...table, ...columns }, Buffer.alloc(4)),
  ]);
}

export async function writeBytes(path: string, bytes: Buffer): Promise<string> {
  await writeFile(path, bytes);
  return path;
}
