export { parameterOf, refTo, toDocument } from './document.js';
export * from './types.js';
