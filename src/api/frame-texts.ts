import { randomUUID } from 'node:crypto';
import { createTextReader, type FrameReader } from '../catalog/index.js';
import { downloadUrl, type Services } from '../http/index.js';
import { frameShape } from './shapes.js';

/** Reads frames as JSON text, with addresses below `root` that are signed now for who asks. */
export type FrameTexts = (root: string) => FrameReader<string>;

/**
 * The catalogue writes the texts, but it knows no addresses: those are put in here, in the place of a
 * mark that nobody outside can know and so no header can have, and the id behind it.
 */
export function createFrameTexts(services: Services): FrameTexts {
  const mark = randomUUID();
  const read = createTextReader(frameShape(mark));
  const places = new RegExp(`${mark}(\\d+)`, 'g');
  return (root) => async (db, ids, seer) => {
    const texts = await read(db, ids, seer);
    // A frame has its address more than once, and signing takes longer than all else.
    const known = new Map<string, string>();
    const addressOf = (id: string): string => {
      const url = downloadUrl(services, root, Number(id), seer.viewer);
      const text = JSON.stringify(url).slice(1, -1);
      known.set(id, text);
      return text;
    };
    return texts.map((text) =>
      text.replaceAll(places, (_match, id: string) => known.get(id) ?? addressOf(id)),
    );
  };
}
