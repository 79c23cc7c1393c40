export type { ListedFile, PassedOver, Store, Swept } from './store.js';
export type { Intent, IntendedFile } from './intents.js';
export type { FsStoreOptions } from './fs.js';
export { openFsStore, withAdopted } from './adopted.js';
export {
  describeTree,
  isAdoptedKey,
  placeTree,
  readAdopted,
  rememberTree,
  requireTrees,
  type AdoptedTrees,
} from './adopted-trees.js';
export { findPartsAway, type PartAway } from './away.js';
export { isPartAway, partAwayOf } from './disks.js';
export { createSample } from './presence.js';
export { syncPath } from './flush.js';
export { holdsAnyFile, holdsFile } from './look.js';
export { markerPath, markRoot, readMarker, rootError, type Marker } from './marker.js';
export { pathOfKey } from './keys.js';
export { moveFile } from './move.js';
export { keptRoom } from './room.js';
export { STORE_STEPS, type ShelfStep, type StoreStep } from './steps.js';
export { asStoreError, isAbsent, toStoreError } from './trouble.js';
