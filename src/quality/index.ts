export { measureBackground, type Background, type BackgroundPlane } from './background.js';
export { findStars, type StarList } from './find-stars.js';
export { measurePicture } from './measure.js';
export { isRichField, MEASURE_METHOD } from './method.js';
export type { Finding, Measures, MeasureKind, Picture, Star } from './types.js';
