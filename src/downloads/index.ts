export { formatIds, MAX_FRAMES, readIds, tooMany } from './frame-ids.js';
export {
  missingText,
  sendPlainZip,
  zipFolder,
  type ZipDress,
  type ZippedFile,
} from './plain-zip.js';
export { sendScript, type ScriptAddresses, type ScriptLanguage } from './script.js';
export { createZipsBegun, type ZipsBegun } from './zips-begun.js';
