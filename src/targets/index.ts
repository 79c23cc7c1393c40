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
