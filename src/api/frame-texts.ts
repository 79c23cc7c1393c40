import type { Frame } from '../catalog/index.js';
import { urlEpoch, type Services } from '../http/index.js';
import { toFrameShape } from './shapes.js';

interface KeptText {
  readonly root: string;
  readonly epoch: number;
  readonly text: string;
}

/**
 * Frames as JSON text. The catalogue gives the same object again for a frame that has not changed;
 * while it does, and the signature of its address holds, its text is not made again: a list of a
 * thousand frames is then a joining of strings.
 */
export function createFrameTexts(services: Services): (root: string, frame: Frame) => string {
  const kept = new WeakMap<Frame, KeptText>();
  return (root, frame) => {
    const epoch = urlEpoch();
    const before = kept.get(frame);
    if (before !== undefined && before.root === root && before.epoch === epoch) return before.text;
    const text = JSON.stringify(toFrameShape(services, root, frame));
    kept.set(frame, { root, epoch, text });
    return text;
  };
}
