export { nameOfSegment, targetSegment } from './address.js';
export {
  canonicalName,
  findTarget,
  TARGET_TYPES,
  targetKey,
  targetsNear,
  type NearTarget,
  type Target,
  type TargetType,
} from './catalogue.js';
export { spellingKey } from './spelling.js';
export { doubtfulNames, mergeObjects, type MergedObject, type NamedObject } from './merge.js';
export { isPlaceholder } from './placeholders.js';
