export type * from './types.js';
export type { Plane, StripOptions } from './image.js';
export type { CellValue, TableColumn } from './table.js';
export type { WriteCard, WriteHdu, WriteImage, WriteTable, WriteValue } from './write.js';
export { parseCards } from './card.js';
export { makeHeader } from './header.js';
export { mainImage } from './hdu.js';
export { eachNativeStrip, eachStrip, planeOf, readPlane } from './image.js';
export { toBigEndian } from './native.js';
export { checkHdu, datasum, toldDataSum, withChecksums } from './checksum.js';
export { openFits } from './reader.js';
export { visibleRegion } from './section.js';
export { expandTo } from './source.js';
export {
  eachRow,
  eachRowBatch,
  eachTableChunk,
  tableColumns,
  tableRows,
  unpackedHeapBytes,
  unpackHeap,
} from './table.js';
export { hdusOf, surveyFits } from './survey.js';
export { verify } from './verify.js';
export type { HduRecord, Survey } from './survey.js';
export { encodeTile, RICE_BLOCK_SIZE } from './tiles/index.js';
export { formatCards, writeFits } from './write.js';
