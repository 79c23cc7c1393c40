export type { Store, Swept } from './store.js';
export type { Intent, IntendedFile } from './intents.js';
export type { FsStoreOptions } from './fs.js';
export {
  isAdoptedKey,
  openFsStore,
  placeTree,
  readAdopted,
  rememberTree,
  withAdopted,
  type AdoptedTrees,
} from './adopted.js';
export { syncPath } from './flush.js';
export { holdsAnyFile, holdsFile } from './look.js';
export { markerPath, markRoot, readMarker, type Marker } from './marker.js';
export { pathOfKey } from './keys.js';
export { moveFile } from './move.js';
export { STORE_STEPS, type StoreStep } from './steps.js';
export { asStoreError, toStoreError } from './trouble.js';
