import { makeHeader } from '../header.js';
import type { ByteSource, Hdu, Issue, IssueCode } from '../types.js';
import { bitpixOf, blockProblem, readBlock, readShape } from './block.js';
import { HEADER_OFFSET, propertyCards } from './cards.js';
import { readUnit } from './unit.js';
import type { ImageElement } from './unit.js';

export { eachXisfStrip } from './strips.js';
export type { XisfStripOptions } from './strips.js';
export { startsWithXisf } from './unit.js';

/**
 * Reads the header of a monolithic XISF file, but no samples. Each image, nested ones too, becomes
 * an HDU in the order of the file: its FITSKeyword elements are the cards, filled up from what the
 * XISF properties tell an index. An image whose samples cannot be read has kind `unknown`, or has a
 * block that `eachXisfStrip` refuses; either comes with an issue. XISF 1.0.
 *
 * @throws 'fits_invalid' if it is not XISF or its XML is bad, 'fits_truncated' if it ends inside its
 *         header, 'fits_unsupported' for a distributed unit or a file without image, 'too_large' for
 *         a header beyond 8 MB
 */
export async function openXisf(source: ByteSource): Promise<{ hdus: Hdu[]; issues: Issue[] }> {
  const unit = await readUnit(source);
  const hdus: Hdu[] = [];
  const issues: Issue[] = [];
  for (const [index, image] of unit.images.entries()) {
    const properties = new Map([...unit.properties, ...image.properties]);
    const { hdu, issue } = makeImage({ ...image, properties }, index);
    hdus.push(hdu);
    const cut = issue ?? (await findCut(source, hdu));
    if (cut !== undefined) issues.push(cut);
  }
  return { hdus, issues };
}

function makeImage(image: ImageElement, index: number): { hdu: Hdu; issue: Issue | undefined } {
  const { attributes } = image;
  const known = new Set(image.cards.map((card) => card.keyword));
  const told = propertyCards(image.properties, attributes.get('imageType'), known);
  const base = {
    index,
    name: attributes.get('id')?.trim() ?? '',
    header: makeHeader([...image.cards, ...told]),
    bitpix: bitpixOf(attributes.get('sampleFormat')),
    compression: '',
    headerOffset: HEADER_OFFSET,
  };
  const shape = readShape(attributes);
  const block = 'level' in shape ? shape : readBlock(image, shape);
  if ('level' in shape || 'level' in block) {
    const lost = { kind: 'unknown', axes: [], dataOffset: HEADER_OFFSET, dataBytes: 0 } as const;
    const hdu: Hdu = { ...base, ...lost };
    return { hdu, issue: 'level' in block ? toIssue(hdu, block) : undefined };
  }
  const { axes, dataBytes } = shape;
  const dataOffset = block.inline === undefined ? block.offset : HEADER_OFFSET;
  const hdu: Hdu = { ...base, kind: 'image', axes, dataOffset, dataBytes, block };
  const problem = blockProblem(block, dataBytes);
  return { hdu, issue: problem === undefined ? undefined : toIssue(hdu, problem) };
}

function toIssue(
  hdu: Hdu,
  { level, text }: { level: Issue['level']; text: string },
  code: IssueCode = 'header',
): Issue {
  const name = hdu.name === '' ? `${hdu.index}` : `${hdu.index} (${hdu.name.slice(0, 40)})`;
  const place = { hdu: hdu.index, keyword: '', offset: hdu.dataOffset };
  return { code, level, ...place, text: `Image ${name} of the XISF file cannot be read: ${text}.` };
}

/** An issue if the file ends inside the block of the image. */
async function findCut(source: ByteSource, hdu: Hdu): Promise<Issue | undefined> {
  const { block } = hdu;
  if (block === undefined || block.inline !== undefined) return undefined;
  const end = block.offset + block.lengthBytes;
  const have = await source.extent(end);
  if (have >= end) return undefined;
  const missing = end - Math.max(have, block.offset);
  const text = `the file is cut off, ${missing} of ${block.lengthBytes} bytes of it are missing`;
  return toIssue(hdu, { level: 'error', text }, 'truncated');
}
