import type { Quarantined } from '../catalog/index.js';
import type { SiteNight } from './sky.js';

const DAY_MS = 86_400_000;

/**
 * Refused files that came between the noons around a night, or have its date in their names, as files
 * that are brought in the morning after have.
 *
 * @param all refused files, in the order in which they are to be told
 */
export function refusedIn<T extends Pick<Quarantined, 'uploadName' | 'createdMs'>>(
  all: readonly T[],
  night: string,
  skies: readonly SiteNight[],
): T[] {
  const noonMs = Date.parse(`${night}T12:00:00Z`);
  const fromMs = Math.min(noonMs, ...skies.map(({ sky }) => sky.fromMs));
  const toMs = Math.max(noonMs + DAY_MS, ...skies.map(({ sky }) => sky.toMs));
  const named = new RegExp(`(?<!\\d)${night.split('-').join('[-_]?')}(?!\\d)`);
  return all.filter(({ uploadName, createdMs }) => {
    return (createdMs >= fromMs && createdMs < toMs) || named.test(uploadName);
  });
}
