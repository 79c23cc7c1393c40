import { randomUUID } from 'node:crypto';
import { createTextReader, type FrameReader } from '../catalog/index.js';
import { downloadUrl, type Services } from '../http/index.js';
import { frameShape } from './shapes.js';

/** Reads frames as JSON text, with addresses below `root` that are signed now. */
export type FrameTexts = (root: string) => FrameReader<string>;

/**
 * The catalogue writes the texts, but it knows no addresses: those are put in here, in the place of a
 * mark that nobody outside can know and so no header can have.
 */
export function createFrameTexts(services: Services): FrameTexts {
  const mark = randomUUID();
  const read = createTextReader(frameShape(mark));
  return (root) => async (db, ids, seer) => {
    const texts = new Map<number, string>();
    for (const [id, text] of await read(db, ids, seer)) {
      const url = JSON.stringify(downloadUrl(services, root, id)).slice(1, -1);
      texts.set(id, text.split(mark).join(url));
    }
    return texts;
  };
}
