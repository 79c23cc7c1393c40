export type { Store } from './store.js';
export { asStoreError, openFsStore, syncPath, toStoreError } from './fs.js';
