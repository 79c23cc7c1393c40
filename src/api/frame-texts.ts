import { randomUUID } from 'node:crypto';
import { createTextReader, type FrameReader } from '../catalog/index.js';
import { downloadUrl, type Services } from '../http/index.js';
import { frameShape } from './shapes.js';

/** Reads frames as JSON text in UTF-8, with addresses below `root` that are signed now for who asks. */
export type FrameTexts = (root: string) => FrameReader<Buffer>;

/**
 * The catalogue writes the texts, but it knows no addresses: those are put in here, in the place of a
 * mark that nobody outside can know and so no header can have, and the id behind it.
 */
export function createFrameTexts(services: Services): FrameTexts {
  const mark = randomUUID();
  const read = createTextReader(frameShape(mark));
  return (root) => async (db, ids, seer) => {
    const texts = await read(db, ids, seer);
    // A frame has its address more than once, and signing takes longer than all else.
    const known = new Map<number, Buffer>();
    const addressOf = (id: number): Buffer => {
      const url = downloadUrl(services, root, id, seer.viewer);
      const address = Buffer.from(JSON.stringify(url).slice(1, -1));
      known.set(id, address);
      return address;
    };
    return texts.map((text) => replaceMarks(text, mark, (id) => known.get(id) ?? addressOf(id)));
  };
}

const [ZERO, NINE] = [0x30, 0x39];

/** Puts something in the place of each mark and the number behind it. */
function replaceMarks(text: Buffer, mark: string, wordOf: (id: number) => Buffer): Buffer {
  const sought = Buffer.from(mark);
  const pieces: Buffer[] = [];
  let from = 0;
  for (;;) {
    const found = text.indexOf(sought, from);
    if (found === -1) break;
    let [at, id] = [found + sought.length, 0];
    for (; isDigit(text[at]); at += 1) id = id * 10 + ((text[at] ?? ZERO) - ZERO);
    pieces.push(text.subarray(from, found), wordOf(id));
    from = at;
  }
  return Buffer.concat([...pieces, text.subarray(from)]);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
