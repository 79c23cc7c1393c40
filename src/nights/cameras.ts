import type { NightRow } from '../catalog/index.js';
import { groupBy } from '../lib/groups.js';

/** A camera on its telescope at its site: two of them may bear one name. */
export type CameraPlace = Pick<NightRow, 'siteId' | 'telescope' | 'instrument'>;

/** Two frames have the same of one camera alone. */
export function cameraKey({ siteId, telescope, instrument }: CameraPlace): string {
  return `${siteId}\n${telescope}\n${instrument}`;
}

/**
 * What the cameras of some frames are called, by their keys: `cam1`, and where several bear that name
 * `cam1 of 0m4`, or `cam1 of 0m4, hill` where that is not enough either.
 */
export function nameCameras(rows: readonly CameraPlace[]): ReadonlyMap<string, string> {
  const cameras = [...new Map(rows.map((row) => [cameraKey(row), row]))];
  const ways: ((camera: CameraPlace) => string)[] = [
    ({ instrument }) => instrument,
    ({ instrument, telescope }) => `${instrument} of ${telescope}`,
    ({ instrument, telescope, siteId }) => `${instrument} of ${telescope}, ${siteId}`,
  ];
  const names = new Map<string, string>();
  for (const way of ways) {
    const open = cameras.filter(([key]) => !names.has(key));
    const isLast = way === ways.at(-1);
    for (const [name, some] of groupBy(open, ([, camera]) => way(camera))) {
      const [first] = some;
      if (first !== undefined && some.length === 1) names.set(first[0], name);
      else if (isLast) for (const [key] of some) names.set(key, name);
    }
  }
  return names;
}
