export { createZipLayout, type ZipEntry, type ZipLayout, type ZipPart } from './layout.js';
export { readZip, type OpenEntry } from './read.js';
export { createNamer, safeName, windowsName } from './names.js';
export { shellScript } from './shell-script.js';
export { powerShellScript } from './powershell-script.js';
export type { FileList, ListedFile } from './file-list.js';
