export { createObjects, type Objects } from './objects.js';
export { isNamed, OBJECT_SORTS, objectOrder, type ObjectSort } from './order.js';
export type { FilterYears, ObjectReport, ObjectTotal } from './report.js';
export type { ObjectSummary } from './summary.js';
