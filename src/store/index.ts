export type { Store } from './store.js';
export { openFsStore, asStoreError, syncPath } from './fs.js';
