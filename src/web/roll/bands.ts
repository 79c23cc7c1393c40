import type { Crossing, Night } from '../../almanac/index.js';
import { round, type Scale } from './scale.js';

/** A stretch of the night by how dark it is. */
export interface Band {
  readonly x: number;
  readonly width: number;
  /** Class that colours it: day, civil, nautical and astronomical twilight, dark. */
  readonly tone: 'tw0' | 'tw1' | 'tw2' | 'tw3' | 'tw4';
}

/**
 * Day, twilights and dark behind a drawing of a night. They are painted one over the other in this
 * order, each darker one narrower than the one before: no seams, and polar nights need no rule.
 */
export function twilightBands(sky: Night, scale: Scale): Band[] {
  const steps: readonly (readonly [Band['tone'], Crossing])[] = [
    ['tw1', sky.sunset],
    ['tw2', sky.civil],
    ['tw3', sky.nautical],
    ['tw4', sky.astronomical],
  ];
  const below = steps.flatMap(([tone, { word, eveningMs, morningMs }]): Band[] => {
    if (word === 'stays above') return [];
    const x = scale.xOf(eveningMs ?? scale.fromMs);
    const width = round(scale.xOf(morningMs ?? scale.toMs) - x);
    return width > 0 ? [{ x, width, tone }] : [];
  });
  return [{ x: 0, width: scale.width, tone: 'tw0' }, ...below];
}
