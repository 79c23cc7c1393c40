export { COLOURS } from './colour.js';
export { FORMATS } from './encode.js';
export { DEFAULT_OPTIONS, parseRenderOptions, THUMBNAIL } from './options.js';
export type { RenderOptions } from './options.js';
export { RENDER_PARAMETERS, type RenderParameter } from './parameters.js';
export { createPreviews } from './previews.js';
export type { Preview, Previews, PreviewSettings, PreviewSource, RenderPool } from './previews.js';
export { STRETCHES } from './stretch.js';
