import { COLOURS } from './colour.js';
import { FORMATS } from './encode.js';
import { STRETCHES } from './stretch.js';

/** One parameter of a picture: what parsing and documentation know about it. */
export interface RenderParameter {
  /** Other names of it; the first that is given counts. */
  readonly aliases: readonly string[];
  readonly help: string;
  /** Least and most of a whole number. */
  readonly range?: readonly [least: number, most: number];
  readonly choices?: readonly string[];
  readonly examples: readonly string[];
}

/** Every parameter of a picture, by name. */
export const RENDER_PARAMETERS = {
  width: {
    aliases: ['size'],
    help: 'width of the picture in pixels; 200 if not given',
    range: [16, 4096],
    examples: ['1024'],
  },
  stretch: {
    aliases: [],
    help: 'how values become levels; linear if not given',
    choices: STRETCHES,
    examples: ['asinh'],
  },
  limits: {
    aliases: ['cuts'],
    help: 'what is darkest and brightest: `percentile` (5 to 95, if not given), `zscale`, `minmax`, a share kept such as `99.5`, or two percentiles such as `1-99`',
    examples: ['zscale', '99.5', '1-99'],
  },
  min: {
    aliases: ['low'],
    help: 'value drawn darkest, in the units of the image',
    examples: ['900'],
  },
  max: {
    aliases: ['high'],
    help: 'value drawn brightest, in the units of the image',
    examples: ['1100'],
  },
  cmap: {
    aliases: ['colour', 'color'],
    help: 'colours; grey if not given',
    choices: COLOURS,
    examples: ['viridis'],
  },
  invert: { aliases: [], help: '`true`: dark is bright', examples: ['true'] },
  hdu: {
    aliases: [],
    help: 'HDU to draw, 0 is the primary; the main image if not given',
    range: [0, 99_999],
    examples: ['1'],
  },
  plane: {
    aliases: [],
    help: 'plane of a cube, from 0',
    range: [0, 2 ** 31],
    examples: ['0'],
  },
  format: { aliases: [], help: 'kind of picture', choices: FORMATS, examples: ['jpeg'] },
} as const satisfies Readonly<Record<string, RenderParameter>>;
